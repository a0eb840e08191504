"""Which firing recipes become proposals now, and for all others the reason why not (pure)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never

from bot.ledger.holds import Hold, HoldKind, hold_on, holds, told
from bot.ledger.lifecycle import Stage, Standing, ended, working
from bot.model.change import Affected, Change, FileEdit, KeyChange
from bot.model.clock import format_time
from bot.model.event import Mark
from bot.model.names import ChangeId, RecipeId
from bot.model.queue import Queued, WaitsFor
from bot.model.recipe import Recipe
from bot.model.record import NEUTRAL, Phase, Record
from bot.model.settings import Policy
from bot.model.switch import LIFT, Switch
from bot.propose.budget import Full, Kind, needs_people, opened, queue_of
from bot.propose.calendar import closed_because
from bot.propose.change import change_id
from bot.propose.desired import block_of, files_before, path_of, targets_of
from bot.propose.impact import out_of_range, stakes_of
from bot.propose.redline import Refused, set_value
from bot.propose.wishes import Content, changes_asked

FIRST_EPISODE = "first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the plan depends on; `files` are those below `patches/` on the base, by path.

    `affected` is how many people each recipe's evidence counts, where it counts any.
    `switch` is what people have stopped; where a recipe is only rehearsed, nothing is. `taken` are the targets of
    what this run brings back, each with the words for it. `landed` are the changes that are on the base although no
    record says so: a gate was killed right after its merge, or is at it.
    """

    files: Mapping[str, bytes]
    records: tuple[Record, ...]
    policy: Policy
    muted: frozenset[RecipeId]
    now: datetime
    switch: Switch = field(default_factory=Switch)
    affected: Mapping[RecipeId, Affected] = field(default_factory=dict)
    taken: Mapping[str, str] = field(default_factory=dict)
    landed: frozenset[ChangeId] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A firing recipe that is not proposed, and why.

    `waits_for` tells what it waits for if it is in the queue, and is proposed once that has come.
    """

    recipe: RecipeId
    mark: Mark
    sentence: str
    hint: str = ""
    change: ChangeId | None = None
    waits_for: WaitsFor | None = None


Planned = Change | Held


def plan(firing: Iterable[Recipe], situation: Situation) -> tuple[Planned, ...]:
    """Decide on every firing recipe: `proposals_per_run` become changes at most, one per target, the urgent first."""
    recipes = tuple(firing)
    planned: dict[RecipeId, Planned] = {}
    standing = holds(situation.records, situation.policy.breaker)
    taken = dict(situation.taken)
    counted = opened(situation.records, situation.policy)
    for recipe in sorted(recipes, key=lambda recipe: not recipe.urgent):
        decided = _hold(recipe, situation, standing) or draft(recipe, situation)
        if isinstance(decided, Change):
            stakes = stakes_of(recipe, files_before(decided), situation.affected.get(recipe.id))
            waits = needs_people(decided.keys, recipe, situation.policy, stakes)
            kind = counted.admit(situation.policy, needs_people=waits, urgent=recipe.urgent)
            decided = _admitted(decided, kind)
            if isinstance(decided, Change):
                decided = _limit(decided, planned.values(), taken, situation.policy.proposals_per_run)
            if isinstance(decided, Change) and isinstance(kind, Kind):
                counted = counted.plus(kind, situation.now)
                taken |= dict.fromkeys(decided.targets, f"the proposal of {recipe.id} in this run")
        planned[recipe.id] = decided
    return tuple(planned[recipe.id] for recipe in recipes)


def _hold(recipe: Recipe, situation: Situation, standing: tuple[Hold, ...]) -> Held | None:
    """Give the first reason that has nothing to do with the values."""
    if situation.policy.paused:
        hint = "set `paused: false` in pow/settings/policy.yml"
        return _wait(recipe, f"{recipe.id} fires, but the policy pauses all proposals", hint=hint)
    if (stop := situation.switch.against(recipe.id, targets_of(recipe))) is not None:
        return _wait(recipe, f"{recipe.id} fires, but {stop.sentence}", hint=LIFT)
    if recipe.id in situation.muted:
        return Held(recipe=recipe.id, mark=Mark.NOTE, sentence=f"{recipe.id} fires, but it is muted in the settings")
    own = [each for each in working(situation.records) if each.recipe == recipe.id]
    if own:
        return _still_open(recipe, own[-1])
    return on_hold(recipe, standing) or _resting(recipe, situation) or _closed(recipe, situation)


def _still_open(recipe: Recipe, standing: Standing) -> Held:
    match standing.stage:
        case Stage.PROPOSED | Stage.APPROVED:
            sentence = f"{recipe.id} fires and is proposed already in pull request {standing.pull}"
        case Stage.MERGED | Stage.DEPLOYED:
            sentence = f"{recipe.id} fires while its change {standing.change} is being rolled out"
        case Stage.SYNCED | Stage.WATCHING:
            sentence = f"{recipe.id} fires while its change {standing.change} is under watch"
        case Stage.REVERTING | Stage.RESTING | Stage.CLOSED:
            sentence = f"{recipe.id} fires while its change {standing.change} is taken back"
        case _:
            assert_never(standing.stage)
    return Held(recipe=recipe.id, mark=Mark.NOTE, sentence=sentence, change=standing.change)


def on_hold(recipe: Recipe, standing: tuple[Hold, ...]) -> Held | None:
    """Propose nothing where a rollback or the breaker put things on hold; editing a recipe lifts its own."""
    kept = (each for each in standing if not _is_answered(recipe, each))
    hold = hold_on(kept, targets_of(recipe))
    if hold is None:
        return None
    hint = f'`pow resume {hold.target} --reason "..."` lifts it'
    if hold.kind is not HoldKind.BREAKER and hold.recipe == recipe.id:
        hint = f"edit {recipe.path} and raise its version, or {hint}"
    return _wait(recipe, f"{recipe.id} fires, but {told(hold)}; it stays on hold", hint=hint, change=hold.change)


def _is_answered(recipe: Recipe, hold: Hold) -> bool:
    """Tell whether a recipe was edited after its own change was taken back."""
    return hold.kind is not HoldKind.BREAKER and hold.recipe == recipe.id and hold.recipe_digest != recipe.digest


def _resting(recipe: Recipe, situation: Situation) -> Held | None:
    """Respect how the last change ended that somebody had a say in, unless the recipe was edited since."""
    over = (each for each in ended(situation.records, recipe.id) if each.outcome not in NEUTRAL)
    last = next((each for each in reversed(tuple(over)) if each.stage is Stage.CLOSED), None)
    if last is None or _recipe_digest(situation.records, last.change) != recipe.digest:
        return None
    if last.outcome == "failed":
        sentence = f"{recipe.id} fires, but its last change {last.change} failed; it stays on hold"
        hint = f"edit {recipe.path} and raise its version to lift the hold"
        return _wait(recipe, sentence, hint=hint, change=last.change)
    ready = last.updated_at + recipe.cooldown
    if last.outcome in {"rejected", "expired"} and situation.now < ready:
        sentence = (
            f"{recipe.id} fires, but change {last.change} was {last.outcome}; it rests until {format_time(ready)}"
        )
        hint = f"edit {recipe.path} to propose something else sooner"
        return _wait(recipe, sentence, hint=hint, change=last.change)
    return None


def _closed(recipe: Recipe, situation: Situation) -> Held | None:
    """Respect the hours and days on which nothing may begin."""
    why = closed_because(situation.policy.calendar, situation.now)
    if why is None:
        return None
    hint = "it is proposed once the calendar in pow/settings/policy.yml allows it"
    held = _wait(recipe, f"{recipe.id} fires, but the calendar is closed: {why}", hint=hint)
    return replace(held, waits_for=WaitsFor.CALENDAR)


def episode_of(records: Iterable[Record], recipe: RecipeId) -> str:
    """Return what tells this firing of a recipe from the one before: the change that ended the last one."""
    before = ended(records, recipe)
    return before[-1].change if before else FIRST_EPISODE


def _recipe_digest(records: Iterable[Record], change: ChangeId) -> object:
    return next(
        (r.facts.get("recipe_digest") for r in records if r.change == change and r.phase is Phase.PROPOSED), ""
    )


def draft(recipe: Recipe, situation: Situation, *, episode: str | None = None) -> Planned:
    """Turn a recipe's wishes into edits of the files as they stand; `episode` is the present one if left out."""
    keys = changes_asked(recipe, situation.files, situation.policy)
    match keys:
        case Refused():
            return Held(recipe=recipe.id, mark=Mark.FAILURE, sentence=keys.reason, hint=keys.hint)
        case Content():
            return _wait(recipe, f"{recipe.id} fires, but {keys.reason}", hint=keys.hint)
    if refusals := out_of_range(keys, situation.policy.ranges):
        hint = f"edit {recipe.path}, or the ranges in pow/settings/policy.yml"
        return Held(recipe=recipe.id, mark=Mark.FAILURE, sentence=refusals[0], hint=hint)
    if (busy := _busy(keys, situation.records)) is not None:
        sentence = f"{recipe.id} fires, but change {busy.change} of {busy.recipe} works on the same target"
        held = _wait(recipe, sentence, hint="it is proposed once that change is closed", change=busy.change)
        return replace(held, waits_for=WaitsFor.TARGET)
    return _change(recipe, keys, situation, episode or episode_of(situation.records, recipe.id))


def _change(recipe: Recipe, keys: tuple[KeyChange, ...], situation: Situation, episode: str) -> Planned:
    edits: dict[str, FileEdit] = {}
    for key in keys:
        path = path_of(key.target)
        edit = edits.get(path) or FileEdit(path=path, before=situation.files[path], after=situation.files[path])
        edited = set_value(path, edit.after, block_of(key.target, key.key), key.after)
        if isinstance(edited, Refused):
            return Held(recipe=recipe.id, mark=Mark.FAILURE, sentence=edited.reason, hint=edited.hint)
        edits[path] = FileEdit(path=path, before=edit.before, after=edited.after)
    return Change(
        id=change_id(recipe, keys, episode=episode),
        recipe=recipe.id,
        version=recipe.version,
        episode=episode,
        keys=keys,
        edits=tuple(edits.values()),
    )


def _busy(keys: Iterable[KeyChange], records: Iterable[Record]) -> Standing | None:
    targets = {key.target for key in keys}
    return next((standing for standing in working(records) if targets.intersection(standing.targets)), None)


def _limit(change: Change, planned: Iterable[Planned], taken: Mapping[str, str], limit: int) -> Planned:
    """Let one change per target and so many per run through."""
    for target in change.targets:
        if target in taken:
            sentence = f"{change.recipe} fires, but {taken[target]} changes {target} as well"
            return _waiting(change, sentence, "it is proposed once that change is closed", WaitsFor.TARGET)
    if sum(1 for _ in _changes(planned)) >= limit:
        sentence = f"{change.recipe} fires, but this run has made its {limit} proposals already"
        hint = "the next run goes on; `proposals_per_run` in pow/settings/policy.yml is the limit"
        return _waiting(change, sentence, hint, WaitsFor.NEXT_RUN)
    return change


def _waiting(change: Change, sentence: str, hint: str, waits_for: WaitsFor) -> Held:
    return Held(
        recipe=change.recipe, mark=Mark.WAIT, sentence=sentence, hint=hint, change=change.id, waits_for=waits_for
    )


def _admitted(change: Change, kind: Kind | Full) -> Planned:
    """Let a change through while fewer of its kind are open than the policy allows."""
    if isinstance(kind, Kind):
        return replace(change, urgent=kind is Kind.URGENT)
    hint = "decide on some of them, or raise `open_proposals` in pow/settings/policy.yml"
    sentence = f"{change.recipe} fires, but {kind.sentence}"
    return Held(recipe=change.recipe, mark=Mark.WARNING, sentence=sentence, hint=hint, waits_for=WaitsFor(kind.kind))


def queue(held: Iterable[Held], situation: Situation) -> tuple[str, ...]:
    """Say how many firing recipes found no room, and when the last of them is proposed; nothing while none waits."""
    waits = [each.waits_for for each in held if each.waits_for is not None]
    return lengths(waits, situation.records, situation.policy, situation.now)


def lengths(waits: Iterable[WaitsFor], records: tuple[Record, ...], policy: Policy, now: datetime) -> tuple[str, ...]:
    """Say how long the queue is before each limit; what waits for the calendar or a target is in none of these."""
    counted = tuple(waits)
    for_room = [Kind(each.value) for each in counted if each.value in set(Kind)]
    queued = queue_of(counted.count(WaitsFor.NEXT_RUN), for_room)
    return queued.sentences(opened(records, policy), policy, now)


def waiting_now(held: Iterable[Held], now: datetime) -> tuple[Queued, ...]:
    """Return what a run leaves in the queue."""
    return tuple(
        Queued(recipe=each.recipe, waits_for=each.waits_for, since=now, sentence=each.sentence)
        for each in held
        if each.waits_for is not None
    )


def _changes(planned: Iterable[Planned]) -> Iterator[Change]:
    return (each for each in planned if isinstance(each, Change))


def _wait(recipe: Recipe, sentence: str, *, hint: str, change: ChangeId | None = None) -> Held:
    return Held(recipe=recipe.id, mark=Mark.WAIT, sentence=sentence, hint=hint, change=change)
