"""Merging in a bare repository, without a work tree: git's own three-way merges, its conflicts and its rebases.

Knows commits and trees; who may merge, and what happens to the pull request, is decided elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.model.names import CommitSha
from bot.sandbox.forge.git import Commit, GitError, GitRepository, Signature


class MergeMethod(StrEnum):
    """How a pull request's commits reach the base branch."""

    MERGE = "merge"
    SQUASH = "squash"
    REBASE = "rebase"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A merge that git could not finish, with the paths in question."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeTexts:
    """What goes into a commit that a merge makes."""

    message: str
    author: Signature
    committer: Signature


def merge_trees(git: GitRepository, ours: str, theirs: str) -> str | Conflict:
    """Merge two commits three ways and return the resulting tree."""
    code, output, error = git.attempt(
        "merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", ours, theirs
    )
    tree, *paths = output.decode(errors="replace").split("\0")
    if code == 0:
        return tree
    if code == 1:
        return Conflict(paths=tuple(path for path in paths if path))
    raise GitError(error.decode(errors="replace").strip())


def merge(git: GitRepository, base: CommitSha, head: CommitSha, texts: MergeTexts) -> CommitSha | Conflict:
    """Make a merge commit with the parents base and head."""
    return _join(git, (base, head), (base, head), texts)


def squash(git: GitRepository, base: CommitSha, head: CommitSha, texts: MergeTexts) -> CommitSha | Conflict:
    """Make one commit on base that holds everything head has beyond it."""
    return _join(git, (base, head), (base,), texts)


def rebase(git: GitRepository, base: CommitSha, head: CommitSha, committer: Signature) -> CommitSha | Conflict:
    """Put head's own commits on top of base one by one, as `git rebase` does: merges are left out, authors kept."""
    onto = base
    for sha in git.rev_list("--reverse", "--topo-order", "--no-merges", f"{base}..{head}"):
        picked = _pick(git, git.commit(sha), onto, committer)
        if isinstance(picked, Conflict):
            return picked
        onto = picked
    return onto


def _join(
    git: GitRepository, sides: tuple[str, str], parents: Sequence[str], texts: MergeTexts
) -> CommitSha | Conflict:
    tree = merge_trees(git, *sides)
    if isinstance(tree, Conflict):
        return tree
    return git.write_commit(
        tree=tree, parents=parents, message=texts.message, author=texts.author, committer=texts.committer
    )


def _pick(git: GitRepository, commit: Commit, onto: CommitSha, committer: Signature) -> CommitSha | Conflict:
    # git 2.39 cannot be told the merge base, so a stand-in for `onto` is made whose only parent is the
    # picked commit's parent: then that parent is the merge base, which is what a cherry-pick is.
    target = git.commit(onto)
    stand_in = git.write_commit(
        tree=target.tree,
        parents=commit.parents,
        message="stand-in",
        author=committer,
        committer=committer,
    )
    tree = merge_trees(git, stand_in, commit.sha)
    if isinstance(tree, Conflict):
        return tree
    if tree == target.tree:
        return onto
    picked = replace(commit, tree=tree)
    return git.write_commit(
        tree=picked.tree,
        parents=(onto,),
        message=picked.message,
        author=picked.author,
        committer=committer,
    )
