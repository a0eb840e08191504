"""The same question about many commits at once: a handful of git processes, however many they are."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.forge.git_command import GitCommand
from bot.forge.git_parse import REGULAR, blobs_of, regular_files_of
from bot.forge.port import FileTrace
from bot.model.names import CommitSha

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edit:
    """One file of a difference, and its blobs on both sides; None for what is no regular file."""

    path: str
    before: str | None
    after: str | None


def tree_names(git: GitCommand, prefix: str, commits: Sequence[CommitSha]) -> Mapping[CommitSha, str]:
    """Name what is below a prefix at each commit; what git does not know is left out."""
    folder = prefix.strip("/")
    asked = {commit: f"{commit}:{folder}" if folder else f"{commit}^{{tree}}" for commit in _names(commits)}
    return _resolved(git, asked)


def traces(
    git: GitCommand, merges: Sequence[CommitSha], *, at: CommitSha
) -> Mapping[CommitSha, tuple[FileTrace, ...]]:
    """Read what each merge did to files, and how these are at another commit; what git does not know is left out."""
    names = _names(merges)
    after = _resolved(git, {merge: f"{merge}^{{tree}}" for merge in names})
    before = _resolved(git, {merge: f"{merge}^1^{{tree}}" for merge in names})
    pairs = {merge: f"{before[merge]} {after[merge]}" for merge in names if merge in before and merge in after}
    edits = _differences(git, dict.fromkeys(pairs.values()))
    now = regular_files_of(git.run("ls-tree", "-r", "-z", "--full-tree", at))
    wanted = {blob for found in edits.values() for edit in found for blob in (edit.before, edit.after)}
    wanted |= {now.get(edit.path) for found in edits.values() for edit in found}
    blobs = _contents(git, {blob for blob in wanted if blob is not None})

    def traced(edit: _Edit) -> FileTrace:
        names = (edit.before, edit.after, now.get(edit.path))
        old, merged, present = (None if name is None else blobs[name] for name in names)
        return FileTrace(path=edit.path, before=old, merged=merged, now=present)

    return {merge: tuple(map(traced, edits.get(pair, ()))) for merge, pair in pairs.items()}


def _names(commits: Iterable[CommitSha]) -> tuple[CommitSha, ...]:
    """Return what is a commit's full name, each once: never an option, and never another name."""
    return tuple(commit for commit in dict.fromkeys(commits) if _SHA.fullmatch(commit))


def _resolved(git: GitCommand, asked: Mapping[CommitSha, str]) -> dict[CommitSha, str]:
    """Return the object that each expression names, where there is one."""
    if not asked:
        return {}
    lines = "".join(f"{expression}\n" for expression in asked.values())
    answers = git.run("cat-file", "--batch-check=%(objectname)", stdin=lines.encode()).decode(errors="replace")
    return {
        commit: answer for commit, answer in zip(asked, answers.splitlines(), strict=True) if _SHA.fullmatch(answer)
    }


def _differences(git: GitCommand, pairs: Iterable[str]) -> dict[str, tuple[_Edit, ...]]:
    """Compare pairs of trees, each written as their two names; equal trees are left out.

    Neighbours in history share most of their trees: in that order git unpacks each a third as often as in any other.
    """
    lines = "".join(f"{pair}\n" for pair in pairs)
    if not lines:
        return {}
    output = git.run("diff-tree", "--stdin", "-r", "-z", "--raw", "--no-renames", stdin=lines.encode("ascii"))
    found: dict[str, list[_Edit]] = {}
    parts = iter(output.split(b"\0")[:-1])
    pair = ""
    for part in parts:
        headers, _, facts = part.rpartition(b"\n")  # a pair's names end with a newline, even under `-z`
        if headers:
            pair = headers.split(b"\n")[-1].decode("ascii")
        found.setdefault(pair, []).append(_edit(facts, next(parts)))
    return {pair: tuple(edits) for pair, edits in found.items()}


def _edit(facts: bytes, path: bytes) -> _Edit:
    old, new, before, after, _ = facts.decode("ascii").lstrip(":").split()
    return _Edit(
        path=path.decode("utf-8", errors="surrogateescape"),
        before=before if old in REGULAR else None,
        after=after if new in REGULAR else None,
    )


def _contents(git: GitCommand, names: Iterable[str]) -> Mapping[str, bytes]:
    lines = "".join(f"{name}\n" for name in sorted(names))
    return blobs_of(git.run("cat-file", "--batch", stdin=lines.encode("ascii"))) if lines else {}
