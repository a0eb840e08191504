"""Everything that the gate knows about one pull request, as plain values; `None` always means: not known."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.approve.rego import RegoAnswer
from bot.model.change import Affected
from bot.model.forge import Actor, FileStatus, Permission, PullCommit, PullRequest, Push, Review
from bot.model.json import Json
from bot.model.names import BranchName, ChangeId, CommitSha, Login, PullNumber, RecipeId, TeamSlug
from bot.model.recipe import Recipe
from bot.model.record import Phase, Record
from bot.model.switch import Switch
from bot.propose.desired import target_of
from bot.propose.impact import affected_fact
from bot.propose.trailers import ProposalTrailers


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """A changed file with its bytes on the base and on the head; None where there is no regular file."""

    path: str
    status: FileStatus
    base: bytes | None
    head: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherPull:
    """Another open pull request of this repository, and the files of desired state that it changes.

    `paths` is None where its branch moved while it was read, so that it may change any.
    """

    number: PullNumber
    author: Login
    paths: frozenset[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedProposal:
    """What the ledger holds of a proposal; `before` are the digests of its files on the base it was made on.

    `affected` is what its evidence counted; None where it counted nobody, or the record does not tell.
    """

    change: ChangeId
    head: str
    branch: str
    pull: int
    evidence_digest: str
    before: Mapping[str, str | None]
    rollback_of: str | None
    closed: str | None = None
    affected: Affected | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackProof:
    """Proof that a head restores exactly the bytes from before a merge, and that the ledger asked for it."""

    original: ChangeId
    merge: CommitSha
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoProof:
    """Why a rollback cannot pass by proof."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFacts:
    """One pull request as read at one moment, and what it is to be held against.

    `base` is the head of the default branch now; `trailers` are those of the oldest commit of the pull request.
    `originators` are the accounts behind the last edit of the recipe on the base; None among them is an account
    that the forge does not know. A login without an entry in `permissions`, or a team without one in `teams`,
    could not be read. `pushes` are the movements of the branch, oldest first; None: the forge does not tell.
    `switch` holds what people have stopped. `asked_by` are those who asked for the detection that found this, or one
    before it.
    """

    pull: PullRequest
    base: CommitSha
    default_branch: BranchName
    identity: Actor | None
    commits: tuple[PullCommit, ...]
    trailers: ProposalTrailers | None
    proposed: RecordedProposal | None
    files: tuple[FileFacts, ...]
    evidence: bytes | None
    recipe: Recipe | None
    reviews: tuple[Review, ...]
    originators: tuple[Actor | None, ...]
    pushes: tuple[Push, ...] | None
    switch: Switch
    asked_by: tuple[Login, ...] = ()
    accounts_asking: frozenset[int] = frozenset()
    """The numbers of the same people's accounts, which stay when they are renamed."""
    permissions: Mapping[Login, Permission] = field(default_factory=dict)
    teams: Mapping[TeamSlug, frozenset[Login]] = field(default_factory=dict)
    rollback: RollbackProof | NoProof | None = None
    rego: RegoAnswer | None = None
    """What the agency's own policies say; None: they were not run."""
    governance: Mapping[str, bytes] = field(default_factory=dict)
    """The governance files of its targets on the base, by path."""
    others: tuple[OtherPull, ...] = ()
    overdue: tuple[PullNumber, ...] = ()
    """The pull requests of emergencies whose review afterwards is late."""
    ledger: int = 0
    """The number of the last record that was read."""

    @property
    def change(self) -> ChangeId | None:
        """The change that this pull request claims to be."""
        return self.trailers.change if self.trailers else None

    @property
    def recipe_id(self) -> RecipeId | None:
        """The recipe that it claims to come from."""
        return RecipeId(self.trailers.recipe.partition("@")[0]) if self.trailers else None

    @property
    def targets(self) -> frozenset[str]:
        """The targets that it claims to change, and those whose files it really touches."""
        claimed = self.trailers.targets if self.trailers else ()
        return frozenset((*claimed, *(target for file in self.files if (target := target_of(file.path)) is not None)))

    @property
    def added_commits(self) -> tuple[PullCommit, ...]:
        """The commits that are not the bot's recorded one: somebody edited the branch."""
        return tuple(commit for commit in self.commits if self.proposed is None or commit.sha != self.proposed.head)


def recorded_proposal(records: tuple[Record, ...]) -> RecordedProposal | None:
    """Read one change's records; None if it was never proposed or its record is not whole."""
    proposed = next((record for record in records if record.phase is Phase.PROPOSED), None)
    if proposed is None:
        return None
    facts, closed = proposed.facts, next((record for record in records if record.phase is Phase.CLOSED), None)
    head, branch, evidence = (facts.get(name) for name in ("head", "branch", "evidence_digest"))
    pull, rollback = facts.get("pull"), facts.get("rollback_of")
    before = _digests(facts.get("files"))
    if not (isinstance(head, str) and isinstance(branch, str) and isinstance(evidence, str)):
        return None
    if not isinstance(pull, int) or before is None:
        return None
    return RecordedProposal(
        change=proposed.change,
        head=head,
        branch=branch,
        pull=pull,
        evidence_digest=evidence,
        before=before,
        rollback_of=rollback if isinstance(rollback, str) else None,
        affected=affected_fact(facts.get("affected")),
        closed=str(closed.facts.get("outcome", "closed")) if closed else None,
    )


def lower(login: str) -> str:
    """Return a login in the form in which logins compare: GitHub knows no case there."""
    return login.casefold()


def _digests(files: Json) -> Mapping[str, str | None] | None:
    if not isinstance(files, list | tuple):
        return None
    found: dict[str, str | None] = {}
    for each in files:
        if not isinstance(each, Mapping):
            return None
        path, before = each.get("path"), each.get("before")
        if not isinstance(path, str) or not (before is None or isinstance(before, str)):
            return None
        found[path] = before
    return found
