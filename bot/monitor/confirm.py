"""Is a breach seen for long enough by looks of their own? For sources that err now and then (pure)."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from bot.model.json import Json
from bot.model.recipe import ROLLBACK
from bot.model.record import Phase, Record
from bot.model.verdict import RuleOutcome


def is_confirmed(records: Iterable[Record], rule: str, *, now: datetime, after: timedelta | None) -> bool:
    """Tell whether a look at least `after` ago found a rule broken, and every look since then did so, too.

    `rule` is the name of a guard, or `rollback`; `records` are those of one change. Without `after` there is nothing
    to wait for.
    """
    if after is None:
        return True
    looks = [record for record in records if record.phase is Phase.MEASURED and record.at < now]
    for look in sorted(looks, key=lambda record: record.at, reverse=True):
        if _outcome(look.facts, rule) != RuleOutcome.HOLDS:
            return False
        if look.at <= now - after:
            return True
    return False


def _outcome(facts: Mapping[str, Json], rule: str) -> Json:
    """Return what a look said of a rule."""
    measured = facts.get("rollback")
    if rule != ROLLBACK:
        guards = facts.get("guards")
        found = [each for each in guards if isinstance(each, Mapping)] if isinstance(guards, list | tuple) else []
        measured = next((each.get("now") for each in found if each.get("name") == rule), None)
    return measured.get("outcome") if isinstance(measured, Mapping) else None
