"""What a branch did to the files below a folder, commit by commit: two git processes, however long it is."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from bot.forge.git_command import GitCommand
from bot.forge.git_parse import REGULAR, blobs_of
from bot.model.errors import WorkspaceError
from bot.model.history import BlobName, Edit, Revision
from bot.model.names import CommitSha

_HEADER = "%x00%H %ct"


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHistory:
    """The history of the branch that is checked out; `is_shallow` says that its beginning is not in the clone."""

    git: GitCommand
    is_shallow: bool

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the repository around an absolute path; WorkspaceError where there is none, or no commit in it."""
        around = (each for each in (folder, *folder.parents) if (each / ".git").exists())
        root = next(around, None) if folder.is_dir() else None
        if root is None:
            raise WorkspaceError(f"not a Git repository: {folder}", hint="run inside a clone: `git clone URL`")
        git = GitCommand(root=root)
        if (outcome := git.attempt("rev-parse", "--verify", "--quiet", "HEAD^{commit}")).code != 0:
            said = f": {outcome.error}" if outcome.error else ""
            raise WorkspaceError(f"the repository {root} has no commit yet{said}", hint="git commit")
        shallow = git.run("rev-parse", "--is-shallow-repository").strip() == b"true"
        return cls(git=git, is_shallow=shallow)

    def revisions(self, folder: str, *, side_branches: bool = False, head: str = "HEAD") -> tuple[Revision, ...]:
        """Return the commits up to `head` (HEAD or a commit's name) that changed files below a folder, oldest first.

        These are the states that the branch itself was in: of a merge only what it brought. With `side_branches`
        every commit that was ever merged is there as well.
        """
        reach = ("--full-history",) if side_branches else ("--first-parent",)
        output = self.git.run(
            "log",
            "-z",
            "--raw",
            "--no-abbrev",
            "--no-renames",
            "--no-show-signature",
            "-m",
            "--reverse",
            *reach,
            f"--format={_HEADER}",
            head,
            "--",
            folder,
        )
        return tuple(_revisions(output))

    def contents(self, names: Iterable[BlobName]) -> Mapping[BlobName, bytes]:
        """Return the bytes of blobs, each read once."""
        listed = "".join(f"{name}\n" for name in dict.fromkeys(names))
        found = blobs_of(self.git.run("cat-file", "--batch", stdin=listed.encode("ascii"))) if listed else {}
        return {BlobName(name): content for name, content in found.items()}


def _revisions(output: bytes) -> Iterator[Revision]:
    """Read `git log -z --raw`: a header, then pairs of facts and path; paths are taken with their facts only."""
    parts = iter(output.split(b"\0"))
    header, edits = b"", list[Edit]()
    for part in parts:
        facts = part.lstrip(b"\n")
        if facts.startswith(b":"):
            edits.append(_edit(facts, next(parts)))
        elif facts:
            if edits:
                yield _revision(header, edits)
            header, edits = facts, []
    if edits:
        yield _revision(header, edits)


def _revision(header: bytes, edits: list[Edit]) -> Revision:
    commit, seconds = header.decode("ascii").split()
    return Revision(commit=CommitSha(commit), at=datetime.fromtimestamp(int(seconds), UTC), edits=tuple(edits))


def _edit(facts: bytes, path: bytes) -> Edit:
    old, new, before, after, _ = facts.decode("ascii").lstrip(":").split()
    return Edit(
        path=path.decode("utf-8", errors="surrogateescape"),
        before=BlobName(before) if old in REGULAR else None,
        after=BlobName(after) if new in REGULAR else None,
    )
