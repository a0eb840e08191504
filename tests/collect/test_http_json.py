import gzip
import json
import socket
import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from collect.feeds import NOW, WEEK, a_collector, a_feed
from collect.loopback import Answer, reply, serving

from bot.model.series import FailureKind, FeedFailure, Reading, Series, SeriesKind
from bot.model.settings import Columns, FeedSpec
from bot.model.unit import PLAIN_RATIO

ROWS = [{"closed_at": "2026-01-05T08:00:00Z", "days": 23.5}, {"closed_at": "2026-01-06T09:00:00+01:00", "days": 21}]


def read(base: str, spec: FeedSpec | None = None) -> Reading:
    with a_collector(Path("/nowhere"), endpoints={"metrics": base}) as collector:
        return collector.series(spec or a_feed(), WEEK)


def read_from(answer: Answer, spec: FeedSpec | None = None) -> Reading:
    with serving(answer) as base:
        return read(base, spec)


def read_body(document: object, spec: FeedSpec | None = None) -> Reading:
    return read_from(reply(json.dumps(document).encode()), spec)


def the_series(reading: Reading) -> Series:
    assert isinstance(reading, Series), reading
    return reading


def the_failure(reading: Reading) -> FeedFailure:
    assert isinstance(reading, FeedFailure), reading
    return reading


def test_rows_become_samples_in_order_of_time_and_in_utc():
    series = the_series(read_body(list(reversed(ROWS))))
    assert [(sample.at.isoformat(), sample.value, sample.of) for sample in series.samples] == [
        ("2026-01-05T08:00:00+00:00", 23.5, 1.0),
        ("2026-01-06T08:00:00+00:00", 21.0, 1.0),
    ]
    assert series.span == WEEK


def test_the_window_travels_as_query_and_what_lies_outside_is_left_out():
    asked: list[str] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked.append(request.path)
        rows = [
            *ROWS,
            {"closed_at": "2026-01-10T00:00:00Z", "days": 1},
            {"closed_at": "2025-12-01T00:00:00Z", "days": 1},
        ]
        reply(json.dumps(rows).encode())(request)

    series = the_series(read_from(answer, a_feed(path="/wait?limit=5")))
    query = parse_qs(urlsplit(asked[0]).query)
    assert query == {"limit": ["5"], "since": ["2026-01-03T00:00:00Z"], "until": ["2026-01-10T00:00:00Z"]}
    assert len(series.samples) == 2
    assert series.dropped == 0


def test_a_ratio_keeps_numerator_and_denominator():
    spec = a_feed(
        rows="windows",
        columns=Columns(at="at", value="errors", of="requests"),
        kind=SeriesKind.RATIO,
        unit=PLAIN_RATIO,
    )
    rows = [{"at": "2026-01-05T08:00:00Z", "errors": 1, "requests": 20}]
    series = the_series(read_body({"pct": 5, "windows": rows}, spec))
    assert [(sample.value, sample.of) for sample in series.samples] == [(1.0, 20.0)]


def test_an_object_without_a_time_is_one_sample_at_the_last_moment_of_the_window():
    series = the_series(read_body({"days": 12}, a_feed(columns=Columns(value="days"))))
    assert [sample.at for sample in series.samples] == [NOW - timedelta(microseconds=1)]
    assert WEEK.holds(series.samples[0].at)


def test_dotted_names_reach_into_objects_and_a_name_with_dots_wins():
    spec = a_feed(columns=Columns(at="when.done", value="a.b"))
    rows = [{"when": {"done": "2026-01-05T08:00:00Z"}, "a.b": 1, "a": {"b": 2}}]
    assert the_series(read_body({"data": {"list": rows}}, spec_with_rows(spec))).samples[0].value == 1


def spec_with_rows(spec: FeedSpec) -> FeedSpec:
    return a_feed(columns=spec.columns, rows="data.list")


def test_an_empty_list_is_an_empty_series_not_a_failure():
    assert the_series(read_body([])).samples == ()


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "null", "1" + "0" * 400])
def test_what_is_no_finite_number_is_dropped_and_counted(value: str):
    body = f'[{{"closed_at": "2026-01-05T08:00:00Z", "days": {value}}}]'.encode()
    series = the_series(read_from(reply(body)))
    assert (series.samples, series.dropped) == ((), 1)


def test_values_outside_the_feeds_range_are_dropped_and_counted():
    rows = [{"closed_at": "2026-01-05T08:00:00Z", "days": days} for days in (-1, 0, 400, 401)]
    series = the_series(read_body(rows, a_feed(min_value=0.0, max_value=400.0)))
    assert ([sample.value for sample in series.samples], series.dropped) == ([0.0, 400.0], 2)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"rows": []}, "there is no `closed_at`; it has: rows"),
        (7, "the document should be a list of rows"),
        ([1], "row 1 should be an object"),
        ([{"days": 1}], "there is no `closed_at`; it has: days"),
        ([{"closed_at": "2026-01-05T08:00:00Z"}], "there is no `days`; it has: closed_at"),
        ([{"closed_at": "2026-01-05T08:00:00Z", "days": "12"}], "`days` should hold a number, found a text of 2"),
        ([{"closed_at": "2026-01-05T08:00:00Z", "days": True}], "`days` should hold a number, found true or false"),
        ([{"closed_at": "2026-01-05T08:00:00Z", "days": [1]}], "`days` should hold a number, found a list"),
        ([{"closed_at": "2026-01-05T08:00:00", "days": 1}], "`closed_at` holds a time without an offset"),
        ([{"closed_at": "yesterday", "days": 1}], "`closed_at` should hold an ISO 8601 time, found a text of 9"),
        ([{"closed_at": "0001-01-01T00:00:00+14:00", "days": 1}], "`closed_at` should hold an ISO 8601 time"),
        ([{"closed_at": 1767600000, "days": 1}], "`closed_at` should hold a time, found a number"),
    ],
)
def test_a_wrong_shape_names_the_field_and_what_was_found(document: object, told: str):
    failure = the_failure(read_body(document))
    assert failure.kind is FailureKind.SHAPE
    assert failure.message.startswith(told)
    assert failure.hint


@pytest.mark.parametrize("body", [b"<html>", b"", b"\xff\xfe\x00", b"[" * 100_000, b'{"a":' * 50_000])
def test_what_is_not_json_is_a_wrong_shape(body: bytes):
    failure = the_failure(read_from(reply(body)))
    assert (failure.kind, failure.message) == (FailureKind.SHAPE, f"it is not JSON ({len(body)} bytes)")


def test_a_feed_that_is_down_is_unreachable():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        failure = the_failure(read(f"http://127.0.0.1:{taken.getsockname()[1]}"))
    assert failure.kind is FailureKind.UNREACHABLE
    assert "no answer from 127.0.0.1" in failure.message


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, FailureKind.REFUSED),
        (401, FailureKind.REFUSED),
        (404, FailureKind.REFUSED),
        (204, FailureKind.REFUSED),
        (429, FailureKind.UNREACHABLE),
        (500, FailureKind.UNREACHABLE),
        (503, FailureKind.UNREACHABLE),
    ],
)
def test_an_answer_that_is_not_200_is_told(status: int, kind: FailureKind):
    failure = the_failure(read_from(reply(b"", status=status)))
    assert failure.kind is kind
    assert str(status) in failure.message


def test_a_redirect_is_never_followed():
    visited: list[str] = []

    def elsewhere(request: BaseHTTPRequestHandler) -> None:
        visited.append(request.path)
        reply(b"[]")(request)

    with serving(elsewhere) as other:
        failure = the_failure(read_from(reply(b"", status=302, Location=f"{other}/secret")))
    assert (failure.kind, visited) == (FailureKind.REFUSED, [])
    assert "redirect" in failure.message


SLOW = timedelta(seconds=0.3)
DRIPS = 400
"""So many drips, a twentieth of a second apart, take twenty seconds."""


def wait_forever(_: BaseHTTPRequestHandler) -> None:
    threading.Event().wait(20)


def drip_body(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "1000000")
    request.end_headers()
    for _ in range(DRIPS):
        request.wfile.write(b" ")
        request.wfile.flush()
        time.sleep(0.05)


def drip_headers(request: BaseHTTPRequestHandler) -> None:
    request.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(DRIPS):
        request.wfile.write(f"X-Header-{number}: a\r\n".encode())
        request.wfile.flush()
        time.sleep(0.05)


@pytest.mark.parametrize("answer", [wait_forever, drip_body, drip_headers])
def test_a_slow_or_dripping_feed_is_cut_at_its_timeout(answer: Answer):
    begun = time.monotonic()
    with serving(answer) as base:
        failure = the_failure(read(base, a_feed(timeout=SLOW)))
        took = time.monotonic() - begun
    assert failure.kind is FailureKind.TIMEOUT
    assert "within 0.3 seconds" in failure.message
    assert took < 10, "all of it would take twice as long"


def test_a_huge_answer_is_cut_at_the_byte_limit():
    sent: list[int] = []

    def pour(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        for _ in range(10_000):
            request.wfile.write(b"[" * 65_536)
            sent.append(65_536)

    failure = the_failure(read_from(pour, a_feed(max_bytes=1_000_000)))
    assert failure.kind is FailureKind.TOO_LARGE
    assert "more than 1,000,000 bytes" in failure.message
    assert sum(sent) < 50_000_000


def test_a_compressed_bomb_is_not_even_unpacked():
    bomb = gzip.compress(b" " * 50_000_000)
    failure = the_failure(read_from(reply(bomb, Content_Encoding="gzip")))
    assert (failure.kind, "compressed" in failure.message) == (FailureKind.SHAPE, True)


def test_a_connection_that_breaks_off_is_unreachable():
    def half(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "100")
        request.end_headers()
        request.wfile.write(b"[1,")

    assert the_failure(read_from(half)).kind is FailureKind.UNREACHABLE


@pytest.mark.parametrize(
    "base", ["ftp://metrics.gov", "file:///etc", "metrics.gov", "https://user:secret@metrics.gov", "https://"]
)
def test_a_base_that_is_no_plain_web_address_is_a_fault_of_the_settings(base: str):
    failure = the_failure(read(base))
    assert failure.kind is FailureKind.SETTINGS
    assert "secret" not in repr(failure)


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert len(the_series(read_body(ROWS)).samples) == 2
