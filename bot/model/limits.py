"""How much the bot does by itself, as policy sets it: proposals, rollbacks, and when it stops."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How many proposals may be open at a time: that pass alone, that wait for people, and that are urgent.

    They are counted apart, so that what waits for people never keeps back what needs none, nor what is urgent.
    """

    automatic: int = 20
    people: int = 20
    urgent: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackLimits:
    """How far the monitor goes by itself, beside `rollbacks_per_day`: what is beyond is a draft.

    Of `opened_per_day` rollbacks, drafts included, people are only told of more. A change that is live for `max_age`,
    and a target that was taken back less than `cooldown` ago, need a person. With `confirm_after`, a look so much
    earlier, and all since, must have found the breach as well.
    """

    opened_per_day: int = 10
    max_age: timedelta = timedelta(days=30)
    cooldown: timedelta = timedelta(days=1)
    confirm_after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """So many rollbacks of one target, or in the whole agency, begun `within` that time stop proposals there."""

    target: int = 3
    agency: int = 8
    within: timedelta = timedelta(days=30)
