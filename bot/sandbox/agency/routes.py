"""The agency over HTTP: the public feeds, and the gateway that everything which changes must pass."""

import re
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from bot.model.clock import format_time
from bot.model.json import Json
from bot.sandbox.agency.adapters import Holding
from bot.sandbox.agency.agency import Agency
from bot.sandbox.agency.endpoint import Handler, refusal, route
from bot.sandbox.agency.feeds import feed_routes
from bot.sandbox.agency.gateway import Caller, caller_of
from bot.sandbox.agency.management import LiveJourney, LiveService, PatchState
from bot.sandbox.agency.payload import read_object, read_text
from bot.sandbox.agency.refusal import RefusedError

_TRACE = re.compile(r"[A-Za-z0-9-]{1,64}")
_RELEASE = frozenset({"release_manager"})
_SYNC = frozenset({"release_manager", "adapter_admin"})


def routes(agency: Agency) -> list[BaseRoute]:
    """Return all routes of the agency, to be mounted under any prefix."""
    management = "/gateway/v1/mgt"
    journey = "/gateway/v1/journeys/{name}"
    return [
        *feed_routes(agency),
        _gated(agency, f"{management}/patch", _submit_patch, method="POST"),
        _gated(agency, f"{management}/patch/{{patch_id:int}}", _poll_patch),
        _gated(agency, f"{management}/services/{{name}}", _read_service),
        _gated(agency, journey, _read_journey),
        _gated(agency, journey, _put_journey, method="PUT"),
        _gated(agency, "/adapter/sync/{name}", _read_adapter),
        _gated(agency, "/adapter/sync/{name}", _sync_adapter, method="POST"),
        route(agency, "/mainframe", _read_mainframe),
    ]


def create_app(agency: Agency) -> Starlette:
    """Return the agency as an application of its own."""
    return Starlette(routes=routes(agency))


def _gated(agency: Agency, path: str, handler: Handler, *, method: str = "GET") -> BaseRoute:
    """Bind a handler behind the gateway: every answer has a trace id, and nobody comes too often."""

    def behind_the_gate(agency: Agency, request: Request, body: bytes) -> Response:
        try:
            agency.rate_limit.admit(request.client.host if request.client else "unknown")
            response = handler(agency, request, body)
        except RefusedError as error:
            response = refusal(error)
        given = request.headers.get("X-Trace-ID", "")
        response.headers["X-Trace-ID"] = given if _TRACE.fullmatch(given) else agency.next_trace()
        return response

    return route(agency, path, behind_the_gate, method=method)


def _caller(agency: Agency, request: Request, roles: frozenset[str] | None = None) -> Caller:
    """Return who is calling; RefusedError: 401 without a valid token, 403 without one of the roles."""
    caller = caller_of(request.headers.get("Authorization"), agency.secret, agency.clock.now())
    if roles is not None and caller.role not in roles:
        needed = " or ".join(sorted(roles))
        raise RefusedError(HTTPStatus.FORBIDDEN, f"role {caller.role!r} may not do this: {needed} is needed")
    return caller


def _submit_patch(agency: Agency, request: Request, body: bytes) -> Response:
    caller = _caller(agency, request, _RELEASE)
    key = request.headers.get("Idempotency-Key")
    with agency.at_present() as now:
        state = agency.management.submit(read_object(body), key=key, caller=caller, now=now)
    content = {"patch_id": state.patch.patch_id, "status": state.status.value}
    return JSONResponse(content, status_code=HTTPStatus.ACCEPTED.value)


def _poll_patch(agency: Agency, request: Request, _: bytes) -> Response:
    _caller(agency, request)
    patch_id = int(request.path_params["patch_id"])
    with agency.at_present() as now:
        agency.management.poll(patch_id, now)
        agency.advance_to(now)
        return JSONResponse(_patch_content(agency.management.patch(patch_id)))


def _read_service(agency: Agency, request: Request, _: bytes) -> Response:
    _caller(agency, request)
    with agency.at_present():
        return JSONResponse(_service_content(agency.management.service(request.path_params["name"])))


def _read_journey(agency: Agency, request: Request, _: bytes) -> Response:
    _caller(agency, request)
    with agency.at_present():
        return JSONResponse(_journey_content(agency.management.journey(request.path_params["name"])))


def _put_journey(agency: Agency, request: Request, body: bytes) -> Response:
    _caller(agency, request, _RELEASE)
    document = read_object(body, allowed={"version", "expected"})
    version, expected = read_text(document.get("version"), "version"), document.get("expected")
    wanted = None if expected is None else read_text(expected, "expected")
    with agency.at_present() as now:
        name = request.path_params["name"]
        live = agency.management.put_journey(name, version, expected=wanted, now=now)
    return JSONResponse(_journey_content(live))


def _read_adapter(agency: Agency, request: Request, _: bytes) -> Response:
    _caller(agency, request)
    return JSONResponse(_holding_content(agency.adapters.read(request.path_params["name"])))


def _sync_adapter(agency: Agency, request: Request, body: bytes) -> Response:
    _caller(agency, request, _SYNC)
    key = request.headers.get("Idempotency-Key")
    holding = agency.adapters.sync(request.path_params["name"], read_object(body), key=key)
    return JSONResponse(_holding_content(holding))


def _read_mainframe(agency: Agency, _request: Request, _: bytes) -> Response:
    with agency.at_present():
        state = agency.mainframe.state
    records: list[Json] = [
        {"service": row.service, "key": row.key, "value": row.value, "change_id": row.change_id}
        for row in state.records
    ]
    content: dict[str, Json] = {
        "status": state.status.value,
        "reason": state.reason,
        "read_at": format_time(state.read_at),
        "records": records,
    }
    return JSONResponse(content)


def _patch_content(state: PatchState) -> Json:
    return {
        "patch_id": state.patch.patch_id,
        "service": state.patch.service,
        "changes": dict(state.patch.changes),
        "status": state.status.value,
        "reason": state.reason,
        "queued_at": format_time(state.patch.queued_at),
        "decided_at": format_time(state.decided_at) if state.decided_at else None,
        "expired_at": format_time(state.expired_at) if state.expired_at else None,
        "submitted_by": state.patch.subject,
    }


def _service_content(live: LiveService) -> Json:
    return {
        "service": live.service,
        "version": live.version,
        "config": dict(live.config),
        "revision": live.revision,
        "updated_at": format_time(live.updated_at),
    }


def _journey_content(live: LiveJourney) -> Json:
    return {"name": live.name, "version": live.version, "updated_at": format_time(live.updated_at)}


def _holding_content(holding: Holding) -> Json:
    return {
        "status": "SYNCED",
        "name": holding.name,
        "version": holding.version,
        "values": dict(holding.values),
        "change": holding.change,
    }
