"""Which incidents are settled: those of which nothing stands on the branch any more, or nothing that is not live.

Nobody's word settles one: it follows from Git and from what the gateway shows. See bot/approve/incident.py.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bot.approve.incident import open_incidents, settle_incident
from bot.deploy import messages
from bot.deploy.by_hand import ByHand, Landed, differences, standing_by_hand
from bot.deploy.desired import is_desired_state
from bot.deploy.pending import Ungated
from bot.deploy.work import Run, live_values, merge_facts
from bot.model.errors import BotError
from bot.model.event import Event
from bot.model.names import CommitSha

GONE = "nothing of what it set stands on the branch any more"
LIVE = "what stands of it on the branch is live now"


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What came past the gate among the newest commits, which is all that incidents are held against.

    `by_hand` are a person's commits on the desired state; `rebased` those of them that came with an ungated one.
    """

    ungated: tuple[Ungated, ...]
    by_hand: tuple[CommitSha, ...]
    rebased: Mapping[CommitSha, Ungated]


def settle(work: Run, past: Past) -> Iterator[Event]:
    """Close the incidents that are settled; where nothing came past the gate of late, nothing is asked."""
    if not past.ungated and not past.by_hand:
        return
    for subject, number in sorted(open_incidents(work.site).items()):
        try:
            why = _settled_because(work, past, subject)
            if why is not None and settle_incident(work.site, subject, number, why):
                yield messages.settled(number, why)
        except BotError as error:
            yield messages.not_settled(number, error)


def _settled_because(work: Run, past: Past, subject: str) -> str | None:
    """Say why an incident is settled; None while it is not, or where its commits are not among the newest."""
    ungated = [each.commit for each in past.ungated if subject in {each.change, each.commit}]
    followers = [commit for commit, first in past.rebased.items() if subject == first.change]
    own = [commit for commit in past.by_hand if commit == subject]
    if not (ungated or followers or own):
        return None
    if any(list(_standing(work, commit)) for commit in ungated):
        return None
    standing = [each for commit in dict.fromkeys((*own, *followers)) for each in _standing(work, commit)]
    if any(differences(each, live_values(work.gateway, each.desired)) for each in standing):
        return None
    return LIVE if standing else GONE


def _standing(work: Run, commit: CommitSha) -> Iterable[ByHand]:
    """Yield what of a commit's values stands at the head, target by target, whether it is live or not."""
    facts, head = merge_facts(work, commit), work.history[0].sha
    files = tuple(file for file in facts.files if is_desired_state(file.path))
    landed = Landed(commit=commit, is_merge=len(facts.commit.parents) > 1, by_hand=True, files=files)
    for file in files:
        content = work.site.repository.read(file.path, head)
        if content is not None:
            yield from standing_by_hand(file.path, content, (landed,))
