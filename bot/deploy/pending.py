"""Which merged changes wait for deployment, in which order, and which merges came past the gate (pure)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bot.deploy.desired import DesiredChange, MergedFile, changes_of, parse_desired
from bot.model.decision import Authority
from bot.model.errors import BotError
from bot.model.forge import ChangedFile, Commit, FileStatus
from bot.model.names import ChangeId, CommitSha
from bot.model.record import Phase, Record
from bot.propose.desired import EVIDENCE
from bot.sync.setting import is_same

_CHANGE_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A change that was merged through the gate and is not deployed."""

    change: ChangeId
    merge: CommitSha


@dataclass(frozen=True, slots=True, kw_only=True)
class Ungated:
    """A commit of the base branch that carries a change and of which no record says that it was merged.

    `is_approved`: the gate approved its head, so the gate's own record is merely late.
    """

    commit: CommitSha
    change: ChangeId | None
    is_merge: bool
    is_approved: bool


def pending_changes(records: tuple[Record, ...], history: tuple[Commit, ...]) -> tuple[Pending, ...]:
    """Return what waits, oldest merge first; a merge that is not in `history` (newest first) comes last."""
    done = {record.change for record in records if record.phase in {Phase.DEPLOYED, Phase.CLOSED}}
    place = {commit.sha: -number for number, commit in enumerate(history)}
    waiting = {
        record.change: Pending(change=record.change, merge=CommitSha(str(record.facts.get("merge"))))
        for record in records
        if record.phase is Phase.MERGED and record.change not in done
    }
    return tuple(sorted(waiting.values(), key=lambda pending: place.get(pending.merge, 1)))


def deployed_after(
    pending: Pending, records: tuple[Record, ...], history: tuple[Commit, ...]
) -> tuple[CommitSha, ...]:
    """Return the merges that are newer than a pending one and are deployed already."""
    deployed = {record.facts.get("merge") for record in records if record.phase is Phase.DEPLOYED}
    newer = [commit.sha for commit in history]
    end = newer.index(pending.merge) if pending.merge in newer else 0
    return tuple(sha for sha in newer[:end] if sha in deployed)


def is_overtaken(change: DesiredChange, later: tuple[DesiredChange, ...]) -> bool:
    """Tell whether a later deployment has set one of the same keys: then deploying this one would take it back."""
    return any(
        other.desired.target == change.desired.target and set(other.keys) & set(change.keys) for other in later
    )


def find_ungated(
    records: tuple[Record, ...],
    history: tuple[Commit, ...],
    heads: Mapping[CommitSha, Commit],
    evidence: Mapping[CommitSha, str],
) -> Iterator[Ungated]:
    """Yield every commit of `history` with a Change-Id, its own or its second parent's, that no record knows.

    `heads` are the second parents of the merges, by name; `evidence` says of which change a commit brings the
    evidence, which no message can hide. What a commit says of itself is shown only if it could be a Change-Id.
    """
    merged = {record.facts.get("merge") for record in records if record.phase is Phase.MERGED}
    approved = {record.facts.get("head") for record in records if record.phase is Phase.DECIDED and _is_yes(record)}
    for commit in history:
        head = heads.get(commit.parents[1]) if len(commit.parents) > 1 else None
        named = _named(commit, head, evidence)
        if named is None or commit.sha in merged:
            continue
        yield Ungated(
            commit=commit.sha,
            change=ChangeId(named) if _CHANGE_ID.fullmatch(named) else None,
            is_merge=len(commit.parents) > 1,
            is_approved=head is not None and head.sha in approved,
        )


def by_hand(
    records: tuple[Record, ...],
    history: tuple[Commit, ...],
    heads: Mapping[CommitSha, Commit],
    evidence: Mapping[CommitSha, str],
) -> frozenset[CommitSha]:
    """Return the commits of `history` that belong to no change, by what they say and by what is recorded."""
    merged = {record.facts.get("merge") for record in records if record.phase is Phase.MERGED}
    return frozenset(
        commit.sha
        for commit in history
        if commit.parents
        and commit.sha not in merged
        and _named(commit, heads.get(commit.parents[1]) if len(commit.parents) > 1 else None, evidence) is None
    )


def followed(
    ungated: Iterable[Ungated], history: tuple[Commit, ...], by_hand: frozenset[CommitSha]
) -> Mapping[CommitSha, Ungated]:
    """Return the commits by hand right after an ungated one: a rebase lands all of a pull request."""
    place = {commit.sha: number for number, commit in enumerate(history)}
    found: dict[CommitSha, Ungated] = {}
    for each in ungated:
        for commit in reversed(history[: place[each.commit]]):
            if each.is_merge or commit.sha not in by_hand or len(commit.parents) > 1:
                break
            found[commit.sha] = each
    return found


def is_recorded_merge(records: tuple[Record, ...], commit: CommitSha) -> bool:
    """Tell whether a record says that the gate merged this commit."""
    return any(record.phase is Phase.MERGED and record.facts.get("merge") == commit for record in records)


def unmerged(records: tuple[Record, ...], change: ChangeId | None) -> ChangeId | None:
    """Return a change that was proposed and never merged through the gate; None for any other name."""
    phases = {record.phase for record in records if record.change == change}
    return change if Phase.PROPOSED in phases and Phase.MERGED not in phases else None


def change_of_evidence(files: tuple[ChangedFile, ...]) -> str | None:
    """Return the change whose evidence file is added."""
    for file in files:
        name = file.path.removeprefix(EVIDENCE).removesuffix(".json")
        if file.status is FileStatus.ADDED and file.path == f"{EVIDENCE}{name}.json":
            return name
    return None


def _named(commit: Commit, head: Commit | None, evidence: Mapping[CommitSha, str]) -> str | None:
    """Return the change that a commit names, by its evidence, by itself or by the head that it merges."""
    return evidence.get(commit.sha) or commit.trailer("Change-Id") or (head.trailer("Change-Id") if head else None)


def _is_yes(record: Record) -> bool:
    return record.facts.get("result") in set(Authority)


def standing_targets(files: tuple[MergedFile, ...], now: Mapping[str, bytes | None]) -> tuple[str, ...]:
    """Return the targets of which a value set by these files is still the one in `now`, the files at the head.

    A file that cannot be read stands as long as its bytes do, by its path.
    """
    found: list[str] = []
    for file in files:
        present = now.get(file.path)
        if file.after is None or present is None:
            continue
        try:
            changes = changes_of((file,))
            values = parse_desired(file.path, present).values
        except BotError:
            found.extend([file.path] if present == file.after else [])
            continue
        found.extend(
            change.desired.target
            for change in changes
            if any(key in values and is_same(values[key], change.desired.values[key]) for key in change.keys)
        )
    return tuple(found)
