import json
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from collect.feeds import NOW, a_collector, a_feed, a_file
from collect.loopback import reply, serving

from bot.collect.gather import Collector, uses_of
from bot.model.names import FeedName
from bot.model.series import FailureKind, SeriesKind
from bot.model.settings import Columns, FeedShape, SourceKind
from bot.model.unit import PLAIN_RATIO

LOG = "case,activity,end\n1,apply,2026-01-05T08:00:00Z\n1,review,2026-01-07T08:00:00Z\n"
WAIT = FeedName("metrics.passport.wait_time")
SLOW = FeedName("metrics.passport.slow")
TOPICS = FeedName("complaints.passport")
EVENTS = FeedName("events.passport")


def answer(request: BaseHTTPRequestHandler) -> None:
    if request.path.startswith("/slow"):
        time.sleep(1)
    rows = [{"closed_at": "2026-01-05T08:00:00Z", "days": 23.5, "topic": "wait"}]
    reply(json.dumps(rows).encode())(request)


def feeds() -> list:
    return [
        a_feed(),
        a_feed(name=SLOW, path="/slow", timeout=timedelta(seconds=0.2)),
        a_feed(name=TOPICS, shape=FeedShape.COMPLAINTS, columns=Columns(at="closed_at", topic="topic")),
        a_file(
            SourceKind.CSV,
            "log.csv",
            name=EVENTS,
            shape=FeedShape.EVENTS,
            columns=Columns(case="case", activity="activity", end="end"),
        ),
    ]


def test_several_feeds_are_read_side_by_side_and_one_failure_stops_no_other(tmp_path: Path):
    (tmp_path / "log.csv").write_text(LOG)
    with serving(answer) as base, a_collector(tmp_path, endpoints={"metrics": base}) as collector:
        gathered = collector.gather(feeds(), now=NOW)
    assert [len(gathered.series[WAIT].samples), gathered.complaints[TOPICS].total] == [1, 1]
    assert [event.activity for event in gathered.logs[EVENTS].events] == ["apply", "review"]
    assert {name: failure.kind for name, failure in gathered.failures.items()} == {SLOW: FailureKind.TIMEOUT}
    assert set(gathered.readings) == {WAIT, SLOW}


def test_without_a_client_nothing_is_asked_over_the_network(tmp_path: Path):
    (tmp_path / "log.csv").write_text(LOG)
    endpoints = {"metrics": "http://localhost:1"}
    gathered = Collector(endpoints=endpoints, root=tmp_path, client=None).gather(feeds(), now=NOW)
    assert set(gathered.logs) == {EVENTS}
    assert {failure.message for failure in gathered.failures.values()} == {"nothing is asked over the network here"}
    assert set(gathered.failures) == {WAIT, SLOW, TOPICS}


def test_what_was_read_has_a_digest_that_depends_on_the_data_only(tmp_path: Path):
    (tmp_path / "log.csv").write_text(LOG)
    with serving(answer) as base, a_collector(tmp_path, endpoints={"metrics": base}) as collector:
        first = uses_of(collector.gather(feeds(), now=NOW), [WAIT, TOPICS, EVENTS, SLOW, WAIT])
        second = uses_of(collector.gather(feeds(), now=NOW), [WAIT, TOPICS, EVENTS])
        (tmp_path / "log.csv").write_text(LOG.replace("review", "decide"))
        third = uses_of(collector.gather(feeds(), now=NOW), [WAIT, TOPICS, EVENTS])
    assert first == second
    assert [use.feed for use in first] == [WAIT, TOPICS, EVENTS]
    assert [use.samples for use in first] == [1, 1, 2]
    assert [one.digest == other.digest for one, other in zip(second, third, strict=True)] == [True, True, False]


def test_people_are_counted_where_a_feed_says_that_it_counts_them(tmp_path: Path):
    (tmp_path / "log.csv").write_text(LOG)
    rows = [{"closed_at": "2026-01-09T12:00:00Z", "days": days} for days in (3, 4, None)]
    shares = [{"at": "2026-01-09T12:00:00Z", "errors": 1, "requests": n} for n in (50, 70)]
    (tmp_path / "waits.json").write_text(json.dumps(rows))
    (tmp_path / "shares.json").write_text(json.dumps(shares))
    waits, rates, log = (FeedName(f"metrics.passport.{name}") for name in ("waits", "rates", "log"))
    columns = Columns(at="at", value="errors", of="requests")
    ratio = {"columns": columns, "kind": SeriesKind.RATIO, "unit": PLAIN_RATIO}
    specs = (
        a_file(SourceKind.JSON_FILE, "waits.json", name=waits, people=True),
        a_file(SourceKind.JSON_FILE, "shares.json", name=rates, people=True, **ratio),
        a_file(SourceKind.JSON_FILE, "shares.json", name=log, **ratio),
        next(spec for spec in feeds() if spec.name == EVENTS),
    )
    with a_collector(tmp_path) as collector:
        uses = uses_of(collector.gather(specs, now=NOW), [spec.name for spec in specs])

    assert [use.people for use in uses] == [3, 120, None, len({line.split(",")[0] for line in LOG.splitlines()[1:]})]


def test_all_feeds_together_end_at_the_deadline(tmp_path: Path):
    slow = [a_feed(name=FeedName(f"metrics.passport.slow_{number}"), path="/slow") for number in range(12)]
    begun = time.monotonic()
    with (
        serving(answer) as base,
        a_collector(tmp_path, endpoints={"metrics": base}, deadline=timedelta(seconds=0.3)) as collector,
    ):
        gathered = collector.gather(slow, now=NOW)
        took = time.monotonic() - begun
    assert {failure.kind for failure in gathered.failures.values()} == {FailureKind.TIMEOUT}
    assert len(gathered.failures) == 12
    assert took < 12 * 0.3, "one after the other they would take that long"


def test_an_endpoint_that_is_not_there_is_told(tmp_path: Path):
    with a_collector(tmp_path) as collector:
        gathered = collector.gather([a_feed()], now=NOW)
    assert gathered.failures[WAIT].message == "there is no endpoint `metrics`"
    assert gathered.failures[WAIT].kind is FailureKind.SETTINGS
