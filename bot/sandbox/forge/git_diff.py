"""Differences between two commits, file by file, as the REST interface shows them."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from bot.sandbox.forge.git import ABSENT, GitRepository

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""Git's name for the tree without entries: what a first commit is compared with."""


class FileStatus(StrEnum):
    """What happened to a file."""

    ADDED = "added"
    REMOVED = "removed"
    MODIFIED = "modified"
    RENAMED = "renamed"
    CHANGED = "changed"


_STATUS = {
    "A": FileStatus.ADDED,
    "D": FileStatus.REMOVED,
    "M": FileStatus.MODIFIED,
    "R": FileStatus.RENAMED,
    "T": FileStatus.CHANGED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """One changed file; `patch` holds the hunks, None for binary files."""

    path: str
    previous_path: str | None
    status: FileStatus
    blob: str
    additions: int
    deletions: int
    patch: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Raw:
    status: FileStatus
    blob: str
    path: str
    previous_path: str | None


def changes(git: GitRepository, before: str, after: str) -> tuple[FileChange, ...]:
    """List the files that differ between two commits or trees."""
    output = git.run("diff-tree", "-r", "-M", "-z", "--raw", "--numstat", before, after)
    fields = iter(output.decode(errors="replace").split("\0")[:-1])
    raws: list[_Raw] = []
    counts: list[tuple[int, int]] = []
    for field in fields:
        if field.startswith(":"):
            raws.append(_raw(field, fields))
        else:
            counts.append(_count(field, fields))
    patches = _patches(git, before, after)
    if len(patches) != len(raws):  # a change of type is two patches for one file: none is shown
        patches = [None] * len(raws)
    return tuple(
        FileChange(
            path=raw.path,
            previous_path=raw.previous_path,
            status=raw.status,
            blob=raw.blob,
            additions=count[0],
            deletions=count[1],
            patch=patch,
        )
        for raw, count, patch in zip(raws, counts, patches, strict=True)
    )


def _raw(field: str, rest: Iterator[str]) -> _Raw:
    _, _, old, new, letter = field.split(" ")
    path = next(rest)
    previous = None
    if letter.startswith("R"):
        previous, path = path, next(rest)
    return _Raw(
        status=_STATUS[letter[0]],
        blob=old if new == ABSENT else new,
        path=path,
        previous_path=previous,
    )


def _count(field: str, rest: Iterator[str]) -> tuple[int, int]:
    added, removed, path = field.split("\t")
    if not path:  # a rename: both paths follow
        next(rest)
        next(rest)
    return (0, 0) if added == "-" else (int(added), int(removed))


def _patches(git: GitRepository, before: str, after: str) -> list[str | None]:
    output = git.run("diff-tree", "-r", "-M", "-p", before, after).decode(errors="replace")
    found: list[str | None] = []
    # Lines of content begin with a blank, a sign or a backslash, so this line start is git's own.
    for section in ("\n" + output).split("\ndiff --git ")[1:]:
        _, marker, hunks = section.partition("\n@@ ")
        found.append("@@ " + hunks.rstrip("\n") if marker else None)
    return found
