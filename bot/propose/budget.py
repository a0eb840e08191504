"""How many proposals are open, of those that pass alone and of those that wait for people (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.ledger.lifecycle import Stage, standings
from bot.model.change import KeyChange
from bot.model.level import Level
from bot.model.recipe import Recipe
from bot.model.record import Phase, Record
from bot.model.settings import Policy
from bot.propose.impact import Stakes, impact_of, threshold_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Proposals that are open: how many of each kind."""

    automatic: int
    people: int

    def full(self, policy: Policy, *, needs_people: bool) -> str | None:
        """Say which budget is used up; None where there is room for one more of this kind."""
        used, limit = (
            (self.people, policy.budget.people) if needs_people else (self.automatic, policy.budget.automatic)
        )
        if used < limit:
            return None
        kind = "wait for people" if needs_people else "need no approval"
        return f"the limit is reached: {used} of {limit} proposals that {kind} are open"

    def plus(self, *, needs_people: bool) -> "Opened":
        """Count one more."""
        return Opened(automatic=self.automatic + (not needs_people), people=self.people + needs_people)


def opened(records: tuple[Record, ...], policy: Policy) -> Opened:
    """Count the proposals that are neither merged nor closed, rollbacks aside."""
    waiting = {
        each.change
        for each in standings(records)
        if each.stage in {Stage.PROPOSED, Stage.APPROVED} and each.rollback_of is None
    }
    proposals = [each for each in records if each.phase is Phase.PROPOSED and each.change in waiting]
    people = sum(_recorded_as_waiting(each.facts, policy) for each in proposals)
    return Opened(automatic=len(proposals) - people, people=people)


def needs_people(keys: Iterable[KeyChange], recipe: Recipe, policy: Policy, stakes: Stakes) -> bool:
    """Tell whether somebody would have to approve these values."""
    level = impact_of(tuple(keys), policy.impact, stakes).level
    return _waits(level, threshold_of(recipe, policy), policy)


def _waits(level: Level, threshold: Level, policy: Policy) -> bool:
    asked = level is not Level.LOW or bool(policy.approvals.get(level, ()))
    return level.rank >= threshold.rank and asked


def _recorded_as_waiting(facts: Mapping[str, object], policy: Policy) -> bool:
    """Read a record; what it does not say counts as waiting for people."""
    impact, threshold = facts.get("impact"), facts.get("threshold")
    level = impact.get("level") if isinstance(impact, Mapping) else None
    try:
        return _waits(Level(str(level)), Level(str(threshold)), policy)
    except ValueError:
        return True
