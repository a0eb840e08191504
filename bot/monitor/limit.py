"""A limit on a share: which counts are beyond it, and what proves that it is more than chance (pure)."""

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import assert_never

from bot.model.names import FeedName
from bot.model.proof import ShareTest
from bot.model.series import Window
from bot.model.settings import RollbackTest
from bot.model.verdict import RuleOutcome
from bot.monitor.beside import Question
from bot.monitor.cusum import evidence_of, harmful, needed
from bot.monitor.wilson import lower_bound
from bot.rules.compile import Rule
from bot.rules.shape import threshold_of
from bot.rules.syntax import Operator
from bot.rules.units import settle

_NEAR = 1e-9
"""A share farther from its limit than that lies on the same side of it before and after it is settled."""
_RULES_KEPT = 4_096
_UPPER = {Operator.MORE: operator.gt, Operator.AT_LEAST: operator.ge}
_LOWER = {Operator.LESS: operator.lt, Operator.AT_MOST: operator.le}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareLimit:
    """A limit on a share; `compare` is true beyond it, and `is_upper` says on which side that is.

    `value` has no more digits than rules compare on.
    """

    feed: FeedName
    value: float
    compare: Callable[[float, float], bool]
    is_upper: bool

    def is_broken(self, share: float) -> bool:
        """Tell whether a share is beyond the limit; only one that is next to it has to be settled."""
        near = abs(share - self.value) <= _NEAR
        return self.compare(settle(share) if near else share, self.value)

    def bound(self, hits: float, trials: float, confidence: float) -> float:
        """Return the share as near to the limit's good side as confidence still allows."""
        if self.is_upper:
            return lower_bound(hits, trials, confidence)
        return 1.0 - lower_bound(trials - hits, trials, confidence)

    def beyond(self, hits: float, trials: float, confidence: float) -> "ShareLimit":
        """Return the limit that a share must break to be worse than these counts, as bad as confidence allows.

        Two intervals of a confidence that do not meet prove a difference with more than that confidence, and there is
        nothing to divide by where the earlier share is zero. It is never milder than the limit itself.
        """
        if self.is_upper:
            return replace(self, value=settle(max(self.value, 1.0 - lower_bound(trials - hits, trials, confidence))))
        return replace(self, value=settle(min(self.value, lower_bound(hits, trials, confidence))))

    def broken_of(self, counts: Iterable[tuple[float, float]]) -> int:
        """Count the windows whose own share, of hits and trials, is beyond the limit."""
        return sum(1 for hits, trials in counts if trials > 0 and self.is_broken(hits / trials))

    def evidence(self, hits: float, trials: float) -> float:
        """Return how much counts speak for harm against a share at the limit; nothing is beyond a limit of 100%."""
        limit = self.value if self.is_upper else 1.0 - self.value
        return evidence_of(hits if self.is_upper else trials - hits, trials, limit) if limit < 1 else 0.0

    def harm(self) -> float:
        """Return the share that the evidence is for."""
        return harmful(self.value) if self.is_upper else 1.0 - harmful(1.0 - self.value)

    def question(self, test: RollbackTest, *, now: datetime, since: datetime, live: datetime) -> Question:
        """Return what is asked of a share that is held against a baseline, too."""
        allowed = self.value if self.is_upper else 1.0 - self.value
        return Question(
            window=Window(start=min(max(now - test.compared_over, since), now), end=now),
            live=live,
            is_upper=self.is_upper,
            allowed=allowed,
            confidence=test.compared_with,
            min_samples=test.min_samples,
        )

    def outcome_of(
        self, hits: float, trials: float, *, broken: int, test: RollbackTest, evidence: float = 0.0
    ) -> RuleOutcome:
        """Judge pooled counts, `broken` of the separate windows being beyond the limit; `trials` is above zero.

        `evidence` is the strongest of the windows summed up, which only the test `cusum` asks for.
        """
        if not self.is_broken(hits / trials):
            return RuleOutcome.DOES_NOT_HOLD
        proven = broken >= test.breaches and self._is_proven(hits, trials, test, evidence)
        return RuleOutcome.HOLDS if proven else RuleOutcome.GREY

    def _is_proven(self, hits: float, trials: float, test: RollbackTest, evidence: float) -> bool:
        match test.share:
            case ShareTest.WILSON:
                return self.is_broken(self.bound(hits, trials, test.confidence))
            case ShareTest.CUSUM:
                return settle(evidence) >= settle(evidence_needed(test))
            case _:
                assert_never(test.share)


def windows_summed(test: RollbackTest) -> int:
    """Over how many windows the evidence of the test `cusum` sums up."""
    return max(1, test.reach // test.window)


def evidence_needed(test: RollbackTest) -> float:
    """How much evidence the test `cusum` takes for proof."""
    return needed(windows_summed(test), test.alpha)


@lru_cache(maxsize=_RULES_KEPT)
def share_limit_of(rule: Rule) -> ShareLimit | None:
    """Read a rule as a limit that a share can break; None for every other rule."""
    threshold = threshold_of(rule)
    if threshold is None or rule.hold is not None or threshold.reducer not in {None, "mean"}:
        return None
    compare = _UPPER.get(threshold.op) or _LOWER.get(threshold.op)
    value = threshold.limit.value * threshold.limit.unit.factor
    if compare is None or not 0 <= value <= 1:
        return None
    return ShareLimit(feed=threshold.feed, value=settle(value), compare=compare, is_upper=threshold.op in _UPPER)
