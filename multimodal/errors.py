"""The errors that a user may meet, each with the exit code it ends the program with.

Every message is one line and names the remedy. Exit codes: 1 failed, 2 wrong usage, 3 a model or data set is
missing, 4 the input cannot be decoded, 130 interrupted (raised by Python itself).
"""

from __future__ import annotations


class VeilspeakError(Exception):
    """The base of all errors that are told in one line. ``exit_code`` is 1: it failed."""

    exit_code: int = 1


class UsageError(VeilspeakError):
    """The call itself is wrong: an unknown config key, a bad option, a target that exists."""

    exit_code = 2


class MissingError(VeilspeakError):
    """A model, a data set or a device that is needed is missing, damaged or not trusted."""

    exit_code = 3


class DecodeError(VeilspeakError):
    """The input is there, but cannot be decoded."""

    exit_code = 4
