"""`pow monitor`: measures every change that is live, and acts on the verdict. Gather → decide → act → record."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from bot.approve.footprint import Footprint, footprint_of, is_back
from bot.collect.gather import Collector
from bot.ledger.site import Site
from bot.model.clock import format_time
from bot.model.errors import BotError
from bot.model.event import Event, Mark, Step, StepReport
from bot.model.forge import PullRequest, PullState
from bot.model.json import Json
from bot.model.names import ChangeId, CommitSha, Login
from bot.model.record import Draft, Phase
from bot.model.settings import Settings
from bot.model.verdict import Measurement, Recovery, Verdict, VerdictKind
from bot.monitor.act import (
    PERSON_LABEL,
    Undoing,
    complete_rollback,
    find_keeper,
    find_rollback,
    open_rollback,
    plan_undoing,
    support,
    write_intent,
)
from bot.monitor.answer import KEEP
from bot.monitor.breaker import tell_breaker, tripped_now
from bot.monitor.clocks import WatchClock, clock_json
from bot.monitor.observe import Observer, guards_json, measurement_json
from bot.monitor.rollback import AskPerson, TakeBack
from bot.monitor.suspect import newest_first
from bot.monitor.turn import in_turn
from bot.monitor.verdict import WatchFacts, judge, judge_recovery
from bot.monitor.watched import Watched, closing_of, is_recorded, watch_list
from bot.propose.change import rollback_id
from bot.recipes.library import CompiledRecipe
from bot.report.watch import kept_comment, recovery_comment, watch_comment, watch_marker

GATE = "gate.yml"
_HOW_TO_ANSWER = f": comment `{KEEP}` to keep the change, or revert it there"
ROLLED_BACK, KEPT = "rolled_back", "kept"
"""How a change ends that did not succeed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One run of the monitor."""

    site: Site
    settings: Settings
    base: CommitSha
    observer: Observer


def run(
    site: Site,
    *,
    settings: Settings,
    base: CommitSha,
    collector: Collector,
    endpoints: Mapping[str, str],
) -> StepReport:
    """Look at every change under watch once; one that fails does not keep the others from being seen."""
    observer = Observer(
        repository=site.repository,
        settings=settings,
        files=site.repository.read_many("pow/", base),
        endpoints=endpoints,
        collector=collector,
        now=site.now,
    )
    now = Round(site=site, settings=settings, base=base, observer=observer)
    events: list[Event] = []
    for watched in newest_first(watch_list(site.ledger.records())):
        try:
            events += _look(now, watched)
        except BotError as error:
            events.append(_event(watched, Mark.FAILURE, error.message, hint=error.hint))
    if any("opened" in event.data for event in events):
        events += _wake_gate(site)
    events += _tell_breakers(now)
    return StepReport(step=Step.MONITOR, events=tuple(events))


def _wake_gate(site: Site) -> list[Event]:
    """Start the gate for a rollback; where that is refused, its schedule does it later."""
    try:
        site.forge.dispatch(GATE)
    except BotError as error:
        sentence = f"the gate was not started and waits for its schedule: {error.message}"
        return [Event(step=Step.MONITOR, mark=Mark.WARNING, sentence=sentence, hint=error.hint)]
    return []


def _tell_breakers(now: Round) -> list[Event]:
    """Tell people where so many rollbacks began that the bot stops proposing."""
    site, breaker = now.site, now.settings.policy.breaker
    events = []
    for hold in tripped_now(site.ledger.records(), breaker):
        sentence = tell_breaker(site, hold, breaker)
        hint = f'when it is understood: `pow resume {hold.target} --reason "..."`'
        events.append(Event(step=Step.MONITOR, mark=Mark.WARNING, sentence=sentence, change=hold.change, hint=hint))
    return events


def _look(now: Round, watched: Watched) -> list[Event]:
    if watched.rollback_of is not None:
        return _see_whether_it_helped(now, watched, watched.rollback_of)
    if watched.intent is not None:
        return [_go_on_with_rollback(now, watched, watched.intent)]
    footprint = footprint_of(now.site.repository, watched.merge, now.base)
    if is_back(footprint):
        return [_close_taken_back(now, watched)]
    answer = _answer(now, watched)
    if isinstance(answer, str):
        return [_keep(now, watched, answer)]
    unread = [] if answer is None else [answer]
    return [*unread, *_measure(now, watched, footprint)]


def _answer(now: Round, watched: Watched) -> Login | Event | None:
    """Return who wants to keep the change; what cannot be read answers nothing, and the watch goes on."""
    try:
        return find_keeper(now.site, watched, now.settings.policy)
    except BotError as error:
        sentence = f"whether somebody answered cannot be read: {error.message}"
        return _event(watched, Mark.WARNING, sentence, hint=error.hint)


def _measure(now: Round, watched: Watched, footprint: Footprint) -> list[Event]:
    """Measure both rules anew, and act on the verdict."""
    recipe = now.observer.recipe_of(watched)
    undoing = _undoing(now, watched, recipe)
    facts = now.observer.facts(watched, recipe)
    verdict = in_turn(now.site, now.observer, watched, judge(facts, now.site.now))
    undoing = undoing.within(verdict.mode)
    plan = plan_undoing(now.site, undoing, footprint) if verdict.kind is VerdictKind.ROLLBACK else None
    if isinstance(plan, AskPerson):
        verdict = replace(verdict, kind=VerdictKind.ASK, sentence=f"{verdict.sentence}, but {plan.reason}")
    _record(now, facts, verdict)
    _comment(now, watched, recipe, verdict)
    if isinstance(plan, AskPerson) and plan.support is not None:
        support(now.site, plan.support, verdict, watched.pull)
    return _roll_back(now, undoing, plan, verdict) if isinstance(plan, TakeBack) else [_act(now, watched, verdict)]


def _record(now: Round, facts: WatchFacts, verdict: Verdict) -> None:
    now.site.ledger.append(
        Draft(
            change=verdict.change,
            phase=Phase.MEASURED,
            at=now.site.now,
            key=format_time(now.site.now),
            facts={
                "verdict": verdict.kind,
                "sentence": verdict.sentence,
                "success": measurement_json(verdict.success),
                "rollback": measurement_json(verdict.rollback),
                "before": measurement_json(facts.before),
                "armed": verdict.armed,
                "guards": guards_json(verdict.guards),
                "by": verdict.by,
                "clock": clock_json(replace(facts.clock, over=verdict.inconclusive)),
            },
        )
    )


def _comment(now: Round, watched: Watched, recipe: CompiledRecipe, verdict: Verdict) -> None:
    now.site.forge.put_comment(
        watched.pull,
        marker=watch_marker(watched.id),
        body=watch_comment(verdict, recipe.recipe, effective_at=watched.effective_at),
    )


def _act(now: Round, watched: Watched, verdict: Verdict) -> Event:
    match verdict.kind:
        case VerdictKind.SUCCESS:
            _close(now, watched, "success", verdict.sentence, measurement=measurement_json(verdict.success))
            return _event(watched, Mark.DONE, f"success, the loop is closed: {verdict.sentence}", closed="success")
        case VerdictKind.KEEP:
            return _close_kept(now, watched, verdict.sentence)
        case VerdictKind.HOLD:
            return _event(watched, Mark.WAIT, f"watching: {verdict.sentence}")
        case VerdictKind.ASK | VerdictKind.ROLLBACK:  # what the bot has no plan for is a person's
            return _ask(now, watched, verdict.sentence, how=_HOW_TO_ANSWER)
        case _:
            assert_never(verdict.kind)


def _roll_back(now: Round, undoing: Undoing, plan: TakeBack, verdict: Verdict) -> list[Event]:
    intent = write_intent(now.site, undoing.watched, verdict, plan)
    worse = _event(undoing.watched, Mark.WARNING, f"it got worse: {verdict.sentence}")
    return [worse, _opened(undoing, open_rollback(now.site, undoing, plan, intent))]


def _go_on_with_rollback(now: Round, watched: Watched, intent: Mapping[str, Json]) -> Event:
    """Finish what an earlier run began, or see how it ended; a pull request that is there comes before any plan."""
    records, rollback = now.site.ledger.records(), rollback_id(watched.id)
    if is_recorded(records, rollback):
        closing = closing_of(records, rollback)
        if closing is not None:
            return _close_with_rollback(now, watched, closing)
        return _event(watched, Mark.WAIT, f"being rolled back by change {rollback}")
    undoing = _undoing(now, watched, now.observer.recipe_of(watched)).within(intent.get("mode"))
    existing = find_rollback(now.site, undoing)
    return _resume(now, undoing, intent) if existing is None else _adopt(now, undoing, existing)


def _resume(now: Round, undoing: Undoing, intent: Mapping[str, Json]) -> Event:
    """Make the rollback that an earlier run meant to make, unless there is nothing left to take back."""
    watched = undoing.watched
    footprint = footprint_of(now.site.repository, watched.merge, now.base)
    if is_back(footprint):
        return _close_taken_back(now, watched)
    if now.settings.policy.paused:
        return _event(watched, Mark.WARNING, "the rollback was begun and waits, for the policy is paused")
    plan = plan_undoing(now.site, undoing, footprint)
    if isinstance(plan, AskPerson):
        answer = _answer(now, watched)
        if isinstance(answer, str):
            return _keep(now, watched, answer)
        return _ask(now, watched, f"the rollback was begun, but {plan.reason}", how=_HOW_TO_ANSWER)
    return _opened(undoing, open_rollback(now.site, undoing, plan, intent))


def _adopt(now: Round, undoing: Undoing, pull: PullRequest) -> Event:
    """Go on with a pull request that an earlier run opened; one that a person closed since is a veto."""
    if pull.state is PullState.CLOSED and not pull.merged:
        return _close_kept(now, undoing.watched, f"its rollback, pull request {pull.number}, was closed")
    return _opened(undoing, complete_rollback(now.site, undoing, pull))


def _opened(undoing: Undoing, pull: PullRequest) -> Event:
    kind = "draft, a person must look" if pull.draft else "an exact inverse"
    state = "" if pull.state is PullState.OPEN else f" ({pull.state})"
    return _event(
        undoing.watched, Mark.DONE, f"rollback is pull request {pull.number}{state}: {kind}", opened=pull.number
    )


def _see_whether_it_helped(now: Round, watched: Watched, original: ChangeId) -> list[Event]:
    """Measure what a rollback brought, by the recipe that the change it takes back was approved under."""
    first = next((each for each in watch_list(now.site.ledger.records()) if each.id == original), None)
    recipe = now.observer.recipe_of(first or watched)
    changed_at = (first or watched).effective_at
    watch, live = recipe.recipe.watch, watched.effective_at
    by = (first.intent or {}).get("by") if first else None
    measured = now.observer.breach(
        recipe.rule_named(by), now=now.site.now, since=live, changed_at=changed_at, min_samples=watch.min_samples
    )
    clock = now.observer.clock(watched, measured, recipe)
    recovery = judge_recovery(
        measured, effective_at=live, within=watch.recover_within, now=now.site.now, frozen=clock.frozen
    )
    _record_recovery(now, watched, recovery, measured, clock)
    targets = (first or watched).targets
    body = recovery_comment(watched.id, recovery, measured, at=now.site.now, targets=targets)
    now.site.forge.put_comment(watched.pull, marker=watch_marker(watched.id), body=body)
    if recovery is not Recovery.PENDING:
        return _close_both(now, watched, first, recovery, measured)
    if clock.blind or now.site.now >= live + max(watch.recover_within, watch.deadline) + clock.frozen:
        return [_ask(now, watched, f"nothing tells whether the rollback helped: {measured.sentence}")]
    return [_event(watched, Mark.WAIT, f"rolled back; does it help? {measured.sentence}")]


def _record_recovery(
    now: Round, watched: Watched, recovery: Recovery, measured: Measurement, clock: WatchClock
) -> None:
    """Write down one look at a rollback; its clock is where the next look goes on from."""
    facts: Mapping[str, Json] = {
        "verdict": recovery,
        "sentence": measured.sentence,
        "rollback": measurement_json(measured),
        "clock": clock_json(clock),
    }
    draft = Draft(
        change=watched.id, phase=Phase.MEASURED, at=now.site.now, key=format_time(now.site.now), facts=facts
    )
    now.site.ledger.append(draft)


def _close_both(
    now: Round, watched: Watched, first: Watched | None, recovery: Recovery, measured: Measurement
) -> list[Event]:
    """Close a rollback, then the change that it took back."""
    helped = recovery is Recovery.RECOVERED
    what = "recovered after the rollback" if helped else "not recovered, so the change was not the cause"
    sentence = f"{what}: {measured.sentence}"
    _close(now, watched, ROLLED_BACK, sentence, measurement=measurement_json(measured), recovery=recovery)
    event = _event(watched, Mark.DONE if helped else Mark.WARNING, sentence, closed=str(recovery))
    if first is None:
        return [event]
    return [event, _close_with_rollback(now, first, {"outcome": ROLLED_BACK, "recovery": recovery})]


def _close_with_rollback(now: Round, watched: Watched, closing: Mapping[str, Json]) -> Event:
    """Close a change as its rollback was closed; the same words, whichever run comes to it."""
    rollback, ended = rollback_id(watched.id), closing.get("outcome")
    if ended == ROLLED_BACK:
        recovery = closing.get("recovery")
        sentence = f"rolled back by change {rollback}: {recovery}"
        _close(now, watched, ROLLED_BACK, sentence, recovery=recovery)
        return _event(watched, Mark.DONE, sentence, closed=ROLLED_BACK)
    if is_back(footprint_of(now.site.repository, watched.merge, now.base)):
        return _close_taken_back(now, watched)
    return _close_kept(now, watched, f"its rollback {rollback} ended as {ended}")


def _close_taken_back(now: Round, watched: Watched) -> Event:
    """Close a change whose values were put back past the bot."""
    branch = now.site.repository.default_branch()
    sentence = f"taken back by hand: {branch} holds the values from before {watched.merge[:12]} again"
    _close(now, watched, ROLLED_BACK, sentence)
    hint = "the bot deploys nothing that came past its gate: set the live values by hand, too"
    return _event(watched, Mark.WARNING, sentence, hint=hint, closed=ROLLED_BACK)


def _keep(now: Round, watched: Watched, keeper: Login) -> Event:
    """Close a change that a person wants to keep; the comment comes first, for what is closed is not looked at."""
    body = kept_comment(watched.id, keeper, at=now.site.now)
    now.site.forge.put_comment(watched.pull, marker=watch_marker(watched.id), body=body)
    return _close_kept(now, watched, f"{keeper} answered `{KEEP}`", by=keeper)


def _close_kept(now: Round, watched: Watched, why: str, **facts: Json) -> Event:
    """Close a change that people kept although the bot would have taken it back."""
    sentence = f"{why}, so the change is kept"
    _close(now, watched, KEPT, sentence, **facts)
    return _event(watched, Mark.WARNING, sentence, hint="it is not watched any longer", closed=KEPT)


def _close(now: Round, watched: Watched, outcome: str, sentence: str, **more: Json) -> None:
    facts: Mapping[str, Json] = {
        "outcome": outcome,
        "recovery": None,
        "sentence": sentence,
        "measurement": {},
        **more,
    }
    now.site.ledger.append(Draft(change=watched.id, phase=Phase.CLOSED, at=now.site.now, facts=facts))


def _ask(now: Round, watched: Watched, sentence: str, *, how: str = "") -> Event:
    now.site.forge.add_labels(watched.pull, (PERSON_LABEL,))
    hint = f"look at pull request {watched.pull}{how}"
    return _event(watched, Mark.WARNING, f"a person must decide: {sentence}", hint=hint)


def _undoing(now: Round, watched: Watched, recipe: CompiledRecipe) -> Undoing:
    return Undoing(
        watched=watched,
        recipe=recipe.recipe,
        base=now.base,
        policy=now.settings.policy,
    )


def _event(watched: Watched, mark: Mark, sentence: str, *, hint: str = "", **data: Json) -> Event:
    """Say something about a change, even about one whose records are damaged."""
    proposed = watched.latest.get(Phase.PROPOSED, {})
    return Event(
        step=Step.MONITOR,
        mark=mark,
        sentence=sentence,
        change=watched.id,
        subject=str(proposed.get("recipe", "")),
        hint=hint,
        data={"pull": proposed.get("pull"), **data},
    )
