"""Looks at the pull requests that the bot did not open, so that its checks can be required ones for everybody."""

from bot.approve.by_hand import decide_by_hand, touches
from bot.approve.gather import Gatherer
from bot.approve.going_back import going_back, taken_back_by
from bot.approve.shown import FORK, NOTHING, show_both, show_gate
from bot.ledger.site import Site
from bot.model.decision import GateDecision
from bot.model.forge import PullRequest
from bot.model.names import CommitSha
from bot.model.record import Record
from bot.model.settings import Policy


def look_at(
    site: Site, gatherer: Gatherer, policy: Policy, pull: PullRequest, *, base: CommitSha, records: tuple[Record, ...]
) -> GateDecision | str | None:
    """Publish both checks on a person's pull request.

    Returns the decision where it changes desired state, why it was refused unseen, or None where there is nothing to
    say: it touches no desired state, or its branch moved while it was read and the next run looks again.
    """
    if pull.same_repository:
        paths = gatherer.touched(pull, base)
        if paths is None:
            return None
    else:
        paths = frozenset(file.path for file in site.forge.files(pull.number))
    if not touches(paths):
        show_both(site.forge, pull.head, NOTHING)
        return None
    if not pull.same_repository:
        show_both(site.forge, pull.head, FORK)
        return FORK.sentence
    facts = gatherer.facts(pull, base=base, records=records)
    changed = frozenset(file.path for file in facts.files)
    former = taken_back_by(site.repository, records, base=base, head=pull.head, paths=changed)
    way = going_back(former, records, pull.number, from_here=True) if former is not None else None
    decision = decide_by_hand(facts, policy, site.now, way)
    show_gate(site.forge, decision)
    return decision
