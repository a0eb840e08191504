"""Faults as data: which request goes wrong, when, and how. `apply_faults` is the one place that makes it so."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, TypeAlias, assert_never

from starlette.types import ASGIApp, Message, Receive, Scope, Send

ABORT = "pow.abort"
"""Scope key of a function that cuts the connection at once; `serve` puts it there."""
FINISH = "pow.finish"
"""Scope key of a function that closes the connection after what was written."""
_PREFIX = "/api/v3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """This answer instead of the forge's; the request is not handled."""

    status: int
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """The forge's answer, so many seconds late."""

    seconds: float


@dataclass(frozen=True, slots=True)
class DropBefore:
    """The connection is cut and the request was not handled."""


@dataclass(frozen=True, slots=True)
class DropAfter:
    """The request was handled, and the connection is cut before the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncate:
    """The request was handled, and the answer's body ends after so many bytes."""

    keep: int


Effect: TypeAlias = Answer | Delay | DropBefore | DropAfter | Truncate


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Requests that match go wrong: from the `nth` on, `times` times, once `after_writes` writes are done.

    `path_pattern` is a glob over the path without `/api/v3`; `*` also matches slashes.
    """

    path_pattern: str
    effect: Effect
    method: str = "*"
    nth: int = 1
    times: int = 1
    after_writes: int = 0

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Fault":
        """Read `{"path", "kind", "method"?, "nth"?, "times"?, "after_writes"?}` and the kind's own keys.

        Kinds: answer (status, message or body, headers), delay (seconds), drop_before, drop_after,
        truncate (keep).
        """
        places = {key: document[key] for key in ("method", "nth", "times", "after_writes") if key in document}
        return cls(path_pattern=document["path"], effect=_effect(document), **places)


def _effect(document: Mapping[str, Any]) -> Effect:
    match document["kind"]:
        case "answer":
            body = document.get("body", {"message": document.get("message", "")})
            return Answer(
                status=document["status"],
                body=body.encode() if isinstance(body, str) else json.dumps(body).encode(),
                headers=document.get("headers", {}),
            )
        case "delay":
            return Delay(seconds=document["seconds"])
        case "drop_before":
            return DropBefore()
        case "drop_after":
            return DropAfter()
        case "truncate":
            return Truncate(keep=document["keep"])
        case other:
            raise ValueError(
                f"unknown kind of fault: {other!r}; known: answer, delay, drop_before, drop_after, truncate"
            )


class Faults:
    """The faults in force, and how often each has matched."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._matched: list[tuple[Fault, int]] = []

    def set(self, faults: Iterable[Fault | Mapping[str, Any]]) -> None:
        """Replace all faults, and start counting anew; an empty list ends them."""
        read = [fault if isinstance(fault, Fault) else Fault.from_json(fault) for fault in faults]
        with self._lock:
            self._matched = [(fault, 0) for fault in read]

    def strike(self, method: str, path: str, writes: int) -> Effect | None:
        """Count a request, and return what shall go wrong with it."""
        effect = None
        with self._lock:
            for place, (fault, seen) in enumerate(self._matched):
                if not _matches(fault, method, path) or writes < fault.after_writes:
                    continue
                self._matched[place] = (fault, seen + 1)
                if effect is None and fault.nth <= seen + 1 < fault.nth + fault.times:
                    effect = fault.effect
        return effect


def _matches(fault: Fault, method: str, path: str) -> bool:
    return fault.method in {"*", method} and fnmatchcase(path, fault.path_pattern)


def apply_faults(app: ASGIApp, faults: Faults, writes: Callable[[], int]) -> ASGIApp:
    """Put the faults in front of an app; `writes` tells how many writes it has handled."""

    async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
        effect = None
        if scope["type"] == "http":
            path = scope["path"].removeprefix(_PREFIX)
            effect = faults.strike(scope["method"], path, writes())
        await _suffer(app, effect, scope, receive, send)

    return faulty


async def _suffer(app: ASGIApp, effect: Effect | None, scope: Scope, receive: Receive, send: Send) -> None:
    match effect:
        case None:
            await app(scope, receive, send)
        case Answer():
            await _answer(effect, send)
        case Delay(seconds=seconds):
            await asyncio.sleep(seconds)
            await app(scope, receive, send)
        case DropBefore():
            await _cut(scope, receive)
        case DropAfter():
            await app(scope, receive, _swallow)
            await _cut(scope, receive)
        case Truncate(keep=keep):
            await _truncate(app, keep, scope, receive, send)
        case _:
            assert_never(effect)


async def _swallow(message: Message) -> None:
    del message


async def _answer(answer: Answer, send: Send) -> None:
    headers = {"content-type": "application/json; charset=utf-8"}
    headers |= {key.lower(): value for key, value in answer.headers.items()}
    raw = [(key.encode(), value.encode()) for key, value in headers.items()]
    raw.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": answer.body})


async def _cut(scope: Scope, receive: Receive, key: str = ABORT) -> None:
    if key not in scope:  # no real connection, as in an in-process client
        raise ConnectionResetError("the connection was cut by a fault")
    scope[key]()
    while (await receive())["type"] != "http.disconnect":
        pass


async def _truncate(app: ASGIApp, keep: int, scope: Scope, receive: Receive, send: Send) -> None:
    left = keep

    async def shorten(message: Message) -> None:
        nonlocal left
        if message["type"] == "http.response.body":
            body = message.get("body", b"")[:left]
            left -= len(body)
            message = {**message, "body": body, "more_body": True}
        await send(message)

    await app(scope, receive, shorten)
    await _cut(scope, receive, FINISH)
