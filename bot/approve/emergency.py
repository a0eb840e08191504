"""The emergency path: fewer people of a team of their own, each with a reason; nobody is not enough (pure).

A claim is an approving review whose first line is `/emergency REASON`. It counts only where the same review would
count as an approval, so every bar on whose approval counts holds here, too. What is decided this way is reviewed
afterwards by those who approve in ordinary times. See docs/adr/0030-waiting-and-emergencies.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.approve.facts import GateFacts
from bot.approve.reasons import good, pending
from bot.approve.reviews import Tally, tally
from bot.approve.waiting import required_of
from bot.model.decision import GateStatus, Reason, UsedClaim
from bot.model.errors import LedgerError
from bot.model.forge import Review
from bot.model.json import Json
from bot.model.level import Level
from bot.model.names import ChangeId, CommitSha, PullNumber
from bot.model.record import Phase, Record
from bot.model.settings import Emergency, Policy
from bot.report.approvers import all_approvals

EMERGENCY, REVIEWED = "emergency", "reviewed"
SHORTEST_REASON = 10
"""Characters that can be seen; fewer explain nothing to whoever reviews it afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outstanding:
    """A change that was merged in an emergency and that nobody has reviewed yet; `claimants` are account numbers."""

    change: ChangeId
    pull: PullNumber
    head: CommitSha
    level: Level
    claimants: frozenset[int]
    merged_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the emergency path says; `used` are the claims that fill its seats, empty where they do not."""

    reason: Reason
    counted: Tally
    used: tuple[UsedClaim, ...] = ()


def judge_claims(facts: GateFacts, policy: Policy) -> Judged | None:
    """Judge the claims on a pull request; None where there is no emergency path, or nobody claims one."""
    emergency = policy.emergency
    if emergency is None or not any(review.claim for review in facts.reviews):
        return None
    counted = tally(facts, policy, emergency.approvers, also=_no_claim)
    if emergency.refuse_while_overdue and facts.overdue:
        numbers = ", ".join(f"#{number}" for number in facts.overdue)
        sentence = f"no new emergency while an earlier one waits for its review: {numbers}"
        return Judged(reason=pending(EMERGENCY, sentence), counted=counted)
    if counted.unreadable or counted.missing:
        sentence = f"an emergency needs {all_approvals(emergency.approvers)}, each with /emergency and a reason"
        return Judged(reason=pending(EMERGENCY, sentence), counted=counted)
    claims = {review.id: review.claim for review in facts.reviews}
    used = tuple(
        UsedClaim(review=each.id, login=each.login, user_id=each.user_id, length=claim.length, digest=claim.digest)
        for each in counted.reviews
        if each.counts and each.login is not None and each.user_id is not None
        for claim in [claims[each.id]]
        if claim is not None
    )
    said = " and ".join(f"{each.login} ({each.length} characters, {each.digest[:19]})" for each in used)
    return Judged(reason=good(EMERGENCY, f"an emergency by the reasons of {said}"), counted=counted, used=used)


def _no_claim(review: Review) -> str | None:
    if review.claim is None:
        return "it claims no emergency"
    if review.claim.length < SHORTEST_REASON:
        return f"its reason is shorter than {SHORTEST_REASON} characters"
    return None


def outstanding(records: Iterable[Record], policy: Policy) -> tuple[Outstanding, ...]:
    """Return the changes merged in an emergency that wait for their review, oldest first.

    LedgerError where a merge's record names no pull request: nobody can be told then that its review is late.
    """
    within = (policy.emergency or Emergency(approvers=())).review_within
    by_change: dict[ChangeId, list[Record]] = {}
    for record in records:
        by_change.setdefault(record.change, []).append(record)
    found = (_outstanding(own) for own in by_change.values())
    waiting = [(record, decided) for pair in found if pair is not None for record, decided in [pair]]
    return tuple(
        Outstanding(
            change=merge.change,
            pull=_pull(merge),
            head=CommitSha(str(merge.facts.get("head"))),
            level=_level(decided.facts.get("impact")),
            claimants=frozenset(_claimants(decided.facts.get(EMERGENCY))),
            merged_at=merge.at,
            due_at=merge.at + within,
        )
        for merge, decided in waiting
    )


def overdue(records: Iterable[Record], policy: Policy, now: datetime) -> tuple[PullNumber, ...]:
    """Return the pull requests of emergencies whose review is late."""
    return tuple(each.pull for each in outstanding(records, policy) if each.due_at <= now)


def review_tally(facts: GateFacts, policy: Policy, emergency: Outstanding) -> Tally:
    """Count the reviews of a merged emergency: those of the level's approvers, but for whoever claimed it."""

    def also(review: Review) -> str | None:
        claimed = review.author is not None and review.author.id in emergency.claimants
        return "this person claimed the emergency" if claimed else None

    return tally(facts, policy, required_of(policy, emergency.level), also=also)


def reviewed_facts(counted: Tally, emergency: Outstanding) -> Mapping[str, Json]:
    """Return what the ledger keeps of a review afterwards; the reviewed head has a name of its own.

    A record of phase `decided` with a `head` says what may merge there, and this one does not.
    """
    people: list[Json] = [{"login": actor.login, "user_id": actor.id} for actor in counted.approved_by]
    return {"result": REVIEWED, "pull": emergency.pull, "reviewed_head": emergency.head, "approved_by": people}


def _outstanding(own: list[Record]) -> tuple[Record, Record] | None:
    """Return the merge and its decision of one change, if it was an emergency that nobody reviewed."""
    merge = next((each for each in own if each.phase is Phase.MERGED), None)
    results = [each for each in own if each.phase is Phase.DECIDED]
    if merge is None or any(each.facts.get("result") == REVIEWED for each in results):
        return None
    last = next((each for each in reversed(results) if each.facts.get("head") == merge.facts.get("head")), None)
    return (merge, last) if last is not None and last.facts.get("result") == EMERGENCY else None


def _pull(merge: Record) -> PullNumber:
    number = merge.facts.get("pull")
    if not isinstance(number, int) or isinstance(number, bool):
        raise LedgerError(
            f"the record of the merge of change {merge.change} names no pull request",
            hint="run `git log pow-ledger` to see who wrote it",
        )
    return PullNumber(number)


def _level(impact: Json) -> Level:
    """Read the level that was decided on, but at least MEDIUM: at LOW nobody would have had to approve."""
    named = impact.get("level") if isinstance(impact, Mapping) else None
    return Level.HIGH if named == Level.HIGH else Level.MEDIUM


def _claimants(used: Json) -> Iterable[int]:
    listed = used if isinstance(used, list | tuple) else ()
    numbers = (each.get("user_id") for each in listed if isinstance(each, Mapping))
    return [number for number in numbers if isinstance(number, int)]


def is_possible(people: Reason, facts: GateFacts) -> bool:
    """Tell whether an emergency could help: approvals are missing, nobody objects, and everybody to bar is known."""
    return people.status is GateStatus.PENDING and None not in facts.originators
