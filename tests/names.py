"""Names that lead to this machine, as its hosts file would have it: what is said to them passes no loopback address."""

import socket
from typing import Any

import pytest


def lead_here(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """From now on, these names are 127.0.0.1 in this process."""
    asked = socket.getaddrinfo

    def answer(host: Any, *args: Any, **options: Any) -> Any:
        return asked("127.0.0.1" if host in names else host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
