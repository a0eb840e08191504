"""Feeds that are PromQL: what is asked over HTTP, and what of the answers becomes samples."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from collect.feeds import NOW, WEEK, a_collector, a_feed
from collect.loopback import reply, serving

from bot.model.names import FeedName
from bot.model.series import FailureKind, FeedFailure, Reading, Series, Window
from bot.model.settings import Columns, SourceKind

Values = Sequence[Sequence[object]]


def matrix(*series: tuple[Mapping[str, str], Values]) -> dict[str, Any]:
    result = [{"metric": labels, "values": values} for labels, values in series]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}


def at(day: int, hour: int = 0) -> float:
    return datetime(2026, 1, day, hour, tzinfo=UTC).timestamp()


def read(base: str, *, over: Window = WEEK, **changes: Any) -> Reading:
    settings = {
        "source": SourceKind.PROMETHEUS,
        "path": "/",
        "query": "avg(wait_days)",
        "columns": Columns(at="time", value="value"),
    }
    with a_collector(Path("/nowhere"), endpoints={"metrics": base}) as collector:
        return collector.series(a_feed(**(settings | changes)), over)


def read_answer(document: object, **changes: Any) -> Reading:
    with serving(reply(json.dumps(document).encode())) as base:
        return read(base, **changes)


def values(reading: Reading) -> list[tuple[object, ...]]:
    assert isinstance(reading, Series), reading
    return [(sample.at.timestamp(), sample.value, *sample.labels) for sample in reading.samples]


def the_failure(reading: Reading) -> FeedFailure:
    assert isinstance(reading, FeedFailure), reading
    return reading


def test_points_become_samples_and_what_is_no_number_is_counted():
    points = [[at(5), "23.5"], [at(6), "NaN"], [at(7), "+Inf"], [at(8), "21"], [at(20), "1"]]
    reading = read_answer(matrix(({"__name__": "wait"}, points)))
    assert values(reading) == [(at(5), 23.5), (at(8), 21.0)]
    assert isinstance(reading, Series)
    assert reading.dropped == 2


def test_the_window_is_asked_for_in_steps_of_the_feeds_window():
    asked: list[str] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked.append(request.path)
        reply(json.dumps(matrix(({}, [[at(5), "1"]]))).encode())(request)

    with serving(answer) as base:
        span = Window(start=NOW - timedelta(days=2, minutes=-7), end=NOW)
        assert values(read(base, path="/prometheus", over=span, window=timedelta(hours=1))) == []
    parts = urlsplit(asked[0])
    assert parts.path == "/prometheus/api/v1/query_range"
    asks = {name: found[0] for name, found in parse_qs(parts.query).items()}
    assert asks == {
        "query": "avg(wait_days)",
        "start": str(int(at(8, 1))),
        "end": str(int(at(9, 23))),
        "step": "3600",
    }


def test_a_long_window_is_asked_for_page_by_page():
    asked: list[tuple[float, float]] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        asks = parse_qs(urlsplit(request.path).query)
        start, end = float(asks["start"][0]), float(asks["end"][0])
        asked.append((start, end))
        reply(json.dumps(matrix(({}, [[start, "1"], [end, "2"]]))).encode())(request)

    with serving(answer) as base:
        span = Window(start=NOW - timedelta(days=60), end=NOW)
        found = values(read(base, over=span, window=timedelta(minutes=5)))
    step = 300
    assert [(end - start) / step + 1 for start, end in asked] == [11_000, 6_280]
    assert asked[1][0] - asked[0][1] == step
    assert [value for _, value in found] == [1, 2, 1, 2]


def test_labels_tell_series_apart():
    answer = matrix(
        ({"office": "north", "job": "x"}, [[at(5), "1"]]),
        ({"office": "south", "job": "x"}, [[at(5), "2"]]),
        ({"job": "x"}, [[at(6), "3"]]),
    )
    reading = read_answer(answer, labels={"place": "office"})
    assert values(reading) == [(at(5), 1.0, "north"), (at(5), 2.0, "south")]
    assert isinstance(reading, Series)
    assert reading.dropped == 1


@pytest.mark.parametrize(("labels", "words"), [({}, "where one is meant"), ({"place": "office"}, "for each office")])
def test_several_series_where_one_is_meant_are_refused(labels, words):
    answer = matrix(
        ({"office": "north", "job": "x"}, [[at(5), "1"]]), ({"office": "north", "job": "y"}, [[at(5), "2"]])
    )
    failure = the_failure(read_answer(answer, labels=labels))
    assert failure.kind is FailureKind.SHAPE
    assert words in failure.message
    assert "sum by" in failure.hint


def test_where_keeps_the_series_with_this_label():
    answer = matrix(({"job": "x"}, [[at(5), "1"]]), ({"job": "y"}, [[at(5), "2"]]))
    assert values(read_answer(answer, where={"job": "y"})) == [(at(5), 2.0)]


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {"status": "error", "errorType": "bad_data", "error": "secret"},
        {"status": "success", "data": {"resultType": "vector", "result": []}},
        {"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}}]}},
        {"status": "success", "data": {"resultType": "matrix", "result": [{"metric": [], "values": []}]}},
        matrix(({}, [[at(5)]])),
        matrix(({}, [[at(5), "many"]])),
        matrix(({}, [["soon", "1"]])),
        matrix(({}, [[1e30, "1"]])),
        matrix(({}, [[float("nan"), "1"]])),
    ],
)
def test_any_other_answer_is_a_wrong_shape_and_is_not_quoted(answer):
    failure = the_failure(read_answer(answer))
    assert failure.kind is FailureKind.SHAPE
    assert "secret" not in failure.message + failure.hint


def test_what_is_no_json_is_a_wrong_shape():
    with serving(reply(b"<html>")) as base:
        assert the_failure(read(base)).kind is FailureKind.SHAPE


def test_a_refused_query_is_hinted_at():
    with serving(reply(b"{}", status=400)) as base:
        failure = the_failure(read(base))
    assert failure.kind is FailureKind.REFUSED
    assert "`path` and `query`" in failure.hint


def test_an_answer_that_is_too_large_is_refused():
    with serving(reply(b" " * 3000)) as base:
        assert the_failure(read(base, max_bytes=2000)).kind is FailureKind.TOO_LARGE


def test_settings_that_cannot_be_asked_are_refused_before_anyone_is_asked():
    nobody = "http://127.0.0.1:9"
    assert the_failure(read(nobody, query="")).kind is FailureKind.SETTINGS
    span = Window(start=NOW - timedelta(days=60), end=NOW)
    tiny = the_failure(read(nobody, over=span, window=timedelta(seconds=1)))
    assert tiny.kind is FailureKind.TOO_LARGE
    assert "longer `window`" in tiny.hint


def test_a_field_that_no_point_has_is_told_with_those_it_has():
    answer = matrix(({"office": "north"}, [[at(5), "1"]]))
    failure = the_failure(read_answer(answer, columns=Columns(at="time", value="days")))
    assert failure.message == "there is no `days`; it has: office, time, value"


def test_a_window_of_part_of_a_second_is_asked_for_exactly():
    asked: list[str] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked.append(parse_qs(urlsplit(request.path).query)["step"][0])
        reply(json.dumps(matrix()).encode())(request)

    with serving(answer) as base:
        span = Window(start=NOW - timedelta(minutes=1), end=NOW)
        assert values(read(base, over=span, window=timedelta(milliseconds=2500))) == []
    assert asked == ["2.5"]


OFFICES = ("north", "south", "east")


def offices(path: str = "/", **changes: Any) -> list[Any]:
    """A feed for each office: one `query`, told apart by `where`."""
    settings = {
        "source": SourceKind.PROMETHEUS,
        "path": path,
        "query": "avg by (office) (wait_days)",
        "columns": Columns(at="time", value="value"),
    }
    return [
        a_feed(name=FeedName(f"metrics.{office}.wait"), where={"office": office}, **(settings | changes))
        for office in OFFICES
    ]


def test_feeds_with_one_query_are_asked_once_and_each_gets_its_own_series():
    asked: list[str] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked.append(request.path)
        days = range(1, 10) if "start=1767" in request.path else range(5, 10)
        series = [
            ({"office": office}, [[at(day), str(day + place)] for day in days])
            for place, office in enumerate(OFFICES)
        ]
        reply(json.dumps(matrix(*series)).encode())(request)

    short, *long = offices()
    specs = [replace(short, history=timedelta(days=3)), *long, *offices("/other")[:1]]
    specs[-1] = replace(specs[-1], name=FeedName("metrics.other.wait"))
    with serving(answer) as base, a_collector(Path("/nowhere"), endpoints={"metrics": base}) as collector:
        found = collector.gather(specs, now=NOW).readings
        assert len(asked) == 2, "one for the query of three feeds, one for another path"
        alone = {spec.name: collector.series(spec, Window(start=NOW - spec.history, end=NOW)) for spec in specs}
    assert found == alone
    assert len(values(found[specs[1].name])) > len(values(found[specs[0].name])) > 0


def test_a_feed_of_a_shared_query_that_is_not_one_series_says_so_and_the_others_go_on():
    both = [({"office": "north", "desk": str(desk)}, [[at(5), "1"]]) for desk in (1, 2)]
    document = matrix(*both, ({"office": "south"}, [[at(5), "2"]]), ({"office": "east"}, [[at(5), "NaN"]]))
    with (
        serving(reply(json.dumps(document).encode())) as base,
        a_collector(Path("/nowhere"), endpoints={"metrics": base}) as collector,
    ):
        gathered = collector.gather(offices(), now=NOW)
    assert set(gathered.failures) == {FeedName("metrics.north.wait")}
    assert "several series" in gathered.failures[FeedName("metrics.north.wait")].message
    assert values(gathered.series[FeedName("metrics.south.wait")]) == [(at(5), 2.0)]
    assert gathered.series[FeedName("metrics.east.wait")].dropped == 1
