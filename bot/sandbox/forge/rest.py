"""From an HTTP request to an operation and back: tokens, limits, errors, conditional answers, headers."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.sandbox.forge.credentials import identify
from bot.sandbox.forge.entities import Identity
from bot.sandbox.forge.exchange import API, Answer, Body, Call, Operation, View
from bot.sandbox.forge.git import GitError
from bot.sandbox.forge.permissions import can_see, check
from bot.sandbox.forge.refusals import Refusal, not_found
from bot.sandbox.forge.state import ForgeState, Repository

DOCUMENTATION = "https://docs.github.com/rest"
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is needed of a request, read from the wire."""

    method: str
    path: str
    url: str
    root: str
    values: Mapping[str, Any]
    query: Mapping[str, str]
    authorization: str | None
    if_none_match: str | None
    content: bytes


def route(state: ForgeState, operation: Operation) -> Route:
    """Make the route of one operation."""

    async def endpoint(request: Request) -> Response:
        root = str(request.base_url).rstrip("/")
        asked = Asked(
            method=request.method,
            path=request.url.path,
            url=str(request.url.replace(query="")),
            root=root,
            values=request.path_params,
            query=dict(request.query_params),
            authorization=request.headers.get("authorization"),
            if_none_match=request.headers.get("if-none-match"),
            content=await request.body(),
        )
        return await run_in_threadpool(_respond, state, operation, asked)

    return Route(API + operation.path, endpoint, methods=[operation.method])


def nowhere(state: ForgeState) -> Route:
    """Make the route that answers everything the forge does not have."""

    def refuse(call: Call) -> Answer:
        del call
        raise not_found()

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    endpoint = route(state, Operation(method="GET", path="/{rest:path}", handler=refuse)).endpoint
    return Route(API + "/{rest:path}", endpoint, methods=methods)


def _respond(state: ForgeState, operation: Operation, asked: Asked) -> Response:
    number = 0
    if asked.method in _WRITES:
        number = begin_write(state, asked.method, asked.path)
    call, answer, who = _perform(state, operation, asked)
    for task in call.afterwards if call else ():
        task()
    response = _response(state, answer, asked, who)
    if number:
        end_write(state, number, asked.method, asked.path)
    return response


def begin_write(state: ForgeState, method: str, path: str) -> int:
    """Number a write, and tell the hook before anything happens."""
    with state.lock:
        state.writes += 1
        number = state.writes
    if state.on_write is not None:
        state.on_write(number, "before", f"{method} {path}")
    return number


def end_write(state: ForgeState, number: int, method: str, path: str) -> None:
    """Tell the hook that a write is done and its answer not sent yet."""
    if state.on_write is not None:
        state.on_write(number, "after", f"{method} {path}")


def _perform(state: ForgeState, operation: Operation, asked: Asked) -> tuple[Call | None, Answer, Identity]:
    call, who = None, Identity()
    with state.lock:
        try:
            who = identify(state, asked.authorization)
            _check_quota(state, who, asked)
            call = _call(state, operation, asked, who)
            return call, operation.handler(call), who
        except Refusal as refusal:
            return call, _refused(refusal), who
        except GitError as error:
            return call, _refused(Refusal(422, str(error))), who
        except UnicodeError:  # half of a surrogate pair, which JSON can write and UTF-8 cannot
            return call, _refused(Refusal(400, "Problems parsing JSON")), who


def _check_quota(state: ForgeState, who: Identity, asked: Asked) -> None:
    if asked.path.endswith("/rate_limit") or state.quota.usage(who.token).remaining > 0:
        return
    number = who.account.id if who.account else 0
    raise Refusal(403, f"API rate limit exceeded for user ID {number}.")


def _call(state: ForgeState, operation: Operation, asked: Asked, who: Identity) -> Call:
    repository = None
    if operation.need is not None:
        repository = _repository(state, asked, who)
        check(repository, who, operation.need)
    return Call(
        state=state,
        view=View(state=state, root=asked.root),
        who=who,
        path=asked.values,
        query=asked.query,
        body=Body.parse(asked.content),
        url=asked.url,
        found=repository,
    )


def _repository(state: ForgeState, asked: Asked, who: Identity) -> Repository:
    name = f"{asked.values['owner']}/{asked.values['repo']}".casefold()
    found = state.repositories.get(name)
    if found is None or not can_see(found, who):
        raise not_found()
    return found


def _refused(refusal: Refusal) -> Answer:
    content: dict[str, Any] = {"message": refusal.message}
    if refusal.errors:
        content["errors"] = list(refusal.errors)
    content |= {"documentation_url": DOCUMENTATION, "status": str(refusal.status)}
    return Answer(status=refusal.status, content=content, headers=refusal.headers)


def _response(state: ForgeState, answer: Answer, asked: Asked, who: Identity) -> Response:
    body = b"" if answer.content is None else json.dumps(answer.content).encode()
    headers = dict(answer.headers)
    status = answer.status
    if asked.method == "GET" and status == 200:
        headers["ETag"] = f'W/"{hashlib.sha256(body).hexdigest()}"'
        if headers["ETag"] in _tags(asked.if_none_match):
            status, body = 304, b""
    with state.lock:
        if status not in {304, 401} and not asked.path.endswith("/rate_limit"):
            state.quota.spend(who.token)
        headers |= _standing_headers(state, who)
    if body:
        headers["Content-Type"] = "application/json; charset=utf-8"
    return Response(body, status_code=status, headers=headers)


def _tags(if_none_match: str | None) -> list[str]:
    return [tag.strip() for tag in (if_none_match or "").split(",")]


def _standing_headers(state: ForgeState, who: Identity) -> dict[str, str]:
    usage = state.quota.usage(who.token)
    return {
        "X-GitHub-Request-Id": f"{state.next_id():08X}",
        "X-GitHub-Media-Type": "github.v3; format=json",
        "X-RateLimit-Limit": str(usage.limit),
        "X-RateLimit-Remaining": str(usage.remaining),
        "X-RateLimit-Used": str(usage.used),
        "X-RateLimit-Reset": str(int(usage.reset.timestamp())),
        "X-RateLimit-Resource": "core",
    }
