"""Closes a pull request whose change has given way to another or has nothing left to do, unless people stand by it.

The detector decides that, and the ledger holds it; the gate sees what people have made of the pull request meanwhile.
"""

from collections.abc import Iterable, Mapping

from bot.approve.facts import GateFacts, RecordedProposal
from bot.approve.records import closed
from bot.ledger.site import Site
from bot.model.forge import ActorKind, PullRequest, PullState, ReviewState
from bot.model.json import Json
from bot.model.record import KEPT, NEUTRAL, OBSOLETE, SUPERSEDED, Draft, Phase, Record
from bot.report.closing import closing_comment, closing_marker, staying_comment


def retirement(records: Iterable[Record], proposed: RecordedProposal | None) -> Record | None:
    """Return the decision to close a change, if that is the newest one on it."""
    own = [each for each in records if proposed is not None and each.change == proposed.change]
    decisions = [each for each in own if each.phase is Phase.DECIDED]
    return decisions[-1] if decisions and decisions[-1].facts.get("result") in NEUTRAL else None


def stands_by(facts: GateFacts, decision: Record) -> str:
    """Say who keeps a pull request open by what they did on it; empty where nobody does.

    A commit of a person is never thrown away. Approvals keep open what has nothing left to do, but not what no longer
    fits the base: that cannot merge.
    """
    if facts.added_commits:
        return "somebody has committed on its branch"
    if decision.facts.get("result") != OBSOLETE or decision.facts.get("recipe_gone") is True:
        return ""
    people = sorted(
        review.author.login
        for review in facts.reviews
        if review.state is ReviewState.APPROVED
        and review.commit == facts.pull.head
        and review.author is not None
        and review.author.kind is ActorKind.USER
    )
    return f"{', '.join(people)} approved it" if people else ""


def retire(site: Site, pull: PullRequest, proposed: RecordedProposal, decision: Record) -> str:
    """Say why, close the pull request, and record its end where it has one; returns what was done.

    One that is obsolete keeps its change: it may return. What somebody merged in this very moment stays merged.
    """
    marker = closing_marker(proposed.change)
    site.forge.put_comment(pull.number, marker=marker, body=closing_comment(decision))
    site.forge.edit_pull(pull.number, state=PullState.CLOSED)
    if site.forge.pull(pull.number).merged:
        return "merged while it was to be closed; the next run records that"
    if decision.facts.get("result") == SUPERSEDED:
        site.ledger.append(closed(proposed.change, pull, outcome=SUPERSEDED, at=site.now))
    return f"closed: {decision.facts.get('sentence')}"


def keep(site: Site, pull: PullRequest, proposed: RecordedProposal, decision: Record, why: str) -> None:
    """Say on a pull request that would be closed why it stays open, then leave what had nothing left to do to people.

    Whoever closes that from then on decides, so it does not come back by itself.
    """
    marker = closing_marker(proposed.change)
    site.forge.put_comment(pull.number, marker=marker, body=staying_comment(decision, why))
    if decision.facts.get("result") == OBSOLETE:
        facts: Mapping[str, Json] = {"result": KEPT, "pull": pull.number, "sentence": f"it stays open: {why}"}
        key = f"{KEPT}:{decision.digest}"
        site.ledger.append(Draft(change=proposed.change, phase=Phase.DECIDED, at=site.now, facts=facts, key=key))
