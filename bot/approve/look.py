"""Whether the gate must look at a pull request again, as far as that shows without asking for it (pure).

A look costs eight requests. What the gate saw is noted as a digest of everything that one list of open pull requests,
the clone and the clock tell; while that is the same, a look would most likely find the same. A note only ever spares
a look, and no look, no approval: a forged or stale note can delay, never let through. What no digest shows (who is in
a team, who may write) is why a note holds for `look_again_after` of the policy only:
docs/adr/0028-what-a-look-costs.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.approve.emergency import overdue
from bot.approve.facts import OtherPull
from bot.approve.waiting import is_escalated, step_of, timetable
from bot.ledger.lifecycle import Standing
from bot.ledger.looks import Look
from bot.model.clock import format_time
from bot.model.forge import PullRequest
from bot.model.json import Json, canonical, digest_of
from bot.model.names import ChangeId, CommitSha, Digest
from bot.model.record import Phase, Record
from bot.model.settings import Policy
from bot.propose.calendar import closed_because

SETTLED = timedelta(minutes=1)
"""GitHub counts whole seconds and its lists may lag: of what changed just now, more may change in the same second."""
_PROPOSALS = "pow/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What decides on every pull request of a run: base, policy, what people stopped, the ledger, and the time."""

    base: CommitSha | None
    policy: Policy
    stops: tuple[str, ...]
    records: tuple[Record, ...]
    changes: tuple[Standing, ...]
    now: datetime
    others: tuple[OtherPull, ...] = ()
    """The other open pull requests that change desired state: an earlier one holds a later one back."""


def fingerprint(pull: PullRequest, present: Present) -> Digest | None:
    """Digest what shows of a pull request for nothing; None for one that is looked at every time.

    That is a proposal without a record, which the next record changes; a rollback, which must not wait; and one that
    changed within the last minute.
    """
    proposed = _proposed(pull, present.records)
    if pull.updated_at is None or pull.updated_at > present.now - SETTLED:
        return None
    if proposed is None and pull.same_repository and pull.head_branch.startswith(_PROPOSALS):
        return None
    if proposed is not None and proposed.facts.get("rollback_of"):
        return None
    change = proposed.change if proposed else None
    earlier = [other for other in present.others if other.number < pull.number]
    shown: Mapping[str, Json] = {
        "pull": _pull_facts(pull),
        "base": present.base,
        "policy": [present.policy.digest, *present.stops],
        "records": [record.digest for record in present.records if record.change == change],
        "same target": _neighbours(change, present.changes) if change else [],
        "earlier": [[other.number, *sorted(other.paths or ())] for other in earlier],
        "overdue": list(overdue(present.records, present.policy, present.now)),
        "clock": by_the_clock(pull, present.policy, present.now),
    }
    return digest_of(canonical(shown))


def by_the_clock(pull: PullRequest, policy: Policy, now: datetime) -> Mapping[str, Json]:
    """Return everything that time alone changes about a pull request, as of now.

    Whatever the gate decides or does differently at another time, with all facts the same, must show here: else it
    happens only when `look_again_after` is over.
    """
    times = timetable(pull.created_at, policy)
    return {
        "step": step_of(times, now),
        "escalated": is_escalated(times, now),
        "expired": now >= times.expires_at,
        "closed": closed_because(policy.calendar, now),
    }


def holds(look: Look | None, seen: Digest | None, *, now: datetime, again_after: timedelta) -> bool:
    """Tell whether a look may be spared: the same was seen, and not too long ago; a note from the future is none."""
    return look is not None and look.seen == seen and look.at <= now < look.at + again_after


def _pull_facts(pull: PullRequest) -> list[Json]:
    updated = format_time(pull.updated_at) if pull.updated_at else None
    names: list[Json] = [pull.head_branch, pull.base_branch, pull.title, *sorted(pull.labels)]
    return [pull.number, pull.head, pull.draft, updated, names]


def _proposed(pull: PullRequest, records: tuple[Record, ...]) -> Record | None:
    """Return the record that proposed what a pull request brings."""
    found = (r for r in records if r.phase is Phase.PROPOSED and r.facts.get("pull") == pull.number)
    return next(found, None)


def _neighbours(change: ChangeId, changes: tuple[Standing, ...]) -> list[Json]:
    """Return the open changes on the same targets, and how far they are: they may lock each other out."""
    targets = {target for each in changes if each.change == change for target in each.targets}
    return [
        [each.change, each.stage, each.pull]
        for each in changes
        if each.change != change and targets.intersection(each.targets)
    ]
