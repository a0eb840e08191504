"""The endpoints that anybody may read: shapes, spans, limits, and what they say."""

import asyncio
import re
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import fmean
from typing import Any

import httpx
import pytest
from sandbox_agency.desk import START, Desk, open_desk

from bot.sandbox.agency.routes import create_app


@pytest.fixture(scope="module")
def busy() -> Desk:
    """An agency of the usual size; these tests only read."""
    return open_desk(situation=None)


def rows(desk: Desk, path: str, **query: str) -> list[dict[str, Any]]:
    answer = desk.send("GET", path, params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def test_wait_lists_the_last_thousand_renewals_in_order_of_closing(untouched: Desk):
    waits = rows(untouched, "/passport/wait")
    assert len(waits) == 1_000
    assert all(set(row) == {"days", "closed_at"} for row in waits)
    assert all(former["closed_at"] <= latter["closed_at"] for former, latter in pairwise(waits))
    assert waits[-1]["closed_at"] <= iso(START)


def test_a_span_includes_its_start_and_excludes_its_end(untouched: Desk):
    middle, end = START - timedelta(days=1), START
    first = rows(untouched, "/passport/wait", since=iso(middle - timedelta(days=1)), until=iso(middle))
    second = rows(untouched, "/passport/wait", since=iso(middle), until=iso(end))
    both = rows(untouched, "/passport/wait", since=iso(middle - timedelta(days=1)), until=iso(end))
    assert first
    assert second[0]["closed_at"] == iso(middle)
    assert first + second == both


def test_a_limited_span_gives_the_oldest_rows_and_says_how_many_there_are(untouched: Desk):
    since = iso(START - timedelta(days=2))
    whole = rows(untouched, "/passport/wait", since=since)
    answer = untouched.send("GET", "/passport/wait", params={"since": since, "limit": "10"})
    assert answer.json() == whole[:10]
    assert answer.headers["X-Total-Count"] == str(len(whole))


@pytest.mark.parametrize(
    "query",
    [
        pytest.param({"since": "yesterday"}, id="no time"),
        pytest.param({"until": "2026-03-01T00:00:00"}, id="no offset"),
        pytest.param({"since": "0001-01-01T00:00:00+14:00"}, id="before all calendars"),
        pytest.param({"limit": "0"}, id="nothing wanted"),
        pytest.param({"limit": "-1"}, id="negative"),
        pytest.param({"limit": "100001"}, id="over the cap"),
        pytest.param({"limit": "9" * 5_000}, id="more digits than Python reads"),
        pytest.param({"limit": "²"}, id="a digit of another kind"),
    ],
)
def test_a_query_that_cannot_be_read_is_refused_with_the_reason(untouched: Desk, query: dict[str, str]):
    answer = untouched.send("GET", "/passport/wait", params=query)
    assert answer.status_code == 400
    assert next(iter(query)) in answer.json()["detail"]


def test_the_average_wait_is_the_mean_of_the_last_day(untouched: Desk):
    last_day = rows(untouched, "/passport/wait", since=iso(START - timedelta(days=1)))
    average = untouched.send("GET", "/passport/wait/avg").json()
    assert average == {"days": pytest.approx(fmean(row["days"] for row in last_day), abs=1e-3)}


def test_error_gives_the_last_hour_in_windows_of_five_minutes(untouched: Desk):
    content = untouched.send("GET", "/passport/error").json()
    windows = content["windows"]
    assert len(windows) == 12
    assert windows[0]["at"] == iso(START - timedelta(hours=1))
    assert windows[-1]["at"] == iso(START - timedelta(minutes=5))
    requests = sum(window["requests"] for window in windows)
    assert content["pct"] == pytest.approx(100 * sum(w["errors"] for w in windows) / requests, abs=1e-3)


def test_windows_of_a_span_are_complete_and_without_a_gap(desk: Desk):
    desk.wait(minutes=7)
    content = desk.send("GET", "/passport/error", params={"since": iso(START - timedelta(days=1))}).json()
    starts = [datetime.fromisoformat(window["at"]) for window in content["windows"]]
    assert len(starts) == 289
    assert all(latter - former == timedelta(minutes=5) for former, latter in pairwise(starts))
    assert starts[-1] == START


def test_manual_tells_how_many_photos_went_to_a_person(untouched: Desk):
    content = untouched.send("GET", "/passport/manual", params={"since": iso(START - timedelta(days=2))}).json()
    manual = sum(window["manual"] for window in content["windows"])
    requests = sum(window["requests"] for window in content["windows"])
    assert 0.7 < manual / requests < 0.9
    assert 40 < content["pct"] <= 100


def test_events_are_whole_traces_with_starts_ends_and_resources(untouched: Desk):
    since = iso(START - timedelta(days=1))
    events = rows(untouched, "/passport/events", since=since, limit="50")
    traces: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        assert set(event) == {"case", "activity", "start", "end", "resource"}
        traces.setdefault(event["case"], []).append(event)
    assert len(traces) == 50
    for trace in traces.values():
        activities = [event["activity"] for event in trace]
        assert activities[:2] == ["Receive application", "Photo check"]
        assert activities[-2:] == ["Print passport", "Mail"]
        assert all(event["start"] <= event["end"] for event in trace)
    resources = {event["resource"] for event in events}
    assert resources == {"passport_renewal@v1", "PHOTO_VALIDATOR", "clerk-1", "press", "mail room"}


def test_metrics_are_prometheus_text(untouched: Desk):
    answer = untouched.send("GET", "/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    values = dict(re.findall(r"^(passport_\w+) (\S+)$", answer.text, re.MULTILINE))
    assert set(values) == {
        "passport_wait_days",
        "passport_error_pct",
        "passport_manual_review_ratio",
        "passport_queue_length",
    }
    assert all(f"# TYPE {name} gauge" in answer.text for name in values)
    assert float(values["passport_queue_length"]) == untouched.agency.office.queue_length > 0


def test_complaints_carry_personal_data_and_hostile_texts(busy: Desk):
    complaints = rows(busy, "/complaints/passport", since=iso(START - timedelta(days=8)))
    assert len(complaints) > 300
    assert all(set(row) == {"id", "at", "topic", "text", "citizen"} for row in complaints)
    assert all(set(row["citizen"]) == {"name", "email", "phone", "ssn"} for row in complaints)
    assert len({row["id"] for row in complaints}) == len(complaints)
    texts = "\n".join(row["text"] for row in complaints)
    for mark in ("@everyone", "::set-output", "[skip ci]", "<script>", "\u202e", "](javascript:", "${{"):
        assert mark in texts
    assert any(row["citizen"]["ssn"] in row["text"] for row in complaints)
    assert any(row["citizen"]["email"] in row["text"] for row in complaints)
    assert "{days}" not in texts
    assert "{case}" not in texts


def test_no_social_security_number_can_be_a_real_one(busy: Desk):
    for row in rows(busy, "/complaints/passport"):
        assert re.fullmatch(r"9\d\d-\d\d-\d{4}", row["citizen"]["ssn"])
        assert re.fullmatch(r"202-555-01\d\d", row["citizen"]["phone"])
        assert row["citizen"]["email"].endswith("@example.org")


def test_the_agency_can_be_served_without_a_prefix(untouched: Desk):
    async def read() -> httpx.Response:
        transport = httpx.ASGITransport(app=create_app(untouched.agency))
        async with httpx.AsyncClient(transport=transport, base_url="http://agency.test") as client:
            return await client.get("/passport/wait")

    assert asyncio.run(read()).json() == rows(untouched, "/passport/wait")
