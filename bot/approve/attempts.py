"""Looks for reverts by others: by one list of the forge, and in the clone."""

from collections.abc import Iterator

from bot.approve.footprint import footprint_of, is_back
from bot.approve.precedent import Attempt, Precedent, Subject, is_about, is_own, precedent_of, reverts
from bot.ledger.site import Site
from bot.model.forge import ActorKind, Commit, PullRequest, PullState
from bot.model.names import CommitSha
from bot.model.settings import Policy

_COMMITS = 1000
"""So many of the newest commits of the base branch are looked through for one that took the change back."""


def find_precedent(site: Site, subject: Subject, *, base: CommitSha, policy: Policy) -> Precedent | None:
    """Return what others did about taking a change back, as of now; `base` is the head of the base branch.

    A revert follows its merge, so that the list of pull requests ends there. ForgeError where it cannot be read:
    what is not known never lets a rollback pass.
    """
    since = site.repository.commit(subject.merge).committed_at
    pulls = site.forge.pulls(since=since)
    attempts = tuple(_attempts(site, subject, pulls, policy))
    return precedent_of(attempts, reverted_by=_reverted_by(site, subject.merge, base))


def _attempts(site: Site, subject: Subject, pulls: tuple[PullRequest, ...], policy: Policy) -> Iterator[Attempt]:
    branch = site.repository.default_branch()
    for pull in pulls:
        if pull.merged or is_own(pull) or pull.base_branch != branch or pull.number == subject.pull:
            continue
        restores = pull.state is PullState.OPEN and _restores(site, subject.merge, pull)
        if restores or is_about(pull, subject, base=branch):
            yield Attempt(pull=pull, restores=restores, may_decide=_may_decide(site, pull, policy))


def _restores(site: Site, merge: CommitSha, pull: PullRequest) -> bool:
    """Tell whether a branch of this repository was made on top of the merge and holds the values from before it."""
    repository = site.repository
    if not pull.same_repository or repository.head(pull.head_branch) != pull.head:
        return False
    return repository.is_ancestor(merge, pull.head) and is_back(footprint_of(repository, merge, pull.head))


def _may_decide(site: Site, pull: PullRequest, policy: Policy) -> bool:
    barred = {login.casefold() for login in (*policy.bots, *policy.excluded_approvers)}
    author = pull.author
    if author.kind is not ActorKind.USER or author.login.casefold() in barred:
        return False
    return site.forge.permission(author.login).can_write


def _reverted_by(site: Site, merge: CommitSha, base: CommitSha) -> CommitSha | None:
    """Return the newest commit after a merge that says it reverts it, on the branch or at the tip that it merged."""
    repository = site.repository
    for commit in _after(repository.history(base, limit=_COMMITS), merge):
        tips = (commit, *(repository.commit(parent) for parent in commit.parents[1:]))
        if any(reverts(tip, merge) for tip in tips):
            return commit.sha
    return None


def _after(history: tuple[Commit, ...], merge: CommitSha) -> Iterator[Commit]:
    for commit in history:
        if commit.sha == merge:
            return
        yield commit
