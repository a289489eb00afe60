"""Imports that open no socket."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator


@contextlib.contextmanager
def no_socket_probe() -> Iterator[None]:
    """Import libraries inside this block that bring urllib3 along.

    urllib3 binds a socket to the loopback address while it is imported, to see whether there is IPv6, unless Python
    says that there is none. veilspeak uses no network, so inside the block Python says so.
    """
    had = socket.has_ipv6
    socket.has_ipv6 = False
    try:
        yield
    finally:
        socket.has_ipv6 = had
