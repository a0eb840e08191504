"""`/bring-back`: after a rollback that did not help, one comment of a person lets the change be proposed anew.

It lifts the hold, as `pow resume` does, and starts a detection. What follows is a proposal like any other, on a
branch of its own and through the whole gate. The comment is looked for while such a hold stands, and never otherwise;
lifted, it stands no more, so that it is answered once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.ledger.holds import EVERYTHING, Hold, HoldKind, holds, told
from bot.ledger.site import Site
from bot.model.errors import BotError, ForgeError
from bot.model.event import Event, Mark, Step
from bot.model.limits import Breaker
from bot.model.names import ChangeId, CommitSha, PullNumber, RecipeId
from bot.model.record import Phase, Record
from bot.model.settings import Policy
from bot.model.verdict import Recovery
from bot.monitor.act import first_who_may
from bot.monitor.answer import BRING_BACK, wishes_back
from bot.monitor.resume import lifted
from bot.propose.desired import path_of
from bot.report.bring_back import bring_back_marker, brought_back_comment, not_brought_back_comment

DETECT = "detect.yml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A change whose rollback did not help, while its targets rest on account of it.

    `pull` and `merge` are those of the rollback; `against` is what of the ledger speaks against bringing it back.
    """

    change: ChangeId
    recipe: RecipeId
    pull: PullNumber
    merge: CommitSha
    since: datetime
    holds: tuple[Hold, ...]
    against: str = ""

    @property
    def targets(self) -> tuple[str, ...]:
        """What rests."""
        return tuple(hold.target for hold in self.holds)


def offers(records: tuple[Record, ...], breaker: Breaker) -> tuple[Offer, ...]:
    """Return what may be asked back, in order of the closings of the rollbacks, by whomever they were made (pure)."""
    closed = [each for each in records if _did_not_help(each)]
    if not closed:
        return ()
    standing, found = holds(records, breaker), list[Offer]()
    latest = {(each.change, each.phase): each.facts for each in records}
    for record in closed:
        proposed = latest.get((record.change, Phase.PROPOSED), {})
        original, pull = proposed.get("rollback_of"), proposed.get("pull")
        merge = latest.get((record.change, Phase.MERGED), {}).get("merge")
        own = tuple(hold for hold in standing if hold.change == original and hold.target != EVERYTHING)
        if not own or not isinstance(pull, int) or not isinstance(merge, str):
            continue
        resting = {EVERYTHING, *(hold.target for hold in own)}
        tripped = [hold for hold in standing if hold.kind is HoldKind.BREAKER and hold.target in resting]
        offer = Offer(
            change=own[0].change,
            recipe=own[0].recipe,
            pull=PullNumber(pull),
            merge=CommitSha(merge),
            since=record.at,
            holds=own,
            against=told(tripped[0]) if tripped else "",
        )
        found.append(offer)
    return tuple(found)


def bring_back(site: Site, policy: Policy, base: CommitSha) -> Iterator[Event]:
    """Answer what people ask back; what cannot be read is asked again by the next run."""
    for offer in offers(site.ledger.records(), policy.breaker):
        try:
            yield from _answered(site, policy, base, offer)
        except BotError as error:
            sentence = f"whether somebody wants it back cannot be read: {error.message}"
            yield _event(offer, Mark.WARNING, sentence, hint=error.hint)


def _answered(site: Site, policy: Policy, base: CommitSha, offer: Offer) -> Iterator[Event]:
    asked = wishes_back(site.forge.comments(offer.pull), offer.since, policy)
    person = first_who_may(site, asked)
    if person is None:
        return
    marker = bring_back_marker(offer.change)
    if why := offer.against or _changed_since(site, base, offer):
        body = not_brought_back_comment(person, why, offer.targets)
        site.forge.put_comment(offer.pull, marker=marker, body=body)
        hint = f'look at it, then `pow resume {offer.targets[0]} --reason "..."`'
        yield _event(offer, Mark.WARNING, f"{person} wants it back, but {why}", hint=hint)
        return
    site.forge.put_comment(offer.pull, marker=marker, body=brought_back_comment(person, offer.recipe, offer.targets))
    reason = f"{BRING_BACK} on pull request {offer.pull}"
    site.ledger.append_all([lifted(site, hold, by=person, reason=reason) for hold in offer.holds])
    yield _event(offer, Mark.DONE, f"{person} wants it back: {', '.join(offer.targets)} may go on{_started(site)}")


def _changed_since(site: Site, base: CommitSha, offer: Offer) -> str:
    """Say what of its targets somebody has changed since the rollback: then it is no longer the same question."""
    read = site.repository.read
    paths = [path_of(target) for target in offer.targets]
    changed = [path for path in paths if read(path, base) != read(path, offer.merge)]
    return f"{changed[0]} was changed since it was taken back" if changed else ""


def _started(site: Site) -> str:
    """Start a detection; where that is refused, its schedule comes to it."""
    try:
        site.forge.dispatch(DETECT)
    except ForgeError as error:
        return f"; the detection waits for its schedule: {error.message}"
    return "; its recipe proposes it anew if its bottleneck is still there"


def _did_not_help(record: Record) -> bool:
    return record.phase is Phase.CLOSED and record.facts.get("recovery") == Recovery.NOT_RECOVERED


def _event(offer: Offer, mark: Mark, sentence: str, *, hint: str = "") -> Event:
    return Event(
        step=Step.MONITOR,
        mark=mark,
        sentence=sentence,
        change=offer.change,
        subject=offer.recipe,
        hint=hint,
        data={"pull": offer.pull},
    )
