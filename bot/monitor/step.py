"""`pow monitor`: measures every change that is live, and acts on the verdict. Gather → decide → act → record."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.collect.gather import Collector
from bot.ledger.site import Site
from bot.model.clock import format_time
from bot.model.errors import BotError
from bot.model.event import Event, Mark, Step, StepReport
from bot.model.forge import PullState
from bot.model.json import Json
from bot.model.names import CommitSha
from bot.model.record import Draft, Phase
from bot.model.settings import Settings
from bot.model.verdict import Recovery, Verdict, VerdictKind
from bot.monitor.act import PERSON_LABEL, Undoing, open_rollback, plan_undoing, write_intent
from bot.monitor.observe import Observer, measurement_json
from bot.monitor.rollback import AskPerson, TakeBack
from bot.monitor.verdict import WatchFacts, judge, judge_recovery
from bot.monitor.watched import Watched, closing_of, watch_list
from bot.recipes.library import CompiledRecipe
from bot.report.watch import recovery_comment, watch_comment, watch_marker

GATE = "gate.yml"


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
    for watched in watch_list(site.ledger.records()):
        try:
            events += _look(now, watched)
        except BotError as error:
            events.append(_event(watched, Mark.FAILURE, error.message, hint=error.hint))
    if any("opened" in event.data for event in events):
        events += _wake_gate(site)
    return StepReport(step=Step.MONITOR, events=tuple(events))


def _wake_gate(site: Site) -> list[Event]:
    """Start the gate for a rollback; where that is refused, its schedule does it later."""
    try:
        site.forge.dispatch(GATE)
    except BotError as error:
        sentence = f"the gate was not started and waits for its schedule: {error.message}"
        return [Event(step=Step.MONITOR, mark=Mark.WARNING, sentence=sentence, hint=error.hint)]
    return []


def _look(now: Round, watched: Watched) -> list[Event]:
    recipe = now.observer.recipe_of(watched)
    if watched.rollback_of is not None:
        return _see_whether_it_helped(now, watched, recipe)
    if watched.intent is not None:
        return _go_on_with_rollback(now, watched, recipe)
    facts = now.observer.facts(watched, recipe)
    verdict = judge(facts, now.site.now)
    if verdict.kind is VerdictKind.ROLLBACK and now.settings.policy.paused:
        return [_event(watched, Mark.WARNING, f"paused by policy; would be rolled back: {verdict.sentence}")]
    _record(now, facts, verdict)
    _comment(now, watched, recipe, verdict)
    return _act(now, watched, recipe, verdict)


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
            },
        )
    )


def _comment(now: Round, watched: Watched, recipe: CompiledRecipe, verdict: Verdict) -> None:
    now.site.forge.put_comment(
        watched.pull,
        marker=watch_marker(watched.id),
        body=watch_comment(verdict, recipe.recipe, effective_at=watched.effective_at),
    )


def _act(now: Round, watched: Watched, recipe: CompiledRecipe, verdict: Verdict) -> list[Event]:
    match verdict.kind:
        case VerdictKind.SUCCESS:
            _close(now, watched, "success", verdict.sentence, measurement_json(verdict.success))
            return [_event(watched, Mark.DONE, f"success, the loop is closed: {verdict.sentence}", closed="success")]
        case VerdictKind.HOLD:
            return [_event(watched, Mark.WAIT, f"watching: {verdict.sentence}")]
        case VerdictKind.ASK:
            return [_ask(now, watched, verdict.sentence)]
        case VerdictKind.ROLLBACK:
            return _roll_back(now, watched, recipe, verdict)


def _roll_back(now: Round, watched: Watched, recipe: CompiledRecipe, verdict: Verdict) -> list[Event]:
    undoing = _undoing(now, watched, recipe)
    plan = plan_undoing(now.site, undoing)
    if isinstance(plan, AskPerson):
        return [_ask(now, watched, f"{verdict.sentence}, but {plan.reason}")]
    write_intent(now.site, watched, verdict)
    worse = _event(watched, Mark.WARNING, f"it got worse: {verdict.sentence}")
    intent: Mapping[str, Json] = {"measurement": measurement_json(verdict.rollback)}
    return [worse, _open(now, undoing, plan, intent)]


def _go_on_with_rollback(now: Round, watched: Watched, recipe: CompiledRecipe) -> list[Event]:
    """Finish what an earlier run began, or see how it ended."""
    intent = watched.intent or {}
    rollback = str(intent["rollback"])
    records = now.site.ledger.records()
    known = next((r for r in records if r.change == rollback and r.phase is Phase.PROPOSED), None)
    if known is not None:
        closing = closing_of(records, known.change)
        if closing is None:
            return [_event(watched, Mark.WAIT, f"being rolled back by change {rollback}")]
        outcome = "rolled_back" if closing.get("outcome") == "rolled_back" else "kept"
        sentence = f"its rollback {rollback} ended as: {closing.get('outcome')}"
        _close(now, watched, outcome, sentence, {}, recovery=closing.get("recovery"))
        return [_event(watched, Mark.DONE, sentence, closed=outcome)]
    undoing = _undoing(now, watched, recipe)
    plan = plan_undoing(now.site, undoing)
    if isinstance(plan, AskPerson):
        return [_ask(now, watched, f"the rollback was begun, but {plan.reason}")]
    return [_open(now, undoing, plan, intent)]


def _open(now: Round, undoing: Undoing, plan: TakeBack, intent: Mapping[str, Json]) -> Event:
    pull = open_rollback(now.site, undoing, plan, intent)
    kind = "draft, a person must look" if plan.draft_because else "an exact inverse"
    state = "" if pull.state is PullState.OPEN else f" ({pull.state})"
    return _event(
        undoing.watched, Mark.DONE, f"rollback is pull request {pull.number}{state}: {kind}", opened=pull.number
    )


def _see_whether_it_helped(now: Round, watched: Watched, recipe: CompiledRecipe) -> list[Event]:
    rollback = now.observer.breach(recipe, now=now.site.now, since=watched.effective_at)
    within = recipe.recipe.watch.recover_within
    recovery = judge_recovery(rollback, effective_at=watched.effective_at, within=within, now=now.site.now)
    now.site.forge.put_comment(
        watched.pull,
        marker=watch_marker(watched.id),
        body=recovery_comment(watched.id, recovery, rollback, at=now.site.now),
    )
    match recovery:
        case Recovery.PENDING:
            return [_event(watched, Mark.WAIT, f"rolled back; does it help? {rollback.sentence}")]
        case Recovery.RECOVERED:
            mark, sentence = Mark.DONE, f"recovered after the rollback: {rollback.sentence}"
        case Recovery.NOT_RECOVERED:
            mark = Mark.WARNING
            sentence = f"not recovered, so the change was not the cause: {rollback.sentence}"
    _close(now, watched, "rolled_back", sentence, measurement_json(rollback), recovery=recovery)
    return [_event(watched, mark, sentence, closed=str(recovery)), *_close_original(now, watched, recovery)]


def _close_original(now: Round, watched: Watched, recovery: Recovery) -> list[Event]:
    """Close the change that was taken back together with its rollback."""
    original = next((w for w in watch_list(now.site.ledger.records()) if w.id == watched.rollback_of), None)
    if original is None:
        return []
    sentence = f"rolled back by change {watched.id}: {recovery}"
    _close(now, original, "rolled_back", sentence, {}, recovery=recovery)
    return [_event(original, Mark.DONE, sentence, closed="rolled_back")]


def _close(
    now: Round,
    watched: Watched,
    outcome: str,
    sentence: str,
    measurement: Mapping[str, Json],
    *,
    recovery: Json = None,
) -> None:
    now.site.ledger.append(
        Draft(
            change=watched.id,
            phase=Phase.CLOSED,
            at=now.site.now,
            facts={
                "outcome": outcome,
                "recovery": recovery,
                "sentence": sentence,
                "measurement": dict(measurement),
            },
        )
    )


def _ask(now: Round, watched: Watched, sentence: str) -> Event:
    now.site.forge.add_labels(watched.pull, (PERSON_LABEL,))
    hint = f"look at pull request {watched.pull}: keep the change, or revert it there"
    return _event(watched, Mark.WARNING, f"a person must decide: {sentence}", hint=hint)


def _undoing(now: Round, watched: Watched, recipe: CompiledRecipe) -> Undoing:
    return Undoing(
        watched=watched,
        recipe=recipe.recipe,
        base=now.base,
        rollbacks_per_day=now.settings.policy.rollbacks_per_day,
    )


def _event(watched: Watched, mark: Mark, sentence: str, *, hint: str = "", **data: Json) -> Event:
    return Event(
        step=Step.MONITOR,
        mark=mark,
        sentence=sentence,
        change=watched.id,
        subject=watched.recipe,
        hint=hint,
        data={"pull": watched.pull, **data},
    )
