"""The repository port over a local clone: reads what was fetched, never the work tree, and moves no local branch."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from bot.forge import git_bulk
from bot.forge.git_command import GitCommand
from bot.forge.git_parse import COMMIT_FORMAT, blobs_of, changes_of, commits_of, regular_files_of
from bot.forge.port import FileTrace, RevertConflict, Reverted
from bot.model.errors import UnavailableError, WorkspaceError
from bot.model.forge import ChangedFile, Commit
from bot.model.names import BranchName, CommitSha, PullNumber

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SCRATCH = "pow-revert-"
_SCRATCH_TREE = re.compile(rf"worktree (?P<parent>/.*/{_SCRATCH}(?P<process>\d+)-[^/]+)/tree")


class GitRepository:
    """A clone's view of its remote; objects are immutable, so what was read once is remembered."""

    def __init__(self, git: GitCommand, *, remote: str) -> None:
        self._git = git
        self._remote = remote
        self._default: BranchName | None = None
        self._commits: dict[CommitSha, Commit] = {}

    @classmethod
    def open(
        cls, root: Path, *, remote: str = "origin", token: str | None = None, server_url: str = "https://github.com"
    ) -> Self:
        """Open a clone; WorkspaceError where there is none, or it has no such remote."""
        git = GitCommand(root=root.absolute(), token=token, server_url=server_url)
        if not root.is_dir() or git.attempt("rev-parse", "--git-dir").code != 0:
            raise WorkspaceError(f"not a Git repository: {root}", hint="run inside a clone: `git clone URL`")
        if git.attempt("remote", "get-url", remote).code != 0:
            raise WorkspaceError(f"the clone {root} has no remote {remote}", hint=f"git remote add {remote} URL")
        return cls(git, remote=remote)

    def fetch(self) -> None:
        """Bring every branch up to date, forget those that are gone, and complete a shallow clone."""
        shallow = self._git.run("rev-parse", "--is-shallow-repository").strip() == b"true"
        options = ("--prune", *(("--unshallow",) if shallow else ()))
        self._fetch(f"+refs/heads/*:refs/remotes/{self._remote}/*", *options)

    def fetch_pull(self, number: PullNumber) -> None:
        """Bring the head of a pull request into the clone, which for one from a fork no branch does."""
        self._fetch(f"+refs/pull/{number}/head:refs/pow/pulls/{number}")

    def _fetch(self, refspec: str, *options: str) -> None:
        fixed = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance")
        outcome = self._git.attempt("fetch", *fixed, *options, self._remote, refspec, remote=True)
        if outcome.code != 0:
            raise UnavailableError(
                f"cannot fetch from {self._remote}: {outcome.error}",
                hint="check the network, and that GITHUB_TOKEN may read the repository: `git ls-remote`",
            )

    def default_branch(self) -> BranchName:
        """Return the name of the base branch, as the remote says."""
        if self._default is None:
            self._default = self._known_default() or self._asked_default()
        return self._default

    def head(self, branch: BranchName) -> CommitSha | None:
        """Return a branch's head as of the last fetch."""
        ref = f"refs/remotes/{self._remote}/{branch}"
        outcome = self._git.attempt("show-ref", "--verify", "--hash", ref)
        # The clone's own note of the default branch looks like a branch named HEAD.
        found = outcome.code == 0 and branch != "HEAD"
        return CommitSha(outcome.output.decode("ascii").strip()) if found else None

    def commit(self, sha: CommitSha) -> Commit:
        """Return one commit."""
        if sha not in self._commits:
            self._remember(self._log(sha, limit=1))
        return self._commits[sha]

    def history(self, head: CommitSha, *, limit: int | None = None) -> tuple[Commit, ...]:
        """Return the first-parent history, newest first."""
        found = self._log(head, limit=limit)
        self._remember(found)
        return found

    def read(self, path: str, at: CommitSha) -> bytes | None:
        """Return a regular file's bytes at a commit."""
        return self._blob(self._known(at), path)

    def read_many(self, prefix: str, at: CommitSha) -> Mapping[str, bytes]:
        """Return every regular file below a prefix, by path, in two git commands."""
        folder = prefix.strip("/")
        below = ("--", f"{folder}/") if folder else ()
        files = regular_files_of(self._git.run("ls-tree", "-r", "-z", "--full-tree", self._known(at), *below))
        names = "".join(f"{blob}\n" for blob in sorted(set(files.values())))
        blobs = blobs_of(self._git.run("cat-file", "--batch", stdin=names.encode("ascii"))) if names else {}
        return {path: blobs[blob] for path, blob in sorted(files.items())}

    def tree_names(self, prefix: str, commits: Sequence[CommitSha]) -> Mapping[CommitSha, str]:
        """Name what is below a prefix at each commit, in one git command."""
        return git_bulk.tree_names(self._git, prefix, commits)

    def traces(self, merges: Sequence[CommitSha], *, at: CommitSha) -> Mapping[CommitSha, tuple[FileTrace, ...]]:
        """Return what each merge did to files and how these are now, in five git commands."""
        return git_bulk.traces(self._git, merges, at=self._known(at))

    def changed(self, old: CommitSha, new: CommitSha) -> tuple[ChangedFile, ...]:
        """Return what differs between two commits."""
        return changes_of(self._diff(self._known(old), self._known(new)))

    def is_ancestor(self, old: CommitSha, new: CommitSha) -> bool:
        """Tell whether `old` is reachable from `new`."""
        outcome = self._git.attempt("merge-base", "--is-ancestor", self._known(old), self._known(new))
        if outcome.code not in {0, 1}:
            raise WorkspaceError(f"git merge-base failed: {outcome.error}")
        return outcome.code == 0

    def revert(self, merge: CommitSha, *, onto: CommitSha) -> Reverted | RevertConflict:
        """Run `git revert -m 1` of a merge in a work tree of its own at `onto`."""
        if len(self.commit(merge).parents) < 2:
            raise WorkspaceError(f"commit {merge[:12]} is not a merge commit", hint="revert it by hand")
        with self._scratch_tree(self._known(onto)) as folder:
            outcome = self._git.attempt("revert", "--no-commit", "-m", "1", merge, folder=folder)
            unmerged = self._git.run("diff", "--name-only", "--diff-filter=U", "-z", folder=folder)
            if unmerged:
                return RevertConflict(paths=tuple(unmerged.decode(errors="replace").rstrip("\0").split("\0")))
            if outcome.code != 0:
                raise WorkspaceError(f"cannot revert {merge[:12]}: {outcome.error}")
            tree = self._git.run("write-tree", folder=folder).decode("ascii").strip()
        changed = changes_of(self._diff(onto, tree))
        return Reverted(tree=tree, files={change.path: self._blob(tree, change.path) for change in changed})

    def _blob(self, tree: str, path: str) -> bytes | None:
        files = regular_files_of(self._git.run("ls-tree", "-z", "--full-tree", tree, "--", path))
        return self._git.run("cat-file", "blob", files[path]) if path in files else None

    @contextmanager
    def _scratch_tree(self, at: CommitSha) -> Iterator[Path]:
        """Check out a commit beside the clone; a killed run's leftovers are forgotten by the next one."""
        self._sweep()
        with tempfile.TemporaryDirectory(prefix=f"{_SCRATCH}{os.getpid()}-") as parent:
            folder = Path(parent) / "tree"
            self._git.run("worktree", "add", "--quiet", "--detach", str(folder), at)
            try:
                yield folder
            finally:
                self._git.run("worktree", "remove", "--force", "--force", str(folder))

    def _sweep(self) -> None:
        """Remove the scratch trees of runs that were killed."""
        listed = self._git.run("worktree", "list", "--porcelain", "-z").decode(errors="surrogateescape")
        for line in listed.split("\0"):
            match = _SCRATCH_TREE.fullmatch(line)
            if match and not _is_alive(int(match["process"])):
                shutil.rmtree(match["parent"], ignore_errors=True)
        self._git.run("worktree", "prune", "--expire=now")

    def _diff(self, old: str, new: str) -> bytes:
        return self._git.run("diff-tree", "-r", "-z", "--raw", "--no-renames", old, new)

    def _log(self, head: CommitSha, *, limit: int | None) -> tuple[Commit, ...]:
        count = () if limit is None else (f"--max-count={limit}",)
        output = self._git.run(
            "log",
            "-z",
            "--first-parent",
            "--no-show-signature",
            f"--format={COMMIT_FORMAT}",
            *count,
            self._known(head),
        )
        return commits_of(output)

    def _remember(self, commits: tuple[Commit, ...]) -> None:
        self._commits.update((commit.sha, commit) for commit in commits)

    def _known(self, sha: CommitSha) -> CommitSha:
        """Return the same name once it is sure to be a commit of this clone, and never an option or another name."""
        if sha in self._commits:
            return sha
        if not _SHA.fullmatch(sha) or self._git.attempt("cat-file", "-e", f"{sha}^{{commit}}").code != 0:
            raise WorkspaceError(f"commit {sha[:12]} is not in the clone", hint="git fetch --unshallow origin")
        return sha

    def _known_default(self) -> BranchName | None:
        ref = f"refs/remotes/{self._remote}/HEAD"
        outcome = self._git.attempt("symbolic-ref", "--quiet", ref)
        name = outcome.output.decode(errors="replace").strip().removeprefix(f"refs/remotes/{self._remote}/")
        return BranchName(name) if outcome.code == 0 and name else None

    def _asked_default(self) -> BranchName:
        outcome = self._git.attempt("ls-remote", "--symref", self._remote, "HEAD", remote=True)
        match = re.match(rb"ref: refs/heads/(.+)\tHEAD\n", outcome.output)
        if match is None:
            raise UnavailableError(
                f"{self._remote} does not tell its default branch: {outcome.error or 'no answer'}",
                hint=f"git remote set-head {self._remote} --auto",
            )
        return BranchName(match[1].decode(errors="replace"))


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)  # sends nothing: asks whether there is such a process
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
