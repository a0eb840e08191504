"""Opens an issue where the circuit breaker tripped, once for each time."""

from collections.abc import Iterable
from datetime import timedelta

from bot.ledger.holds import EVERYTHING, Hold, HoldKind, holds, told
from bot.ledger.lifecycle import open_changes
from bot.ledger.site import Site
from bot.model.errors import ForgeError
from bot.model.event import Event, Mark, Step
from bot.model.limits import Breaker
from bot.model.record import Record
from bot.report.breaker import BREAKER_LABEL, Tripped, breaker_body, breaker_marker, breaker_title

_LOOK_BACK = timedelta(days=1)


def tripped_now(records: Iterable[Record], breaker: Breaker) -> tuple[Hold, ...]:
    """Return the open breakers whose last rollback is still under way: of the others the issue is there."""
    known = tuple(records)
    tripped = [hold for hold in holds(known, breaker) if hold.kind is HoldKind.BREAKER]
    under_way = {each.change for each in open_changes(known)} if tripped else set()
    return tuple(hold for hold in tripped if hold.change in under_way)


def tell_breakers(site: Site, breaker: Breaker) -> list[Event]:
    """Tell people where so many rollbacks began that the bot stops proposing."""
    events = []
    for hold in tripped_now(site.ledger.records(), breaker):
        hint = f'when it is understood: `pow resume {hold.target} --reason "..."`'
        sentence = _tell(site, hold, breaker)
        events.append(Event(step=Step.MONITOR, mark=Mark.WARNING, sentence=sentence, change=hold.change, hint=hint))
    return events


def _tell(site: Site, hold: Hold, breaker: Breaker) -> str:
    """Make sure that there is an issue, and say which; a refusal of the forge is said, too, and stops nothing."""
    tripped = Tripped(
        target=None if hold.target == EVERYTHING else hold.target,
        change=hold.change,
        rollbacks=hold.rollbacks,
        within=breaker.within,
        since=hold.since,
        command=f'pow resume {hold.target} --reason "..."',
    )
    try:
        number = site.forge.open_issue(
            marker=breaker_marker(tripped),
            title=breaker_title(tripped),
            body=breaker_body(tripped),
            labels=(BREAKER_LABEL,),
            since=hold.since - _LOOK_BACK,
        )
    except ForgeError as error:
        return f"{told(hold)}; no issue could be opened: {error.message}"
    return f"{told(hold)}: see issue #{number}"
