"""An event log as passages: one activity handing over to the next within a case, and how long that waited. Pure."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from bot.collect.spans import in_microseconds
from bot.model.process import ProcessEvent, ProcessLog


class Basis(StrEnum):
    """What waiting is measured between.

    COMPLETION: from one activity's completion to the next one's, the next one's own work included; all that a log
    with a single time per event can tell. IDLE: from completion to the next one's start, never below zero.
    """

    COMPLETION = "completion"
    IDLE = "idle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One hand-over in one case, at the completion of its target; `waiting` in microseconds."""

    source: ProcessEvent
    target: ProcessEvent
    waiting: int

    @property
    def at(self) -> datetime:
        """When the target was done."""
        return self.target.end


def basis_of(log: ProcessLog) -> Basis:
    """Return IDLE if every event knows its start, else COMPLETION."""
    known = bool(log.events) and all(event.start is not None for event in log.events)
    return Basis.IDLE if known else Basis.COMPLETION


def passages_of(log: ProcessLog, *, basis: Basis) -> Iterator[Passage]:
    """Yield the passages case by case; within a case by completion time, ties in the log's own order."""
    cases: defaultdict[str, list[ProcessEvent]] = defaultdict(list)
    for event in log.events:
        cases[event.case].append(event)
    for events in cases.values():
        events.sort(key=lambda event: event.end)
        for source, target in pairwise(events):
            yield Passage(source=source, target=target, waiting=_waiting(source, target, basis))


def _waiting(source: ProcessEvent, target: ProcessEvent, basis: Basis) -> int:
    if basis is Basis.IDLE and target.start is not None:
        return max(0, in_microseconds(target.start - source.end))
    return in_microseconds(target.end - source.end)
