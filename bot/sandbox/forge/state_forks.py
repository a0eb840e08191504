"""Forks: copies of a repository that belong to somebody else, and pull requests from them.

Git objects are brought into the repository that a pull request is for, as GitHub shares them among forks; branches
are not, so a fork's commits are there under `refs/pull/NUMBER/head` only.
https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/working-with-forks/about-forks
"""

from bot.model.names import CommitSha
from bot.sandbox.forge.entities import Pull
from bot.sandbox.forge.git import GitRepository
from bot.sandbox.forge.state import ForgeState, Repository


def fork(state: ForgeState, repository: Repository, owner: str, *, name: str = "") -> Repository:
    """Copy the branches of a repository for another owner, or for its own under another name."""
    with state.lock:
        account, name = state.account(owner), name or repository.name
        git = GitRepository.create(state.root / account.login / f"{name}.git", repository.default_branch)
        git.bring(repository.git, "refs/heads/*:refs/heads/*")
        copied = Repository(
            id=state.next_id(),
            owner=account,
            name=name,
            default_branch=repository.default_branch,
            private=repository.private,
            git=git,
            fork_of=repository.key,
        )
        state.repositories[copied.key] = copied
        return copied


def delete(state: ForgeState, found: Repository) -> None:
    """Delete a fork: pull requests from it stay open, and name no repository any more."""
    with state.lock:
        del state.repositories[found.key]


def source(
    state: ForgeState, repository: Repository, head: str, *, name: str | None = None
) -> tuple[Repository, str] | None:
    """Read `branch` or `owner:branch` as the repository that has the branch, and the branch.

    `name` is that of a fork whose owner has the repository as well. None where there is no such repository.
    """
    owner, colon, branch = head.rpartition(":")
    if name is None and (not colon or owner.casefold() == repository.owner.login.casefold()):
        return repository, branch
    for found in state.repositories.values():
        is_meant = found.owner.login.casefold() == owner.casefold() and name in {None, found.name}
        if found.fork_of == repository.key and is_meant:
            return found, branch
    return None


def branch_of(state: ForgeState, repository: Repository, pull: Pull) -> CommitSha | None:
    """Return where a pull request's branch is now; None where it is gone, or its fork is."""
    if pull.fork is None:
        return repository.git.branch(pull.head_ref)
    found = state.repositories.get(pull.fork.casefold())
    return found.git.branch(pull.head_ref) if found else None


def label_of(repository: Repository, pull: Pull) -> str:
    """Return `owner:branch`."""
    return f"{owner_of(repository, pull)}:{pull.head_ref}"


def owner_of(repository: Repository, pull: Pull) -> str:
    """Return the login of whoever has the branch."""
    return repository.owner.login if pull.fork is None else pull.fork.partition("/")[0]
