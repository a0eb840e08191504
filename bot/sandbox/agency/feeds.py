"""What the office publishes: waits, errors, manual reviews, events, complaints, and gauges for Prometheus."""

from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from statistics import fmean
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute

from bot.model.clock import format_time, parse_time
from bot.model.json import Json
from bot.sandbox.agency.agency import Agency
from bot.sandbox.agency.endpoint import route
from bot.sandbox.agency.history import Chronicle
from bot.sandbox.agency.office import HOUR, WINDOW, case_name
from bot.sandbox.agency.records import SECONDS_PER_DAY, ClosedCase, Complaint, Window
from bot.sandbox.agency.refusal import RefusedError

T = TypeVar("T")

MAXIMUM_ROWS = 100_000
MAXIMUM_TRACES = 20_000
_NEWEST = 1_000


def feed_routes(agency: Agency) -> list[BaseRoute]:
    """Return the routes that anybody may read."""
    return [
        route(agency, "/passport/wait", _wait),
        route(agency, "/passport/wait/avg", _average_wait),
        route(agency, "/passport/error", _errors),
        route(agency, "/passport/manual", _manual_reviews),
        route(agency, "/passport/events", _events),
        route(agency, "/complaints/passport", _complaints),
        route(agency, "/metrics", _metrics),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """What a reader asks for: from `since` (included) to `until` (not included), in seconds; at most `limit`."""

    since: int | None
    until: int | None
    limit: int

    def of(self, chronicle: Chronicle[T]) -> tuple[list[T], int]:
        """Return the oldest `limit` values of the span, or without a span the newest; and how many there are."""
        found = chronicle.between(self.since, self.until)
        spanned = self.since is not None or self.until is not None
        return (found[: self.limit] if spanned else found[-self.limit :]), len(found)


def _wait(agency: Agency, request: Request, _: bytes) -> Response:
    span = _read_span(request, cap=MAXIMUM_ROWS)
    with agency.at_present():
        cases, total = span.of(agency.office.closed)
    return _rows([{"days": round(case.days, 4), "closed_at": _time(case.closed_at)} for case in cases], total)


def _average_wait(agency: Agency, _request: Request, _: bytes) -> Response:
    with agency.at_present() as now:
        return JSONResponse({"days": _mean_wait(agency, now)})


def _errors(agency: Agency, request: Request, _: bytes) -> Response:
    span = _read_span(request, cap=MAXIMUM_ROWS)
    with agency.at_present() as now:
        windows, total = _windows(agency, span, now)
        rows: list[Json] = [{"at": _time(w.at), "errors": w.errors, "requests": w.requests} for w in windows]
        pct = _percentage(*_error_counts(agency, now))
    return JSONResponse({"pct": pct, "windows": rows}, headers={"X-Total-Count": str(total)})


def _manual_reviews(agency: Agency, request: Request, _: bytes) -> Response:
    span = _read_span(request, cap=MAXIMUM_ROWS)
    with agency.at_present() as now:
        windows, total = _windows(agency, span, now)
        rows: list[Json] = [{"at": _time(w.at), "manual": w.manual, "requests": w.submissions} for w in windows]
        pct = _percentage(*_manual_counts(agency, now))
    return JSONResponse({"pct": pct, "windows": rows}, headers={"X-Total-Count": str(total)})


def _events(agency: Agency, request: Request, _: bytes) -> Response:
    """Serve whole traces only; `limit` counts cases, and so does the header with the total."""
    span = _read_span(request, cap=MAXIMUM_TRACES)
    with agency.at_present():
        cases, total = span.of(agency.office.closed)
    return _rows([row for case in cases for row in _event_rows(case)], total)


def _complaints(agency: Agency, request: Request, _: bytes) -> Response:
    span = _read_span(request, cap=MAXIMUM_ROWS)
    with agency.at_present():
        complaints, total = span.of(agency.office.complaints)
    return _rows([_complaint_row(complaint) for complaint in complaints], total)


def _metrics(agency: Agency, _request: Request, _: bytes) -> Response:
    with agency.at_present() as now:
        gauges = (
            ("wait_days", "Mean wait of the renewals closed in the last day.", _mean_wait(agency, now)),
            ("error_pct", "Share of errors in the last hour.", _percentage(*_error_counts(agency, now))),
            ("manual_review_ratio", "Share of photos sent to a person.", _ratio(*_manual_counts(agency, now))),
            ("queue_length", "Cases that wait for a person.", agency.office.queue_length),
        )
    lines = [
        f"# HELP passport_{name} {meaning}\n# TYPE passport_{name} gauge\n"
        f"passport_{name} {'NaN' if value is None else value}\n"
        for name, meaning, value in gauges
    ]
    return PlainTextResponse("".join(lines), media_type="text/plain; version=0.0.4")


def _read_span(request: Request, *, cap: int) -> _Span:
    query = request.query_params
    since, until = (_read_time(query.get(name), name) for name in ("since", "until"))
    limit = query.get("limit", str(_NEWEST if since is None and until is None else cap))
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:9]) <= cap):
        raise RefusedError(HTTPStatus.BAD_REQUEST, f"limit is not a whole number from 1 to {cap}")
    return _Span(since=since, until=until, limit=int(limit))


def _read_time(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    try:
        return int(parse_time(text).timestamp())
    except (ValueError, OverflowError) as error:
        raise RefusedError(HTTPStatus.BAD_REQUEST, f"{name} is not an ISO 8601 time with an offset") from error


def _windows(agency: Agency, span: _Span, now: datetime) -> tuple[list[Window], int]:
    if span.since is None and span.until is None:
        last_hour = agency.office.windows.between(int(now.timestamp()) - HOUR - WINDOW + 1, None)[-span.limit :]
        return last_hour, len(last_hour)
    return span.of(agency.office.windows)


def _error_counts(agency: Agency, now: datetime) -> tuple[int, int]:
    windows = _last_hour(agency, now)
    return sum(window.errors for window in windows), sum(window.requests for window in windows)


def _manual_counts(agency: Agency, now: datetime) -> tuple[int, int]:
    windows = _last_hour(agency, now)
    return sum(window.manual for window in windows), sum(window.submissions for window in windows)


def _last_hour(agency: Agency, now: datetime) -> list[Window]:
    """Return the windows that ended in the last hour."""
    return agency.office.windows.between(int(now.timestamp()) - HOUR - WINDOW + 1, None)


def _mean_wait(agency: Agency, now: datetime) -> float | None:
    cases = agency.office.closed.between(int(now.timestamp()) - SECONDS_PER_DAY, None)
    return round(fmean(case.days for case in cases), 4) if cases else None


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _percentage(part: int, whole: int) -> float | None:
    return round(100.0 * part / whole, 4) if whole else None


def _event_rows(case: ClosedCase) -> list[Json]:
    name = case_name(case.application.case)
    return [
        {
            "case": name,
            "activity": task.activity.value,
            "start": _time(task.start),
            "end": _time(task.end),
            "resource": task.resource,
        }
        for task in case.tasks()
    ]


def _complaint_row(complaint: Complaint) -> Json:
    citizen = complaint.citizen
    return {
        "id": f"C-{complaint.number:06d}",
        "at": _time(complaint.at),
        "topic": complaint.topic.value,
        "text": complaint.text,
        "citizen": {"name": citizen.name, "email": citizen.email, "phone": citizen.phone, "ssn": citizen.ssn},
    }


def _rows(rows: list[Json], total: int) -> Response:
    return JSONResponse(rows, headers={"X-Total-Count": str(total)})


def _time(seconds: int) -> str:
    return format_time(datetime.fromtimestamp(seconds, UTC))
