"""Tells what came onto the base past the gate: merges without a record, and values set by hand that are not live."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bot.approve.going_back import taken_back_by
from bot.approve.incident import open_incident
from bot.deploy import messages
from bot.deploy.by_hand import Landed, differences, standing_by_hand
from bot.deploy.desired import is_desired_state
from bot.deploy.pending import (
    Ungated,
    by_hand,
    change_of_evidence,
    find_ungated,
    followed,
    is_recorded_merge,
    standing_targets,
    unmerged,
)
from bot.deploy.settled import Past, settle
from bot.deploy.work import Run, live_values, merge_facts
from bot.model.errors import BotError
from bot.model.event import Event
from bot.model.forge import Commit
from bot.model.names import ChangeId, CommitSha
from bot.report.incident import Difference, Incident

RECENT = 50
"""How many of the newest commits are looked at for changes that came past the gate."""


def report_past_gate(work: Run) -> Iterator[Event]:
    """Look through the newest commits; what goes wrong with asking about one target is told, all else is raised."""
    recent = work.history[:RECENT]
    merges = (commit for commit in recent if len(commit.parents) > 1)
    heads = {commit.parents[1]: work.site.repository.commit(commit.parents[1]) for commit in merges}
    evidence = dict(_evidence(work, recent))
    ungated = tuple(find_ungated(work.records, recent, heads, evidence))
    for found in ungated:
        if targets := _standing(work, found):
            yield messages.late(found, targets) if found.is_approved else _reported(work, found, targets)
    own = by_hand(work.records, recent, heads, evidence)
    landed = {each.commit: each for each in _landed(work, own)} if own else {}
    rebased = followed(ungated, recent, own)
    yield from _report_by_hand(work, landed, rebased)
    people = tuple(each.commit for each in landed.values() if each.by_hand)
    yield from settle(work, Past(ungated=ungated, by_hand=people, rebased=rebased))


def _report_by_hand(
    work: Run, landed: Mapping[CommitSha, Landed], rebased: Mapping[CommitSha, Ungated]
) -> Iterator[Event]:
    """Tell of values that people set past the bot and that are not live; one incident for each commit.

    The gateway is asked about such targets only. Where it cannot be, that is told and is no incident.
    """
    found: dict[CommitSha, list[Difference]] = {}
    for path in sorted({file.path for each in landed.values() if each.by_hand for file in each.files}):
        content = work.site.repository.read(path, work.history[0].sha)
        try:
            for each in standing_by_hand(path, content, landed.values()) if content is not None else ():
                unlike = differences(each, live_values(work.gateway, each.desired))
                found.setdefault(each.landed.commit, []).extend(unlike)
        except BotError as error:
            yield messages.by_hand_unknown(path, error)
    for commit in landed.values():
        if unlike := tuple(found.get(commit.commit, ())):
            first = rebased.get(commit.commit)
            same = first is not None and first.commit in landed and landed[first.commit].shares_file(commit)
            yield _told_unlike(work, commit, unlike, first if same else None)


def _told_unlike(work: Run, landed: Landed, unlike: tuple[Difference, ...], rebased: Ungated | None) -> Event:
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


def _taken_back_by(work: Run, landed: Landed) -> ChangeId | None:
    """Return the change of the bot that a person's merge takes back exactly: an approval still makes that live."""
    if not landed.is_merge:
        return None
    repository = work.site.repository
    base, head = repository.commit(landed.commit).parents[:2]
    paths = [file.path for file in repository.changed(base, landed.commit)]
    former = taken_back_by(repository, work.records, base=base, head=head, paths=paths)
    return former.change if former else None


def _landed(work: Run, by_hand: frozenset[CommitSha]) -> Iterator[Landed]:
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
            files=tuple(file for file in merge_facts(work, commit.sha).files if is_desired_state(file.path)),
        )


def _evidence(work: Run, commits: tuple[Commit, ...]) -> Iterator[tuple[CommitSha, str]]:
    """Yield the commits past the gate that bring a proposal's evidence, with the change that it names."""
    for commit in commits:
        if not commit.parents or is_recorded_merge(work.records, commit.sha):
            continue
        change = change_of_evidence(work.site.repository.changed(commit.parents[0], commit.sha))
        if change is not None:
            yield commit.sha, change


def _reported(work: Run, found: Ungated, targets: tuple[str, ...]) -> Event:
    """Open the incident of a commit that came past the gate, and tell of it."""
    incident = Incident(
        commit=found.commit,
        is_merge=found.is_merge,
        reason="no record says that the gate merged it",
        change=unmerged(work.records, found.change),
        targets=targets,
    )
    return messages.ungated(found.change, incident, open_incident(work.site, incident))


def _standing(work: Run, found: Ungated) -> tuple[str, ...]:
    """Return the targets of an ungated commit whose values stand at the head: reverting it settles the matter."""
    files = tuple(file for file in merge_facts(work, found.commit).files if is_desired_state(file.path))
    head = work.history[0].sha
    now = {file.path: work.site.repository.read(file.path, head) for file in files}
    return standing_targets(files, now)
