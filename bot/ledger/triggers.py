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
    own = [each for each in records if each.change == change and _proposes(each)]
    if not own:
        return ()
    first, last = own[0], own[-1]
    asked = (
        each
        for each in _of(records, RecipeId(str(first.facts.get("recipe"))))
        if first.at - reach <= each.at <= last.at
    )
    return tuple(dict.fromkeys(name for each in asked for name in _names(each)))


def _of(records: Iterable[Record], recipe: RecipeId) -> list[Record]:
    return [each for each in records if each.phase is Phase.TRIGGERED and each.facts.get("recipe") == recipe]


def _proposes(record: Record) -> bool:
    reopens = record.phase is Phase.DECIDED and record.facts.get("result") == REOPENED
    return record.phase is Phase.PROPOSED or reopens


def _names(record: Record) -> tuple[Login, ...]:
    actors, by = record.facts.get("actors"), record.facts.get("by")
    listed = actors if isinstance(actors, list | tuple) else ()
    return tuple(Login(name) for name in (*listed, by) if isinstance(name, str))
