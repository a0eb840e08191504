"""`pow monitor`: measures every change that is live, and acts on the verdict. Gather → decide → act → record."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import assert_never

from bot.approve.footprint import Footprint, is_back
from bot.ledger.site import Site
from bot.model.clock import format_time
from bot.model.errors import BotError
from bot.model.event import Event, Mark, Step, StepReport
from bot.model.forge import PullRequest, PullState
from bot.model.json import Json
from bot.model.names import ChangeId, CommitSha, Login
from bot.model.record import Draft, Phase
from bot.model.settings import Settings
from bot.model.verdict import Verdict, VerdictKind
from bot.monitor.act import (
    Opened,
    Undoing,
    complete_rollback,
    find_keeper,
    find_rollback,
    open_rollback,
    plan_undoing,
    renewed,
    support,
    write_intent,
)
from bot.monitor.answer import KEEP
from bot.monitor.breaker import tell_breakers
from bot.monitor.bring_back import bring_back
from bot.monitor.course import course_of, milestones_of
from bot.monitor.ending import ask, close, close_kept, close_taken_back, close_with_rollback, keep, said_of
from bot.monitor.feeds import Feeds
from bot.monitor.helped import see_whether_it_helped
from bot.monitor.observe import guards_json, measurement_json, watch_json
from bot.monitor.rollback import AskPerson, TakeBack
from bot.monitor.round import Round, Seen, begin
from bot.monitor.shown import face_of, to_show
from bot.monitor.suspect import newest_first
from bot.monitor.turn import in_turn
from bot.monitor.verdict import WatchFacts, judge
from bot.monitor.wake import wake_gate
from bot.monitor.watched import SUCCESS, Watched, closing_of, is_recorded, watch_list
from bot.propose.change import rollback_id
from bot.propose.desired import evidence_path
from bot.recipes.library import CompiledRecipe
from bot.report.watch import watch_comment, watch_marker

_HOW_TO_ANSWER = f": comment `{KEEP}` to keep the change, or revert it there"


def run(site: Site, *, settings: Settings, base: CommitSha, collector: Feeds) -> StepReport:
    """Look at every change under watch once; one that fails does not keep the others from being seen.

    What they have in common is read once for all of them, and what was measured is written down together.
    """
    watches = newest_first(watch_list(site.ledger.records()))
    now = begin(site, settings, base, collector, watches)
    told: dict[ChangeId, list[Event]] = {}
    for watched in watches:
        told[watched.id] = _guarded(watched, partial(_look, now, watched))
    failed = _show_and_record(now, told)
    for seen in now.seen if not failed else ():
        if all(event.mark is not Mark.FAILURE for event in told[seen.watched.id]):
            told[seen.watched.id] += _guarded(seen.watched, partial(_concluded, now, seen))
    events = [*(event for each in told.values() for event in each), *failed]
    if any("opened" in event.data for event in events):
        events += wake_gate(site)
    events += [*tell_breakers(site, settings.policy.breaker), *bring_back(site, settings.policy, base)]
    return StepReport(step=Step.MONITOR, events=tuple(events))


def _guarded(watched: Watched, look: Callable[[], list[Event]]) -> list[Event]:
    try:
        return look()
    except BotError as error:
        return [said_of(watched, Mark.FAILURE, error.message, hint=error.hint)]


def _show_and_record(now: Round, told: Mapping[ChangeId, list[Event]]) -> list[Event]:
    """Write the comments that are due, then one record for each change, all at once; returns what went wrong."""
    former = {seen.watched.id: seen.watched.latest.get(Phase.MEASURED, {}) for seen in now.seen}
    shown = to_show([face_of(seen.watched.id, seen.facts, former[seen.watched.id]) for seen in now.seen])
    drafts = []
    for seen in now.seen:
        change, at = seen.watched.id, former[seen.watched.id].get("shown")
        if change in shown:
            failed = _guarded(seen.watched, partial(_comment, now, seen.watched, seen.recipe, seen.verdict))
            told[change].extend(failed)
            at = at if failed else format_time(now.site.now)
        drafts.append(_measured(now, seen.watched, {**seen.facts, "shown": at}))
    try:
        now.site.ledger.append_all(drafts)
    except BotError as error:
        return [Event(step=Step.MONITOR, mark=Mark.FAILURE, sentence=error.message, hint=error.hint)]
    return []


def _look(now: Round, watched: Watched) -> list[Event]:
    if watched.rollback_of is not None:
        return see_whether_it_helped(now, watched, watched.rollback_of)
    if watched.intent is not None:
        return [_go_on_with_rollback(now, watched, watched.intent)]
    footprint = now.footprint(watched)
    if is_back(footprint):
        return [_taken_back(now, watched)]
    answer = _answer(now, watched)
    if isinstance(answer, str):
        return [keep(now, watched, answer)]
    unread = [] if answer is None else [answer]
    return [*unread, *_measure(now, watched, footprint)]


def _answer(now: Round, watched: Watched) -> Login | Event | None:
    """Return who wants to keep the change; what cannot be read answers nothing, and the watch goes on."""
    try:
        return find_keeper(now.site, watched, now.settings.policy)
    except BotError as error:
        sentence = f"whether somebody answered cannot be read: {error.message}"
        return said_of(watched, Mark.WARNING, sentence, hint=error.hint)


def _measure(now: Round, watched: Watched, footprint: Footprint) -> list[Event]:
    """Measure both rules anew; a rollback begins at once, so that the next one is counted with it."""
    recipe = now.observer.recipe_of(watched)
    measured = renewed(now.site, watched, now.observer.facts(watched, recipe), now.settings.policy)
    verdict = in_turn(now.site, now.observer, watched, judge(measured, now.site.now))
    if verdict.kind is not VerdictKind.ROLLBACK:
        _keep_in_mind(now, watched, recipe, verdict, measured)
        return []
    undoing = _undoing(now, watched, recipe).within(verdict.mode)
    plan = plan_undoing(now.site, undoing, footprint)
    if isinstance(plan, TakeBack):
        facts = {**_facts(verdict, measured), "shown": format_time(now.site.now)}
        now.site.ledger.append(_measured(now, watched, facts))
        _comment(now, watched, recipe, verdict, because=plan.draft_because)
        return _roll_back(now, undoing, plan, verdict)
    verdict = replace(verdict, kind=VerdictKind.ASK, sentence=f"{verdict.sentence}, but {plan.reason}")
    _keep_in_mind(now, watched, recipe, verdict, measured)
    if plan.support is not None:
        support(now.site, plan.support, verdict, watched.pull)
    return []


def _keep_in_mind(
    now: Round, watched: Watched, recipe: CompiledRecipe, verdict: Verdict, measured: WatchFacts
) -> None:
    now.seen.append(Seen(watched=watched, recipe=recipe, verdict=verdict, facts=_facts(verdict, measured)))


def _facts(verdict: Verdict, measured: WatchFacts) -> Mapping[str, Json]:
    return {
        "verdict": verdict.kind,
        "sentence": verdict.sentence,
        "success": measurement_json(verdict.success),
        "rollback": measurement_json(verdict.rollback),
        "before": measurement_json(measured.before),
        "armed": verdict.armed,
        "guards": guards_json(verdict.guards),
        "by": verdict.by,
        **watch_json(measured, over=verdict.inconclusive),
    }


def _measured(now: Round, watched: Watched, facts: Mapping[str, Json]) -> Draft:
    at = now.site.now
    return Draft(change=watched.id, phase=Phase.MEASURED, at=at, key=format_time(at), facts=facts)


def _comment(
    now: Round, watched: Watched, recipe: CompiledRecipe, verdict: Verdict, *, because: tuple[str, ...] = ()
) -> list[Event]:
    evidence = now.footprint(watched).merged.get(evidence_path(watched.id))
    now.site.forge.put_comment(
        watched.pull,
        marker=watch_marker(watched.id),
        body=watch_comment(
            verdict,
            recipe.recipe,
            effective_at=watched.effective_at,
            course=course_of(now.records_of(watched.id), verdict, recipe, evidence),
            milestones=milestones_of(verdict, recipe, effective_at=watched.effective_at),
            because=because,
        ),
    )
    return []


def _concluded(now: Round, seen: Seen) -> list[Event]:
    return [_act(now, seen.watched, seen.verdict)]


def _act(now: Round, watched: Watched, verdict: Verdict) -> Event:
    match verdict.kind:
        case VerdictKind.SUCCESS:
            close(now, watched, SUCCESS, verdict.sentence, measurement=measurement_json(verdict.success))
            return said_of(watched, Mark.DONE, f"success, the loop is closed: {verdict.sentence}", closed=SUCCESS)
        case VerdictKind.KEEP:
            return close_kept(now, watched, verdict.sentence)
        case VerdictKind.HOLD:
            return said_of(watched, Mark.WAIT, f"watching: {verdict.sentence}")
        case VerdictKind.ASK | VerdictKind.ROLLBACK:  # what the bot has no plan for is a person's
            return ask(now, watched, verdict.sentence, how=_HOW_TO_ANSWER)
        case _:
            assert_never(verdict.kind)


def _roll_back(now: Round, undoing: Undoing, plan: TakeBack, verdict: Verdict) -> list[Event]:
    intent = write_intent(now.site, undoing.watched, verdict, plan)
    worse = said_of(undoing.watched, Mark.WARNING, f"it got worse: {verdict.sentence}")
    return [worse, _opened(undoing, open_rollback(now.site, undoing, plan, intent))]


def _go_on_with_rollback(now: Round, watched: Watched, intent: Mapping[str, Json]) -> Event:
    """Finish what an earlier run began, or see how it ended; a pull request that is there comes before any plan."""
    records, rollback = now.site.ledger.records(), rollback_id(watched.id)
    if is_recorded(records, rollback):
        closing = closing_of(records, rollback)
        if closing is not None:
            return close_with_rollback(now, watched, closing)
        return said_of(watched, Mark.WAIT, f"being rolled back by change {rollback}")
    undoing = _undoing(now, watched, now.observer.recipe_of(watched)).within(intent.get("mode"))
    existing = find_rollback(now.site, undoing)
    return _resume(now, undoing, intent) if existing is None else _adopt(now, undoing, existing)


def _resume(now: Round, undoing: Undoing, intent: Mapping[str, Json]) -> Event:
    """Make the rollback that an earlier run meant to make, unless there is nothing left to take back."""
    watched = undoing.watched
    footprint = now.footprint(watched)
    if is_back(footprint):
        return close_taken_back(now, watched)
    if now.settings.policy.paused:
        return said_of(watched, Mark.WARNING, "the rollback was begun and waits, for the policy is paused")
    plan = plan_undoing(now.site, undoing, footprint)
    if isinstance(plan, AskPerson):
        answer = _answer(now, watched)
        if isinstance(answer, str):
            return keep(now, watched, answer)
        return ask(now, watched, f"the rollback was begun, but {plan.reason}", how=_HOW_TO_ANSWER)
    return _opened(undoing, open_rollback(now.site, undoing, plan, intent))


def _adopt(now: Round, undoing: Undoing, pull: PullRequest) -> Event:
    """Go on with a pull request that an earlier run opened; one that a person closed since is a veto."""
    if pull.state is PullState.CLOSED and not pull.merged:
        return close_kept(now, undoing.watched, f"its rollback, pull request {pull.number}, was closed")
    return _opened(undoing, complete_rollback(now.site, undoing, pull))


def _opened(undoing: Undoing, opened: Opened) -> Event:
    pull, warning = opened.pull, f"; {opened.warning}" if opened.warning else ""
    kind = "draft, a person must look" if pull.draft else "an exact inverse"
    state = "" if pull.state is PullState.OPEN else f" ({pull.state})"
    sentence = f"rollback is pull request {pull.number}{state}: {kind}{warning}"
    return said_of(undoing.watched, Mark.DONE, sentence, opened=pull.number)


def _taken_back(now: Round, watched: Watched) -> Event:
    """See to a change whose values people put back; a way back that is on record ends it as a rollback does."""
    if is_recorded(now.site.ledger.records(), rollback_id(watched.id)):
        return _go_on_with_rollback(now, watched, {})
    return close_taken_back(now, watched)


def _undoing(now: Round, watched: Watched, recipe: CompiledRecipe) -> Undoing:
    return Undoing(
        watched=watched,
        recipe=recipe.recipe,
        base=now.base,
        policy=now.settings.policy,
    )
