"""Reads the trigger out of the file in which the forge's runner hands an event over; none of it is shown."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.environment import Environment
from bot.model.errors import BotError

if TYPE_CHECKING:
    from bot.model.json import Json
    from bot.model.trigger import Trigger

_EVENT = "repository_dispatch"
_MAX_BYTES = 4 * 1024 * 1024
"""GitHub sends the whole repository's description along."""


def read_trigger(environment: Environment) -> "Trigger | None":
    """Return the trigger that started this run; None where another event did, BotError for one that is none."""
    if environment.event_name != _EVENT:
        return None
    from bot.model.trigger import EVENT_TYPE, Trigger
    from bot.recipes.trigger import read_payload

    event = _content(environment.event_path)
    if event.get("action") != EVENT_TYPE:
        raise BotError(f"the event is not of the type {EVENT_TYPE}", hint="it starts no detection")
    payload = read_payload(event.get("client_payload"))
    if isinstance(payload, tuple):
        hint = "send recipe, reason and by; bot/recipes/schemas/trigger.json has the schema"
        raise BotError(f"the trigger's payload is refused: {'; '.join(payload)}", hint=hint)
    if not environment.started_by:
        raise BotError("the runner does not say which account sent the trigger", hint="GITHUB_ACTOR is not set")
    return Trigger(payload=payload, actors=environment.started_by)


def _content(path: str) -> dict[str, "Json"]:
    """Read the event; BotError for what is no JSON mapping."""
    hint = "GITHUB_EVENT_PATH names the file in which the runner hands the event over"
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        event = json.loads(content) if len(content) <= _MAX_BYTES else None
    except (OSError, ValueError, RecursionError):
        event = None
    if not isinstance(event, dict):
        raise BotError("the event that started this run cannot be read", hint=hint)
    return event
