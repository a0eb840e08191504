"""The HTTP shell around every route: faults, the write hook, body limits, and refusals as JSON."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from http import HTTPStatus
from typing import assert_never

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.sandbox.agency.agency import Agency
from bot.sandbox.agency.faults import Down, Empty, Fault, Huge, LostAnswer, Slow, WrongShape, fault_at
from bot.sandbox.agency.payload import MAXIMUM_BODY_BYTES
from bot.sandbox.agency.refusal import RefusedError

Handler = Callable[[Agency, Request, bytes], Response]

_FILLER = b'{"days": 1.0, "closed_at": "2026-01-01T00:00:00Z"},' * 1_000


def route(agency: Agency, path: str, handler: Handler, *, method: str = "GET") -> Route:
    """Bind a handler, which gets the body already read, to one method of a path."""

    async def endpoint(request: Request) -> Response:
        place = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        return await _with_fault(fault_at(place, agency.faults), lambda: _answer(agency, place, handler, request))

    return Route(path, endpoint, methods=[method])


async def _answer(agency: Agency, place: str, handler: Handler, request: Request) -> Response:
    try:
        body = await _read_body(request)
        if request.method in {"GET", "HEAD"}:
            return handler(agency, request, body)
        with agency.writing(place):
            return handler(agency, request, body)
    except RefusedError as error:
        return refusal(error)


def refusal(error: RefusedError) -> Response:
    """Show a refusal in the gateway's form: `{code, detail}` and the facts that help."""
    headers = {}
    if error.status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if error.status is HTTPStatus.TOO_MANY_REQUESTS:
        headers["Retry-After"] = "1"
    content = {"code": error.status.value, "detail": error.detail, **error.facts}
    return JSONResponse(content, status_code=error.status.value, headers=headers)


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAXIMUM_BODY_BYTES:
            raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {MAXIMUM_BODY_BYTES} bytes")
    return bytes(body)


async def _with_fault(fault: Fault | None, answer: Callable[[], Awaitable[Response]]) -> Response:
    match fault:
        case None:
            return await answer()
        case Slow():
            await asyncio.sleep(fault.seconds)
            return await answer()
        case LostAnswer():
            await answer()
            return JSONResponse({"code": fault.status, "detail": "bad gateway"}, status_code=fault.status)
        case Down() | Empty() | WrongShape() | Huge():
            return _instead_of_answer(fault)
        case _:
            assert_never(fault)


def _instead_of_answer(fault: Down | Empty | WrongShape | Huge) -> Response:
    match fault:
        case Down():
            return JSONResponse({"code": fault.status, "detail": fault.detail}, status_code=fault.status)
        case Empty():
            return JSONResponse([])
        case WrongShape():
            return Response(fault.body, media_type=fault.media_type)
        case Huge():
            return StreamingResponse(_as_stream(_filler(fault.size)), media_type="application/json")
        case _:
            assert_never(fault)


def _filler(size: int) -> Iterator[bytes]:
    yield b"["
    for _ in range(size // len(_FILLER) + 1):
        yield _FILLER
    yield b'{"days": 1.0, "closed_at": "2026-01-01T00:00:00Z"}]'


async def _as_stream(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
