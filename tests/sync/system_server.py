"""A strict fake of an external system behind HTTP: one place per path, newer versions only, keys remembered."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sync.loopback import Call, Loopback, Reply, serve


@dataclass(kw_only=True)
class System:
    """What each path holds; `seen` maps an idempotency key to the body it came with."""

    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)
    server: Loopback = field(default_factory=Loopback)

    def answer(self, call: Call) -> Reply:
        if call.headers.get("authorization") != "Bearer T0KEN":
            return Reply(status=401, body={"code": 401, "detail": "no valid token"})
        if call.method == "GET":
            found = self.held.get(call.path)
            return Reply(body=found) if found else Reply(status=404, body={"code": 404, "detail": "nothing synced"})
        return self._sync(call)

    def _sync(self, call: Call) -> Reply:
        key, body = call.headers["idempotency-key"], call.body
        if set(body) != {"version", "values", "change"}:
            return Reply(status=400, body={"code": 400, "detail": "unknown field"})
        if key in self.seen and self.seen[key] != body:
            return Reply(status=409, body={"code": 409, "detail": "the key came with another body"})
        held = self.held.get(call.path)
        if held and body["version"] < held["version"]:
            return Reply(status=409, body={"code": 409, "detail": "older"})
        if key not in self.seen:
            self.seen[key] = body
            self.held[call.path] = {"status": "SYNCED", "version": body["version"], "values": body["values"]}
        return Reply(body=self.held[call.path])


@contextmanager
def a_system() -> Iterator[System]:
    system = System()
    with serve(system.answer) as server:
        system.server = server
        yield system
