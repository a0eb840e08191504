"""How the rule for readings does on real telemetry with labelled incidents: the Numenta Anomaly Benchmark.

Run with `python benchmarks/labelled.py FOLDER [--markdown PAGE]`; the folder holds `data/` and `labels/windows.json`.
Source: A. Lavin, S. Ahmad, Evaluating Real-time Anomaly Detection Algorithms, 2015; github.com/numenta/NAB, MIT.

Nothing is tuned on it. As in that benchmark, the first 15% of a series is probation: it sets the limits, at three
standard deviations about its mean, and is not judged. The rule asks for the mean of windows of twelve samples, and is
looked at once for each sample. Beside it stands the naive rule: any single reading outside the same limits.
"""

import argparse
import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import fmean, median, stdev

from false_actions import write_block

from bot.model.names import FeedName
from bot.model.recipe import Watch
from bot.model.series import Series, SeriesKind, Window
from bot.model.settings import RollbackTest
from bot.model.unit import PLAIN_COUNT
from bot.model.verdict import RuleOutcome
from bot.rehearse.replay import Looks
from bot.rehearse.replay_breach import replay_breach
from bot.rehearse.strand import Strand
from bot.rehearse.track import Track, micros_at, micros_of, moment_at
from bot.rules.catalog import Metric, Scope
from bot.rules.compile import Rule, compile_rule
from bot.rules.evaluate import Needs

PROBATION = 0.15
DEVIATIONS = 3
SAMPLES = 12
"""Samples in one window of the rule; each of the few series has one sampling interval."""
READING = FeedName("metrics.series.reading")


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A series in order of time, its sampling interval, and the windows in which something was wrong."""

    name: str
    times: Sequence[datetime]
    values: Sequence[float]
    incidents: Sequence[Window]

    @property
    def step(self) -> timedelta:
        """The usual time between two samples."""
        return median(later - earlier for earlier, later in pairwise(self.times))

    @property
    def judged_from(self) -> int:
        """The place of the first sample after probation."""
        return int(len(self.times) * PROBATION)

    @property
    def limits(self) -> tuple[float, float]:
        """The lowest and the highest value that are not strange."""
        early = self.values[: self.judged_from]
        return fmean(early) - DEVIATIONS * stdev(early), fmean(early) + DEVIATIONS * stdev(early)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How one rule did on one series: when its alarms began, and how long after an incident's begin it was on."""

    rule: str
    series: str
    alarms: int
    right: int
    incidents: int
    delays: Sequence[timedelta]


def read(folder: Path) -> Iterator[Labelled]:
    """Read every labelled series."""
    labels = json.loads((folder / "labels" / "windows.json").read_text())
    for name, windows in sorted(labels.items()):
        with (folder / "data" / name).open(newline="") as file:
            rows = sorted((moment(row["timestamp"]), float(row["value"])) for row in csv.DictReader(file))
        incidents = tuple(Window(start=moment(start), end=moment(end)) for start, end in windows)
        times, values = zip(*rows, strict=True)
        yield Labelled(name=name, times=times, values=values, incidents=incidents)


def moment(text: str) -> datetime:
    """Read a time; the data names no zone, and one is as good as another."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def naive(series: Labelled) -> dict[datetime, bool]:
    """Tell of each sample whether it alone is outside the limits."""
    low, high = series.limits
    pairs = zip(series.times[series.judged_from :], series.values[series.judged_from :], strict=True)
    return {at: not low <= value <= high for at, value in pairs}


def default(series: Labelled) -> dict[datetime, bool]:
    """Tell of each look whether the product would take a change back: its own rule, replayed."""
    step = micros_of(series.step)
    first = micros_at(series.times[series.judged_from]) + step
    count = (micros_at(series.times[-1]) - first) // step + 1
    span = Window(start=series.times[0], end=series.times[-1])
    header = Series(
        feed=READING, unit=PLAIN_COUNT, kind=SeriesKind.READINGS, window=series.step * SAMPLES, span=span, samples=()
    )
    columns = Track([micros_at(at) for at in series.times], series.values, [1.0] * len(series.times))
    looks = Looks(start=first, step=step, count=count)
    needs = Needs(min_samples=Watch().min_samples)
    outcomes = replay_breach(rule_of(series), {READING: Strand(header, columns)}, looks, RollbackTest(), needs)
    return {moment_at(at): each is RuleOutcome.HOLDS for at, each in zip(looks.moments, outcomes, strict=True)}


def rule_of(series: Labelled) -> Rule:
    """Write the limits as a rule."""
    low, high = series.limits
    text = f"reading > {high:.6f} or reading < {low:.6f}"
    metric = Metric(name=READING, unit=PLAIN_COUNT, kind=SeriesKind.READINGS, window=series.step * SAMPLES)
    compiled = compile_rule(text, Scope(watched=(READING,), metrics=(metric,)))
    if not isinstance(compiled, Rule):
        raise TypeError(str(compiled))
    return compiled


def score(rule: str, series: Labelled, strange: dict[datetime, bool]) -> Score:
    """Hold alarms against incidents.

    Looks in a row at which the rule holds are one alarm, right if it begins within an incident's window. An incident
    is found if the rule holds at any look within it.
    """
    moments = sorted(strange)
    begins = [
        at for before, at in zip((None, *moments), moments, strict=False) if strange[at] and not strange.get(before)
    ]
    judged = [each for each in series.incidents if each.end > moments[0]]
    found = [next((at for at in moments if each.holds(at) and strange[at]), None) for each in judged]
    return Score(
        rule=rule,
        series=series.name,
        alarms=len(begins),
        right=sum(any(each.holds(at) for each in judged) for at in begins),
        incidents=len(judged),
        delays=tuple(at - each.start for at, each in zip(found, judged, strict=True) if at is not None),
    )


def scores(folder: Path) -> list[Score]:
    """Score both rules on every series."""
    return [
        score(name, series, rule(series))
        for series in read(folder)
        for name, rule in (("naive", naive), ("default", default))
    ]


def in_all(found: Sequence[Score], rule: str) -> Score:
    """Put the scores of one rule together."""
    own = [each for each in found if each.rule == rule]
    return Score(
        rule=rule,
        series="**all**",
        alarms=sum(each.alarms for each in own),
        right=sum(each.right for each in own),
        incidents=sum(each.incidents for each in own),
        delays=tuple(delay for each in own for delay in each.delays),
    )


def in_words(found: Score) -> str:
    """Write one row."""
    precision = f"{found.right / found.alarms:.0%}" if found.alarms else "-"
    recall = f"{len(found.delays)} of {found.incidents}" if found.incidents else "-"
    delay = f"{median(found.delays) / timedelta(hours=1):.1f} h" if found.delays else "-"
    return f"| {found.series} | {found.rule} | {found.alarms} | {precision} | {recall} | {delay} |"


def markdown(found: Sequence[Score]) -> Iterator[str]:
    """Write the table."""
    yield "| series | rule | alarms | precision | recall | median delay |"
    yield "|---|---|---:|---:|---:|---:|"
    yield from (in_words(each) for each in (*found, in_all(found, "naive"), in_all(found, "default")))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--markdown", type=Path, help="the page to write the table into")
    arguments = parser.parse_args()
    lines = list(markdown(scores(arguments.folder)))
    print("\n".join(lines))
    if arguments.markdown:
        write_block(arguments.markdown, "labelled", lines)


if __name__ == "__main__":
    main()
