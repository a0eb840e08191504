"""The tests that a rule on a change can be held to beside its limit: what proves harm, and what proves success."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum


class ShareTest(StrEnum):
    """How a ratio's rollback rule is proven."""

    WILSON = "wilson"
    CUSUM = "cusum"


BREACHES = {ShareTest.WILSON: 8, ShareTest.CUSUM: 6}
"""How many broken windows each test asks for: evidence that sums up lasts longer than an hour's pool by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankTest:
    """The test `mann_whitney`: does a metric lie above (below) a baseline's, by ranks?

    Every `every` after the change there is a look, `looks` in all, at what was measured since the one before. All
    looks together err with a chance of at most `alpha`. `effect` is the share of pairs in which the change's number
    must be the worse one. `control` names, by label, the groups that the change has not reached.
    """

    alpha: float = 0.01
    effect: float = 0.6
    every: timedelta = timedelta(days=1)
    looks: int = 21
    min_samples: int = 50
    control: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SurvivalTest:
    """The test `kaplan_meier`: with `confidence`, too many cases last longer than the limit, those open included."""

    confidence: float = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceTest:
    """The test of success `confidence_sequence`: a bound on a mean that holds at all looks at once but for `alpha`.

    It is tightest after about `best_at` samples, and says nothing below `min_samples`.
    """

    alpha: float = 0.05
    best_at: int = 1000
    min_samples: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class RankChoice:
    """The test `mann_whitney` as a recipe chooses it; what it leaves open (None) is the policy's."""

    alpha: float | None = None
    effect: float | None = None
    every: timedelta | None = None
    looks: int | None = None
    min_samples: int | None = None
    control: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def on(self, default: RankTest) -> RankTest:
        """Return the test that is chosen."""
        return RankTest(
            alpha=default.alpha if self.alpha is None else self.alpha,
            effect=default.effect if self.effect is None else self.effect,
            every=default.every if self.every is None else self.every,
            looks=default.looks if self.looks is None else self.looks,
            min_samples=default.min_samples if self.min_samples is None else self.min_samples,
            control=self.control,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlChoice:
    """The test `wilson` with a control group: the groups, by label, that the change has not reached."""

    control: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SurvivalChoice:
    """The test `kaplan_meier` as a recipe chooses it; what it leaves open (None) is the policy's."""

    confidence: float | None = None

    def on(self, default: SurvivalTest) -> SurvivalTest:
        """Return the test that is chosen."""
        return default if self.confidence is None else replace(default, confidence=self.confidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceChoice:
    """The test `confidence_sequence` as a recipe chooses it; what it leaves open (None) is the policy's."""

    alpha: float | None = None
    best_at: int | None = None
    min_samples: int | None = None

    def on(self, default: SequenceTest) -> SequenceTest:
        """Return the test that is chosen."""
        return SequenceTest(
            alpha=default.alpha if self.alpha is None else self.alpha,
            best_at=default.best_at if self.best_at is None else self.best_at,
            min_samples=default.min_samples if self.min_samples is None else self.min_samples,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """The policy's numbers of the tests that are not for the rollback of ratios: where a recipe gives none."""

    ranks: RankTest = field(default_factory=RankTest)
    survival: SurvivalTest = SurvivalTest()
    sequence: SequenceTest = SequenceTest()


Proof = ShareTest | ControlChoice | RankChoice | SurvivalChoice
"""What a rule that watches for harm is proven by, where its recipe says so."""
