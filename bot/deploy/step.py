"""Steps 5 and 6, `pow deploy`: what was merged through the gate goes live, and the external systems follow.

Gather, decide, act, record: a merge is read from Git, authorised, compared with what is live, sent to the gateway,
read back, shown on the forge and recorded. A run that is killed anywhere is simply run again.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import assert_never

from bot.approve.incident import open_incident
from bot.deploy import messages
from bot.deploy.authorise import Authorised, MergeFacts, Refused, authorise
from bot.deploy.desired import (
    DesiredChange,
    changes_of,
)
from bot.deploy.past_gate import report_past_gate
from bot.deploy.pending import (
    Pending,
    deployed_after,
    is_overtaken,
    pending_changes,
)
from bot.deploy.plan import Live, outcome, plan_target
from bot.deploy.port import GatewayPort
from bot.deploy.work import Run, live_values, merge_facts
from bot.ledger.site import Site
from bot.model.clock import format_time
from bot.model.deployment import Action, PatchStatus
from bot.model.errors import BotError, ForgeError, TargetError
from bot.model.event import Event, Mark, Step, StepReport
from bot.model.json import Json, canonical, digest_of
from bot.model.names import ChangeId, RecipeId
from bot.model.record import Draft, Phase
from bot.model.settings import Settings
from bot.model.switch import Stop
from bot.propose.desired import target_of
from bot.report.incident import Incident
from bot.sync.port import Adapter
from bot.sync.step import synchronise

ENVIRONMENT = "production"


def run(site: Site, *, settings: Settings, gateway: GatewayPort, adapters: Mapping[str, Adapter]) -> StepReport:
    """Deploy every pending change in the order of the merges, then sync; the repository is read as last fetched."""
    base = site.repository.head(site.repository.default_branch())
    work = Run(
        site=site,
        gateway=gateway,
        records=site.ledger.records(),
        history=site.repository.history(base) if base else (),
    )
    events = [event for pending in pending_changes(work.records, work.history) for event in _deploy(work, pending)]
    events.extend(_guarded(lambda: synchronise(site, syncs=settings.targets.syncs, adapters=adapters)))
    if any(event.mark is Mark.DONE for event in events):
        events.extend(_shown(None, lambda: site.forge.dispatch("monitor.yml")))
    events.extend(_guarded(lambda: tuple(report_past_gate(work))))
    return StepReport(step=Step.DEPLOY, events=tuple(events))


def _guarded(part: Callable[[], tuple[Event, ...]]) -> tuple[Event, ...]:
    """Do one part of the run: if it fails, what the other parts did is told all the same."""
    try:
        return part()
    except BotError as error:
        return (messages.failed(None, error),)


def _deploy(work: Run, pending: Pending) -> Iterator[Event]:
    """Bring one merged change live; what goes wrong with it is told and stops nothing else."""
    try:
        facts = merge_facts(work, pending.merge)
        verdict = authorise(tuple(r for r in work.records if r.change == pending.change), facts)
        match verdict:
            case Refused():
                said = open_incident(work.site, _refusal(pending, facts, verdict))
                yield messages.not_authorised(pending.change, verdict.reason, said)
            case Authorised():
                yield from _deploy_authorised(work, verdict)
            case _:
                assert_never(verdict)
    except BotError as error:
        yield messages.failed(pending.change, error)


def _refusal(pending: Pending, facts: MergeFacts, verdict: Refused) -> Incident:
    """Return what is to be told of a merge that the ledger knows and that is not what was approved."""
    return Incident(
        commit=pending.merge,
        is_merge=len(facts.commit.parents) > 1,
        reason=verdict.reason,
        change=pending.change,
        targets=tuple(target for file in facts.files if (target := target_of(file.path)) is not None),
    )


def _deploy_authorised(work: Run, authorised: Authorised) -> Iterator[Event]:
    changes = changes_of(authorised.files)
    targets = tuple(change.desired.target for change in changes)
    if taken := _overtaken(work, authorised, changes):
        _close(work, authorised, messages.overtaken_sentence(taken))
        yield messages.overtaken(authorised.change, taken)
        return
    waiting = tuple(target for target in targets if target in work.blocked)
    work.blocked.update(targets)
    if waiting:
        yield messages.behind(authorised.change, waiting)
        return
    if (stop := _stop(work, authorised, targets)) is not None:
        yield messages.stopped(authorised.change, stop)
        return
    done: list[Live] = []
    for change in changes:
        yield from _deploy_target(work, authorised, change, done)
    if len(done) == len(changes):
        yield from _record(work, authorised, tuple(done))
        work.blocked.difference_update(targets)
    else:
        live = {each.applied.target for each in done}
        yield from _show(work, authorised, tuple(target for target in targets if target not in live), success=False)


def _stop(work: Run, authorised: Authorised, targets: tuple[str, ...]) -> Stop | None:
    """Look whether people have stopped what would begin now; asked only where something would."""
    named = next((r.facts.get("recipe") for r in work.records if r.change == authorised.change), None)
    recipe = RecipeId(named) if isinstance(named, str) else None
    return work.site.kill_switch.state().against(recipe, targets)


def _deploy_target(work: Run, authorised: Authorised, change: DesiredChange, done: list[Live]) -> Iterator[Event]:
    """Plan and perform one target; `done` takes it if it now shows what it must."""
    target = change.desired.target
    try:
        before = live_values(work.gateway, change.desired)
        plan = plan_target(change, before)
        yield from messages.drifts(authorised.change, plan)
        result = None
        if plan.action is not None:
            result = work.gateway.apply(plan.action, idempotency_key=_key(authorised, plan.action))
    except TargetError as error:
        yield messages.failed(authorised.change, error, target)
        return
    match result.status if result else PatchStatus.UNCHANGED:
        case PatchStatus.REFUSED if result:
            work.blocked.discard(target)
            yield messages.refused_by_governance(authorised.change, result)
        case PatchStatus.QUEUED if result:
            yield messages.queued(authorised.change, result)
        case _:
            done.append(Live(change=change, applied=outcome(change, before, result)))


def _key(authorised: Authorised, action: Action) -> str:
    """Name an action for ever: the same plan of the same merge is the same request, another plan is another one."""
    content = canonical(asdict(action))
    return f"{authorised.change}:{authorised.merge}:{digest_of(content).removeprefix('sha256:')[:12]}"


def _overtaken(work: Run, authorised: Authorised, changes: tuple[DesiredChange, ...]) -> tuple[str, ...]:
    pending = Pending(change=authorised.change, merge=authorised.merge)
    later = tuple(
        change
        for merge in deployed_after(pending, work.records, work.history)
        for change in changes_of(merge_facts(work, merge).files)
    )
    return tuple(change.desired.target for change in changes if is_overtaken(change, later))


def _record(work: Run, authorised: Authorised, done: tuple[Live, ...]) -> Iterator[Event]:
    """Show, then record: a run killed between the two shows the same again, which changes nothing."""
    yield from _show(work, authorised, tuple(each.applied.target for each in done), success=True)
    patches: list[Json] = [
        {
            "target": each.target,
            "patch_id": each.patch_id,
            "status": each.status.value,
            "values": dict(each.values),
        }
        for each in (live.applied for live in done)
    ]
    work.site.ledger.append(
        Draft(
            change=authorised.change,
            phase=Phase.DEPLOYED,
            at=work.site.now,
            facts={"merge": authorised.merge, "effective_at": format_time(work.site.now), "patches": patches},
            key=authorised.merge,
        )
    )
    yield messages.live(authorised.change, done, patches)


def _close(work: Run, authorised: Authorised, sentence: str) -> None:
    facts: dict[str, Json] = {"outcome": "failed", "recovery": None, "sentence": sentence}
    work.site.ledger.append(
        Draft(change=authorised.change, phase=Phase.CLOSED, at=work.site.now, facts=facts, key=authorised.merge)
    )


def _show(work: Run, authorised: Authorised, targets: tuple[str, ...], *, success: bool) -> tuple[Event, ...]:
    forge, description = work.site.forge, messages.description(targets, success=success)
    return _shown(
        authorised.change,
        lambda: forge.record_deployment(
            authorised.merge, environment=ENVIRONMENT, success=success, description=description
        ),
    )


def _shown(change: ChangeId | None, act: Callable[[], None]) -> tuple[Event, ...]:
    """Do what only shows or hastens: where the forge refuses it, that is a warning."""
    try:
        act()
    except ForgeError as error:
        return (messages.not_shown(change, error),)
    return ()
