"""Did a rollback help? Measured by the recipe of the change that it took back; both are closed with the answer."""

from collections.abc import Mapping

from bot.model.clock import format_time
from bot.model.event import Event, Mark
from bot.model.json import Json
from bot.model.names import ChangeId
from bot.model.record import Draft, Phase
from bot.model.verdict import Measurement, Recovery
from bot.monitor.clocks import WatchClock, clock_json
from bot.monitor.ending import ROLLED_BACK, ask, close, close_with_rollback, said_of
from bot.monitor.observe import measurement_json
from bot.monitor.round import Round
from bot.monitor.verdict import judge_recovery
from bot.monitor.watched import Watched, watch_list
from bot.report.watch import recovery_comment, watch_marker


def see_whether_it_helped(now: Round, watched: Watched, original: ChangeId) -> list[Event]:
    """Measure what a rollback brought, by the recipe that the change it takes back was approved under."""
    first = next((each for each in watch_list(now.site.ledger.records()) if each.id == original), None)
    recipe = now.observer.recipe_of(first or watched)
    changed_at = (first or watched).effective_at
    watch, live = recipe.recipe.watch, watched.effective_at
    by = (first.intent or {}).get("by") if first else None
    measured = now.observer.breach(
        recipe.guard_named(by), now=now.site.now, since=live, changed_at=changed_at, min_samples=watch.min_samples
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
        return [ask(now, watched, f"nothing tells whether the rollback helped: {measured.sentence}")]
    return [said_of(watched, Mark.WAIT, f"rolled back; does it help? {measured.sentence}")]


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
    close(now, watched, ROLLED_BACK, sentence, measurement=measurement_json(measured), recovery=recovery)
    event = said_of(watched, Mark.DONE if helped else Mark.WARNING, sentence, closed=str(recovery))
    if first is None:
        return [event]
    return [event, close_with_rollback(now, first, {"outcome": ROLLED_BACK, "recovery": recovery})]
