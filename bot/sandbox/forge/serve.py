"""Runs an ASGI app on a loopback port in a background thread, and stops it again without a trace."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.sandbox.forge.faults import ABORT, FINISH

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Where an app answers; `base_url` has no slash at its end."""

    base_url: str
    port: int


class _Protocol(H11Protocol):
    """HTTP/1.1 that lets a request's handler cut its own connection, for injected faults."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own
        super().connection_made(transport)
        inner = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope[ABORT] = transport.abort
            scope[FINISH] = transport.close
            await inner(scope, receive, send)

        self.app = app


@contextmanager
def serve(app: ASGIApp, *, port: int = 0) -> Iterator[Served]:
    """Serve an app on 127.0.0.1 for as long as the block lasts; port 0 takes a free one.

    The socket listens before the block begins, so the first request may be sent at once.
    """
    # With the protocol named asyncio switches Nagle's algorithm off; without it each answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except (OSError, OverflowError):
        listener.close()
        raise
    bound = listener.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            timeout_graceful_shutdown=1,
        )
    )
    thread = threading.Thread(target=server.run, args=([listener],), name=f"serve-{bound}", daemon=True)
    thread.start()
    try:
        yield Served(base_url=f"http://{HOST}:{bound}", port=bound)
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
