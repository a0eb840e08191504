"""A recipe as a person wrote it, defaults filled in; its rules are still text here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from bot.model.level import Level
from bot.model.names import Digest, FeedName, RecipeId, ServiceName
from bot.model.proof import Proof, SequenceChoice

Setting = bool | int | float | str
"""A configuration value as it stands in a service's file."""


class Operation(StrEnum):
    """How a computed value comes from the present one."""

    ADD = "add"
    ADD_SHARE = "add share"
    MULTIPLY = "multiply"


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """A value that follows from the present one: `{add: 50}`, `{add: 10%}` (an operand of 0.1), `{multiply: 1.2}`."""

    operation: Operation
    operand: Decimal


Wanted = Setting | Computed
"""What a recipe asks of a key: a value as it stands, or one that is computed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePatch:
    """Keys of one service's configuration and what is asked of each."""

    service: ServiceName
    config: Mapping[str, Wanted]


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyPatch:
    """The version that a journey is to run: `journeys/passport_renewal@v2`."""

    journey: str
    version: str


class RollbackMode(StrEnum):
    """How far the monitor may go by itself."""

    SHADOW = "shadow"
    PROPOSE = "propose"
    AUTO = "auto"


SUCCESS, ROLLBACK = "success", "rollback"
"""The names of a recipe's own two rules that look at a change, among those of its guards."""


class NoData(StrEnum):
    """What it means that a rule's feed answers and holds nothing.

    HOLD: neither harm nor success. BREACH: harm, once it has been so for the grace. OK: there is nothing to report.
    """

    HOLD = "hold"
    BREACH = "breach"
    OK = "ok"


class OnDeadline(StrEnum):
    """What follows when the time of a watch is over without a verdict.

    KEEP and ROLLBACK need an answer of the rules, as any verdict does; without one a person is asked all the same.
    """

    ASK_HUMAN = "ask_human"
    KEEP = "keep"
    ROLLBACK = "rollback"


class GuardRole(StrEnum):
    """What a rule that watches a change may do: a guardrail may take it back, a signal may only hold and ask."""

    GUARDRAIL = "guardrail"
    SIGNAL = "signal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A rule that watches a change for harm; `grace` is how long it may be without data before a person is told.

    A guard of mode shadow is measured and shown, and changes neither the verdict nor how long the watch lasts.
    """

    name: str
    rule: str
    role: GuardRole = GuardRole.GUARDRAIL
    mode: RollbackMode = RollbackMode.AUTO
    no_data: NoData = NoData.HOLD
    grace: timedelta = timedelta(days=1)
    arm_after: timedelta = timedelta(minutes=30)
    test: Proof | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How a change is watched after its deployment.

    `min_samples` counts readings (or a ratio's denominator) per evaluation window; `coverage` is the share
    of windows that must be valid for `for`; `on_deadline` says what follows after `deadline` without a verdict.
    `no_data`, `grace` and `test` are those of `rollback_on`; after the same grace without data for success a person
    is told. `success_test` is what success must be proven by, too.
    """

    mode: RollbackMode = RollbackMode.AUTO
    min_samples: int = 5
    coverage: float = 0.9
    arm_after: timedelta = timedelta(minutes=30)
    deadline: timedelta = timedelta(days=21)
    recover_within: timedelta = timedelta(days=2)
    on_deadline: OnDeadline = OnDeadline.ASK_HUMAN
    no_data: NoData = NoData.HOLD
    grace: timedelta = timedelta(days=1)
    test: Proof | None = None
    success_test: SequenceChoice | None = None

    def guard(self, rule: str = "") -> Guard:
        """Return the recipe's own rollback rule as a guard; its mode is that of the whole watch."""
        return Guard(
            name=ROLLBACK,
            rule=rule,
            no_data=self.no_data,
            grace=self.grace,
            arm_after=self.arm_after,
            test=self.test,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One optimization loop. `digest` is that of the file's exact bytes.

    `silenced` are the lint checks that its author waived, by id, each with the reason. `high_impact` raises the
    impact of its changes to what policy has for such, and never lowers it.
    `clear_when` says when the bottleneck is gone; empty: when its rule does not hold. `guards` watch beside
    `rollback_on`.
    """

    id: RecipeId
    version: int
    path: str
    digest: Digest
    watch_feeds: tuple[FeedName, ...]
    bottleneck_rule: str
    service_patches: tuple[ServicePatch, ...]
    journey_patches: tuple[JourneyPatch, ...]
    hitl_threshold: Level
    success_metric: str
    rollback_on: str
    process_log: FeedName | None = None
    reversible: bool = True
    cooldown: timedelta = timedelta(days=7)
    watch: Watch = field(default_factory=Watch)
    silenced: Mapping[str, str] = field(default_factory=dict)
    high_impact: bool = False
    urgent: bool = False
    guards: tuple[Guard, ...] = ()
    clear_when: str = ""

    @property
    def reference(self) -> str:
        """The name that auditors use: `PASSPORT_BACKLOG@v3`."""
        return f"{self.id}@v{self.version}"
