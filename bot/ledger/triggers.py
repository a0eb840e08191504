"""Who asked for detections, as the ledger's `triggered` records tell it (pure)."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from bot.model.names import ChangeId, Login, RecipeId
from bot.model.record import REOPENED, Phase, Record


def last_trigger(records: Iterable[Record], recipe: RecipeId) -> Record | None:
    """Return the record of a recipe's last trigger."""
    own = _of(records, recipe)
    return own[-1] if own else None


def asked_for(records: Sequence[Record], change: ChangeId, reach: timedelta) -> tuple[Login, ...]:
    """Return who asked for a detection of a change's recipe, from `reach` before it was proposed until it last was.

    A proposal may take the place of an earlier one, or be opened again, in a run that nobody asked for: whoever
    asked for the first keeps a hand in it.
    """
    return tuple(dict.fromkeys(name for each in _asking(records, change, reach) for name in _names(each)))


def accounts_asking(records: Sequence[Record], change: ChangeId, reach: timedelta) -> frozenset[int]:
    """Return the numbers of the accounts behind the same people, where the records tell them."""
    return frozenset(number for each in _asking(records, change, reach) for number in _numbers(each))


def _asking(records: Sequence[Record], change: ChangeId, reach: timedelta) -> list[Record]:
    own = [each for each in records if each.change == change and _proposes(each)]
    if not own:
        return []
    first, last = own[0], own[-1]
    asked = _of(records, RecipeId(str(first.facts.get("recipe"))))
    return [each for each in asked if first.at - reach <= each.at <= last.at]


def _of(records: Iterable[Record], recipe: RecipeId) -> list[Record]:
    return [each for each in records if each.phase is Phase.TRIGGERED and each.facts.get("recipe") == recipe]


def _proposes(record: Record) -> bool:
    reopens = record.phase is Phase.DECIDED and record.facts.get("result") == REOPENED
    return record.phase is Phase.PROPOSED or reopens


def _names(record: Record) -> tuple[Login, ...]:
    actors, by = record.facts.get("actors"), record.facts.get("by")
    listed = actors if isinstance(actors, list | tuple) else ()
    return tuple(Login(name) for name in (*listed, by) if isinstance(name, str))


def _numbers(record: Record) -> tuple[int, ...]:
    accounts = record.facts.get("accounts")
    listed = accounts if isinstance(accounts, list | tuple) else ()
    return tuple(number for number in listed if isinstance(number, int))
