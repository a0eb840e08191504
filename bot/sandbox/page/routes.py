"""The page over HTTP: three files, the state, and one address that takes actions.

Only a browser on this machine is answered, and only the page itself may act: a foreign site that points its own name
here fails at the Host header, one that sends a form from afar at the token.
"""

import secrets
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from importlib.resources import files
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.model.errors import BotError
from bot.sandbox.page.actions import read_action
from bot.sandbox.page.desk import Desk

TOKEN_HEADER = "X-Page-Token"  # noqa: S105 -- a header's name
_MOST_BYTES = 16_384
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_Answer = Callable[[Request], Awaitable[Response]]


def page_routes(desk: Desk) -> tuple[BaseRoute, ...]:
    """Make the page's routes for a desk."""

    async def page(_: Request) -> Response:
        return Response(_file("page.html").replace("{{token}}", desk.token), media_type="text/html")

    async def style(_: Request) -> Response:
        return Response(_file("page.css"), media_type="text/css")

    async def script(_: Request) -> Response:
        return Response(_file("page.js"), media_type="text/javascript")

    async def icon(_: Request) -> Response:
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def state(request: Request) -> Response:
        after = request.query_params.get("after", "")
        known = int(after) if after.isascii() and after.isdigit() and len(after) < 10 else -1
        content = desk.read(after=known)
        if content is None:
            return Response(status_code=HTTPStatus.NO_CONTENT)
        return Response(content, media_type="application/json")

    async def act(request: Request) -> Response:
        return await _act(request, desk)

    readable: tuple[tuple[str, _Answer], ...] = (
        ("/", page),
        ("/page.css", style),
        ("/page.js", script),
        ("/favicon.ico", icon),
        ("/state", state),
    )
    reading = (Route(path, _guarded(answer), methods=["GET"]) for path, answer in readable)
    return (*reading, Route("/actions", _guarded(act), methods=["POST"]))


def _file(name: str) -> str:
    return files("bot.sandbox.page").joinpath(name).read_text(encoding="utf-8")


def _guarded(answer: _Answer) -> _Answer:
    """Answer this machine's browsers only, with headers that forbid the page everything it does not need."""

    async def guarded(request: Request) -> Response:
        host = request.headers.get("host", "")
        response = (
            await answer(request)
            if _is_loopback(host)
            else _refusal(
                HTTPStatus.MISDIRECTED_REQUEST,
                "this page is for the machine it runs on",
                "open it as http://127.0.0.1",
            )
        )
        response.headers.update(_HEADERS)
        return response

    return guarded


def _is_loopback(host: str) -> bool:
    try:
        parts = urlsplit(f"//{host}")
    except ValueError:
        return False
    return parts.netloc == host and parts.username is None and parts.hostname in _LOOPBACK


async def _act(request: Request, desk: Desk) -> Response:
    origin = request.headers.get("origin")
    if origin is not None and origin != f"http://{request.headers['host']}":
        return _refusal(HTTPStatus.FORBIDDEN, "another site sent this", "use the page itself")
    if not secrets.compare_digest(request.headers.get(TOKEN_HEADER, "").encode(), desk.token.encode()):
        return _refusal(HTTPStatus.FORBIDDEN, "the page is from an earlier start of the sandbox", "reload the page")
    content = await _body(request)
    if content is None:
        return _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request is too long", "write less")
    try:
        action = read_action(content)
    except BotError as error:
        return _refusal(HTTPStatus.UNPROCESSABLE_ENTITY, error.message, error.hint)
    try:
        desk.submit(action)
    except BotError as error:
        return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, error.message, error.hint)
    return JSONResponse({"accepted": True}, HTTPStatus.ACCEPTED)


async def _body(request: Request) -> bytes | None:
    """Read the body; None as soon as it is longer than any action is."""
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > _MOST_BYTES:
            return None
    return content


def _refusal(status: HTTPStatus, message: str, hint: str) -> Response:
    return JSONResponse({"message": message, "hint": hint}, status)
