"""A base branch as a local clone has it, read for one folder of the repository; nothing is fetched, nothing moves."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from bot.forge.git_history import GitHistory
from bot.forge.git_parse import blobs_of, regular_files_of
from bot.model.errors import WorkspaceError
from bot.model.history import Edit, Revision
from bot.model.names import CommitSha


@dataclass(frozen=True, slots=True, kw_only=True)
class GitBase:
    """A commit, and the folder below which paths are told; `prefix` is where it stands in the repository."""

    history: GitHistory
    commit: CommitSha
    prefix: str

    @classmethod
    def open(cls, folder: Path, ref: str) -> Self:
        """Find a branch, tag or commit by its name; WorkspaceError where the clone has none of that name."""
        history = GitHistory.open(folder)
        name = f"{ref}^{{commit}}"
        outcome = history.git.attempt("rev-parse", "--verify", "--quiet", "--end-of-options", name)
        if outcome.code != 0:
            hint = "`git fetch origin`, and name it as `git branch --all` does: origin/main"
            raise WorkspaceError(f"the clone has no commit `{ref}`", hint=hint)
        where = folder.relative_to(history.git.root).as_posix()
        commit = CommitSha(outcome.output.decode("ascii").split()[-1])
        return cls(history=history, commit=commit, prefix="" if where == "." else f"{where}/")

    def files(self, below: str) -> Mapping[str, bytes]:
        """Return every regular file below a folder, by its path."""
        git, folder = self.history.git, f"{self.prefix}{below}"
        listed = regular_files_of(git.run("ls-tree", "-r", "-z", "--full-tree", self.commit, "--", folder))
        names = "".join(f"{blob}\n" for blob in sorted(set(listed.values())))
        blobs = blobs_of(git.run("cat-file", "--batch", stdin=names.encode("ascii"))) if names else {}
        return {path.removeprefix(self.prefix): blobs[blob] for path, blob in sorted(listed.items())}

    def revisions(self, below: str) -> tuple[Revision, ...]:
        """Return the commits of the branch itself that changed files below a folder, oldest first."""
        found = self.history.revisions(f"{self.prefix}{below}", head=self.commit)
        return tuple(replace(each, edits=tuple(self._inside(edit) for edit in each.edits)) for each in found)

    def _inside(self, edit: Edit) -> Edit:
        return replace(edit, path=edit.path.removeprefix(self.prefix))
