"""Many rules over one table: what the one grouped scan costs, as ratios against named peers measured in this run.

Run with `python benchmarks/scan.py [--rows N]`. The table holds 1,000 services with 10 metrics each, over 35 days, in
order of time. Of the rules, 75% reduce a metric over 1, 7, 14 or 30 days (max, min, mean, sum), 25% ask for 3 days.
Every run is a process of its own that imports DuckDB itself; rules are compiled before the clock starts.
"""

import argparse
import gc
import json
import multiprocessing
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from bot.collect.query import Access
from bot.model.names import FeedName
from bot.model.series import SeriesKind
from bot.model.settings import Columns, FeedShape, FeedSpec, SourceKind
from bot.model.unit import PLAIN_COUNT
from bot.rules.catalog import Metric, Scope
from bot.rules.compile import Rule, compile_rule
from bot.rules.evaluate import Needs
from bot.rules.scan import Question, Surveyor

NOW = datetime(2026, 1, 5, tzinfo=UTC)
DAYS = 35
SERIES = 10_000
ROUNDS = 5
NEEDS = Needs()
CLIENT = httpx.Client()
"""Unused, since no feed is on the web; made here, since making it takes as long as a small scan."""
RULES: list[Question] = []
"""Every rule that was compiled."""
Row = tuple[str, str, tuple[float, float, float]]
Job = Callable[[], object]
Rules = tuple[list[Question], dict[FeedName, FeedSpec]]


def write_table(path: Path, rows: int) -> None:
    """Make the table, once, with DuckDB itself: a hash in place of chance."""
    import duckdb

    points = rows // SERIES
    with duckdb.connect(
        config={"threads": 2, "memory_limit": "2GB", "temp_directory": str(path.parent)}
    ) as connection:
        statement = f"""
            COPY (
                SELECT 'service_' || lpad((s // 10)::VARCHAR, 4, '0') AS service, 'metric_' || (s % 10) AS metric,
                    TIMESTAMP '{NOW:%Y-%m-%d}' - INTERVAL {DAYS} DAY
                        + to_microseconds(({DAYS} * 86400000000 // {points}) * p) AS seen,
                    round((s % 10) * 2 + (hash(p, s) % 2000) / 100.0, 2) AS value
                FROM range({points}) r(p), range({SERIES}) q(s) ORDER BY p
            ) TO '{path}' (FORMAT parquet, COMPRESSION zstd)
        """  # noqa: S608 - numbers, and a path of this run
        connection.execute(statement)


def feed(number: int, window: timedelta) -> FeedSpec:
    """The feed of one series of the table."""
    service, metric = f"service_{number // 10:04}", f"metric_{number % 10}"
    return FeedSpec(
        name=FeedName(f"metrics.{service}.{metric}"),
        shape=FeedShape.METRIC,
        source=SourceKind.PARQUET,
        path="table.parquet",
        unit=PLAIN_COUNT,
        kind=SeriesKind.READINGS,
        window=window,
        columns=Columns(at="seen", value="value"),
        where={"service": service, "metric": metric},
        timeout=timedelta(minutes=5),
        max_bytes=2**40,
    )


def questions(count: int, *, narrow: timedelta = timedelta(days=1)) -> Rules:
    """Compile rules over evenly spread series, the sustained ones on windows of `narrow`."""
    asked, feeds = [], {}
    for place in range(count):
        number = place * (SERIES // count)
        is_sustained = place % 4 == 3
        spec = feed(number, narrow if is_sustained else timedelta(days=1))
        # Every 50th limit is one that data goes beyond, so that some rules hold and some do not.
        limit = (number % 10) * 2 + (9 if place % 50 == 0 else 25)
        text = f"{spec.name} > {limit} for 3_days"
        if not is_sustained:
            turn = place - place // 4
            reducer, days = ("max", "mean", "min", "sum")[(turn + turn // 4) % 4], (1, 7, 14, 30)[turn % 4]
            text = f"{reducer}({spec.name} over {days}_days) > {limit * (100_000 if reducer == 'sum' else 1)}"
        metric = Metric(name=spec.name, unit=spec.unit, kind=spec.kind, window=spec.window)
        rule = compile_rule(text, Scope(watched=(), metrics=(metric,)))
        if not isinstance(rule, Rule):
            raise TypeError(str(rule))
        asked.append(Question(rule=rule, needs=NEEDS))
        feeds[spec.name] = spec
    RULES.extend(asked)
    return asked, feeds


def judged(folder: Path, asked: Sequence[Question], feeds: dict[FeedName, FeedSpec]) -> dict[str, int]:
    """Ours: every rule's outcome from one scan; those left open are counted as such."""
    from bot.collect.scan import Conditions, screen

    access = Access(base="", root=folder, client=CLIENT, seconds=300)
    screened = screen(asked, feeds, Conditions(access=lambda _spec: access), now=NOW)
    counts: dict[str, int] = {}
    for each in screened:
        counts[each.outcome or "open"] = counts.get(each.outcome or "open", 0) + 1
    return counts


def grouped(folder: Path) -> int:
    """The peer: the plainest grouped scan of the same file that reduces every series once."""
    import duckdb

    with duckdb.connect(config={"threads": 2}) as connection:
        reduced = "max(value), min(value), sum(value), count(value)"
        query = f"SELECT service, metric, {reduced} FROM read_parquet(?) GROUP BY ALL"  # noqa: S608 - written here
        return len(connection.execute(query, [str(folder / "table.parquet")]).fetchall())


def write_feeds(folder: Path, count: int) -> None:
    """Make the tutorial's feeds from the table: one JSON document for each series."""
    import duckdb

    (folder / "feeds").mkdir()
    with duckdb.connect(config={"threads": 2, "memory_limit": "4GB"}) as connection:
        query = """
            SELECT service || '.' || metric, list({'at': strftime(seen, '%Y-%m-%dT%H:%M:%SZ'), 'value': value})::JSON
            FROM read_parquet(?) GROUP BY ALL LIMIT ?
        """
        found = connection.execute(query, [str(folder / "table.parquet"), count])
        while (row := found.fetchone()) is not None:
            (folder / "feeds" / f"{row[0]}.json").write_text(row[1])


def tutorial(folder: Path) -> int:
    """The tutorial's way: read each feed's JSON, take the plain mean, compare it with a limit."""
    return sum(
        statistics.mean(point["value"] for point in json.loads(path.read_text())[-1000:]) > 20
        for path in sorted((folder / "feeds").iterdir())
    )


def measured(job: Job) -> tuple[float, float, object]:
    """Run a job in a process of its own; return its seconds, its peak in MiB and its result.

    A forked process copies every page of its parent that it touches. No other process has that cost, so the rules'
    pages are touched before the clock starts. The collector of garbage is off on both sides, as in `pow detect`.
    """
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    gc.collect()
    gc.freeze()

    def run() -> None:
        for question in RULES:
            Surveyor(NOW).survey(question)
        gc.disable()
        began = time.perf_counter()
        result = job()
        seconds = time.perf_counter() - began
        sender.send((seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, result))

    process = context.Process(target=run)
    process.start()
    seconds, peak, result = receiver.recv()
    process.join()
    gc.unfreeze()
    return seconds, peak, result


def ratio(ours: Job, peer: Job, rounds: int = ROUNDS) -> tuple[float, float, float]:
    """Return the median of ours / peer pair by pair, and both medians in seconds; a first round is not counted."""
    pairs = [(measured(ours)[0], measured(peer)[0]) for _ in range(rounds + 1)][1:]
    return (
        statistics.median(a / b for a, b in pairs),
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
    )


def against_scan(folder: Path, rows: int, many: Rules) -> Iterator[Row]:
    """Ours against a scan without rules, and many rules against few."""
    few = questions(10)
    size = f"{rows:,} rows"
    yield (
        f"{SERIES:,} rules, {size}",
        "one grouped scan",
        ratio(lambda: judged(folder, *many), lambda: grouped(folder)),
    )
    yield f"{SERIES:,} rules, {size}", "10 rules", ratio(lambda: judged(folder, *many), lambda: judged(folder, *few))
    narrow = questions(SERIES, narrow=timedelta(minutes=5))
    yield (
        f"{SERIES:,} rules, 5-minute windows",
        "one grouped scan",
        ratio(lambda: judged(folder, *narrow), lambda: grouped(folder), rounds=1),
    )


def against_tutorial(folder: Path, rows: int, many: Rules) -> Iterator[Row]:
    """Ours against the tutorial's detector at equal rows."""
    write_feeds(folder, SERIES)
    name = f"{SERIES:,} rules, {rows:,} rows"
    yield name, "the tutorial's detect.py", ratio(lambda: judged(folder, *many), lambda: tutorial(folder), rounds=1)


def rows(count: int) -> Iterator[Row]:
    """Measure everything; the tutorial's way on a tenth of the rows, since it takes a minute for all."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_table(folder / "table.parquet", count)
        many = questions(SERIES)
        _, peak, outcomes = measured(lambda: judged(folder, *many))
        print(f"peak memory {peak:.0f} MiB; outcomes {outcomes}")
        yield from against_scan(folder, count, many)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_table(folder / "table.parquet", max(count // 10, SERIES * 10))
        yield from against_tutorial(folder, max(count // 10, SERIES * 10), many)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000_000)
    arguments = parser.parse_args()
    print(f"{'ours':42} {'peer':30} {'ratio':>7} {'ours':>9} {'peer':>9}")
    for name, peer, (times, ours, theirs) in rows(arguments.rows):
        print(f"{name:42} {peer:30} {times:7.3f} {ours:8.3f}s {theirs:8.3f}s", flush=True)


if __name__ == "__main__":
    main()
