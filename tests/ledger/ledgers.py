"""Ledgers to be tested, and drafts to put into them."""

from datetime import timedelta
from typing import Any

from fakes.builders import START, a_sha
from fakes.forge import MemoryForge
from fakes.repository import MemoryRepository
from fakes.world import MemoryWorld

from bot.ledger.git_ledger import GitLedger
from bot.model.json import Json
from bot.model.names import ChangeId
from bot.model.record import Draft, Phase

ONE, TWO = ChangeId("0123456789abcdef"), ChangeId("fedcba9876543210")


def a_draft(
    phase: Phase = Phase.PROPOSED, *, change: ChangeId = ONE, key: str = "", hours: int = 0, **facts: Any
) -> Draft:
    """Return a draft at so many hours after the start."""
    return Draft(change=change, phase=phase, at=START + timedelta(hours=hours), facts=facts, key=key)


def a_proposal(*, change: ChangeId = ONE, hours: int = 0, **facts: Any) -> Draft:
    """Return the first record of a change."""
    defaults: dict[str, Json] = {
        "recipe": "PASSPORT_BACKLOG",
        "pull": 7,
        "head": a_sha("head"),
        "base": a_sha("base"),
        "keys": [{"target": "PHOTO_VALIDATOR", "key": "max_blur_px", "before": 2, "after": 4}],
        "rollback_of": None,
    }
    return a_draft(change=change, hours=hours, **(defaults | facts))


def git_ledger(world: MemoryWorld) -> GitLedger:
    """Open a ledger with a clone and a forge of its own, as every run does."""
    return GitLedger(MemoryRepository(world), MemoryForge(world))
