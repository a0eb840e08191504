"""The ports to the forge and to the repository: all that the rest of the bot knows of GitHub and git.

Every method raises a ForgeError (or a WorkspaceError for git); reads never change anything, and a write that is
repeated after an unclear answer must be preceded by a read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.model.decision import Approved
from bot.model.forge import (
    Actor,
    ChangedFile,
    Check,
    Comment,
    Commit,
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


class ForgeReader(Protocol):
    """What may be asked."""

    def identity(self) -> Actor | None:
        """Return the account that the token acts as; None where the forge does not tell (GITHUB_TOKEN)."""
        ...

    def pulls(
        self, *, state: PullState | None = None, head: BranchName | None = None, since: datetime | None = None
    ) -> tuple[PullRequest, ...]:
        """Return every pull request with the state (None: any) and head branch, newest first, all pages.

        A `head` is a branch of this repository: what comes from a fork's branch of that name is left out.
        With `since` only those that were opened then or later, and no page that holds older ones only is asked for.
        """
        ...

    def pull(self, number: PullNumber) -> PullRequest:
        """Return one pull request as it is now."""
        ...

    def files(self, number: PullNumber) -> tuple[ChangedFile, ...]:
        """Return every changed file, all pages."""
        ...

    def commits(self, number: PullNumber) -> tuple[PullCommit, ...]:
        """Return every commit of the pull request, oldest first, all pages."""
        ...

    def reviews(self, number: PullNumber) -> tuple[Review, ...]:
        """Return every review in order of submission, all pages."""
        ...

    def comments(self, number: PullNumber) -> tuple[Comment, ...]:
        """Return every comment, oldest first, all pages."""
        ...

    def permission(self, login: Login) -> Permission:
        """Return a person's present rights in the repository; NONE for strangers."""
        ...

    def account(self, login: Login) -> Actor | None:
        """Return the account that has a login now; None where none has. The number stays if it is renamed."""
        ...

    def team(self, slug: TeamSlug) -> frozenset[Login]:
        """Return the present active members of a team; PermissionDeniedError where the token cannot see it."""
        ...

    def pushes(self, branch: BranchName) -> tuple[Push, ...]:
        """Return every movement of a branch, oldest first, all pages; NotFoundError where no forge tells."""
        ...

    def head(self, branch: BranchName) -> CommitSha | None:
        """Return a branch's head from the forge itself, past any clone; None if there is no such branch."""
        ...

    def editors(self, path: str, at: CommitSha) -> tuple[Actor | None, ...]:
        """Return author and committer of the last commit up to `at` that touched a file; None: no account known."""
        ...

    def labelled(self, label: str) -> tuple[Labelled, ...]:
        """Return every open issue and pull request with a label, in one request where there are few."""
        ...

    def texts_labelled(self, label: str) -> tuple[Comment, ...]:
        """Return the own text of every open issue and pull request with a label, by its number."""
        ...

    def labellings(self, number: PullNumber) -> tuple[Labelling, ...]:
        """Return every movement of a label on an issue or pull request, oldest first, all pages."""
        ...

    def closings(self, number: PullNumber) -> tuple[Actor | None, ...]:
        """Return who closed an issue or pull request, each time, oldest first, all pages; None: the account is gone.

        A merge closes as well, and so does whoever deletes the branch.
        """
        ...


class ForgeWriter(Protocol):
    """What may be done; nothing here retries a write."""

    def commit(self, parent: CommitSha | None, files: Mapping[str, bytes | None], message: str) -> CommitSha:
        """Write a commit on top of `parent` (None: an orphan) that sets or (None) removes files; no ref moves."""
        ...

    def create_branch(self, branch: BranchName, commit: CommitSha) -> None:
        """Create a branch; ConflictError if it exists."""
        ...

    def move_branch(self, branch: BranchName, commit: CommitSha) -> None:
        """Fast-forward a branch; ConflictError if that is not one."""
        ...

    def open_pull(self, *, branch: BranchName, base: BranchName, title: str, body: str, draft: bool) -> PullRequest:
        """Open a pull request; ConflictError if there is one for the branch."""
        ...

    def edit_pull(
        self,
        number: PullNumber,
        *,
        title: str | None = None,
        body: str | None = None,
        state: PullState | None = None,
    ) -> None:
        """Change a pull request's title, body or state."""
        ...

    def add_labels(self, number: PullNumber, labels: tuple[str, ...], *, known: frozenset[str] | None = None) -> None:
        """Add labels, creating what the repository lacks; `known` are those that it is sure to have (None: look)."""
        ...

    def request_reviews(
        self, number: PullNumber, teams: tuple[TeamSlug, ...], *, known: frozenset[TeamSlug] | None = None
    ) -> None:
        """Ask teams for a review, each once; `known` are those that have been asked (None: look)."""
        ...

    def put_comment(self, number: PullNumber, *, marker: str, body: str) -> None:
        """Create our comment on a pull request or an issue with this hidden marker, or edit it where it differs.

        Never another's.
        """
        ...

    def open_issue(
        self, *, marker: str, title: str, body: str, labels: tuple[str, ...], since: datetime
    ) -> PullNumber:
        """Return our issue with this hidden marker, open or closed, changed `since` then; open it if there is none.

        Issues and pull requests share one row of numbers.
        """
        ...

    def close_issue(self, number: PullNumber) -> None:
        """Close an issue; no error if it is closed."""
        ...

    def publish(self, commit: CommitSha, check: Check) -> None:
        """Show a check on a commit unless the same one is already shown there."""
        ...

    def merge(self, approved: Approved, *, title: str, message: str) -> CommitSha:
        """Merge with a merge commit, pinned to the approved head; ConflictError if the head or base moved."""
        ...

    def delete_branch(self, branch: BranchName) -> None:
        """Delete a branch; no error if it is gone."""
        ...

    def dispatch(self, workflow: str) -> None:
        """Start a workflow on the default branch."""
        ...

    def send_event(self, event: str, payload: Mapping[str, Json]) -> None:
        """Send a repository dispatch: start every workflow of the default branch that listens for the event."""
        ...

    def record_deployment(self, commit: CommitSha, *, environment: str, success: bool, description: str) -> None:
        """Show a deployment of a commit with its status, once per commit and outcome."""
        ...


class Forge(ForgeReader, ForgeWriter, Protocol):
    """Both halves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reverted:
    """The outcome of a clean `git revert -m 1`: the resulting tree and the files that differ from `onto`."""

    tree: str
    files: Mapping[str, bytes | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevertConflict:
    """A revert that git could not do by itself."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTrace:
    """A file that a merge touched: at its first parent, at itself, and at a later commit; None for no such file."""

    path: str
    before: bytes | None
    merged: bytes | None
    now: bytes | None


class Repository(Protocol):
    """The Git repository itself, read through a local clone; the one source of truth."""

    def fetch(self) -> None:
        """Bring every branch up to date."""
        ...

    def default_branch(self) -> BranchName:
        """Return the name of the base branch."""
        ...

    def head(self, branch: BranchName) -> CommitSha | None:
        """Return a branch's head as of the last fetch; None if there is none."""
        ...

    def commit(self, sha: CommitSha) -> Commit:
        """Return one commit."""
        ...

    def history(self, head: CommitSha, *, limit: int | None = None) -> tuple[Commit, ...]:
        """Return the first-parent history, newest first."""
        ...

    def read(self, path: str, at: CommitSha) -> bytes | None:
        """Return a regular file's bytes at a commit; None if there is no such file."""
        ...

    def read_many(self, prefix: str, at: CommitSha) -> Mapping[str, bytes]:
        """Return every regular file below a prefix (symlinks and submodules are left out), by path."""
        ...

    def tree_names(self, prefix: str, commits: Sequence[CommitSha]) -> Mapping[CommitSha, str]:
        """Name what is below a prefix at each commit: equal names mean equal files.

        A commit that has nothing there, or that the clone does not hold, is left out.
        """
        ...

    def traces(self, merges: Sequence[CommitSha], *, at: CommitSha) -> Mapping[CommitSha, tuple[FileTrace, ...]]:
        """Return what each merge did to regular files, by path, and how these are at `at`, all read together.

        What the clone does not hold, or has no parent, is left out.
        """
        ...

    def changed(self, old: CommitSha, new: CommitSha) -> tuple[ChangedFile, ...]:
        """Return what differs between two commits; a change of mode or type has status OTHER."""
        ...

    def is_ancestor(self, old: CommitSha, new: CommitSha) -> bool:
        """Tell whether `old` is reachable from `new`."""
        ...

    def revert(self, merge: CommitSha, *, onto: CommitSha) -> Reverted | RevertConflict:
        """Run `git revert -m 1` of a merge on a work tree at `onto`; nothing outside that work tree changes."""
        ...
