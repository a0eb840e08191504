"""Conditions that must hold for a while, over answers at evenly spaced windows. It knows no samples.

The windows of one look lie `stride` places apart, so that running counts along each such row answer all looks.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from bot.model.verdict import RuleOutcome
from bot.rules.sustain import MAX_GAP
from bot.rules.units import settle

_BLIND = frozenset({RuleOutcome.ERROR, RuleOutcome.STALE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaches:
    """Which windows each look judges: `counts` of them back from `places`, and the newest as it is at the look."""

    places: Sequence[int]
    counts: Sequence[int]
    newest: Sequence[RuleOutcome]


class Lattice:
    """Answers at evenly spaced window ends, judged by looks."""

    def __init__(self, answers: Sequence[RuleOutcome], stride: int, reaches: Reaches) -> None:
        self._answers = answers
        self._stride = stride
        self._reaches = reaches

    def _running(self, flags: list[int]) -> list[int]:
        """Count flags along each row, so that a difference counts those of any stretch of it."""
        for row in range(min(self._stride, len(flags))):
            flags[row :: self._stride] = accumulate(flags[row :: self._stride])
        return flags

    def _among(self, running: Sequence[int], *, fewer: int = 0) -> list[int]:
        """Count, for each look, within its windows, the oldest `fewer` of them left out."""
        stride, reaches = self._stride, self._reaches
        return [
            running[place] - (running[before] if (before := place - (count - fewer) * stride) >= 0 else 0)
            if count > fewer
            else 0
            for place, count in zip(reaches.places, reaches.counts, strict=True)
        ]

    def _count(self, outcome: RuleOutcome) -> list[int]:
        """Count, for each look, its windows with an outcome."""
        flags = [int(answer is outcome) for answer in self._answers]
        return self._among(self._running(flags)) if 1 in flags else [0] * len(self._reaches.places)

    def _gaps(self) -> list[int]:
        """Count, for each look, the places in its windows where more than MAX_GAP in a row have no yes."""
        stride, runs = self._stride, [int(answer is not RuleOutcome.HOLDS) for answer in self._answers]
        for place in range(stride, len(runs)):
            if runs[place]:
                runs[place] += runs[place - stride]
        return self._among(self._running([int(run > MAX_GAP) for run in runs]), fewer=MAX_GAP)

    def held(self, coverage: float) -> list[RuleOutcome]:
        """Say whether a condition held all the time, as `bot.rules.sustain.hold` does."""
        unmet, met, reaches = self._count(RuleOutcome.DOES_NOT_HOLD), self._count(RuleOutcome.HOLDS), self._reaches
        needed = {count: math.ceil(settle(coverage * count)) for count in set(reaches.counts)}
        gaps = self._gaps() if any(met) else met
        worst = self._worst()

        def outcome(look: int) -> RuleOutcome:
            if reaches.newest[look] in _BLIND:
                return reaches.newest[look]
            if unmet[look]:
                return RuleOutcome.DOES_NOT_HOLD
            if not met[look]:
                return worst(look)
            too_few = met[look] < needed[reaches.counts[look]] or gaps[look]
            return RuleOutcome.INSUFFICIENT if too_few else RuleOutcome.HOLDS

        return list(map(outcome, range(len(unmet))))

    def met(self, *, needed: int, windows: int) -> list[RuleOutcome]:
        """Say whether a condition held in enough windows, as `bot.rules.sustain.quorum` does."""
        unmet, met, newest = (
            self._count(RuleOutcome.DOES_NOT_HOLD),
            self._count(RuleOutcome.HOLDS),
            self._reaches.newest,
        )
        worst = self._worst()

        def outcome(look: int) -> RuleOutcome:
            if newest[look] in _BLIND:
                return newest[look]
            if met[look] >= needed:
                return RuleOutcome.HOLDS
            if windows - unmet[look] < needed:
                return RuleOutcome.DOES_NOT_HOLD
            return RuleOutcome.INSUFFICIENT if met[look] or unmet[look] else worst(look)

        return list(map(outcome, range(len(unmet))))

    def _worst(self) -> Callable[[int], RuleOutcome]:
        """Return what tells the worst of a look's windows where none of them answers."""
        error, nothing = self._count(RuleOutcome.ERROR), self._count(RuleOutcome.NO_DATA)

        def worst(look: int) -> RuleOutcome:
            if error[look]:
                return RuleOutcome.ERROR
            return RuleOutcome.NO_DATA if nothing[look] else RuleOutcome.INSUFFICIENT

        return worst
