"""A person's own pull request on the desired state: governed and approved like a proposal, merged by people (pure).

The bot neither merges nor deploys what it did not propose, but for one that takes back a change of its own to the
byte: that is recorded and deployed once people have approved and merged it. And values by hand are still values:
whoever changes them in Git needs the checks and the approvals that a proposal of the same impact needs, so that the
gate's check can be a required one for everybody. Nothing that the pull request says of itself counts.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from bot.approve.facts import FileFacts, GateFacts, RollbackProof
from bot.approve.gate import Asked, by_people, stakes_in
from bot.approve.going_back import GoingBack
from bot.approve.governance import check_governance
from bot.approve.reasons import good, pending, refused, worst_first
from bot.model.change import Factor, Impact, KeyChange
from bot.model.decision import Authority, GateDecision, GateStatus, Reason
from bot.model.level import Level, highest
from bot.model.settings import Policy
from bot.propose.desired import Unreadable, evidence_path, key_changes, target_of, values_of
from bot.propose.impact import impact_of
from bot.report.approvers import approvals_of

PATCHES = "patches/"


def decide_by_hand(claimed: GateFacts, policy: Policy, now: datetime, way: GoingBack | None = None) -> GateDecision:
    """Decide on a person's pull request at its present head; APPROVED means that people may merge it.

    `way` is the change that it takes back exactly. What was there before was governed then, and waits for no earlier
    pull request; who must approve that it goes back is asked as for any other change by hand.
    """
    facts = without_claims(claimed)
    if way is not None:
        facts = replace(facts, proposed=way.former.proposed, rollback=_proof(way, facts))
    keys = _keys(facts)
    impact = _impact(facts, keys, policy)
    level = highest((impact.level, Level.MEDIUM))
    sentence = f"impact {impact.level}, by hand: people must approve as for {level}"
    right = by_people(facts, policy, Asked(level=level, impact=impact, threshold=Level.LOW, sentence=sentence), now)
    reasons = worst_first(
        (
            *_origin(facts),
            *_strays(facts, way),
            check_governance(facts, policy, keys),
            good("deploy", _what_then(way)),
            right.reason,
        )
    )
    approved = reasons[0].status is GateStatus.APPROVED
    missing = right.missing if reasons[0].status is GateStatus.PENDING else ()
    return GateDecision(
        pull=facts.pull.number,
        change=None,
        head=facts.pull.head,
        base=facts.base,
        status=reasons[0].status,
        authority=(right.authority if way else Authority.PEOPLE) if approved else None,
        impact=impact,
        threshold=None,
        reviews=right.reviews,
        reasons=reasons,
        waiting_for=tuple(approvals_of(each) for each in missing),
        missing=missing,
        claims=right.claims if approved and way else (),
    )


def without_claims(facts: GateFacts) -> GateFacts:
    """Return the facts without what the commits say of themselves, and all that was looked up by it."""
    return replace(
        facts, trailers=None, proposed=None, evidence=None, recipe=None, originators=(), asked_by=(), rollback=None
    )


def _what_then(way: GoingBack | None) -> str:
    """Say what becomes of it once it is merged."""
    if way is None:
        return "people merge it; values that the bot did not propose are not deployed"
    back = f"people merge it; it takes back change {way.former.change} exactly"
    return f"{back}, and is not deployed: {way.blocked}" if way.blocked else f"{back}, so it is deployed then"


def _proof(way: GoingBack, facts: GateFacts) -> RollbackProof:
    """Return what governance takes for what was governed before; it gives no right to merge here."""
    files = sum(1 for file in facts.files if target_of(file.path) is not None)
    return RollbackProof(original=way.former.change, merge=way.former.merge, files=files)


def touches(paths: frozenset[str]) -> bool:
    """Tell whether a pull request has to do with the desired state; notes for people there do not."""
    return any(path.startswith(PATCHES) and not path.endswith(".md") for path in paths)


def _origin(facts: GateFacts) -> Iterator[Reason]:
    """Is it known who made it, so that nobody approves their own?"""
    if facts.pull.draft:
        yield pending("draft", "it is a draft")
    if any(commit.author is None or commit.committer is None for commit in facts.commits):
        yield refused(
            "commits", "nobody that the forge knows wrote one of its commits, so its author cannot be barred"
        )
    if facts.pushes is None or any(push.actor is None for push in facts.pushes):
        yield pending("pushes", "the forge does not tell who pushed to the branch")


def _strays(facts: GateFacts, way: GoingBack | None) -> Iterator[Reason]:
    """Refuse what is no desired state: evidence is the bot's to write; that of a change goes when the change does."""
    own = evidence_path(way.former.change) if way else None
    for file in facts.files:
        if touches(frozenset({file.path})) and target_of(file.path) is None and file.path != own:
            yield refused(file.path, f"{file.path} is neither a service's nor a journey's file")


def _keys(facts: GateFacts) -> tuple[KeyChange, ...] | Unreadable:
    """Return every value that the head sets anew; a value that is only added counts as one that stays."""
    found: list[KeyChange] = []
    for file in facts.files:
        target = target_of(file.path)
        if target is None or file.head is None:
            continue
        values = values_of(file.path, file.head)
        if isinstance(values, Unreadable):
            return values
        former = values_of(file.path, file.base) if file.base is not None else {}
        before = {} if isinstance(former, Unreadable) else former
        found += [
            KeyChange(target=target, key=key, before=before.get(key, value), after=value)
            for key, value in values.items()
            if key not in before or before[key] != value
        ]
    return tuple(found)


def _impact(facts: GateFacts, keys: tuple[KeyChange, ...] | Unreadable, policy: Policy) -> Impact:
    """Return the impact of the values, and HIGH where more changes than the values of a file that is there."""
    more = [file.path for file in facts.files if _changes_more(file)]
    impact = (
        impact_of(keys, policy.impact, stakes_in(facts))
        if not isinstance(keys, Unreadable)
        else Impact(level=Level.LOW, factors=())
    )
    factors = [
        Factor(name="by hand", level=Level.HIGH, sentence=f"{path} changes in more than values") for path in more
    ]
    return Impact(
        level=highest((impact.level, *(each.level for each in factors))), factors=(*impact.factors, *factors)
    )


def _changes_more(file: FileFacts) -> bool:
    if target_of(file.path) is None or file.base is None:
        return False
    return file.head is None or isinstance(key_changes(file.path, file.base, file.head), Unreadable)
