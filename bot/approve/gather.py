"""Reads the facts of a pull request from the forge, the clone and the ledger; it decides nothing.

What the token may not see stays unknown; an outage is an error, so that it never looks like an answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.approve.attempts import find_precedent
from bot.approve.checks import values_changed
from bot.approve.emergency import overdue
from bot.approve.facts import (
    FileFacts,
    GateFacts,
    NoProof,
    OtherPull,
    RecordedProposal,
    RollbackProof,
    recorded_proposal,
)
from bot.approve.from_git import Claimed, files_of, governance_of, records_of, rollback_of
from bot.approve.precedent import Subject, Vetoed, in_words
from bot.approve.rego import RegoAnswer, RegoProgram, document_of
from bot.ledger.site import Site
from bot.ledger.triggers import accounts_asking, asked_for
from bot.model.errors import ForgeError, NotFoundError, PermissionDeniedError
from bot.model.forge import (
    Actor,
    ActorKind,
    Permission,
    PullCommit,
    PullRequest,
    PullState,
    Push,
    Review,
)
from bot.model.names import BranchName, CommitSha, Login, PullNumber, TeamSlug
from bot.model.recipe import Recipe
from bot.model.record import Phase, Record
from bot.model.settings import Policy
from bot.propose.desired import evidence_path, target_of
from bot.propose.trailers import ProposalTrailers, read_proposal

_DEPTH = 500
"""So many commits back the place is looked for where a branch left the base; what lies further back counts whole."""


@dataclass(slots=True, kw_only=True)
class Gatherer:
    """Reads for one run; people and teams are asked for once."""

    site: Site
    policy: Policy
    recipes: Mapping[str, Recipe]
    default_branch: BranchName
    rego: RegoProgram | None = None
    _permissions: dict[Login, Permission] = field(default_factory=dict)
    _teams: dict[TeamSlug, frozenset[Login]] = field(default_factory=dict)
    _unseen: set[str] = field(default_factory=set)
    _opened: list[PullRequest] | None = None
    _touched: dict[CommitSha, frozenset[str]] = field(default_factory=dict)

    def open_pulls(self) -> tuple[PullRequest, ...]:
        """Return every open pull request; the forge is asked once."""
        if self._opened is None:
            self._opened = list(self.site.forge.pulls(state=PullState.OPEN))
        return tuple(self._opened)

    def touched(self, pull: PullRequest, base: CommitSha) -> frozenset[str] | None:
        """Return the paths that a branch of this repository changes by itself; None where it is not in the clone.

        What it only lags behind the base in is not its own doing, so a path must differ from the base as well.
        """
        repository = self.site.repository
        if not pull.same_repository or repository.head(pull.head_branch) != pull.head:
            return None
        if pull.head not in self._touched:
            differs = frozenset(file.path for file in repository.changed(base, pull.head))
            known = {commit.sha for commit in repository.history(base, limit=_DEPTH)}
            own = (commit.sha for commit in repository.history(pull.head, limit=_DEPTH))
            fork = next((sha for sha in own if sha in known), None)
            since = {file.path for file in repository.changed(fork, pull.head)} if fork else differs
            self._touched[pull.head] = differs & since
        return self._touched[pull.head]

    def holder(self, pull: PullRequest, records: tuple[Record, ...]) -> PullNumber | None:
        """Return the other open pull request to which the checks on this one's head belong; None: they are its own.

        A check stands on a commit, and anybody may open a pull request of the bot's commit, from a fork, too. What
        the ledger has comes first, then a branch of this repository, then the older one.
        """
        same = [each for each in self.open_pulls() if each.head == pull.head]
        if len(same) < 2:
            return None
        of_main = [each for each in same if each.base_branch == self.default_branch]

        def rank(each: PullRequest) -> tuple[bool, bool, int]:
            return _standing(each.number, records) is None, not each.same_repository, each.number

        first = min(of_main, key=rank, default=pull)
        return first.number if first.number != pull.number else None

    def others(self, pull: PullRequest, base: CommitSha, records: tuple[Record, ...]) -> tuple[OtherPull, ...]:
        """Return the earlier open pull requests that change desired state, or may: those that hold this one up.

        Forks hold nothing up, nor do drafts, for then anybody could; but a proposal that the ledger has stays one
        when somebody turns it into a draft. A rollback that is a draft is for people to finish, or to replace.
        """
        found: list[OtherPull] = []
        for other in self.open_pulls():
            if other.number >= pull.number or other.base_branch != self.default_branch or not other.same_repository:
                continue
            if other.draft and not _is_proposal(_standing(other.number, records)):
                continue
            paths = self._targets(other, base)
            if paths is None or paths:
                found.append(OtherPull(number=other.number, author=other.author.login, paths=paths))
        return tuple(found)

    def _targets(self, other: PullRequest, base: CommitSha) -> frozenset[str] | None:
        """Return the files of desired state that another pull request changes; None where that cannot be told now.

        A branch that is not in the clone as it was listed has moved since, or is gone with its pull request. Where
        the forge does not answer that stays open: one pull request that cannot be read stops no other's look.
        """
        touched = self.touched(other, base)
        if touched is None:
            try:
                touched = self._touched_now(other, base)
            except ForgeError:
                return None
        return None if touched is None else frozenset(path for path in touched if target_of(path) is not None)

    def _touched_now(self, other: PullRequest, base: CommitSha) -> frozenset[str] | None:
        """Ask for a pull request once more; one that is closed by now changes nothing, and is open no more."""
        now = self.site.forge.pull(other.number)
        is_open = now.state is PullState.OPEN
        listed = ((now if each.number == other.number else each) for each in self.open_pulls())
        self._opened = [each for each in listed if is_open or each.number != other.number]
        if not is_open:
            return frozenset()
        self.site.repository.fetch()
        return self.touched(now, base)

    def _asked(self, pull: PullRequest, files: tuple[FileFacts, ...], base: CommitSha) -> RegoAnswer | None:
        """Run the agency's policies, as they stand on the base, on a change of desired state."""
        wanted = self.policy.rego
        if wanted is None or self.rego is None or not any(target_of(file.path) for file in files):
            return None
        folder = f"{wanted.folder}/"
        read = self.site.repository.read_many(folder, base)
        policies = {path.removeprefix(folder): content for path, content in read.items()}
        document = document_of(pull, values_changed(files), tuple(file.path for file in files))
        return self.rego.ask(wanted.program, policies, document)

    def facts(
        self, pull: PullRequest, *, base: CommitSha, records: tuple[Record, ...], also: tuple[Login, ...] = ()
    ) -> GateFacts:
        """Read one pull request and everything that it is to be held against, the rights of `also` among it."""
        forge, repository = self.site.forge, self.site.repository
        commits, reviews = forge.commits(pull.number), forge.reviews(pull.number)
        first = repository.commit(commits[0].sha) if commits else None
        trailers = read_proposal(first.trailers) if first else None
        proposed = recorded_proposal(records_of(records, trailers.change)) if trailers else None
        recipe = self.recipes.get(trailers.recipe.partition("@")[0]) if trailers else None
        files = self._files(pull, commits, base)
        return GateFacts(
            pull=pull,
            base=base,
            default_branch=self.default_branch,
            identity=forge.identity(),
            commits=commits,
            trailers=trailers,
            proposed=proposed,
            files=files,
            evidence=repository.read(evidence_path(trailers.change), pull.head) if trailers else None,
            recipe=recipe,
            reviews=reviews,
            originators=self._originators(recipe, base) if recipe else (),
            pushes=self._pushes(pull),
            switch=self.site.kill_switch.state(),
            asked_by=asked_for(records, trailers.change, self.policy.expire_after) if trailers else (),
            accounts_asking=accounts_asking(records, trailers.change, self.policy.expire_after)
            if trailers
            else frozenset(),
            permissions=self._rights(reviews, also),
            teams=self._members(),
            rollback=self._rollback(pull, trailers, proposed, base=base, records=records),
            rego=self._asked(pull, files, base),
            governance=governance_of(self.site.repository, files, base),
            others=self.others(pull, base, records),
            overdue=overdue(records, self.policy, self.site.now),
            ledger=records[-1].index if records else 0,
        )

    def _files(self, pull: PullRequest, commits: tuple[PullCommit, ...], base: CommitSha) -> tuple[FileFacts, ...]:
        """Join what the forge lists with what git finds between the fork point and the head."""
        return files_of(self.site.repository, self.site.forge.files(pull.number), pull.head, commits, base)

    def _rights(self, reviews: tuple[Review, ...], also: tuple[Login, ...]) -> Mapping[Login, Permission]:
        """Ask for every reviewer's present rights."""
        people = {each.author.login for each in reviews if each.author and each.author.kind is ActorKind.USER}
        people.update(also)
        for login in sorted(people - self._permissions.keys() - self._unseen):
            try:
                self._permissions[login] = self.site.forge.permission(login)
            except (PermissionDeniedError, NotFoundError):
                self._unseen.add(login)
        return {login: self._permissions[login] for login in people if login in self._permissions}

    def _members(self) -> Mapping[TeamSlug, frozenset[Login]]:
        """Ask for the members of every team that policy names."""
        groups = [group for approvers in self.policy.approvals.values() for group in approvers]
        groups += self.policy.emergency.approvers if self.policy.emergency else ()
        wanted = {team for group in groups for team in group.teams}
        for team in sorted(wanted - self._teams.keys()):
            name = f"team {team}"
            if name in self._unseen:
                continue
            try:
                self._teams[team] = self.site.forge.team(team)
            except (PermissionDeniedError, NotFoundError):
                self._unseen.add(name)
        return dict(self._teams)

    def _originators(self, recipe: Recipe, base: CommitSha) -> tuple[Actor | None, ...]:
        """Find who last edited the recipe; a recipe as it came with the first commit belongs to the installation."""
        editors = self.site.forge.editors(recipe.path, base)
        if editors and None not in editors:
            return editors
        repository = self.site.repository
        first = repository.history(base)[-1]
        unchanged = repository.read(recipe.path, first.sha) == repository.read(recipe.path, base)
        known = tuple(editor for editor in editors if editor is not None)
        return known if unchanged else (*known, None)

    def _pushes(self, pull: PullRequest) -> tuple[Push, ...] | None:
        """Ask who really pushed: author and committer of a commit are whatever its text says."""
        try:
            return self.site.forge.pushes(pull.head_branch)
        except (PermissionDeniedError, NotFoundError):
            return None

    def _rollback(
        self,
        pull: PullRequest,
        trailers: ProposalTrailers | None,
        proposed: RecordedProposal | None,
        *,
        base: CommitSha,
        records: tuple[Record, ...],
    ) -> RollbackProof | NoProof | None:
        """Hold a rollback against the ledger and the bytes; None for a patch."""
        claimed = Claimed(trailers=trailers, proposed=proposed, head=pull.head, base=base)
        found = rollback_of(self.site.repository, claimed, records)
        return self._veto(found, base, records) or found if isinstance(found, RollbackProof) else found

    def _veto(self, proof: RollbackProof, base: CommitSha, records: tuple[Record, ...]) -> NoProof | None:
        """Look once more, right before a rollback may merge, whether a person decided against taking it back."""
        original = recorded_proposal(records_of(records, proof.original))
        if original is None:
            return NoProof(reason="the ledger does not tell which pull request is taken back")
        subject = Subject(repo=self.site.repo, pull=PullNumber(original.pull), merge=proof.merge)
        found = find_precedent(self.site, subject, base=base, policy=self.policy)
        return NoProof(reason=in_words(found)) if isinstance(found, Vetoed) else None


def _standing(number: PullNumber, records: tuple[Record, ...]) -> RecordedProposal | None:
    """Return what the ledger has of a pull request that has not ended there."""
    changes = {each.change for each in records if each.phase is Phase.PROPOSED and each.facts.get("pull") == number}
    known = (recorded_proposal(records_of(records, change)) for change in changes)
    return next((each for each in known if each is not None and each.closed is None), None)


def _is_proposal(standing: RecordedProposal | None) -> bool:
    """Tell a proposal from a rollback, and from what is not the bot's."""
    return standing is not None and standing.rollback_of is None
