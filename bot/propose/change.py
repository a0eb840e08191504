"""The name of a change: a digest of what is asked and why now, so that nothing is proposed twice (pure)."""

import hashlib
from collections.abc import Iterable

from bot.model.change import KeyChange
from bot.model.json import Json, canonical
from bot.model.names import ChangeId, PullNumber
from bot.model.recipe import Recipe

LENGTH = 16
"""Hexadecimal digits of a Change-Id."""


def change_id(recipe: Recipe, keys: Iterable[KeyChange], *, episode: str) -> ChangeId:
    """Return the Change-Id of a proposal; the order of the keys does not matter."""
    asked: list[Json] = [
        {"target": key.target, "key": key.key, "before": key.before, "after": key.after}
        for key in sorted(keys, key=lambda key: (key.target, key.key))
    ]
    return _named(canonical({"recipe": recipe.reference, "keys": asked, "episode": episode}))


def rollback_id(original: ChangeId) -> ChangeId:
    """Return the Change-Id of the one change that takes another back."""
    return _named(f"rollback {original}".encode())


def return_id(original: ChangeId, pull: PullNumber) -> ChangeId:
    """Return the Change-Id of people's own way back, where the bot's rollback of a change came to nothing."""
    return _named(f"rollback {original} by pull request {pull}".encode())


def _named(content: bytes) -> ChangeId:
    return ChangeId(hashlib.sha256(content).hexdigest()[:LENGTH])
