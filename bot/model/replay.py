"""A decision of the gate that was decided on again: whether it follows from its facts, and where it does not."""

from dataclasses import dataclass
from enum import StrEnum

from bot.model.record import Record


class Outcome(StrEnum):
    """What came of deciding again; NOT_REPLAYABLE proves nothing, neither for the decision nor against it."""

    FOLLOWS = "follows"
    DIFFERS = "differs"
    NOT_REPLAYABLE = "not_replayable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One fact of a record that comes out otherwise, both as JSON in one line; `what` names it by its path."""

    what: str
    recorded: str
    replayed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One recorded decision, decided on again; `lacks` names what the record or the clone does not hold."""

    record: Record
    differences: tuple[Difference, ...] = ()
    lacks: tuple[str, ...] = ()
    hint: str = ""

    @property
    def outcome(self) -> Outcome:
        """What came of it; a difference that shows before something lacks is one."""
        if self.differences:
            return Outcome.DIFFERS
        return Outcome.NOT_REPLAYABLE if self.lacks else Outcome.FOLLOWS


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """All decisions that were asked for, in order; `undecided` are records of merges that no decision let merge."""

    decisions: tuple[Replayed, ...]
    undecided: tuple[Record, ...] = ()

    @property
    def all_follow(self) -> bool:
        """Whether every merge was decided on, and every decision follows from its facts."""
        return not self.undecided and all(each.outcome is Outcome.FOLLOWS for each in self.decisions)

    def count(self, outcome: Outcome) -> int:
        """Count the decisions of which this came."""
        return sum(1 for each in self.decisions if each.outcome is outcome)
