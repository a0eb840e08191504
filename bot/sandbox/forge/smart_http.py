"""Clone, fetch and push: git's own `http-backend` behind a route, with tokens and permissions in front of it."""

import gzip
import zlib
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.sandbox.forge import state_refs
from bot.sandbox.forge.credentials import identify
from bot.sandbox.forge.entities import Identity
from bot.sandbox.forge.permissions import allows, can_see, read, write
from bot.sandbox.forge.refusals import Refusal
from bot.sandbox.forge.rest import begin_write, end_write
from bot.sandbox.forge.state import ForgeState, Repository

_PUSH = "git-receive-pack"
_SERVICES = ("git-upload-pack", _PUSH)


def routes(state: ForgeState) -> list[Route]:
    """Make the three routes of the smart protocol for every repository."""

    async def endpoint(request: Request) -> Response:
        content = await request.body()
        return await run_in_threadpool(_respond, state, request, content)

    path = "/{owner}/{repo}"  # with or without .git at the end, as git users write it
    return [
        Route(path + "/info/refs", endpoint, methods=["GET"]),
        *(Route(f"{path}/{service}", endpoint, methods=["POST"]) for service in _SERVICES),
    ]


def _respond(state: ForgeState, request: Request, content: bytes) -> Response:
    tail = request.url.path.rpartition("/")[2]
    service = request.query_params.get("service", "") if tail == "refs" else tail
    pushing = request.method == "POST" and service == _PUSH
    number = begin_write(state, "POST", request.url.path) if pushing else 0
    with state.lock:
        try:
            repository, who = _admit(state, request, service)
            response = _serve(state, repository, who, request, content)
        except Refusal as refusal:
            headers = {"WWW-Authenticate": 'Basic realm="GitHub"'} if refusal.status == 401 else {}
            response = Response(refusal.message + "\n", refusal.status, headers, "text/plain")
    if number:
        end_write(state, number, "POST", request.url.path)
    return response


def _admit(state: ForgeState, request: Request, service: str) -> tuple[Repository, Identity]:
    who = identify(state, request.headers.get("authorization"))
    name = f"{request.path_params['owner']}/{request.path_params['repo']}".removesuffix(".git")
    found = state.repositories.get(name.casefold())
    if service not in _SERVICES:
        raise Refusal(403, "Please upgrade your git client.")
    if found is None or not can_see(found, who):
        raise (
            Refusal(401, "Authentication required") if who.account is None else Refusal(404, "Repository not found.")
        )
    need = write("contents") if service == _PUSH else read("contents")
    if not allows(found, who, need):
        if who.account is None:
            raise Refusal(401, "Authentication required")
        raise Refusal(403, f"Permission to {found.full_name}.git denied to {who.account.login}.")
    return found, who


def _serve(state: ForgeState, repository: Repository, who: Identity, request: Request, content: bytes) -> Response:
    pusher = who.account if request.method == "POST" and request.url.path.endswith(_PUSH) else None
    before = repository.git.refs() if pusher else {}
    output = repository.git.run(
        "http-backend", stdin=_inflated(request, content), extra=_cgi(repository, who, request, content)
    )
    if pusher is not None and (after := repository.git.refs()) != before:
        state_refs.notice_changes(state, repository, pusher, before, after)
    return _parsed(output)


def _inflated(request: Request, content: bytes) -> bytes:
    if request.headers.get("content-encoding") != "gzip":
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise Refusal(400, "The body is not what Content-Encoding says") from error


def _cgi(repository: Repository, who: Identity, request: Request, content: bytes) -> dict[str, str]:
    tail = "/info/refs" if request.method == "GET" else "/" + request.url.path.rpartition("/")[2]
    login = who.account.login if who.account else ""
    variables = {
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_TRANSLATED": f"{repository.git.directory}{tail}",
        "PATH_INFO": tail,
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.url.query,
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(_inflated(request, content))),
        "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_USER": login,
        "GIT_COMMITTER_NAME": login or "nobody",
        "GIT_COMMITTER_EMAIL": f"{login or 'nobody'}@users.noreply.github.com",
    }
    return {name: value for name, value in variables.items() if name != "REMOTE_USER" or value}


def _parsed(output: bytes) -> Response:
    head, _, body = output.partition(b"\r\n\r\n")
    headers: dict[str, str] = {}
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(": ")
        headers[name.lower()] = value
    status: Any = headers.pop("status", "200").split(" ")[0]
    return Response(body, int(status), headers)
