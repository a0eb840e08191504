"""The Forge port over a memory world: refuses what GitHub refuses, and can die around any write."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from fakes.builders import a_bot, a_person
from fakes.world import Issue, MemoryWorld, ShownDeployment, edited

from bot.forge.marking import find_own, marked
from bot.model.decision import Approved
from bot.model.errors import ConflictError, ForgeError, NotFoundError, PermissionDeniedError
from bot.model.forge import (
    Actor,
    ChangedFile,
    Check,
    Comment,
    Labelled,
    Labelling,
    Permission,
    PullCommit,
    PullRequest,
    PullState,
    Push,
    Review,
)
from bot.model.json import Json
from bot.model.names import BranchName, CommitSha, Login, PullNumber, TeamSlug


class MemoryForge:
    """A forge seen with one token; `known_identity=False` stands for GITHUB_TOKEN, which cannot tell its account."""

    def __init__(self, world: MemoryWorld, *, actor: Actor | None = None, known_identity: bool = True) -> None:
        self.world = world
        self.actor = actor or a_bot()
        self._known_identity = known_identity

    def fail_before(self, count: int) -> None:
        """Die just before the `count`-th write from now."""
        self.world.fail_before(count)

    def fail_after(self, count: int) -> None:
        """Die just after the `count`-th write from now."""
        self.world.fail_after(count)

    # Reading

    def identity(self) -> Actor | None:
        """Return the account of the token."""
        return self.actor if self._known_identity else None

    def pulls(
        self, *, state: PullState | None = None, head: BranchName | None = None, since: datetime | None = None
    ) -> tuple[PullRequest, ...]:
        """Return pull requests, newest first."""
        every = [self.world.pull(number) for number in sorted(self.world.pulls, reverse=True)]
        every = [replace(pull, merged_by=None) for pull in every]  # as in GitHub's lists
        every = [pull for pull in every if since is None or pull.created_at >= since]
        meant = (p for p in every if head is None or (p.head_branch == head and p.same_repository))
        return tuple(p for p in meant if state is None or p.state is state)

    def pull(self, number: PullNumber) -> PullRequest:
        """Return one pull request as it is now."""
        if number not in self.world.pulls:
            raise NotFoundError(f"no pull request {number}")
        return self.world.pull(number)

    def files(self, number: PullNumber) -> tuple[ChangedFile, ...]:
        """Return what the head changes since it left the base."""
        pull = self.pull(number)
        start = self.world.merge_base(pull.base, pull.head)
        return self.world.changed(start, pull.head) if start else ()

    def commits(self, number: PullNumber) -> tuple[PullCommit, ...]:
        """Return the commits that the head has and the base has not, oldest first."""
        pull = self.pull(number)
        base = self.world.reachable([self._base_of(pull)])
        found: list[PullCommit] = []
        sha: CommitSha | None = pull.head
        while sha is not None and sha not in base:
            snapshot = self.world.snapshots[sha]
            message = snapshot.commit.message
            found.append(PullCommit(sha=sha, message=message, author=snapshot.author, committer=snapshot.author))
            sha = next(iter(snapshot.commit.parents), None)
        return tuple(reversed(found))

    def _base_of(self, pull: PullRequest) -> CommitSha:
        if pull.merge_commit is None:
            return pull.base
        return next(iter(self.world.snapshots[pull.merge_commit].commit.parents), pull.base)

    def reviews(self, number: PullNumber) -> tuple[Review, ...]:
        """Return reviews in order of submission."""
        return tuple(self.world.reviews.get(self.pull(number).number, ()))

    def comments(self, number: PullNumber) -> tuple[Comment, ...]:
        """Return comments, oldest first."""
        if number not in self.world.issues:
            self.pull(number)
        return tuple(self.world.comments.get(number, ()))

    def permission(self, login: Login) -> Permission:
        """Return a person's rights; NONE for strangers."""
        return self.world.permissions.get(login, Permission.NONE)

    def account(self, login: Login) -> Actor | None:
        """Return the person of a login, if there is one."""
        return self.world.accounts.get(login, a_person(login) if login in self.world.permissions else None)

    def team(self, slug: TeamSlug) -> frozenset[Login]:
        """Return a team's members."""
        if slug not in self.world.teams:
            raise PermissionDeniedError(f"cannot see team {slug}", hint="grant members: read")
        return self.world.teams[slug]

    def pushes(self, branch: BranchName) -> tuple[Push, ...]:
        """Return every movement of a branch, oldest first."""
        return tuple(self.world.pushes.get(branch, ()))

    def head(self, branch: BranchName) -> CommitSha | None:
        """Return a branch's head."""
        return self.world.branches.get(branch)

    def editors(self, path: str, at: CommitSha) -> tuple[Actor | None, ...]:
        """Return author and committer of the last commit up to `at` that touched a file."""
        snapshot = self.world.last_touching(path, at)
        return (snapshot.author, snapshot.author) if snapshot else ()

    def labelled(self, label: str) -> tuple[Labelled, ...]:
        """Return open issues and pull requests with a label."""
        issues = {n: frozenset(issue.labels) for n, issue in self.world.issues.items() if issue.is_open}
        pulls = {n: pull.labels for n, pull in self.world.pulls.items() if pull.state is PullState.OPEN}
        return tuple(Labelled(number=n, labels=held) for n, held in {**issues, **pulls}.items() if label in held)

    def texts_labelled(self, label: str) -> tuple[Comment, ...]:
        """Return the own texts of open issues and pull requests with a label."""
        pulls = {n: Comment(id=n, author=pull.author, body=pull.body) for n, pull in self.world.pulls.items()}
        texts = {**pulls, **{n: issue.text for n, issue in self.world.issues.items()}}
        return tuple(texts[each.number] for each in self.labelled(label))

    def labellings(self, number: PullNumber) -> tuple[Labelling, ...]:
        """Return every movement of a label."""
        return tuple(self.world.labellings.get(number, ()))

    def closings(self, number: PullNumber) -> tuple[Actor | None, ...]:
        """Return who closed it, each time."""
        return tuple(self.world.closings.get(number, ()))

    # Writing

    def commit(self, parent: CommitSha | None, files: Mapping[str, bytes | None], message: str) -> CommitSha:
        """Write a commit; no ref moves."""
        if parent is not None and parent not in self.world.snapshots:
            raise NotFoundError(f"no commit {parent}")
        before = self.world.snapshots[parent].files if parent else {}
        if gone := [path for path, content in files.items() if content is None and path not in before]:
            raise ForgeError(f"cannot remove {gone[0]}: no such file")
        with self.world.write("commit"):
            parents = (parent,) if parent else ()
            return self.world.store(parents, edited(before, files), message, author=self.actor)

    def create_branch(self, branch: BranchName, commit: CommitSha) -> None:
        """Create a branch."""
        if branch in self.world.branches:
            raise ConflictError(f"branch {branch} exists")
        if commit not in self.world.snapshots:
            raise NotFoundError(f"no commit {commit}")
        with self.world.write(f"create_branch {branch}"):
            self.world.set_branch(branch, commit, by=self.actor)

    def move_branch(self, branch: BranchName, commit: CommitSha) -> None:
        """Fast-forward a branch."""
        if branch not in self.world.branches:
            raise NotFoundError(f"no branch {branch}")
        if self.world.branches[branch] not in self.world.reachable([commit]):
            raise ConflictError(f"branch {branch} moved: not a fast forward")
        with self.world.write(f"move_branch {branch}"):
            self.world.set_branch(branch, commit, by=self.actor)

    def open_pull(self, *, branch: BranchName, base: BranchName, title: str, body: str, draft: bool) -> PullRequest:
        """Open a pull request."""
        heads = self.world.branches
        if any(pull.base_branch == base for pull in self.pulls(state=PullState.OPEN, head=branch)):
            raise ConflictError(f"there is an open pull request for {branch}")
        if branch not in heads or base not in heads or heads[branch] in self.world.reachable([heads[base]]):
            raise ForgeError(f"no commits between {base} and {branch}")
        with self.world.write(f"open_pull {branch}"):
            number = PullNumber(len(self.world.pulls) + len(self.world.issues) + 1)
            self.world.pulls[number] = PullRequest(
                number=number,
                title=title,
                body=body,
                state=PullState.OPEN,
                draft=draft,
                merged=False,
                author=self.actor,
                head=heads[branch],
                head_branch=branch,
                base=heads[base],
                base_branch=base,
                same_repository=True,
                labels=frozenset(),
                created_at=self.world.now,
                updated_at=self.world.now,
                url=f"https://forge.example/agency/pow/pull/{number}",
            )
        return self.pull(number)

    def edit_pull(
        self,
        number: PullNumber,
        *,
        title: str | None = None,
        body: str | None = None,
        state: PullState | None = None,
    ) -> None:
        """Change a pull request's title, body or state."""
        pull = self.pull(number)
        closed_at = pull.closed_at if state in (None, pull.state) else self.world.now
        wanted = replace(
            pull,
            title=pull.title if title is None else title,
            body=pull.body if body is None else body,
            state=state or pull.state,
            closed_at=None if state is PullState.OPEN else closed_at,
        )
        if pull.merged and wanted.state is PullState.OPEN:
            raise ForgeError(f"pull request {number} is merged")
        if wanted != pull:
            with self.world.write(f"edit_pull {number}"):
                self.world.pulls[number] = wanted
                if wanted.state is PullState.CLOSED is not pull.state:
                    self.world.closings.setdefault(number, []).append(self.actor)
                self.world.touch(number)

    def add_labels(self, number: PullNumber, labels: tuple[str, ...], *, known: frozenset[str] | None = None) -> None:
        """Add labels."""
        pull = self.pull(number)
        if missing := frozenset(labels) - (pull.labels if known is None else known):
            with self.world.write(f"add_labels {number}"):
                for label in sorted(missing):
                    self.world.label(number, label, by=self.actor)

    def request_reviews(
        self, number: PullNumber, teams: tuple[TeamSlug, ...], *, known: frozenset[TeamSlug] | None = None
    ) -> None:
        """Ask teams for a review."""
        asked = self.world.requested.setdefault(self.pull(number).number, [])
        if missing := [team for team in teams if team not in (asked if known is None else known)]:
            with self.world.write(f"request_reviews {number}"):
                asked.extend(missing)
                self.world.touch(number)

    def put_comment(self, number: PullNumber, *, marker: str, body: str) -> None:
        """Create or edit our comment with this marker."""
        text = marked(body, marker)
        held = self.world.comments.setdefault(number, [])
        if number not in self.world.issues:
            self.pull(number)
        own = find_own(held, marker=marker, identity=self.identity())
        if own is None:
            with self.world.write(f"put_comment {number}"):
                held.append(Comment(id=self.world.next_id(), author=self.actor, body=text))
                self.world.touch(number)
        elif own.body != text:
            with self.world.write(f"put_comment {number}"):
                held[held.index(own)] = replace(own, body=text)
                self.world.touch(number)

    def open_issue(
        self, *, marker: str, title: str, body: str, labels: tuple[str, ...], since: datetime
    ) -> PullNumber:
        """Open an issue unless our own with this marker is there."""
        texts = [issue.text for issue in self.world.issues.values() if issue.at >= since]
        own = find_own(texts, marker=marker, identity=self.identity())
        if own is not None:
            return PullNumber(own.id)
        number = PullNumber(len(self.world.pulls) + len(self.world.issues) + 1)
        with self.world.write(f"open_issue {number}"):
            text = Comment(id=number, author=self.actor, body=marked(body, marker))
            self.world.issues[number] = Issue(text=text, title=title, labels=labels, at=self.world.now)
        return number

    def close_issue(self, number: PullNumber) -> None:
        """Close an issue."""
        issue = self.world.issues[number]
        if issue.is_open:
            with self.world.write(f"close_issue {number}"):
                self.world.closings.setdefault(number, []).append(self.actor)
                self.world.issues[number] = replace(issue, is_open=False)

    def publish(self, commit: CommitSha, check: Check) -> None:
        """Show a check on a commit."""
        shown = self.world.checks.setdefault(commit, {})
        if shown.get(check.name) != check:
            with self.world.write(f"publish {check.name}"):
                shown[check.name] = check

    def merge(self, approved: Approved, *, title: str, message: str) -> CommitSha:
        """Merge with a merge commit, pinned to the approved head."""
        pull = self.pull(approved.pull)
        if pull.merged and pull.merge_commit is not None and pull.head == approved.head:
            return pull.merge_commit
        if pull.state is PullState.CLOSED or pull.draft:
            raise ConflictError(f"pull request {pull.number} is not mergeable: it is closed or a draft")
        if pull.head != approved.head:
            raise ConflictError(f"pull request {pull.number} moved: its head is not the approved one")
        with self.world.write(f"merge {pull.number}"):
            try:
                return self.world.merge(pull, f"{title}\n\n{message}", by=self.actor)
            except ValueError as conflict:
                raise ConflictError(f"pull request {pull.number} is not mergeable: {conflict}") from None

    def delete_branch(self, branch: BranchName) -> None:
        """Delete a branch; its open pull requests close."""
        if branch not in self.world.branches:
            return
        with self.world.write(f"delete_branch {branch}"):
            for pull in self.pulls(state=PullState.OPEN, head=branch):
                self.world.pulls[pull.number] = replace(pull, state=PullState.CLOSED, closed_at=self.world.now)
            del self.world.branches[branch]
            self.world.pushes[branch].append(Push(after=None, actor=self.actor))

    def dispatch(self, workflow: str) -> None:
        """Start a workflow."""
        with self.world.write(f"dispatch {workflow}"):
            self.world.dispatched.append(workflow)

    def send_event(self, event: str, payload: Mapping[str, Json]) -> None:
        """Send an event."""
        with self.world.write(f"send {event}"):
            self.world.events.append((event, dict(payload)))

    def record_deployment(self, commit: CommitSha, *, environment: str, success: bool, description: str) -> None:
        """Show a deployment, once per commit, environment and outcome."""
        shown = ((d.commit, d.environment, d.success) for d in self.world.deployments)
        if (commit, environment, success) not in shown:
            with self.world.write(f"record_deployment {environment}"):
                self.world.deployments.append(
                    ShownDeployment(commit=commit, environment=environment, success=success, description=description)
                )
