"""Brings a proposal to the forge: branch, pull request, labels, reviewers, record; each looked up before it is made.

A run that died in between is continued: what its branch holds is checked and recorded, never written anew.
"""

from dataclasses import dataclass

from bot.ledger.site import Site
from bot.model.change import Change, KeyChange, Proposal
from bot.model.errors import ConflictError, ForgeError, RateLimitedError, UnavailableError, WorkspaceError
from bot.model.forge import Commit, PullRequest, PullState
from bot.model.json import digest_of
from bot.model.names import CommitSha, Digest, TeamSlug
from bot.propose.desired import Unreadable, evidence_path, key_changes
from bot.propose.proposal import proposed
from bot.propose.trailers import read_proposal

_DEPTH = 50
"""So many commits on top of ours are looked through, should somebody have pushed on a dead run's branch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A proposal on the forge; `warnings` are what did not work and does not matter to the loop."""

    pull: PullRequest
    warnings: tuple[str, ...]


def publish(site: Site, proposal: Proposal, teams: tuple[TeamSlug, ...]) -> Published:
    """Make sure that the proposal is there, whole and recorded."""
    _ensure_branch(site, proposal)
    site.repository.fetch()
    commit = _own_commit(site, proposal.change)
    parent, evidence = _checked(site, proposal.change, commit)
    pull = _ensure_pull(site, proposal)
    warnings: list[str] = []
    if pull.state is PullState.OPEN:
        warnings = _decorate(site, proposal, pull, teams)
    site.ledger.append(proposed(proposal, pull, head=commit.sha, base=parent, evidence=evidence))
    return Published(pull=pull, warnings=tuple(warnings))


def _ensure_branch(site: Site, proposal: Proposal) -> None:
    branch = proposal.change.branch
    if site.forge.head(branch) is not None:
        return
    commit = site.forge.commit(proposal.base, proposal.files, proposal.commit_message)
    try:
        site.forge.create_branch(branch, commit)
    except ConflictError:
        if site.forge.head(branch) is None:
            raise


def _own_commit(site: Site, change: Change) -> Commit:
    """Find the proposal's commit on its branch, below whatever people have put on top."""
    head = site.repository.head(change.branch)
    for commit in site.repository.history(head, limit=_DEPTH) if head else ():
        trailers = read_proposal(commit.trailers)
        if trailers is not None and trailers.change == change.id:
            return commit
    raise WorkspaceError(
        f"branch {change.branch} exists and does not hold change {change.id}",
        hint=f"look at it, then delete it: git push origin --delete {change.branch}",
    )


def _checked(site: Site, change: Change, commit: Commit) -> tuple[CommitSha, Digest]:
    """Hold the branch's commit against what is proposed; returns its parent and the evidence's digest."""
    repository, path = site.repository, evidence_path(change.id)
    fault = WorkspaceError(
        f"branch {change.branch} holds something else than change {change.id}",
        hint=f"look at it, then delete it: git push origin --delete {change.branch}",
    )
    if len(commit.parents) != 1:
        raise fault
    parent = commit.parents[0]
    evidence, found = repository.read(path, commit.sha), list[KeyChange]()
    for file in repository.changed(parent, commit.sha):
        before, after = repository.read(file.path, parent), repository.read(file.path, commit.sha)
        if file.path == path:
            continue
        changes = key_changes(file.path, before, after) if before is not None and after is not None else ()
        if isinstance(changes, Unreadable) or not changes:
            raise fault
        found += changes
    trailers = read_proposal(commit.trailers)
    digest = digest_of(evidence) if evidence is not None else None
    if digest is None or trailers is None or trailers.evidence != digest or set(found) != set(change.keys):
        raise fault
    return parent, digest


def _ensure_pull(site: Site, proposal: Proposal) -> PullRequest:
    """Find the branch's pull request in any state, or open one."""
    branch = proposal.change.branch
    if existing := site.forge.pulls(head=branch):
        return existing[0]
    base = site.repository.default_branch()
    try:
        return site.forge.open_pull(branch=branch, base=base, title=proposal.title, body=proposal.body, draft=False)
    except ConflictError:
        if existing := site.forge.pulls(head=branch):
            return existing[0]
        raise


def _decorate(site: Site, proposal: Proposal, pull: PullRequest, teams: tuple[TeamSlug, ...]) -> list[str]:
    """Add labels and ask for reviews; a refusal is a warning, an outage is not."""
    warnings: list[str] = []
    try:
        if not set(proposal.labels) <= pull.labels:
            site.forge.add_labels(pull.number, proposal.labels)
    except (UnavailableError, RateLimitedError):
        raise
    except ForgeError as error:
        warnings.append(f"no labels: {error.message}")
    try:
        if teams:
            site.forge.request_reviews(pull.number, teams)
    except (UnavailableError, RateLimitedError):
        raise
    except ForgeError as error:
        warnings.append(f"no review was requested: {error.message}")
    return warnings
