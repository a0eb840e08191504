"""What the monitor measured after a deployment, and what it says about the change."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.model.names import ChangeId
from bot.model.series import Window


class RuleOutcome(StrEnum):
    """The closed set of what evaluating a rule can say; none of the last four means yes."""

    HOLDS = "HOLDS"
    DOES_NOT_HOLD = "DOES_NOT_HOLD"
    NO_DATA = "NO_DATA"
    INSUFFICIENT = "INSUFFICIENT"
    STALE = "STALE"
    ERROR = "ERROR"


class VerdictKind(StrEnum):
    """In order of precedence."""

    ROLLBACK = "ROLLBACK"
    ASK = "ASK"
    HOLD = "HOLD"
    SUCCESS = "SUCCESS"


class Recovery(StrEnum):
    """Whether a rollback helped; PENDING until the evidence is in."""

    RECOVERED = "RECOVERED"
    NOT_RECOVERED = "NOT_RECOVERED"
    PENDING = "PENDING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One rule, measured once: what was seen, on how much, against what.

    `groups` are those that the rule holds in, in order, where it is asked `by` a label.
    """

    rule: str
    outcome: RuleOutcome
    sentence: str
    observed: str = ""
    samples: float = 0
    window: Window | None = None
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The monitor's answer for one change at one moment."""

    change: ChangeId
    kind: VerdictKind
    at: datetime
    sentence: str
    success: Measurement
    rollback: Measurement
    armed: bool
