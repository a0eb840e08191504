"""The gate: facts of one pull request and the base branch's policy → a decision that explains itself (pure).

What is unknown never helps: a fact that could not be read keeps the gate shut.
"""

from dataclasses import dataclass
from datetime import datetime

from bot.approve.checks import (
    check_commits,
    check_files,
    check_origin,
    check_pushes,
    check_values,
    desired_files,
    values_changed,
)
from bot.approve.emergency import Judged, is_possible, judge_claims
from bot.approve.facts import GateFacts, RollbackProof
from bot.approve.governance import check_governance
from bot.approve.reasons import all_of, disapproved, good, pending, refused, worst_first
from bot.approve.reviews import Tally, tally
from bot.approve.waiting import is_escalated, required_of, timetable, widened
from bot.model.change import Impact, KeyChange
from bot.model.clock import format_time
from bot.model.decision import (
    Approved,
    Authority,
    CountedReview,
    GateDecision,
    GateStatus,
    Reason,
    Timetable,
    UsedClaim,
)
from bot.model.forge import Actor
from bot.model.level import Level, highest
from bot.model.settings import Approvers, Policy
from bot.model.switch import Stop
from bot.propose.calendar import closed_because
from bot.propose.desired import Unreadable
from bot.propose.impact import Stakes, impact_of, stakes_of, threshold_of
from bot.propose.trailers import ChangeKind
from bot.report.approvers import all_approvals, approvals_of

_AGE = "age"
_APPROVAL = "approval"


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """By what right the change may merge, or what is still missing for it."""

    reason: Reason
    authority: Authority | None = None
    impact: Impact | None = None
    threshold: Level | None = None
    reviews: tuple[CountedReview, ...] = ()
    missing: tuple[Approvers, ...] = ()
    timetable: Timetable | None = None
    claims: tuple[UsedClaim, ...] = ()
    seats: tuple[Approvers, ...] = ()
    escalated_at: datetime | None = None


def decide(facts: GateFacts, policy: Policy, now: datetime) -> GateDecision:
    """Decide on a pull request at its present head; the reasons come with what blocks first."""
    keys = changed_values(facts)
    right = _right(facts, policy, keys, now)
    reasons = worst_first(
        (
            check_origin(facts, policy),
            check_commits(facts),
            check_pushes(facts),
            check_files(facts),
            check_values(facts, policy, keys),
            check_governance(facts, policy, keys),
            _switch(facts, policy),
            _calendar(facts, policy, now, emergency=right.authority is Authority.EMERGENCY),
            _age(facts, policy, now),
            right.reason,
        )
    )
    status = reasons[0].status
    missing = right.missing if status is GateStatus.PENDING else ()
    return GateDecision(
        pull=facts.pull.number,
        change=facts.change,
        head=facts.pull.head,
        base=facts.base,
        status=status,
        authority=right.authority if status is GateStatus.APPROVED else None,
        impact=right.impact,
        threshold=right.threshold,
        reviews=right.reviews,
        reasons=reasons,
        waiting_for=tuple(approvals_of(each) for each in missing),
        missing=missing,
        timetable=right.timetable if missing else None,
        claims=right.claims if status is GateStatus.APPROVED else (),
        seats=right.seats,
        escalated_at=right.escalated_at,
    )


def proof_of(decision: GateDecision) -> Approved | None:
    """Return what a merge call needs, if and only if the gate approved."""
    if decision.status is not GateStatus.APPROVED or decision.authority is None:
        return None
    return Approved(pull=decision.pull, head=decision.head, authority=decision.authority)


def approvers_in(decision: GateDecision, facts: GateFacts) -> tuple[tuple[Actor, str], ...]:
    """Return who approved, each with the address of the review."""
    counted = {review.id for review in decision.reviews if review.counts}
    return tuple(
        (review.author, review.url) for review in facts.reviews if review.id in counted and review.author is not None
    )


def has_expired(decision: GateDecision) -> bool:
    """Tell whether the pull request is to be closed because nobody decided in time."""
    return any(each.name == _AGE and each.status is not GateStatus.APPROVED for each in decision.reasons)


def changed_values(facts: GateFacts) -> tuple[KeyChange, ...] | Unreadable:
    """Derive the changed values from the real bytes of the base and of the head."""
    return values_changed(facts.files)


def _switch(facts: GateFacts, policy: Policy) -> Reason:
    if policy.paused:
        return pending("switch", "the policy pauses all merges")
    if (stop := facts.switch.against(facts.recipe_id, facts.targets)) is not None:
        return pending("switch", stop.sentence)
    return good("switch", "nobody has stopped it")


def _calendar(facts: GateFacts, policy: Policy, now: datetime, *, emergency: bool) -> Reason:
    """Nothing begins while the calendar is closed; neither a rollback nor an emergency waits for Monday."""
    if emergency:
        return good("calendar", "an emergency waits for no calendar")
    if facts.trailers is not None and facts.trailers.kind is ChangeKind.ROLLBACK:
        return good("calendar", "a rollback waits for no calendar")
    if (why := closed_because(policy.calendar, now)) is not None:
        return pending("calendar", f"the calendar is closed: {why}")
    return good("calendar", "the calendar is open")


def _age(facts: GateFacts, policy: Policy, now: datetime) -> Reason:
    end = facts.pull.created_at + policy.expire_after
    if now >= end:
        return disapproved(_AGE, f"nobody decided until {format_time(end)}; it has expired")
    return good(_AGE, f"it waits until {format_time(end)} at most")


def _right(facts: GateFacts, policy: Policy, keys: tuple[KeyChange, ...] | Unreadable, now: datetime) -> Right:
    """Find the right by which the change may merge: by proof, alone, or by people."""
    if isinstance(keys, Unreadable):
        return Right(reason=pending(_APPROVAL, "its impact cannot be computed"))
    impact = impact_of(keys, policy.impact, stakes_in(facts))
    rollback = facts.trailers is not None and facts.trailers.kind is ChangeKind.ROLLBACK
    if isinstance(facts.rollback, RollbackProof) and rollback and _stop_of_rollbacks(facts) is None:
        sentence = f"it restores the bytes from before merge {facts.rollback.merge[:12]}, as the ledger asks"
        return Right(reason=good(_APPROVAL, sentence), authority=Authority.ROLLBACK, impact=impact)
    threshold = threshold_of(facts.recipe, policy) if facts.recipe else Level.LOW
    by_hand = _by_hand(facts, rollback=rollback)
    level = highest((impact.level, Level.MEDIUM)) if by_hand else impact.level
    compared = f"impact {impact.level}, threshold {threshold}"
    if by_hand is None and (
        impact.level.rank < threshold.rank or (level is Level.LOW and not required_of(policy, level))
    ):
        return _alone(facts, policy, impact, threshold, sentence=f"{compared}: nobody has to approve")
    sentence = f"{by_hand}: people must approve as for {level}" if by_hand else f"{compared}: people must approve"
    return by_people(facts, policy, Asked(level=level, impact=impact, threshold=threshold, sentence=sentence), now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Why people must approve, and as for which level."""

    level: Level
    impact: Impact
    threshold: Level
    sentence: str


def by_people(facts: GateFacts, policy: Policy, asked: Asked, now: datetime) -> Right:
    """Count people's approvals; once it is escalated the next level's approvers may give them, too."""
    times = timetable(facts.pull.created_at, policy)
    regular = required_of(policy, asked.level)
    may = widened(regular, policy, asked.level) if is_escalated(times, now) else regular
    counted = tally(facts, policy, may, must_read=regular)
    children = [good("impact", asked.sentence)]
    if may != regular:
        sentence = f"nobody decided until {format_time(times.escalates_at or now)}: the next level may approve, too"
        children.append(good("escalation", sentence))
    people = _people(facts, counted, regular, level=asked.level)
    judged = judge_claims(facts, policy) if is_possible(people, facts) else None
    if judged is not None and judged.used:
        seats = policy.emergency.approvers if policy.emergency else ()
        return _in_an_emergency(judged, asked, children, seats)
    children += [people] if judged is None else [people, judged.reason]
    return Right(
        reason=all_of(_APPROVAL, _approved_by(counted), tuple(children)),
        authority=Authority.PEOPLE,
        impact=asked.impact,
        threshold=asked.threshold,
        reviews=counted.reviews,
        missing=counted.missing,
        timetable=times,
        seats=may,
        escalated_at=times.escalates_at if is_escalated(times, now) else None,
    )


def stakes_in(facts: GateFacts) -> Stakes:
    """Take who is affected from the ledger, and what is high-impact from the base: the pull request has no say."""
    files = {file.path: file.base for file in desired_files(facts) if file.base is not None}
    return stakes_of(facts.recipe, files, facts.proposed.affected if facts.proposed else None)


def _in_an_emergency(judged: Judged, asked: Asked, children: list[Reason], seats: tuple[Approvers, ...]) -> Right:
    """Let those who claimed an emergency stand in for the others, who review it afterwards."""
    return Right(
        reason=all_of(_APPROVAL, judged.reason.sentence, (*children, judged.reason)),
        authority=Authority.EMERGENCY,
        impact=asked.impact,
        threshold=asked.threshold,
        reviews=judged.counted.reviews,
        claims=judged.used,
        seats=seats,
    )


def _by_hand(facts: GateFacts, *, rollback: bool) -> str | None:
    """Say why a change needs people whatever its impact is."""
    if rollback and (stop := _stop_of_rollbacks(facts)) is not None:
        return stop.sentence
    if rollback:
        why = facts.rollback.reason if facts.rollback and not isinstance(facts.rollback, RollbackProof) else ""
        return f"this rollback cannot be proved{': ' + why if why else ''}"
    return "a person edited the branch" if facts.added_commits else None


def _stop_of_rollbacks(facts: GateFacts) -> Stop | None:
    return facts.switch.against_rollbacks(facts.recipe_id, facts.targets)


def _alone(facts: GateFacts, policy: Policy, impact: Impact, threshold: Level, *, sentence: str) -> Right:
    """Let a small change pass, unless somebody with write access objects."""
    counted = tally(facts, policy, required_of(policy, impact.level))
    reason = _objection(counted) or good(_APPROVAL, sentence)
    return Right(reason=reason, authority=Authority.AUTO, impact=impact, threshold=threshold, reviews=counted.reviews)


def _people(facts: GateFacts, counted: Tally, required: tuple[Approvers, ...], *, level: Level) -> Reason:
    if not required:
        return refused("people", f"the policy names nobody who may approve {level}")
    if (objection := _objection(counted)) is not None:
        return objection
    if None in facts.originators:
        return pending("people", "nobody that the forge knows last edited the recipe, so its editor cannot be barred")
    if counted.unreadable:
        return pending("people", f"the members of team {counted.unreadable[0]} cannot be read")
    if counted.missing:
        return pending("people", f"waits for {all_approvals(counted.missing)}")
    return good("people", _approved_by(counted))


def _objection(counted: Tally) -> Reason | None:
    if not counted.blocked_by:
        return None
    return disapproved("people", f"{', '.join(counted.blocked_by)} asked for changes")


def _approved_by(counted: Tally) -> str:
    return f"{', '.join(actor.login for actor in counted.approved_by)} approved it"
