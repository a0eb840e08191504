"""How a proposal ends that is closed without a merge: time ends it, or somebody who may decide rejects it.

On a forge, whoever has triage access may close a pull request, and so may an app. Who did is asked for in that moment
only: docs/adr/0026-refresh-and-closing.md.
"""

from collections.abc import Iterable

from bot.approve.facts import GateFacts, RecordedProposal
from bot.approve.records import EXPIRED, REJECTED, closed, decided, has_result, outcome_of
from bot.ledger.site import Site
from bot.model.decision import GateDecision
from bot.model.forge import Actor, ActorKind, Permission, PullRequest, PullState
from bot.model.json import Json
from bot.model.names import CommitSha
from bot.model.record import REOPENED, SUPERSEDED, UNDECIDED, Draft, Phase, Record
from bot.model.settings import Policy
from bot.report.closing import closing_marker, not_rejected_comment
from bot.report.untrusted import visible

_COUNT = "closings"


def may_reject(closer: Actor | None, permission: Permission) -> bool:
    """Tell whether a closing is a no: by a person who has write access now."""
    return closer is not None and closer.kind is ActorKind.USER and permission.can_write


def is_to_reopen(own: Iterable[Record], closings: int) -> bool:
    """Tell whether a pull request that was closed so often is opened again: once, and for as long as that takes.

    A run that died after it had recorded that sees the same count; whoever closes it after that raises the count.
    """
    counts = [record.facts.get(_COUNT) for record in own if record.facts.get("result") == REOPENED]
    known = [count for count in counts if isinstance(count, int)]
    return closings > 0 and (not known or closings == max(known))


def conclude(
    site: Site, pull: PullRequest, proposed: RecordedProposal, own: tuple[Record, ...], *, is_past: bool
) -> str:
    """Record how it ended, or open it again where nobody has said no who may; returns what was done.

    `is_past` says that it could not merge any more when it was closed.
    """
    outcome = SUPERSEDED if is_past else outcome_of(own)
    if outcome == REJECTED:
        closings = site.forge.closings(pull.number)
        closer = closings[-1] if closings else None
        if not may_reject(closer, _rights(site, closer)):
            who = visible(closer.login, limit=100) if closer else "an account that the forge does not tell"
            if is_to_reopen(own, len(closings)):
                return _reopen(site, pull, proposed, count=len(closings), who=who)
            outcome = UNDECIDED
    site.ledger.append(closed(proposed.change, pull, outcome=outcome, at=site.now))
    return f"closed without a merge: {outcome}"


def expire(site: Site, policy: Policy, decision: GateDecision, facts: GateFacts, proposed: RecordedProposal) -> str:
    """Close what nobody decided on; the decision is recorded first, so that a dead run is not a rejection."""
    at, pull = site.now, facts.pull
    if not has_result(site.ledger.of(proposed.change), EXPIRED):
        site.ledger.append(decided(decision, facts, policy, at=at, result=EXPIRED))
    site.forge.edit_pull(pull.number, state=PullState.CLOSED)
    site.ledger.append(closed(proposed.change, pull, outcome=EXPIRED, at=at))
    return "closed: nobody decided in time"


def _rights(site: Site, closer: Actor | None) -> Permission:
    is_person = closer is not None and closer.kind is ActorKind.USER
    return site.forge.permission(closer.login) if closer is not None and is_person else Permission.NONE


def _reopen(site: Site, pull: PullRequest, proposed: RecordedProposal, *, count: int, who: str) -> str:
    """Decide so first, then say so and open it: a run that dies in between is continued by the next."""
    sentence = f"{who} closed it, who may not decide on it"
    facts: dict[str, Json] = {"result": REOPENED, "pull": pull.number, "sentence": sentence, _COUNT: count}
    key = f"{REOPENED}:{_COUNT}:{count}"
    site.ledger.append(Draft(change=proposed.change, phase=Phase.DECIDED, at=site.now, facts=facts, key=key))
    marker = closing_marker(proposed.change)
    site.forge.put_comment(pull.number, marker=marker, body=not_rejected_comment(sentence))
    if site.repository.head(pull.head_branch) is None:
        site.forge.create_branch(pull.head_branch, CommitSha(pull.head))
    site.forge.edit_pull(pull.number, state=PullState.OPEN)
    return f"open again: {sentence}"
