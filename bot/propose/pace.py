"""How many proposals fit into what GitHub takes in an hour, before it takes no more from anybody here (pure).

GitHub stops who makes more than 500 requests an hour that create content, the web interface's among them, and does
not say which requests those are; so all writes count here, and some room is left for people:
https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from bot.model.event import Event, Mark, Step
from bot.model.record import Phase, Record
from bot.model.settings import Policy

WRITES_AN_HOUR = 400
"""Of GitHub's 500."""
RUN_WRITES = 10
"""The ledger's commit, starting the gate, and what the gate notes: once for each run."""
PROPOSAL_WRITES = 8
"""Tree, commit and branch; pull request, labels, reviewers; the gate's check and its comment."""
OTHER_WRITES = 6
"""A record of another phase: its commit, and the comment, merge or status that it goes with."""
_HOUR = timedelta(hours=1)


def fitting(records: Iterable[Record], now: datetime) -> int:
    """Return how many proposals still fit into the hour, given what the ledger knows of it."""
    recent = [record for record in records if now - _HOUR < record.at <= now]
    proposed = sum(1 for record in recent if record.phase is Phase.PROPOSED)
    spent = proposed * PROPOSAL_WRITES + (len(recent) - proposed) * OTHER_WRITES
    return max(0, (WRITES_AN_HOUR - RUN_WRITES - spent) // PROPOSAL_WRITES)


def paced(policy: Policy, records: Iterable[Record], now: datetime) -> Policy:
    """Return the policy with no more proposals in a run than fit into the hour."""
    return replace(policy, proposals_per_run=min(policy.proposals_per_run, fitting(records, now)))


def slowed(present: Policy, policy: Policy) -> tuple[Event, ...]:
    """Say how many proposals fit where that is fewer than the policy allows."""
    fit, allowed = present.proposals_per_run, policy.proposals_per_run
    if fit == allowed:
        return ()
    fits = f"{fit} more proposals fit into this hour's {WRITES_AN_HOUR} writes; the policy allows {allowed} in a run"
    hint = "the next runs go on; GitHub says no to more than it takes, and then to people here as well"
    return (Event(step=Step.DETECT, mark=Mark.WAIT, sentence=fits, hint=hint),)
