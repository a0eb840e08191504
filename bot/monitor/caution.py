"""Why a rollback that could be made is only proposed, and how many may be begun: from records and policy (pure).

Each reason is one that the bot cannot weigh, so a person does: a draft says them all.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.ledger.holds import EVERYTHING, HoldKind, holds
from bot.ledger.lifecycle import Stage, standings, targets_of
from bot.model.clock import format_time
from bot.model.json import Json
from bot.model.names import ChangeId, Login
from bot.model.record import Phase, Record
from bot.model.settings import Policy
from bot.monitor.edited import RecipeSince
from bot.propose.change import rollback_id

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a rollback is weighed against; `reserved_by` asked beforehand that it be only proposed.

    `reserved_because` is what a label asks of it, or that nobody can tell what it asks.

    `recipe_since` is what became of the recipe that the change was approved under, which its rules are read from.
    """

    change: ChangeId
    targets: tuple[str, ...]
    effective_at: datetime
    records: tuple[Record, ...]
    policy: Policy
    now: datetime
    reserved_by: Login | None = None
    reserved_because: str | None = None
    recipe_since: RecipeSince = RecipeSince.SAME


def cautions(around: Surroundings) -> tuple[str, ...]:
    """Return every reason for a draft, in one order."""
    return tuple(_reasons(around))


def begun_within_a_day(records: tuple[Record, ...], now: datetime, *, but: ChangeId) -> tuple[Record, ...]:
    """Return the intents of the last 24 hours; what a clock set back puts into the future counts, too."""
    return tuple(
        record
        for record in records
        if record.phase is Phase.REVERTED and record.at > now - _DAY and record.change != but
    )


def drafted(intent: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the reasons for a draft that an intent holds."""
    listed = intent.get("draft_because")
    return tuple(str(each) for each in listed) if isinstance(listed, list | tuple) else ()


def _reasons(around: Surroundings) -> Iterator[str]:
    policy, limits = around.policy, around.policy.rollbacks
    if around.reserved_by is not None:
        yield f"{around.reserved_by} asked to be asked first"
    if around.reserved_because is not None:
        yield around.reserved_because
    if around.recipe_since is RecipeSince.EDITED:
        yield "its recipe was edited on the base branch since the merge: it may ask for something else by now"
    if around.recipe_since is RecipeSince.GONE:
        yield "its recipe is no longer on the base branch, or cannot be read there"
    if around.now >= around.effective_at + limits.max_age:
        yield f"the change is live since {format_time(around.effective_at)}, longer than the policy's `max_age`"
    begun = begun_within_a_day(around.records, around.now, but=around.change)
    alone = sum(1 for each in begun if not drafted(each.facts))
    if alone >= policy.rollbacks_per_day:
        yield f"{alone} rollbacks in a day went their way already: that is the limit of the policy"
    yield from _lately(around)
    yield from _on_the_way(around)
    yield from _broken(around)


def _lately(around: Surroundings) -> Iterator[str]:
    """One rollback of a target per cool-down: a second one so soon may be the swing of a loop."""
    targets = _targets_by_change(around.records)
    for record in around.records:
        recent = record.at > around.now - around.policy.rollbacks.cooldown
        if record.phase is not Phase.REVERTED or record.change == around.change or not recent:
            continue
        for target in sorted(set(targets.get(record.change, ())) & set(around.targets)):
            yield f"{target} was taken back at {format_time(record.at)} already, with change {record.change}"


def _on_the_way(around: Surroundings) -> Iterator[str]:
    """A target is settled once nothing else is on its way to it."""
    own = {around.change, rollback_id(around.change)}
    for each in standings(around.records):
        if each.change in own or each.stage not in {Stage.APPROVED, Stage.MERGED}:
            continue
        for target in sorted(set(each.targets) & set(around.targets)):
            yield f"change {each.change} of {each.recipe} is on its way to {target}"


def _broken(around: Surroundings) -> Iterator[str]:
    """An open breaker stops what the bot does without people; a rollback that tripped it still goes its way."""
    for hold in holds(around.records, around.policy.breaker):
        if hold.kind is HoldKind.BREAKER and hold.target in {EVERYTHING, *around.targets}:
            where = "everything" if hold.target == EVERYTHING else hold.target
            yield f"{hold.rollbacks} rollbacks tripped the circuit breaker of {where}"


def _targets_by_change(records: tuple[Record, ...]) -> Mapping[ChangeId, tuple[str, ...]]:
    return {each.change: targets_of(each.facts.get("keys")) for each in records if each.phase is Phase.PROPOSED}
