"""Somebody's wish for a detection at once: a person's or an agent's, by an event of the forge."""

from dataclasses import dataclass
from datetime import timedelta

from bot.model.names import Login, RecipeId

EVENT_TYPE = "pow-trigger"
"""The `event_type` of the repository dispatch."""
WINDOW = timedelta(hours=1)
"""A further trigger of the same recipe within this is the same one, unless policy says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What an event says: `by` is whoever asks, in its own words; `reason` is hostile text of one line."""

    recipe: RecipeId
    reason: str
    by: Login


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A payload with the accounts that sent it, as the forge tells them."""

    payload: Payload
    actors: tuple[Login, ...]

    @property
    def originators(self) -> tuple[Login, ...]:
        """All who had a hand in it: what comes of it is not theirs to approve."""
        return tuple(dict.fromkeys((*self.actors, self.payload.by)))
