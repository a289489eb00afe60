"""Every verb and option of the command line as one page: ``python -m multimodal.reference > docs/reference.md``."""

from __future__ import annotations

import importlib
from enum import Enum
from typing import Any

_HEAD = """# The command line

Made from the code: `python -m multimodal.reference > docs/reference.md`.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a model or data set is missing, 4 the input cannot be decoded, 130
interrupted. With `--json` standard output holds exactly one JSON object; all else goes to standard error.

Completion in the shell (bash, zsh, fish, PowerShell), from the next shell on:

    veilspeak --install-completion

`veilspeak --show-completion` prints the lines instead, to look at or to put where you like.
"""


def reference_page() -> str:
    """Return the page as Markdown."""
    from typer.main import get_command

    group: Any = get_command(importlib.import_module("cli").app)
    return "\n".join([_HEAD, *(_section(name, command) for name, command in group.commands.items())])


def _section(name: str, command: Any) -> str:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and one.name != "help"]
    synopsis = " ".join([f"veilspeak {name}", *(_argument(one) for one in arguments), *_needed(options)])
    lines = [f"## {name}\n", *(" ".join(part.split()) + "\n" for part in command.help.split("\n\n")), f"`{synopsis}`\n"]
    rows = [(f"`{_argument(one)}`", one) for one in arguments] + [(f"`{_option(one)}`", one) for one in options]
    table = [f"| {shown} | {_told(one)} |" for shown, one in rows]
    return "\n".join([*lines, "| | |", "|---|---|", *table, ""])


def _needed(options: list[Any]) -> list[str]:
    return [_option(one) for one in options if one.required] + ["[options]"]


def _argument(one: Any) -> str:
    name = one.name.upper() + ("..." if one.nargs == -1 else "")
    return name if one.required else f"[{name}]"


def _option(one: Any) -> str:
    flag = one.opts[-1]
    return flag if one.is_flag else f"{flag} {one.name.strip('_').upper()}"


def _told(one: Any) -> str:
    told = " ".join((one.help or "").split()).replace("|", "\\|")
    choices = _choices(one)
    words = [told, f"One of {', '.join(choices)}." if choices else "", _default(one)]
    return " ".join(filter(None, words))


def _choices(one: Any) -> list[str]:
    """Return the words to choose from; newer versions of typer keep their class, older ones click's type."""
    annotation = getattr(getattr(one, "type_descriptor", None), "annotation", None)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [str(choice.value) for choice in annotation]
    choices = getattr(getattr(one, "type", None), "choices", ())
    return [str(getattr(choice, "value", choice)) for choice in choices]


def _default(one: Any) -> str:
    value = getattr(one.default, "value", one.default)
    if one.required or getattr(one, "is_flag", False) or callable(value) or value in (None, "", [], ()):
        return ""
    return f"Default: `{value}`."


if __name__ == "__main__":
    print(reference_page(), end="")
