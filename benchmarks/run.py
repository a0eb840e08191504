"""Speed as ratios against a named peer, both measured in this run; no absolute figure is worth anything elsewhere.

Run with `make benchmarks`. Each row is the median of several alternating runs.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from bot.model.names import FeedName
from bot.model.series import Sample, Series, SeriesKind, Window
from bot.model.unit import DAY
from bot.rules.catalog import Metric, Scope
from bot.rules.compile import Rule, compile_rule
from bot.rules.evaluate import Needs, evaluate

ROOT = Path(__file__).resolve().parents[1]
NOW = datetime(2026, 1, 5, tzinfo=UTC)
WAIT = FeedName("metrics.passport.wait_time")
ROUNDS = 7


def ratio(ours: Callable[[], object], peer: Callable[[], object], rounds: int = ROUNDS) -> tuple[float, float, float]:
    """Return the median of ours / peer pair by pair, and both medians in seconds; a first round is not counted."""
    pairs = [(_seconds(ours), _seconds(peer)) for _ in range(rounds + 1)][1:]
    return (
        statistics.median(a / b for a, b in pairs),
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
    )


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def start() -> tuple[str, str, tuple[float, float, float]]:
    """`pow lint` on this repository against a bare interpreter."""
    lint = [str(Path(sys.executable).parent / "pow"), "lint", str(ROOT)]
    bare = [sys.executable, "-c", "pass"]
    return "pow lint, this repository", "python -c pass", ratio(lambda: _run(lint), lambda: _run(bare))


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True)


def evaluation() -> tuple[str, str, tuple[float, float, float]]:
    """One sustained rule over 100,000 samples against the tutorial's detector: a plain mean of the same numbers."""
    random = Random(14)
    span = timedelta(days=7)
    samples = tuple(Sample(at=NOW - span + span * i / 100_000, value=random.uniform(1, 30)) for i in range(100_000))
    window = Window(start=NOW - span, end=NOW)
    series = Series(
        feed=WAIT, unit=DAY, kind=SeriesKind.READINGS, window=timedelta(days=1), span=window, samples=samples
    )
    metric = Metric(name=WAIT, unit=DAY, kind=SeriesKind.READINGS, window=timedelta(days=1))
    rule = compile_rule("wait_time < 7_days for 3_days", Scope(watched=(WAIT,), metrics=(metric,)))
    if not isinstance(rule, Rule):
        raise TypeError(str(rule))
    days = [sample.value for sample in samples]
    measured = ratio(lambda: evaluate(rule, {WAIT: series}, now=NOW, needs=Needs()), lambda: statistics.mean(days))
    return "one `for 3_days` rule, 100,000 samples", "statistics.mean of them", measured


def ranking() -> tuple[str, str, tuple[float, float, float]]:
    """Ranking an event log of 200,000 rows in one DuckDB query against the same log read row by row."""
    from bot.diagnose.log import LogOptions, rank_file

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.csv"
        path.write_text("\n".join(["case,activity,timestamp", *_events()]) + "\n")
        measured = ratio(lambda: rank_file(path, LogOptions()), lambda: _rank_by_hand(path), rounds=3)
    return "ranking 200,000 events", "csv.reader and a dictionary", measured


def _events() -> list[str]:
    random = Random(7)
    rows = []
    for case in range(40_000):
        at = NOW + timedelta(minutes=case)
        for activity in ("receive", "check", "review", "print", "mail"):
            rows.append(f"{case},{activity},{at.isoformat()}")
            at += timedelta(minutes=random.randint(1, 5_000))
    return rows


def _rank_by_hand(path: Path) -> list[tuple[float, tuple[str, str]]]:
    import csv

    last: dict[str, tuple[str, datetime]] = {}
    totals: dict[tuple[str, str], float] = {}
    with path.open() as file:
        for row in csv.DictReader(file):
            at = datetime.fromisoformat(row["timestamp"])
            if row["case"] in last:
                before, since = last[row["case"]]
                pair = (before, row["activity"])
                totals[pair] = totals.get(pair, 0.0) + (at - since).total_seconds()
            last[row["case"]] = (row["activity"], at)
    return sorted(((total, pair) for pair, total in totals.items()), reverse=True)


def main() -> None:
    """Run everything and print a table."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed has its bytecode, ours and the peers
    print(f"{'ours':42} {'peer':30} {'ratio':>7} {'ours':>9} {'peer':>9}")
    for benchmark in (start, evaluation, ranking):
        name, peer, (times, ours, theirs) = benchmark()
        print(f"{name:42} {peer:30} {times:7.2f} {ours:8.3f}s {theirs:8.3f}s")


if __name__ == "__main__":
    main()
