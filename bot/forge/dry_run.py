"""A forge that is only read: every write is noted instead of done, and reads do not show it."""

import hashlib
from collections.abc import Mapping
from datetime import datetime

from bot.forge.port import ForgeReader
from bot.model.decision import Approved
from bot.model.errors import NotFoundError
from bot.model.forge import (
    Actor,
    ActorKind,
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

_NOBODY = Actor(login=Login("pow-bot"), id=0, kind=ActorKind.BOT)


class DryRunForge:
    """Reads through to a real forge; `writes` tells, in order, what would have been done."""

    def __init__(self, forge: ForgeReader, *, now: datetime) -> None:
        self._forge = forge
        self._now = now
        self.writes: list[str] = []

    # Reading

    def identity(self) -> Actor | None:
        """Return the account of the token."""
        return self._forge.identity()

    def pulls(
        self, *, state: PullState | None = None, head: BranchName | None = None, since: datetime | None = None
    ) -> tuple[PullRequest, ...]:
        """Return pull requests, newest first."""
        return self._forge.pulls(state=state, head=head, since=since)

    def pull(self, number: PullNumber) -> PullRequest:
        """Return one pull request as it is now."""
        return self._forge.pull(number)

    def files(self, number: PullNumber) -> tuple[ChangedFile, ...]:
        """Return every changed file."""
        return self._forge.files(number)

    def commits(self, number: PullNumber) -> tuple[PullCommit, ...]:
        """Return every commit, oldest first."""
        return self._forge.commits(number)

    def reviews(self, number: PullNumber) -> tuple[Review, ...]:
        """Return every review in order of submission."""
        return self._forge.reviews(number)

    def comments(self, number: PullNumber) -> tuple[Comment, ...]:
        """Return every comment, oldest first."""
        return self._forge.comments(number)

    def permission(self, login: Login) -> Permission:
        """Return a person's present rights."""
        return self._forge.permission(login)

    def account(self, login: Login) -> Actor | None:
        """Return the account that has a login now."""
        return self._forge.account(login)

    def team(self, slug: TeamSlug) -> frozenset[Login]:
        """Return the present members of a team."""
        return self._forge.team(slug)

    def pushes(self, branch: BranchName) -> tuple[Push, ...]:
        """Return every movement of a branch."""
        return self._forge.pushes(branch)

    def head(self, branch: BranchName) -> CommitSha | None:
        """Return a branch's head."""
        return self._forge.head(branch)

    def editors(self, path: str, at: CommitSha) -> tuple[Actor | None, ...]:
        """Return who touched a file last."""
        return self._forge.editors(path, at)

    def labelled(self, label: str) -> tuple[Labelled, ...]:
        """Return open issues with a label."""
        return self._forge.labelled(label)

    def texts_labelled(self, label: str) -> tuple[Comment, ...]:
        """Ask the real forge."""
        return self._forge.texts_labelled(label)

    def labellings(self, number: PullNumber) -> tuple[Labelling, ...]:
        """Return every movement of a label."""
        return self._forge.labellings(number)

    def closings(self, number: PullNumber) -> tuple[Actor | None, ...]:
        """Return who closed it."""
        return self._forge.closings(number)

    # Not writing

    def commit(self, parent: CommitSha | None, files: Mapping[str, bytes | None], message: str) -> CommitSha:
        """Note a commit; its name is made up of its content and stands for nothing."""
        self.writes.append(f"commit {', '.join(sorted(files))} on {parent or 'nothing'}")
        return _made_up(str(parent), message, *(f"{path}={content!r}" for path, content in sorted(files.items())))

    def create_branch(self, branch: BranchName, commit: CommitSha) -> None:
        """Note a new branch."""
        self.writes.append(f"create the branch {branch} at {commit[:12]}")

    def move_branch(self, branch: BranchName, commit: CommitSha) -> None:
        """Note a moved branch."""
        self.writes.append(f"move the branch {branch} to {commit[:12]}")

    def open_pull(self, *, branch: BranchName, base: BranchName, title: str, body: str, draft: bool) -> PullRequest:
        """Note a pull request; it has the number 0, which no pull request has."""
        self.writes.append(f"open a {'draft ' if draft else ''}pull request for {branch}: {title}")
        return PullRequest(
            number=PullNumber(0),
            title=title,
            body=body,
            state=PullState.OPEN,
            draft=draft,
            merged=False,
            author=self.identity() or _NOBODY,
            head=self.head(branch) or _made_up(branch),
            head_branch=branch,
            base=self._existing(base),
            base_branch=base,
            same_repository=True,
            labels=frozenset(),
            created_at=self._now,
        )

    def edit_pull(
        self,
        number: PullNumber,
        *,
        title: str | None = None,
        body: str | None = None,
        state: PullState | None = None,
    ) -> None:
        """Note an edit."""
        what = [name for name, given in (("title", title), ("body", body), ("state", state)) if given is not None]
        self.writes.append(f"edit the {' and '.join(what)} of pull request {number}")

    def add_labels(self, number: PullNumber, labels: tuple[str, ...], *, known: frozenset[str] | None = None) -> None:
        """Note labels."""
        del known  # spares a real forge a look; what is noted is what was asked for
        self.writes.append(f"label pull request {number}: {', '.join(labels)}")

    def request_reviews(
        self, number: PullNumber, teams: tuple[TeamSlug, ...], *, known: frozenset[TeamSlug] | None = None
    ) -> None:
        """Note a request for reviews."""
        del known  # as with labels
        self.writes.append(f"ask {', '.join(teams)} to review pull request {number}")

    def put_comment(self, number: PullNumber, *, marker: str, body: str) -> None:
        """Note a comment."""
        self.writes.append(f"comment on pull request {number} ({marker}, {len(body)} characters)")

    def open_issue(
        self, *, marker: str, title: str, body: str, labels: tuple[str, ...], since: datetime
    ) -> PullNumber:
        """Note an issue; it has the number 0, which no issue has."""
        shown = f"{marker}, {', '.join(labels)}, {len(body)} characters, since {since:%Y-%m-%d}"
        self.writes.append(f"open the issue {title} ({shown}) unless it is there")
        return PullNumber(0)

    def close_issue(self, number: PullNumber) -> None:
        """Note the end of an issue."""
        self.writes.append(f"close issue {number}")

    def publish(self, commit: CommitSha, check: Check) -> None:
        """Note a check."""
        self.writes.append(f"show {check.name}: {check.conclusion} on {commit[:12]}: {check.title}")

    def merge(self, approved: Approved, *, title: str, message: str) -> CommitSha:
        """Note a merge."""
        self.writes.append(f"merge pull request {approved.pull} at {approved.head[:12]}: {title}")
        return _made_up("merge", approved.head, title, message)

    def delete_branch(self, branch: BranchName) -> None:
        """Note a deleted branch."""
        self.writes.append(f"delete the branch {branch}")

    def send_event(self, event: str, payload: Mapping[str, Json]) -> None:
        """Note an event."""
        self.writes.append(f"send the event {event} with {', '.join(payload)}")

    def dispatch(self, workflow: str) -> None:
        """Note a started workflow."""
        self.writes.append(f"start {workflow}")

    def record_deployment(self, commit: CommitSha, *, environment: str, success: bool, description: str) -> None:
        """Note a deployment."""
        outcome = "success" if success else "failure"
        self.writes.append(f"show the deployment of {commit[:12]} to {environment}: {outcome}: {description}")

    def _existing(self, branch: BranchName) -> CommitSha:
        head = self.head(branch)
        if head is None:
            raise NotFoundError(f"no branch {branch}")
        return head


def _made_up(*parts: str) -> CommitSha:
    return CommitSha(hashlib.sha1("\0".join(parts).encode(), usedforsecurity=False).hexdigest())
