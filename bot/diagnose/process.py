"""Where a process loses its citizens' time: hand-overs and activities ranked by total waiting. Pure."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from bot.collect.passages import Basis, basis_of, passages_of
from bot.model.finding import ActivityWait, HandOver, Ranking
from bot.model.process import ProcessLog

_SECOND = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PairWaits:
    """The waiting of one hand-over over all its passages, as whole microseconds where it is exact."""

    source: str
    target: str
    passages: int
    total: int
    median: float
    p95: float


def rank(log: ProcessLog, *, basis: Basis | None = None) -> Ranking:
    """Rank a log's hand-overs by total waiting; the basis follows the log unless it is given."""
    waits: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for passage in passages_of(log, basis=basis or basis_of(log)):
        waits[passage.source.activity, passage.target.activity].append(passage.waiting)
    pairs = [_measured(source, target, sorted(values)) for (source, target), values in waits.items()]
    return Ranking(
        feed=log.feed,
        cases=len({event.case for event in log.events}),
        events=len(log.events),
        activities=len({event.activity for event in log.events}),
        hand_overs=hand_overs_of(pairs),
        total=sum(pair.total for pair in pairs) / _SECOND,
        window=log.window,
    )


def hand_overs_of(pairs: Sequence[PairWaits]) -> tuple[HandOver, ...]:
    """Order measured hand-overs by total waiting, then by name, and give each its share of the whole."""
    whole = sum(pair.total for pair in pairs)
    ordered = sorted(pairs, key=lambda pair: (-pair.total, pair.source, pair.target))
    return tuple(
        HandOver(
            source=pair.source,
            target=pair.target,
            passages=pair.passages,
            total=pair.total / _SECOND,
            mean=pair.total / pair.passages / _SECOND,
            median=pair.median / _SECOND,
            p95=pair.p95 / _SECOND,
            share=pair.total / whole if whole else 0.0,
        )
        for pair in ordered
    )


def rank_activities(ranking: Ranking) -> tuple[ActivityWait, ...]:
    """Rank activities by the total waiting before them, the most first."""
    before: defaultdict[str, list[HandOver]] = defaultdict(list)
    for hand_over in ranking.hand_overs:
        before[hand_over.target].append(hand_over)
    waits = [_activity_wait(activity, tuple(parts)) for activity, parts in before.items()]
    return tuple(sorted(waits, key=lambda wait: (-wait.total, wait.activity)))


def _activity_wait(activity: str, parts: Sequence[HandOver]) -> ActivityWait:
    passages = sum(part.passages for part in parts)
    total = math.fsum(part.total for part in parts)
    share = math.fsum(part.share for part in parts)
    return ActivityWait(activity=activity, passages=passages, total=total, mean=total / passages, share=share)


def _measured(source: str, target: str, waits: Sequence[int]) -> PairWaits:
    return PairWaits(
        source=source,
        target=target,
        passages=len(waits),
        total=sum(waits),
        median=quantile(waits, 0.5),
        p95=quantile(waits, 0.95),
    )


def quantile(ordered: Sequence[float], part: float) -> float:
    """Return the quantile of ascending numbers by linear interpolation (type 7, the default of R and NumPy)."""
    place = (len(ordered) - 1) * part
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
