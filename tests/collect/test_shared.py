"""Feeds that share a table are read by one query, and each gets what it would have got alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from time import monotonic

import duckdb
import pytest
from collect.feeds import a_collector
from collect.scanned import NOW, Row, feed, write

from bot.collect.query import Access, Query, UnreadableError
from bot.collect.query import Row as Cells
from bot.collect.registry import SOURCES, Registry
from bot.collect.samples import metric_query
from bot.collect.shared import groups_of
from bot.collect.sources.table import Table, scan, scan_shared
from bot.model.names import FeedName
from bot.model.series import FailureKind, Reading, SeriesKind, Window
from bot.model.settings import Columns, FeedShape, FeedSpec, SourceKind
from bot.model.unit import DAY, PLAIN_COUNT, PLAIN_RATIO

KINDS = frozenset(SOURCES.shared)
CSV = {"source": SourceKind.CSV, "path": "all.csv"}


@dataclass(frozen=True, kw_only=True)
class Spy:
    """The real sources, and what they were asked: the names of the feeds of each query."""

    asked: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def sources(self) -> Registry:
        return Registry(
            alone=dict.fromkeys(SOURCES.alone, self._alone), shared=dict.fromkeys(SOURCES.shared, self._shared)
        )

    def _alone(self, query: Query, access: Access) -> list[Cells]:
        self.asked.append((query.spec.name,))
        return SOURCES.alone[query.spec.source](query, access)

    def _shared(self, queries: Sequence[Query], access: Access) -> Iterator[tuple[int, list[Cells]]]:
        self.asked.append(tuple(query.spec.name for query in queries))
        return SOURCES.shared[queries[0].spec.source](queries, access)


def alone(root: Path, specs: Sequence[FeedSpec], now: datetime = NOW) -> dict[FeedName, Reading]:
    with a_collector(root) as collector:
        return {spec.name: collector.series(spec, Window(start=now - spec.history, end=now)) for spec in specs}


def together(root: Path, specs: Sequence[FeedSpec], now: datetime = NOW) -> tuple[dict[FeedName, Reading], Spy]:
    spy = Spy()
    with a_collector(root, sources=spy.sources) as collector:
        return collector.gather(specs, now=now).readings, spy


def text_of(moment: datetime) -> str:
    return str(moment.astimezone(UTC).replace(tzinfo=None))


def rows(seed: int = 0, names: Sequence[str] = ("wait", "wait2", "queue", "share", "it's; -- a \\ key")) -> list[Row]:
    """Rows out of order, some at the same moment, some without a number or a time, some older than any history."""
    random = Random(seed)
    values = ["1", "2.5", "0", "-0.0", "nan", "inf", None, "1e308", "7"]
    return [
        Row(
            name=random.choice(names),
            at=None if random.random() < 0.02 else text_of(NOW - timedelta(hours=random.randrange(-2, 24 * 45))),
            value=random.choice(values),
            of=random.choice(["1", "3", "0"]),
        )
        for _ in range(400)
    ]


VARIED = [
    feed("wait"),
    feed("wait2", window=timedelta(hours=1), history=timedelta(days=3)),
    feed("queue", min_value=0.0, max_value=2.0, unit=PLAIN_COUNT),
    feed("nobody"),
    feed("wait", name=FeedName("metrics.all.again"), history=timedelta(days=12)),
    feed("it's; -- a \\ key", unit=DAY),
]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        CSV,
        {"time_zone": "America/St_Johns"},
        {**CSV, "time_zone": "Europe/Amsterdam", "labels": {"kind": "of"}},
        {"columns": Columns(value="value", of="of"), "kind": SeriesKind.RATIO, "unit": PLAIN_RATIO},
        {"columns": Columns(at="seen"), "unit": PLAIN_COUNT},
        {**CSV, "columns": Columns(start="seen", end="seen"), "unit": DAY},
        {**CSV, "time_format": "%Y-%m-%d %H:%M:%S"},
    ],
)
def test_each_feed_gets_what_it_would_have_got_alone_by_one_query(tmp_path: Path, changes):
    write(tmp_path, rows())
    specs = [feed_with(spec, changes) for spec in VARIED]
    found, spy = together(tmp_path, specs)
    assert spy.asked == [tuple(spec.name for spec in specs)]
    assert repr(found) == repr(alone(tmp_path, specs))


def feed_with(spec: FeedSpec, changes: dict) -> FeedSpec:
    kept = {
        name: getattr(spec, name) for name in ("name", "window", "history", "min_value", "max_value", "unit", "kind")
    }
    return feed(spec.where["name"], **(kept | changes))


def test_feeds_without_a_key_or_with_several_are_told_apart(tmp_path: Path):
    write(tmp_path, rows())
    for wheres in (
        [{}, {}],
        [{"name": "wait", "of": "1.0"}, {"of": "3.0", "name": "wait"}, {"name": "wait", "of": "4"}],
    ):
        specs = [feed("wait", name=FeedName(f"metrics.all.{at}"), where=where) for at, where in enumerate(wheres)]
        found, spy = together(tmp_path, specs)
        assert len(spy.asked) == 1
        assert repr(found) == repr(alone(tmp_path, specs))


@pytest.mark.parametrize("kind", ["TIMESTAMPTZ", "TIMESTAMP_NS", "DATE", "VARCHAR", "TIMESTAMP_MS"])
def test_the_names_and_types_of_a_files_columns_do_not_matter(tmp_path: Path, kind):
    """Columns are named like those that the query itself makes up."""
    names = {"name": "k0", "seen": "compared", "value": "place", "of": "c0"}
    write(tmp_path, rows())
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        cells = ", ".join(f"{old} AS {new}" for old, new in names.items())
        connection.execute(
            f"COPY (SELECT {cells}, 'x' AS begins, 1 AS number, seen AS c1 FROM '{tmp_path}/all.parquet')"  # noqa: S608 - a table of this test
            f" TO '{tmp_path}/odd.parquet'"
        )
        connection.execute(
            f"COPY (SELECT * REPLACE (compared::{kind} AS compared) FROM '{tmp_path}/odd.parquet')"  # noqa: S608 - likewise
            f" TO '{tmp_path}/names.parquet'"
        )
    columns = Columns(at="compared", value="place", of="c0")
    specs = [
        feed(
            key,
            path="names.parquet",
            columns=columns,
            where={"k0": key},
            history=timedelta(days=days),
            time_zone=zone,
        )
        for key, days in (("wait", 9), ("queue", 30), ("share", 3))
        for zone in ("Asia/Tokyo",)
    ]
    found, spy = together(tmp_path, specs)
    assert len(spy.asked) == 1
    assert repr(found) == repr(alone(tmp_path, specs))


def test_a_feed_that_cannot_be_read_fails_by_itself(tmp_path: Path):
    """The value of one feed is a text, and the message is the one that it would have given alone."""
    write(tmp_path, [*rows(), Row(name="bad", at=text_of(NOW - timedelta(days=1)), value="1")])
    place = tmp_path / "all.csv"
    place.write_text(
        place.read_text().replace(",1.0,1\n", ",1,1\n") + f"bad,{text_of(NOW - timedelta(days=1))},much,1\n"
    )
    specs = [feed(key, **CSV) for key in ("wait", "bad", "queue")]
    found, spy = together(tmp_path, specs)
    assert spy.asked == [tuple(spec.name for spec in specs), (specs[1].name,)]
    assert found == alone(tmp_path, specs)
    assert [name for name, reading in found.items() if reading == found[specs[1].name]] == ["metrics.all.bad"]
    assert found[specs[1].name].kind is FailureKind.SHAPE


@pytest.mark.parametrize(
    "changes",
    [{"path": "none.csv"}, {"columns": Columns(at="seen", value="none")}, {"max_bytes": 3}, {"endpoint": "x"}],
)
def test_what_fails_for_all_is_told_for_each(tmp_path: Path, changes):
    write(tmp_path, rows())
    specs = [feed(key, **(CSV | changes)) for key in ("wait", "queue")]
    found, _ = together(tmp_path, specs)
    assert found == alone(tmp_path, specs)
    assert {name: reading.feed for name, reading in found.items()} == {spec.name: spec.name for spec in specs}


def test_a_feed_with_too_many_rows_is_left_out_and_no_other(tmp_path: Path):
    hours = [("few", 3), ("many", 9), ("just", 5), ("none", 0)]
    write(
        tmp_path,
        [
            Row(name=name, at=text_of(NOW - timedelta(hours=at + 1)), value="1")
            for name, n in hours
            for at in range(n)
        ],
    )
    (group,) = groups_of([feed(name) for name, _ in hours], KINDS, now=NOW)
    table = Table(path=tmp_path / "all.parquet", kind=SourceKind.PARQUET)
    found = {place: len(rows) for place, rows in scan_shared(table, group, seconds=30, most=5)}
    assert found == {0: 3, 2: 5, 3: 0}
    for place, rows in scan_shared(table, group, seconds=30):
        assert rows == scan(table, group[place], seconds=30)


def test_a_single_feed_and_feeds_of_different_tables_are_asked_alone(tmp_path: Path):
    write(tmp_path, rows())
    other = [
        feed("queue", **CSV),
        feed("queue", name=FeedName("metrics.all.of"), columns=Columns(at="seen", value="of")),
        feed("queue", name=FeedName("metrics.all.local"), time_zone="Europe/Amsterdam"),
        feed("queue", name=FeedName("metrics.all.key"), where={"of": "1.0"}),
        feed("queue", name=FeedName("metrics.all.size"), max_bytes=10_000),
        feed("queue", name=FeedName("metrics.all.unit"), columns=Columns(at="seen"), unit=DAY),
        feed("queue", name=FeedName("metrics.all.also"), columns=Columns(at="seen"), unit=DAY),
    ]
    specs = [feed("wait"), *other]
    found, spy = together(tmp_path, specs)
    assert sorted(spy.asked) == sorted((spec.name,) for spec in specs[:-2])
    assert found == alone(tmp_path, specs)


def test_only_metrics_whose_rows_stand_for_themselves_share_a_table():
    log = {"columns": Columns(case="name", activity="name", end="seen"), "unit": DAY}
    specs = [feed("wait", shape=FeedShape.EVENTS, **log), feed("queue", hand_over=("a", "b"), **log), feed("share")]
    assert groups_of(specs * 2, KINDS, now=NOW) == [
        (metric_query(specs[2], Window(start=NOW - specs[2].history, end=NOW)),) * 2
    ]
    assert groups_of([feed("wait"), feed("queue")], frozenset({SourceKind.CSV}), now=NOW) == []


def test_a_group_that_takes_too_long_leaves_half_of_the_time_to_its_feeds(tmp_path: Path):
    write(tmp_path, rows())
    given: list[tuple[str, float]] = []

    def slow(kind: str, _queries: object, access: Access) -> list[Cells]:
        given.append((kind, access.seconds))
        raise UnreadableError(FailureKind.TIMEOUT, "late")

    sources = Registry(
        alone=dict.fromkeys(SOURCES.alone, partial(slow, "alone")),
        shared=dict.fromkeys(SOURCES.shared, partial(slow, "shared")),
    )
    specs = [feed("wait"), feed("queue"), feed("share")]
    with a_collector(tmp_path, sources=sources, deadline=timedelta(seconds=8)) as collector:
        gathered = collector.gather(specs, now=NOW)
    assert set(gathered.failures) == {spec.name for spec in specs}
    assert [kind for kind, _ in given] == ["shared", "alone", "alone", "alone"]
    assert 3 < given[0][1] <= 4
    assert max(seconds for _, seconds in given) <= 5


def test_a_deadline_that_is_over_stops_a_group_too(tmp_path: Path):
    write(tmp_path, rows())
    begun = monotonic()
    with a_collector(tmp_path, deadline=timedelta(0)) as collector:
        gathered = collector.gather([feed("wait"), feed("queue")], now=NOW)
    assert {failure.kind for failure in gathered.failures.values()} == {FailureKind.TIMEOUT}
    assert len(gathered.failures) == 2
    assert monotonic() - begun < 2
