"""Step 6: brings the external systems in step with what was deployed, and records it."""

from collections.abc import Mapping

from bot.ledger.site import Site
from bot.model.deployment import Synced
from bot.model.errors import BotError
from bot.model.event import Event, Mark, Step
from bot.model.json import Json
from bot.model.record import Draft, Phase
from bot.model.settings import SyncSpec
from bot.sync.plan import Outstanding, Push, plan_sync
from bot.sync.port import Adapter

_Pushed = dict[tuple[str, str], Synced | BotError]


def synchronise(site: Site, *, syncs: tuple[SyncSpec, ...], adapters: Mapping[str, Adapter]) -> tuple[Event, ...]:
    """Push to every system that is behind; a change is recorded as synced once all of its systems are.

    One failing system does not stop the others. Every push is idempotent, so a killed run is simply run again.
    """
    pushed: _Pushed = {}
    return tuple(
        event
        for outstanding in plan_sync(site.ledger.records(), syncs)
        for event in _settle(site, outstanding, adapters, pushed)
    )


def _settle(
    site: Site, outstanding: Outstanding, adapters: Mapping[str, Adapter], pushed: _Pushed
) -> tuple[Event, ...]:
    fresh = [push for push in outstanding.pushes if _key(push) not in pushed]
    for push in fresh:
        pushed[_key(push)] = _perform(push, adapters)
    outcomes = [(push, pushed[_key(push)]) for push in outstanding.pushes]
    events = [_event(outstanding, push, pushed[_key(push)]) for push in fresh]
    synced = [outcome for _, outcome in outcomes if isinstance(outcome, Synced)]
    if len(synced) < len(outcomes):
        waiting = sorted({push.system for push, outcome in outcomes if not isinstance(outcome, Synced)})
        sentence = f"not in step yet: {', '.join(waiting)}"
        return (*events, Event(step=Step.DEPLOY, mark=Mark.WAIT, sentence=sentence, change=outstanding.change))
    try:
        return (*events, _record(site, outstanding, synced))
    except BotError as error:
        return (*events, _failure(outstanding, error))


def _key(push: Push) -> tuple[str, str]:
    return push.system, push.item.service


def _perform(push: Push, adapters: Mapping[str, Adapter]) -> Synced | BotError:
    try:
        return adapters[push.system].push(push.item)
    except BotError as error:
        return error


def _record(site: Site, outstanding: Outstanding, synced: list[Synced]) -> Event:
    systems: list[Json] = [{"name": each.name, "version": each.version, "digest": each.digest} for each in synced]
    site.ledger.append(
        Draft(
            change=outstanding.change,
            phase=Phase.SYNCED,
            at=site.now,
            facts={"merge": outstanding.merge, "systems": systems},
            key=outstanding.merge,
        )
    )
    names = ", ".join(dict.fromkeys(each.name for each in synced))
    sentence = f"in step: {names}" if names else "no external system shows what was changed"
    return Event(
        step=Step.DEPLOY, mark=Mark.DONE, sentence=sentence, change=outstanding.change, data={"systems": systems}
    )


def _failure(outstanding: Outstanding, error: BotError, subject: str = "") -> Event:
    return Event(
        step=Step.DEPLOY,
        mark=Mark.FAILURE,
        sentence=error.message,
        change=outstanding.change,
        subject=subject,
        hint=error.hint,
    )


def _event(outstanding: Outstanding, push: Push, outcome: Synced | BotError) -> Event:
    if isinstance(outcome, BotError):
        return _failure(outstanding, outcome, push.system)
    newer = outcome.version > push.item.version
    sentence = (
        f"{push.system} already shows a newer version, {outcome.version}"
        if newer
        else f"{push.system} shows version {outcome.version} of {push.item.service}"
    )
    return Event(
        step=Step.DEPLOY,
        mark=Mark.NOTE if newer else Mark.DONE,
        sentence=sentence,
        change=outstanding.change,
        subject=push.system,
    )
