"""Firing recipes that are to be proposed and are not yet: which, what each waits for, and since when."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.model.names import RecipeId


class WaitsFor(StrEnum):
    """What a firing recipe waits for: room among proposals of a kind, the next run, the calendar, or its target."""

    AUTOMATIC = "automatic"
    PEOPLE = "people"
    URGENT = "urgent"
    NEXT_RUN = "next_run"
    CALENDAR = "calendar"
    TARGET = "target"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """One firing recipe that waits, since a run first found it waiting for this; `sentence` says why."""

    recipe: RecipeId
    waits_for: WaitsFor
    since: datetime
    sentence: str
