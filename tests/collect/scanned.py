"""Builders for the tests of the scan: feeds that share one file, rules over them, and both ways to judge these."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
from collect.feeds import a_collector, a_feed

from bot.collect.scan import Conditions, Screened, screen
from bot.collect.scan_layout import Family, family_of
from bot.collect.sources.grouped import judge
from bot.model.names import FeedName
from bot.model.series import Reading, SeriesKind
from bot.model.settings import Columns, FeedSpec, SourceKind
from bot.model.unit import DAY, PLAIN_COUNT, PLAIN_RATIO
from bot.recipes.library import metrics_of
from bot.rules.catalog import Scope
from bot.rules.compile import Rule, compile_rule
from bot.rules.evaluate import Needs
from bot.rules.scan import Atom, Question
from bot.rules.scan_answer import Answer

NOW = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the shared file."""

    name: str
    at: str | None
    value: str | None
    of: str | None = "1"


def feed(key: str, **changes: Any) -> FeedSpec:
    """A feed of the rows of one name in `all.parquet`; the names say what is measured."""
    settings: dict[str, Any] = {
        "name": FeedName(f"metrics.all.{key}"),
        "source": SourceKind.PARQUET,
        "path": "all.parquet",
        "unit": {"wait": DAY, "share": PLAIN_RATIO}.get(key.rstrip("0123456789"), PLAIN_COUNT),
        "kind": SeriesKind.RATIO if key.startswith("share") else SeriesKind.READINGS,
        "columns": Columns(at="seen", value="value", of="of" if key.startswith("share") else ""),
        "where": {"name": key},
        "history": timedelta(days=40),
    }
    return a_feed(**(settings | {"endpoint": ""} | changes))


FEEDS = (
    feed("wait"),
    feed("wait2", window=timedelta(hours=1)),
    feed("queue", window=timedelta(hours=6)),
    feed("queue2", min_value=0.0, max_value=50.0),
    feed("share", window=timedelta(hours=6)),
    feed("share2", min_value=0.0, max_value=1.0),
)


def write(root: Path, rows: Iterable[Row]) -> None:
    """Write rows as `all.parquet` and, all cells as text, as `all.csv`."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("CREATE TABLE rows (name VARCHAR, seen VARCHAR, value VARCHAR, of VARCHAR)")
        cells = [(row.name, row.at, row.value, row.of) for row in rows]
        columns = [list(column) for column in zip(*cells, strict=True)] or [[]] * 4
        unnested = ", ".join(["unnest(?::VARCHAR[])"] * 4)
        connection.execute(f"INSERT INTO rows SELECT {unnested}", columns)
        connection.execute(f"COPY rows TO '{root / 'all.csv'}' (HEADER)")
        typed = "SELECT name, seen::TIMESTAMP AS seen, value::DOUBLE AS value, of::DOUBLE AS of FROM rows"
        connection.execute(f"COPY ({typed}) TO '{root / 'all.parquet'}'")


def question(text: str, feeds: Sequence[FeedSpec] = FEEDS, **needs: Any) -> Question:
    rule = compile_rule(text, Scope(watched=(), metrics=metrics_of(tuple(feeds))))
    assert isinstance(rule, Rule), rule
    return Question(rule=rule, needs=Needs(**needs))


def screened(
    root: Path,
    questions: Sequence[Question],
    feeds: Sequence[FeedSpec] = FEEDS,
    *,
    threads: int = 2,
    always: bool = True,
    now: datetime = NOW,
) -> list[Screened]:
    with a_collector(root) as collector:
        conditions = Conditions(access=collector.access, threads=threads, always=always)
        return screen(questions, {spec.name: spec for spec in feeds}, conditions, now=now)


def collected(root: Path, feeds: Sequence[FeedSpec] = FEEDS, *, now: datetime = NOW) -> dict[FeedName, Reading]:
    with a_collector(root) as collector:
        return collector.gather(feeds, now=now).readings


def judged_as(
    root: Path, members: Sequence[Sequence[tuple[Atom, FeedSpec]]], now: datetime
) -> list[tuple[Answer, ...]]:
    """Judge lists of comparisons by one scan for readings and one for ratios, each list by itself."""
    families: dict[Family, list[tuple[int, Atom, FeedSpec]]] = {}
    for place, (atom, spec) in enumerate(pair for each in members for pair in each):
        families.setdefault(family_of(spec, root / "all.parquet"), []).append((place, atom, spec))
    answers: dict[int, Answer] = {}
    for family, found in families.items():
        pairs = [(atom, spec) for _, atom, spec in found]
        told = judge(family, pairs, now=now, seconds=30, threads=2)
        answers |= {place: answer for (place, _, _), answer in zip(found, told, strict=True)}
    flat = iter(answers[place] for place in range(len(answers)))
    return [tuple(islice(flat, len(each))) for each in members]
