"""A real HTTP server on the loopback interface for the tests: every request is kept, faults are data."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from typing import Any

import httpx

from bot.sync.exchange import JsonClient, Patience


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as it came in; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer: JSON, or raw bytes."""

    status: int = 200
    body: Any = None
    raw: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Lose(StrEnum):
    """A connection that breaks before the request was handled, or after."""

    REQUEST = "request"
    ANSWER = "answer"


@dataclass(kw_only=True)
class Loopback:
    """The server's memory; `faults` are used up one by one, each by the next request of its method."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    faults: list[tuple[str, Reply | Lose]] = field(default_factory=list)

    def sent(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    def take_fault(self, method: str) -> Reply | Lose | None:
        for fault in self.faults:
            if fault[0] == method:
                self.faults.remove(fault)
                return fault[1]
        return None


@contextmanager
def serve(answer: Callable[[Call], Reply]) -> Iterator[Loopback]:
    memory = Loopback()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            call = Call(method=self.command, path=self.path, headers=headers, body=json.loads(raw) if raw else None)
            memory.calls.append(call)
            fault = memory.take_fault(self.command)
            if fault is Lose.REQUEST:
                self.close_connection = True
                return
            reply = fault if isinstance(fault, Reply) else answer(call)
            if fault is Lose.ANSWER:
                self.close_connection = True
                return
            self.send(reply)

        do_GET = do_POST = do_PUT = handle_any  # noqa: N815 -- the names that http.server calls

        def send(self, reply: Reply) -> None:
            content = json.dumps(reply.body).encode() if reply.raw is None else reply.raw
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(content)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    memory.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield memory
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def a_client(bearer: str = "T0KEN") -> Iterator[JsonClient]:
    """A client that never sleeps; it would follow redirects if it were asked, and loads no certificates."""
    with httpx.Client(trust_env=False, follow_redirects=True, verify=SSLContext(PROTOCOL_TLS_CLIENT)) as http:
        patience = Patience(attempts=3, polls=4, sleep=lambda _: None)
        yield JsonClient(http=http, token=lambda: bearer, patience=patience)
