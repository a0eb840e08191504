"""What was read, named by its digest: the same data gives the same line of evidence on every machine. Pure."""

import json
import math
from collections.abc import Iterable

from bot.model.finding import ComplaintCount, SourceUse
from bot.model.json import Json, digest_of
from bot.model.process import ProcessLog
from bot.model.series import Series


def use_of_series(series: Series) -> SourceUse:
    """Describe a series as evidence; its rows are `[time, value, of]`, and then the values of its labels."""
    rows: list[Json] = [[sample.at.isoformat(), sample.value, sample.of, *sample.labels] for sample in series.samples]
    people = _people(series) if series.counts_people else None
    return SourceUse(feed=series.feed, samples=len(rows), window=series.span, digest=_digest(rows), people=people)


def _people(series: Series) -> int:
    """Count the cases of a series; a row that could not be read was somebody's, too."""
    return math.ceil(sum(sample.of for sample in series.samples)) + series.dropped


def use_of_complaints(complaints: ComplaintCount) -> SourceUse:
    """Describe a count of complaints as evidence; its rows are `[topic, count]`, by topic."""
    rows: list[Json] = [[topic, count] for topic, count in sorted(complaints.topics.items())]
    return SourceUse(feed=complaints.feed, samples=complaints.total, window=complaints.window, digest=_digest(rows))


def use_of_log(log: ProcessLog) -> SourceUse | None:
    """Describe an event log as evidence, its rows in the log's own order; None for one without a window."""
    if log.window is None:
        return None
    rows: list[Json] = [
        [event.case, event.activity, event.start.isoformat() if event.start else None, event.end.isoformat()]
        for event in log.events
    ]
    cases = len({event.case for event in log.events})
    return SourceUse(feed=log.feed, samples=len(rows), window=log.window, digest=_digest(rows), people=cases)


def _digest(rows: Iterable[Json]) -> str:
    lines = (json.dumps(row, ensure_ascii=False, allow_nan=False, separators=(",", ":")) for row in rows)
    return digest_of("\n".join(lines).encode())
