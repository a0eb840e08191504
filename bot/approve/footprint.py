"""What a merge did to files, and what is left of it: the bytes before it, at it, and at a later commit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.forge.port import Repository
from bot.model.change import KeyChange
from bot.model.errors import WorkspaceError
from bot.model.names import CommitSha
from bot.propose.desired import Unreadable, key_changes, same, target_of, values_of

Files = Mapping[str, bytes | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """The bytes of every file that a merge touched: at its first parent, at itself, and at the commit asked about.

    None stands for no such file; the three have the same paths.
    """

    before: Files
    merged: Files
    now: Files


def footprint_of(repository: Repository, merge: CommitSha, at: CommitSha) -> Footprint:
    """Read every file that a merge touched; `at` is the commit whose bytes count as those of now."""
    parents = repository.commit(merge).parents
    if not parents:
        raise WorkspaceError(f"commit {merge[:12]} has no parent", hint="a merge has two; look at the history")
    paths = tuple(file.path for file in repository.changed(parents[0], merge))
    later = {file.path for file in repository.changed(merge, at)}
    merged = {path: repository.read(path, merge) for path in paths}
    return Footprint(
        before={path: repository.read(path, parents[0]) for path in paths},
        merged=merged,
        now={path: repository.read(path, at) if path in later else merged[path] for path in paths},
    )


def footprints_of(
    repository: Repository, merges: Sequence[CommitSha], at: CommitSha
) -> Mapping[CommitSha, Footprint]:
    """Read the footprints of many merges together; those that cannot be read are left out."""
    return {
        merge: Footprint(
            before={trace.path: trace.before for trace in traces},
            merged={trace.path: trace.merged for trace in traces},
            now={trace.path: trace.now for trace in traces},
        )
        for merge, traces in repository.traces(merges, at=at).items()
    }


def changed_since(footprint: Footprint) -> tuple[str, ...]:
    """Return the merge's files that something else has changed after it."""
    return tuple(path for path, content in sorted(footprint.merged.items()) if footprint.now.get(path) != content)


def is_back(footprint: Footprint) -> bool:
    """Tell whether every value that a merge set is what it was before, whoever put it back and in what words."""
    if footprint.now == footprint.merged:
        return False
    set_by_merge = values_changed(footprint.before, footprint.merged)
    if isinstance(set_by_merge, Unreadable) or not set_by_merge:
        return False
    now = {path: _values(path, footprint.now.get(path)) for path in footprint.merged}
    present = {(target_of(path), key): value for path, values in now.items() for key, value in values.items()}
    return all(
        (each.target, each.key) in present and same(present[each.target, each.key], each.before)
        for each in set_by_merge
    )


def values_changed(old: Files, new: Files) -> tuple[KeyChange, ...] | Unreadable:
    """Return the values of the desired state that differ, derived from the bytes themselves."""
    found: list[KeyChange] = []
    for path, content in sorted(new.items()):
        former = old.get(path)
        if target_of(path) is None or former == content:
            continue
        if former is None or content is None:
            return Unreadable(path=path, reason="it is not there on both sides")
        changes = key_changes(path, former, content)
        if isinstance(changes, Unreadable):
            return changes
        found += changes
    return tuple(found)


def _values(path: str, content: bytes | None) -> Mapping[str, bool | int | float | str]:
    if content is None or target_of(path) is None:
        return {}
    values = values_of(path, content)
    return {} if isinstance(values, Unreadable) else values
