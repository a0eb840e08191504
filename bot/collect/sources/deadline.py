"""A wall-clock limit on one HTTP exchange: when it passes, the connection itself is cut.

A read timeout alone bounds the silence between two bytes; a server that sends one byte now and then would hold
the run for hours.
"""

import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self


class Deadline:
    """Cuts the connections that it was shown through `trace` once `seconds` have passed; use as a context."""

    def __init__(self, seconds: float) -> None:
        self._passed = threading.Event()
        self._guard = threading.Lock()
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    @property
    def passed(self) -> bool:
        """Whether the limit was reached."""
        return self._passed.is_set()

    def trace(self, event: str, details: Mapping[str, Any]) -> None:
        """Learn of the connection; give this as httpx's `trace` extension."""
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            with self._guard:
                self._socket = details["return_value"].get_extra_info("socket")
            if self.passed:
                self._cut()

    def _cut(self) -> None:
        self._passed.set()
        with self._guard, suppress(OSError):
            if self._socket is not None:
                # The plain socket's method also on a TLS socket: a TLS farewell could wait for the other side.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        self._timer.join()
