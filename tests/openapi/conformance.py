"""Checks exchanges with a forge against GitHub's own description, request and answer alike."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from werkzeug.datastructures import Headers, ImmutableMultiDict

PREFIX = "/api/v3"
HOST = "https://api.github.com"
# Their values may hold slashes; a template matcher stops at the first.
_TAILS = frozenset({"path", "ref", "basehead", "branch", "name", "tree_sha", "commit_sha"})
# The older of two paths to one list: GitHub still answers it, PyGithub asks there; only the newer is described.
_OLDER_STATUSES = re.compile(r"^(/repos/[^/]+/[^/]+)/statuses/(.+)$")
# Statuses that any operation may answer with and that the description mostly leaves out.
_UNLISTED = frozenset({401, 403, 404, 409, 422, 400, 405})


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """A deviation that is allowed: where (None: anywhere), what the complaint looks like, and why."""

    operation: str | None
    complaint: str
    reason: str


_BARE_LABELS = "the description's own text allows a bare array of names, which PyGithub sends; its schema forgot it"
ALLOWED = (
    *(
        Deviation(
            operation=f"{method} /repos/{{owner}}/{{repo}}/issues/{{issue_number}}/labels",
            complaint=r"InvalidRequestBody .*Value \[.* not valid for schema of type any",
            reason=_BARE_LABELS,
        )
        for method in ("POST", "PUT")
    ),
    Deviation(
        operation=None,
        complaint=r"InvalidData .*is valid under each of .*repository-rule-violation-error",
        reason="where two kinds of error are offered, one has optional fields only, so every error is both",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request with its answer, as they went over the wire; no status where the answer was lost."""

    method: str
    path: str
    query: bytes
    request_headers: Mapping[str, str]
    request_body: bytes
    status: int | None
    answer_headers: Mapping[str, str]
    answer_body: bytes


@cache
def document() -> dict[str, Any]:
    return json.loads((Path(__file__).parent / "github.json").read_text())


@cache
def _description() -> OpenAPI:
    """Take the document as it is: that it is a description at all has a test of its own."""
    return OpenAPI.from_dict(document(), config=Config(spec_validator_cls=None))


@cache
def _templates() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Every path of the description with its pattern, those with the most literal parts first."""

    def pattern(template: str) -> re.Pattern[str]:
        parts = re.split(r"\{(\w+)\}", template)
        found = [re.escape(part) for part in parts]
        found[1::2] = [f"(?P<{name}>{'.+' if name in _TAILS else '[^/]+'})" for name in parts[1::2]]
        return re.compile("".join(found))

    def literal(template: str) -> int:
        return sum("{" not in part for part in template.split("/"))

    ordered = sorted(document()["paths"], key=literal, reverse=True)
    return tuple((template, pattern(template)) for template in ordered)


def described(method: str, path: str) -> tuple[str, str] | None:
    """Return the description's template for a path, and the path with its values made safe for matching."""
    for template, pattern in _templates():
        match = pattern.fullmatch(path)
        if match and method.lower() in document()["paths"][template]:
            values = {name: quote(value, safe="") for name, value in match.groupdict().items()}
            return template, template.format(**values)
    return None


class _Request:
    """The view of an exchange's request that openapi-core asks for."""

    host_url = HOST

    def __init__(self, exchange: Exchange, path: str) -> None:
        self.path = path
        self.method = exchange.method.lower()
        self.content_type = "application/json"
        self.body = exchange.request_body or None
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(parse_qsl(exchange.query.decode(), keep_blank_values=True)),
            header=Headers(dict(exchange.request_headers)),
            cookie=ImmutableMultiDict(),
        )


class _Answer:
    """The view of an exchange's answer that openapi-core asks for."""

    def __init__(self, exchange: Exchange) -> None:
        self.status_code = exchange.status or 0
        self.content_type = exchange.answer_headers.get("content-type", "application/json").partition(";")[0]
        self.headers = Headers(dict(exchange.answer_headers))
        self.data = exchange.answer_body or None


def complaints(exchange: Exchange) -> list[str]:
    """Return everything about an exchange that GitHub's description does not allow."""
    path = exchange.path.removeprefix(PREFIX)
    if exchange.method == "GET":
        path = _OLDER_STATUSES.sub(r"\1/commits/\2/statuses", path)
    place = described(exchange.method, path)
    if place is None:
        # What GitHub does not have it answers with 404, and so must the sandbox.
        return [] if exchange.status == 404 else [f"{exchange.method} {path}: not described"]
    template, safe = place
    operation = f"{exchange.method} {template}"
    request = _Request(exchange, safe)
    found = _query_complaints(template, exchange)
    refused = exchange.status is not None and 400 <= exchange.status < 500
    if not refused:  # what was refused may well have been wrong
        found += _validated(lambda: _description().validate_request(request))
    found += _answer_complaints(template, exchange, request)
    return [f"{operation}: {text}" for text in found if not _is_allowed(operation, text)]


def _is_allowed(operation: str, complaint: str) -> bool:
    return any(item.operation in {None, operation} and re.match(item.complaint, complaint) for item in ALLOWED)


def _query_complaints(template: str, exchange: Exchange) -> list[str]:
    operation = document()["paths"][template][exchange.method.lower()]
    known = {_resolved(parameter)["name"] for parameter in operation.get("parameters", ())}
    found = []
    for name, value in parse_qsl(exchange.query.decode(), keep_blank_values=True):
        if name not in known:
            found.append(f"unknown query name {name!r}")
        if name == "per_page" and not (value.isdecimal() and 1 <= int(value) <= 100):
            found.append(f"per_page={value} is not between 1 and 100")
    return found


def _resolved(parameter: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in parameter:
        return parameter
    return document()["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]


def _answer_complaints(template: str, exchange: Exchange, request: _Request) -> list[str]:
    status = exchange.status
    if status is None or status >= 500 or status == 304:
        return []
    listed = document()["paths"][template][exchange.method.lower()]["responses"]
    if str(status) not in listed and status in _UNLISTED:
        return _error_complaints(exchange)
    if "content" not in _response(listed.get(str(status), {})):
        return [] if str(status) in listed else [f"status {status} is not described"]
    return _validated(lambda: _description().validate_response(request, _Answer(exchange)))


def _response(response: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in response:
        return response
    return document()["components"]["responses"][response["$ref"].rpartition("/")[2]]


def _error_complaints(exchange: Exchange) -> list[str]:
    try:
        content = json.loads(exchange.answer_body)
    except ValueError:
        return [f"the body of a {exchange.status} is not JSON"]
    missing = {"message", "documentation_url", "status"} - content.keys()
    return [f"the body of a {exchange.status} lacks {sorted(missing)}"] if missing else []


def _validated(check: Any) -> list[str]:
    try:
        check()
    except OpenAPIError as error:
        return [_explained(error)]
    return []


def _explained(error: BaseException) -> str:
    cause = error.__cause__
    schema_errors = getattr(error, "schema_errors", None) or getattr(cause, "schema_errors", None) or ()
    places = [
        f"at /{'/'.join(map(str, one.absolute_path))}: ...{one.message[-200:]}" for one in _leaves(schema_errors)
    ]
    told = f"{type(error).__name__} {error}"[:300]
    return "; ".join([told, *([f"because {cause}"[:300]] if cause else []), *places])


def _leaves(errors: Iterable[Any]) -> Iterator[Any]:
    """Follow `oneOf` and the like down to what does not fit."""
    for error in errors:
        yield from _leaves(error.context) if error.context else [error]


def conforming(app: ASGIApp) -> tuple[ASGIApp, list[str]]:
    """Wrap an app; the list fills with whatever passes through it and is not as GitHub describes."""
    violations: list[str] = []

    async def checked(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await app(scope, receive, send)
            return
        body = await _whole(receive)
        tape = _Tape(scope, body, send, violations)
        await app(scope, tape.receive(receive), tape.send)
        if not tape.complete:  # the answer was cut off or lost: the request alone is judged
            violations.extend(complaints(tape.exchange(status=None)))

    return checked, violations


async def _whole(receive: Receive) -> bytes:
    body = b""
    while (message := await receive())["type"] == "http.request":
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return body


class _Tape:
    """Records what goes through an ASGI connection, and judges it before the client has the last of it."""

    def __init__(self, scope: Scope, body: bytes, send: Send, violations: list[str]) -> None:
        self._scope, self._request, self._send = scope, body, send
        self._violations = violations
        self._answer = b""
        self._status = 0
        self._headers: dict[str, str] = {}
        self.complete = False

    def receive(self, later: Receive) -> Receive:
        """Give the request's body once, and then whatever the connection gives."""
        waiting = [self._request]

        async def replay() -> Message:
            if waiting:
                return {"type": "http.request", "body": waiting.pop(), "more_body": False}
            return await later()

        return replay

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = _headers(message["headers"])
        elif message["type"] == "http.response.body":
            self._answer += message.get("body", b"")
            if not message.get("more_body", False):
                self.complete = True
                self._violations.extend(complaints(self.exchange(status=self._status)))
        await self._send(message)

    def exchange(self, *, status: int | None) -> Exchange:
        return Exchange(
            method=self._scope["method"],
            path=self._scope["path"],
            query=self._scope["query_string"],
            request_headers=_headers(self._scope["headers"]),
            request_body=self._request,
            status=status,
            answer_headers=self._headers,
            answer_body=self._answer,
        )


def _headers(raw: Any) -> dict[str, str]:
    return {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in raw}
