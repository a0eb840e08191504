"""What the monitor measured after a deployment, and what it says about the change."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.model.names import ChangeId
from bot.model.recipe import RollbackMode
from bot.model.series import Window


class RuleOutcome(StrEnum):
    """The closed set of what measuring a rule can say; none of the last five means yes.

    Evaluation knows all but GREY, which only the monitor says: a number is there and beyond the limit, and that it is
    more than chance is not proven.
    """

    HOLDS = "HOLDS"
    DOES_NOT_HOLD = "DOES_NOT_HOLD"
    GREY = "GREY"
    NO_DATA = "NO_DATA"
    INSUFFICIENT = "INSUFFICIENT"
    STALE = "STALE"
    ERROR = "ERROR"


class VerdictKind(StrEnum):
    """In order of precedence; KEEP ends a watch at its deadline without success, where the recipe says so."""

    ROLLBACK = "ROLLBACK"
    ASK = "ASK"
    HOLD = "HOLD"
    KEEP = "KEEP"
    SUCCESS = "SUCCESS"


class Recovery(StrEnum):
    """Whether a rollback helped; PENDING until the evidence is in."""

    RECOVERED = "RECOVERED"
    NOT_RECOVERED = "NOT_RECOVERED"
    PENDING = "PENDING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One rule, measured once: what was seen, on how much, against what.

    `groups` are those that the rule holds in, in order, where it is asked `by` a label. `value` is what was observed
    as a number in base units, where a rule is tested as a share: `value * samples` of `samples` hit.
    """

    rule: str
    outcome: RuleOutcome
    sentence: str
    observed: str = ""
    samples: float = 0
    window: Window | None = None
    groups: tuple[str, ...] = ()
    value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSeen:
    """One more rule that watches a change, as it was measured: its name, and what it said of the time before."""

    name: str
    now: Measurement
    before: Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The monitor's answer for one change at one moment.

    `by` names the rule that decided, `mode` is how far the bot may go on it, and `ends_at` is the deadline with the
    time added in which nothing could be seen. An inconclusive verdict came after the deadline: only a person goes on
    from there.
    """

    change: ChangeId
    kind: VerdictKind
    at: datetime
    sentence: str
    success: Measurement
    rollback: Measurement
    armed: bool
    guards: tuple[GuardSeen, ...] = ()
    by: str = ""
    mode: RollbackMode = RollbackMode.AUTO
    ends_at: datetime | None = None
    inconclusive: bool = False

    @property
    def deciding(self) -> Measurement:
        """The measurement of the rule that decided; that of `rollback_on` where none of the guards did."""
        return next((each.now for each in self.guards if each.name == self.by), self.rollback)
