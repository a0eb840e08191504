"""What the gate writes down: the facts of its ledger records and the message of its merge (pure)."""

from collections.abc import Mapping
from datetime import datetime

from bot.approve.facts import GateFacts
from bot.approve.gate import approvers_in
from bot.approve.inputs import inputs_json
from bot.model.clock import format_time
from bot.model.decision import Authority, CountedReview, GateDecision, Reason, UsedClaim
from bot.model.forge import PullRequest
from bot.model.json import Json, canonical, digest_of
from bot.model.names import ChangeId, CommitSha, Digest
from bot.model.record import NEUTRAL, OBSOLETE, SUPERSEDED, UNDECIDED, Draft, Phase, Record
from bot.model.settings import Approvers, Policy
from bot.propose.evidence import impact_json
from bot.propose.trailers import MergeTrailers, merge_message, merge_title

REJECTED = "rejected"
EXPIRED = "expired"
UNDONE = "it was merged without a valid gate, and that was undone"
_WHY = {
    EXPIRED: "nobody decided in time",
    SUPERSEDED: "another one has replaced it",
    OBSOLETE: "nothing was left for it to do",
    UNDECIDED: "it was closed by nobody who may decide",
}
_MERGING = frozenset(each.value for each in Authority)


def decided(decision: GateDecision, facts: GateFacts, policy: Policy, *, at: datetime, result: str) -> Draft:
    """Return the record of a decision with everything that it was made from; ValueError without a proposal.

    The key names head and content: the same decision is recorded once, a different one on the same head anew. That
    other records came in between makes it no different one.
    """
    if facts.proposed is None:
        raise ValueError("only a recorded proposal is decided on")
    held: dict[str, Json] = {
        "result": result,
        "pull": decision.pull,
        "head": decision.head,
        "base": decision.base,
        "opened_at": format_time(facts.pull.created_at),
        "policy_digest": policy.digest,
        "evidence_digest": facts.proposed.evidence_digest,
        "impact": impact_json(decision.impact) if decision.impact else None,
        "threshold": decision.threshold.value if decision.threshold else None,
        "seats": [_seat(each) for each in decision.seats],
        "escalated_at": format_time(decision.escalated_at) if decision.escalated_at else None,
        "reviews": [_review(review) for review in decision.reviews],
        "reasons": [_reason(reason) for reason in decision.reasons],
    }
    if decision.claims:
        held["emergency"] = [_claim(claim) for claim in decision.claims]
    inputs = inputs_json(facts)
    same = {**held, "inputs": {name: value for name, value in inputs.items() if name != "ledger"}}
    content = digest_of(canonical(same)).removeprefix("sha256:")[:12]
    key = f"{decision.head}:{content}"
    whole = {**held, "inputs": inputs}
    return Draft(change=facts.proposed.change, phase=Phase.DECIDED, at=at, facts=whole, key=key)


def merged(change: ChangeId, pull: PullRequest, *, merge: CommitSha, parent: CommitSha, at: datetime) -> Draft:
    """Return the record of a merge; `parent` is the base that it was made on."""
    facts: dict[str, Json] = {"pull": pull.number, "merge": merge, "head": pull.head, "parent": parent}
    return Draft(change=change, phase=Phase.MERGED, at=at, facts=facts, key=merge)


def closed(change: ChangeId, pull: PullRequest, *, outcome: str, at: datetime, why: str = "") -> Draft:
    """Return the record of a change that ended without a merge through the gate."""
    why = why or _WHY.get(outcome, "it was closed without a merge")
    facts: dict[str, Json] = {
        "outcome": outcome,
        "pull": pull.number,
        "sentence": f"pull request {pull.number}: {why}",
    }
    return Draft(change=change, phase=Phase.CLOSED, at=at, facts=facts)


def outcome_of(records: tuple[Record, ...]) -> str:
    """Return how a change ended whose pull request is closed without a merge, as its last decision says.

    Nobody's decision before it means that somebody closed it: a rejection.
    """
    if has_result(records, EXPIRED):
        return EXPIRED
    results = [record.facts.get("result") for record in records if record.phase is Phase.DECIDED]
    last = results[-1] if results else None
    return str(last) if last in NEUTRAL else REJECTED


def approved_heads(records: tuple[Record, ...]) -> frozenset[str]:
    """Return the heads that a recorded decision let merge."""
    heads = (
        each.facts.get("head")
        for each in records
        if each.phase is Phase.DECIDED and each.facts.get("result") in _MERGING
    )
    return frozenset(head for head in heads if isinstance(head, str))


def has_result(records: tuple[Record, ...], result: str) -> bool:
    """Tell whether a decision with this result is recorded."""
    return any(each.phase is Phase.DECIDED and each.facts.get("result") == result for each in records)


def message_of(decision: GateDecision, facts: GateFacts, policy: Policy) -> tuple[str, str]:
    """Return title and message of the merge commit; ValueError for a decision that lets nothing merge."""
    trailers = facts.trailers
    if trailers is None or decision.authority is None:
        raise ValueError("only an approved proposal has a merge message")
    approvals = approvers_in(decision, facts)
    title = merge_title(trailers.change, trailers.recipe, rollback=trailers.rollback_of is not None)
    message = MergeTrailers(
        change=trailers.change,
        decision=decision.authority.value,
        approved_by=tuple((actor.login, actor.id) for actor, _ in approvals),
        approval_refs=tuple(url for _, url in approvals if url),
        head=decision.head,
        evidence=trailers.evidence,
        policy=Digest(policy.digest),
        rollback_of=trailers.rollback_of,
        reverts=trailers.reverts,
    )
    return title, merge_message(message)


def _review(review: CountedReview) -> Mapping[str, Json]:
    return {
        "id": review.id,
        "login": review.login,
        "user_id": review.user_id,
        "state": review.state,
        "commit": review.commit,
        "counts": review.counts,
        "reason": review.reason,
        "url": review.url,
    }


def _seat(group: Approvers) -> Mapping[str, Json]:
    return {
        "count": group.count,
        "teams": list(group.teams),
        "users": list(group.users),
        "distinct": group.distinct,
    }


def _claim(claim: UsedClaim) -> Mapping[str, Json]:
    """Of the reason only its length and digest: its text stays on the forge."""
    return {
        "review": claim.review,
        "login": claim.login,
        "user_id": claim.user_id,
        "reason_length": claim.length,
        "reason_digest": claim.digest,
    }


def _reason(reason: Reason) -> Mapping[str, Json]:
    return {
        "name": reason.name,
        "status": reason.status.value,
        "sentence": reason.sentence,
        "children": [_reason(child) for child in reason.children],
    }
