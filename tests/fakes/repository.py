"""The Repository port over a memory world; like a clone, it knows only what was fetched."""

from collections.abc import Mapping, Sequence

from fakes.world import MAIN, MemoryWorld, Snapshot, merge_trees, tree_name

from bot.forge.port import FileTrace, RevertConflict, Reverted
from bot.model.errors import WorkspaceError
from bot.model.forge import ChangedFile, Commit
from bot.model.names import BranchName, CommitSha


class MemoryRepository:
    """A clone of the world's branches as of the last fetch."""

    def __init__(self, world: MemoryWorld) -> None:
        self.world = world
        self._heads: dict[BranchName, CommitSha] = {}
        self._known: frozenset[CommitSha] = frozenset()
        self.fetch()

    def fetch(self) -> None:
        """Bring every branch up to date; gone branches go, their commits stay."""
        self._heads = dict(self.world.branches)
        self._known |= self.world.reachable(self._heads.values())

    def default_branch(self) -> BranchName:
        """Return `main`."""
        return MAIN

    def head(self, branch: BranchName) -> CommitSha | None:
        """Return a branch's head as of the last fetch."""
        return self._heads.get(branch)

    def commit(self, sha: CommitSha) -> Commit:
        """Return one commit."""
        return self._snapshot(sha).commit

    def history(self, head: CommitSha, *, limit: int | None = None) -> tuple[Commit, ...]:
        """Return the first-parent history, newest first."""
        found: list[Commit] = []
        sha: CommitSha | None = head
        while sha is not None and (limit is None or len(found) < limit):
            found.append(self.commit(sha))
            sha = next(iter(found[-1].parents), None)
        return tuple(found)

    def read(self, path: str, at: CommitSha) -> bytes | None:
        """Return a file's bytes at a commit."""
        return self._snapshot(at).files.get(path)

    def read_many(self, prefix: str, at: CommitSha) -> Mapping[str, bytes]:
        """Return every file below a prefix."""
        below = prefix.rstrip("/") + "/" if prefix.strip("/") else ""
        return {path: content for path, content in self._snapshot(at).files.items() if path.startswith(below)}

    def tree_names(self, prefix: str, commits: Sequence[CommitSha]) -> Mapping[CommitSha, str]:
        """Name what is below a prefix at each commit."""
        below = {sha: self.read_many(prefix, sha) for sha in commits if sha in self._known}
        return {sha: tree_name(files) for sha, files in below.items() if files}

    def traces(self, merges: Sequence[CommitSha], *, at: CommitSha) -> Mapping[CommitSha, tuple[FileTrace, ...]]:
        """Return what each merge did to files, and how these are now."""
        now = self._snapshot(at).files
        found: dict[CommitSha, tuple[FileTrace, ...]] = {}
        for merge in merges:
            parents = self.commit(merge).parents if merge in self._known else ()
            if parents:
                before, merged = self._snapshot(parents[0]).files, self._snapshot(merge).files
                found[merge] = tuple(
                    FileTrace(path=path, before=before.get(path), merged=merged.get(path), now=now.get(path))
                    for path in (file.path for file in self.world.changed(parents[0], merge))
                )
        return found

    def changed(self, old: CommitSha, new: CommitSha) -> tuple[ChangedFile, ...]:
        """Return what differs between two commits."""
        self._snapshot(old), self._snapshot(new)
        return self.world.changed(old, new)

    def is_ancestor(self, old: CommitSha, new: CommitSha) -> bool:
        """Tell whether `old` is reachable from `new`."""
        self._snapshot(old), self._snapshot(new)
        return old in self.world.reachable([new])

    def revert(self, merge: CommitSha, *, onto: CommitSha) -> Reverted | RevertConflict:
        """Undo a merge on top of `onto`, as `git revert -m 1` does."""
        merged, target = self._snapshot(merge), self._snapshot(onto)
        if len(merged.commit.parents) < 2:
            raise WorkspaceError(f"commit {merge[:12]} is not a merge commit", hint="revert it by hand")
        before = self._snapshot(merged.commit.parents[0]).files
        result = merge_trees(merged.files, target.files, before)
        if isinstance(result, tuple):
            return RevertConflict(paths=result)
        files = {
            path: result.get(path)
            for path in sorted(result.keys() | target.files.keys())
            if result.get(path) != target.files.get(path)
        }
        return Reverted(tree=tree_name(result), files=files)

    def _snapshot(self, sha: CommitSha) -> Snapshot:
        if sha not in self._known:
            raise WorkspaceError(f"commit {sha[:12]} is not in the clone", hint="fetch first")
        return self.world.snapshots[sha]
