"""Brings proposals to the forge: branch, pull request, labels, reviewers, record; each looked up before it is made.

A run that died in between is continued: what its branch holds is checked and recorded, never written anew. What the
clone and one list of pull requests tell is not asked for, so a new proposal costs three requests for its branch
(tree, commit, ref) and three for its pull request (opening, labels, reviewers), and all records together four.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from bot.ledger.lifecycle import Standing, working
from bot.ledger.site import Site
from bot.model.change import Change, KeyChange, Proposal
from bot.model.errors import ConflictError, ForgeError, RateLimitedError, UnavailableError, WorkspaceError
from bot.model.forge import Commit, PullRequest, PullState
from bot.model.json import digest_of
from bot.model.names import BranchName, ChangeId, CommitSha, Digest, PullNumber, TeamSlug
from bot.model.record import Draft, Record
from bot.propose.desired import Unreadable, evidence_path, key_changes
from bot.propose.life import proposal_record
from bot.propose.proposal import proposed
from bot.propose.trailers import read_proposal

_DEPTH = 50
"""So many commits on top of ours are looked through, should somebody have pushed on a dead run's branch."""
_RECENT = timedelta(days=2)
"""What was opened since then is listed: what a run that died before left without a record is among it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A proposal on the forge, to be recorded; `warnings` are what did not work and does not matter to the loop."""

    pull: PullRequest
    draft: Draft
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Branch:
    """The bot's commit on a proposal's branch; `is_new` where this very run made the branch."""

    commit: CommitSha
    parent: CommitSha
    evidence: Digest
    is_new: bool


@dataclass(slots=True, kw_only=True)
class Publisher:
    """Publishes for one run; the repository is read as last fetched."""

    site: Site
    _pulls: tuple[PullRequest, ...] | None = field(default=None, init=False)

    def publish(self, proposal: Proposal, teams: tuple[TeamSlug, ...]) -> Published:
        """Make sure that the proposal is there and whole; whoever publishes then appends its draft to the ledger."""
        site = self.site
        recent = self._recent()
        branch = _ensure_branch(site, proposal)
        pull, is_new = _ensure_pull(site, proposal, recent, branch)
        warnings: list[str] = []
        if pull.state is PullState.OPEN:
            warnings = _decorate(site, proposal, pull, teams, asked=frozenset() if is_new else None)
        draft = proposed(proposal, pull, head=branch.commit, base=branch.parent, evidence=branch.evidence)
        return Published(pull=pull, draft=draft, warnings=tuple(warnings))

    def reopen(self, branch: BranchName, number: PullNumber, head: CommitSha) -> None:
        """Open a pull request again that the bot had closed; somebody may have tidied its branch away meanwhile."""
        if self.site.repository.head(branch) is None:
            self.site.forge.create_branch(branch, head)
        self.site.forge.edit_pull(number, state=PullState.OPEN)

    def _recent(self) -> tuple[PullRequest, ...]:
        """List the newest pull requests, once: whatever is made after that is this run's own, or a conflict."""
        if self._pulls is None:
            self._pulls = self.site.forge.pulls(since=self.site.now - _RECENT)
        return self._pulls


def edited(site: Site, records: tuple[Record, ...]) -> frozenset[ChangeId]:
    """Return the proposals on whose branch somebody has committed, as the clone tells it."""
    found: set[ChangeId] = set()
    for standing in working(records):
        record = proposal_record(records, standing.change)
        branch, own = (record.facts.get(name) for name in ("branch", "head")) if record else (None, None)
        head = site.repository.head(BranchName(str(branch)))
        if head is not None and head != own:
            found.add(standing.change)
    return frozenset(found)


def landed(
    site: Site, records: tuple[Record, ...], proposals: Iterable[Standing], base: CommitSha
) -> frozenset[ChangeId]:
    """Return those proposals whose commit is on the base already; it costs a look into the clone for each."""
    found: set[ChangeId] = set()
    for standing in proposals:
        record = proposal_record(records, standing.change)
        head = record.facts.get("head") if record else None
        if isinstance(head, str) and _is_on(site, CommitSha(head), base):
            found.add(standing.change)
    return frozenset(found)


def _is_on(site: Site, commit: CommitSha, base: CommitSha) -> bool:
    """Tell whether the base holds a commit; one that no clone has is on no base."""
    try:
        return site.repository.is_ancestor(commit, base)
    except WorkspaceError:
        return False


def _ensure_branch(site: Site, proposal: Proposal) -> _Branch:
    """Make the branch, or take the one that is there; creating it is itself the look for one made meanwhile."""
    branch = proposal.change.branch
    if site.repository.head(branch) is None:
        commit = site.forge.commit(proposal.base, proposal.files, proposal.commit_message)
        try:
            site.forge.create_branch(branch, commit)
        except ConflictError:
            site.repository.fetch()
            if site.repository.head(branch) is None:
                raise
        else:
            evidence = digest_of(proposal.files[evidence_path(proposal.change.id)])
            return _Branch(commit=commit, parent=proposal.base, evidence=evidence, is_new=True)
    own = _own_commit(site, proposal.change)
    parent, digest = _checked(site, proposal.change, own)
    return _Branch(commit=own.sha, parent=parent, evidence=digest, is_new=False)


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


def _ensure_pull(
    site: Site, proposal: Proposal, recent: tuple[PullRequest, ...], branch: _Branch
) -> tuple[PullRequest, bool]:
    """Find the branch's pull request in any state, or open one; tells whether it is new.

    A branch that was there before may have had a pull request for long, so it is asked for by name.
    """
    name = proposal.change.branch
    existing = tuple(pull for pull in recent if pull.head_branch == name and pull.same_repository)
    if not existing and not branch.is_new:
        existing = site.forge.pulls(head=name)
    if existing:
        return existing[0], False
    base = site.repository.default_branch()
    try:
        pull = site.forge.open_pull(branch=name, base=base, title=proposal.title, body=proposal.body, draft=False)
    except ConflictError:
        if existing := site.forge.pulls(head=name):
            return existing[0], False
        raise
    return pull, True


def _decorate(
    site: Site,
    proposal: Proposal,
    pull: PullRequest,
    teams: tuple[TeamSlug, ...],
    *,
    asked: frozenset[TeamSlug] | None,
) -> list[str]:
    """Add labels and ask for reviews; a refusal is a warning, an outage is not."""
    warnings: list[str] = []
    try:
        if not set(proposal.labels) <= pull.labels:
            site.forge.add_labels(pull.number, proposal.labels, known=pull.labels)
    except (UnavailableError, RateLimitedError):
        raise
    except ForgeError as error:
        warnings.append(f"no labels: {error.message}")
    try:
        if teams:
            site.forge.request_reviews(pull.number, teams, known=asked)
    except (UnavailableError, RateLimitedError):
        raise
    except ForgeError as error:
        warnings.append(f"no review was requested: {error.message}")
    return warnings
