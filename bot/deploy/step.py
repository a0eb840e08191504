"""Steps 5 and 6, `pow deploy`: what was merged through the gate goes live, and the external systems follow.

Gather, decide, act, record: a merge is read from Git, authorised, compared with what is live, sent to the gateway,
read back, shown on the forge and recorded. A run that is killed anywhere is simply run again.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import assert_never

from bot.approve.going_back import taken_back_by
from bot.approve.incident import open_incident
from bot.deploy import messages
from bot.deploy.authorise import Authorised, MergeFacts, Refused, authorise
from bot.deploy.by_hand import Landed, differences, standing_by_hand
from bot.deploy.desired import (
    Desired,
    DesiredChange,
    DesiredJourney,
    DesiredService,
    MergedFile,
    changes_of,
    is_desired_state,
)
from bot.deploy.pending import (
    Pending,
    Ungated,
    by_hand,
    change_of_evidence,
    deployed_after,
    find_ungated,
    followed,
    is_overtaken,
    is_recorded_merge,
    pending_changes,
    standing_targets,
    unmerged,
)
from bot.deploy.plan import Live, outcome, plan_target
from bot.deploy.port import GatewayPort
from bot.ledger.site import Site
from bot.model.clock import format_time
from bot.model.deployment import Action, PatchStatus
from bot.model.errors import BotError, ForgeError, TargetError
from bot.model.event import Event, Mark, Step, StepReport
from bot.model.forge import Commit, FileStatus
from bot.model.json import Json, canonical, digest_of
from bot.model.names import ChangeId, CommitSha, RecipeId
from bot.model.recipe import Setting
from bot.model.record import Draft, Phase, Record
from bot.model.settings import Settings
from bot.model.switch import Stop
from bot.propose.desired import VERSION_KEY, target_of
from bot.report.incident import Difference, Incident
from bot.sync.port import Adapter
from bot.sync.step import synchronise

ENVIRONMENT = "production"
RECENT = 50
"""How many of the newest commits are looked at for changes that came past the gate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run's tools and facts; `blocked` are targets on which an earlier change is still to go live.

    A change that governance refused blocks nothing: another one may be the way out.
    """

    site: Site
    gateway: GatewayPort
    records: tuple[Record, ...]
    history: tuple[Commit, ...]
    blocked: set[str] = field(default_factory=set)


def run(site: Site, *, settings: Settings, gateway: GatewayPort, adapters: Mapping[str, Adapter]) -> StepReport:
    """Deploy every pending change in the order of the merges, then sync; the repository is read as last fetched."""
    base = site.repository.head(site.repository.default_branch())
    work = _Run(
        site=site,
        gateway=gateway,
        records=site.ledger.records(),
        history=site.repository.history(base) if base else (),
    )
    events = [event for pending in pending_changes(work.records, work.history) for event in _deploy(work, pending)]
    events.extend(_guarded(lambda: synchronise(site, syncs=settings.targets.syncs, adapters=adapters)))
    if any(event.mark is Mark.DONE for event in events):
        events.extend(_shown(None, lambda: site.forge.dispatch("monitor.yml")))
    events.extend(_guarded(lambda: tuple(_report_ungated(work))))
    return StepReport(step=Step.DEPLOY, events=tuple(events))


def _guarded(part: Callable[[], tuple[Event, ...]]) -> tuple[Event, ...]:
    """Do one part of the run: if it fails, what the other parts did is told all the same."""
    try:
        return part()
    except BotError as error:
        return (messages.failed(None, error),)


def _deploy(work: _Run, pending: Pending) -> Iterator[Event]:
    """Bring one merged change live; what goes wrong with it is told and stops nothing else."""
    try:
        facts = _merge_facts(work, pending.merge)
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


def _deploy_authorised(work: _Run, authorised: Authorised) -> Iterator[Event]:
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


def _stop(work: _Run, authorised: Authorised, targets: tuple[str, ...]) -> Stop | None:
    """Look whether people have stopped what would begin now; asked only where something would."""
    named = next((r.facts.get("recipe") for r in work.records if r.change == authorised.change), None)
    recipe = RecipeId(named) if isinstance(named, str) else None
    return work.site.kill_switch.state().against(recipe, targets)


def _deploy_target(work: _Run, authorised: Authorised, change: DesiredChange, done: list[Live]) -> Iterator[Event]:
    """Plan and perform one target; `done` takes it if it now shows what it must."""
    target = change.desired.target
    try:
        before = _live(work.gateway, change.desired)
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


def _live(gateway: GatewayPort, desired: Desired) -> Mapping[str, Setting]:
    match desired:
        case DesiredService():
            return gateway.live(desired.service)
        case DesiredJourney():
            version = gateway.journey(desired.journey)
            return {} if version is None else {VERSION_KEY: version}
        case _:
            assert_never(desired)


def _key(authorised: Authorised, action: Action) -> str:
    """Name an action for ever: the same plan of the same merge is the same request, another plan is another one."""
    content = canonical(asdict(action))
    return f"{authorised.change}:{authorised.merge}:{digest_of(content).removeprefix('sha256:')[:12]}"


def _overtaken(work: _Run, authorised: Authorised, changes: tuple[DesiredChange, ...]) -> tuple[str, ...]:
    pending = Pending(change=authorised.change, merge=authorised.merge)
    later = tuple(
        change
        for merge in deployed_after(pending, work.records, work.history)
        for change in changes_of(_merge_facts(work, merge).files)
    )
    return tuple(change.desired.target for change in changes if is_overtaken(change, later))


def _merge_facts(work: _Run, merge: CommitSha) -> MergeFacts:
    """Read a merge from Git: exactly its own blobs, never those of the branch's head."""
    repository = work.site.repository
    commit = repository.commit(merge)
    parent, approved = (commit.parents[0], commit.parents[-1]) if commit.parents else (merge, merge)
    files = tuple(
        MergedFile(
            path=file.path,
            is_regular=file.status is not FileStatus.OTHER,
            before=repository.read(file.path, parent),
            after=repository.read(file.path, merge),
            approved=repository.read(file.path, approved),
        )
        for file in repository.changed(parent, merge)
    )
    return MergeFacts(commit=commit, is_on_base=any(each.sha == merge for each in work.history), files=files)


def _record(work: _Run, authorised: Authorised, done: tuple[Live, ...]) -> Iterator[Event]:
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


def _close(work: _Run, authorised: Authorised, sentence: str) -> None:
    facts: dict[str, Json] = {"outcome": "failed", "recovery": None, "sentence": sentence}
    work.site.ledger.append(
        Draft(change=authorised.change, phase=Phase.CLOSED, at=work.site.now, facts=facts, key=authorised.merge)
    )


def _show(work: _Run, authorised: Authorised, targets: tuple[str, ...], *, success: bool) -> tuple[Event, ...]:
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


def _report_ungated(work: _Run) -> Iterator[Event]:
    recent = work.history[:RECENT]
    merges = (commit for commit in recent if len(commit.parents) > 1)
    heads = {commit.parents[1]: work.site.repository.commit(commit.parents[1]) for commit in merges}
    evidence = dict(_evidence(work, recent))
    ungated = tuple(find_ungated(work.records, recent, heads, evidence))
    for found in ungated:
        if targets := _standing(work, found):
            yield messages.late(found, targets) if found.is_approved else _reported(work, found, targets)
    own = by_hand(work.records, recent, heads, evidence)
    yield from _report_by_hand(work, own, followed(ungated, recent, own))


def _report_by_hand(
    work: _Run, commits: frozenset[CommitSha], rebased: Mapping[CommitSha, Ungated]
) -> Iterator[Event]:
    """Tell of values that people set past the bot and that are not live; one incident for each commit.

    The gateway is asked about such targets only. Where it cannot be, that is told and is no incident.
    """
    landed = {each.commit: each for each in _landed(work, commits)} if commits else {}
    found: dict[CommitSha, list[Difference]] = {}
    for path in sorted({file.path for each in landed.values() if each.by_hand for file in each.files}):
        content = work.site.repository.read(path, work.history[0].sha)
        try:
            for each in standing_by_hand(path, content, landed.values()) if content is not None else ():
                unlike = differences(each, _live(work.gateway, each.desired))
                found.setdefault(each.landed.commit, []).extend(unlike)
        except BotError as error:
            yield messages.by_hand_unknown(path, error)
    for commit in landed.values():
        if unlike := tuple(found.get(commit.commit, ())):
            first = rebased.get(commit.commit)
            same = first is not None and first.commit in landed and landed[first.commit].shares_file(commit)
            yield _told_unlike(work, commit, unlike, first if same else None)


def _told_unlike(work: _Run, landed: Landed, unlike: tuple[Difference, ...], rebased: Ungated | None) -> Event:
    """Open the incident of a person's commit whose values are not live, and tell of it.

    It is the incident of the change with which it was rebased onto the branch, where it was.
    """
    incident = Incident(
        commit=landed.commit,
        is_merge=landed.is_merge,
        reason="no record says that the gate merged it, and its values are not live",
        targets=tuple(dict.fromkeys(each.target for each in unlike)),
        differences=unlike,
        takes_back=_taken_back_by(work, landed),
    )
    if rebased is not None:
        incident = replace(incident, change=unmerged(work.records, rebased.change), first=rebased.commit)
    return messages.not_live(incident, open_incident(work.site, incident))


def _taken_back_by(work: _Run, landed: Landed) -> ChangeId | None:
    """Return the change of the bot that a person's merge takes back exactly: an approval still makes that live."""
    if not landed.is_merge:
        return None
    repository = work.site.repository
    base, head = repository.commit(landed.commit).parents[:2]
    paths = [file.path for file in repository.changed(base, landed.commit)]
    former = taken_back_by(repository, work.records, base=base, head=head, paths=paths)
    return former.change if former else None


def _landed(work: _Run, by_hand: frozenset[CommitSha]) -> Iterator[Landed]:
    """Yield the recent commits that touch the desired state, newest first."""
    repository = work.site.repository
    for commit in work.history[:RECENT]:
        if not commit.parents or not any(
            is_desired_state(file.path) for file in repository.changed(commit.parents[0], commit.sha)
        ):
            continue
        yield Landed(
            commit=commit.sha,
            is_merge=len(commit.parents) > 1,
            by_hand=commit.sha in by_hand,
            files=tuple(file for file in _merge_facts(work, commit.sha).files if is_desired_state(file.path)),
        )


def _evidence(work: _Run, commits: tuple[Commit, ...]) -> Iterator[tuple[CommitSha, str]]:
    """Yield the commits past the gate that bring a proposal's evidence, with the change that it names."""
    for commit in commits:
        if not commit.parents or is_recorded_merge(work.records, commit.sha):
            continue
        change = change_of_evidence(work.site.repository.changed(commit.parents[0], commit.sha))
        if change is not None:
            yield commit.sha, change


def _reported(work: _Run, found: Ungated, targets: tuple[str, ...]) -> Event:
    """Open the incident of a commit that came past the gate, and tell of it."""
    incident = Incident(
        commit=found.commit,
        is_merge=found.is_merge,
        reason="no record says that the gate merged it",
        change=unmerged(work.records, found.change),
        targets=targets,
    )
    return messages.ungated(found.change, incident, open_incident(work.site, incident))


def _standing(work: _Run, found: Ungated) -> tuple[str, ...]:
    """Return the targets of an ungated commit whose values stand at the head: reverting it settles the matter."""
    files = tuple(file for file in _merge_facts(work, found.commit).files if is_desired_state(file.path))
    head = work.history[0].sha
    now = {file.path: work.site.repository.read(file.path, head) for file in files}
    return standing_targets(files, now)
