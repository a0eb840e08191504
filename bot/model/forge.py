"""The forge's nouns in GitHub's words, as plain values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.model.names import BranchName, CommitSha, Digest, Login, PullNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class RepoRef:
    """`owner/name`."""

    owner: str
    name: str

    def __str__(self) -> str:
        return f"{self.owner}/{self.name}"


class ActorKind(StrEnum):
    """What GitHub says an account is."""

    USER = "User"
    BOT = "Bot"
    OTHER = "Other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """An account; the number survives a rename, the login does not."""

    login: Login
    id: int
    kind: ActorKind


class Permission(StrEnum):
    """A person's rights in the repository, as the collaborators endpoint words them."""

    NONE = "none"
    READ = "read"
    TRIAGE = "triage"
    WRITE = "write"
    MAINTAIN = "maintain"
    ADMIN = "admin"

    @property
    def can_write(self) -> bool:
        """Whether an approval of this person can count."""
        return self in {Permission.WRITE, Permission.MAINTAIN, Permission.ADMIN}


class PullState(StrEnum):
    """Open or closed; whether closed means merged is a separate fact."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """A pull request as read at one moment; `merge_commit` is set only once it is merged.

    `updated_at` moves, in whole seconds, with most that people and bots do to it, but not with checks, nor with what
    becomes of teams and rights.
    """

    number: PullNumber
    title: str
    body: str
    state: PullState
    draft: bool
    merged: bool
    author: Actor
    head: CommitSha
    head_branch: BranchName
    base: CommitSha
    base_branch: BranchName
    same_repository: bool
    labels: frozenset[str]
    created_at: datetime
    updated_at: datetime | None = None
    merge_commit: CommitSha | None = None
    merged_at: datetime | None = None
    merged_by: Actor | None = None
    closed_at: datetime | None = None
    url: str = ""


class ReviewState(StrEnum):
    """What a review says; anything GitHub adds later reads as UNKNOWN and never counts."""

    APPROVED = "APPROVED"
    CHANGES_REQUESTED = "CHANGES_REQUESTED"
    COMMENTED = "COMMENTED"
    DISMISSED = "DISMISSED"
    PENDING = "PENDING"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What is known of an emergency's reason: how many characters can be seen, and a digest; never its text."""

    length: int
    digest: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One review; `commit` is None when the reviewed commit is gone, `claim` unless it claims an emergency."""

    id: int
    author: Actor | None
    state: ReviewState
    commit: CommitSha | None
    submitted_at: datetime | None
    url: str = ""
    claim: Claim | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PullCommit:
    """A commit of a pull request with the accounts GitHub ties to it (None: no account known)."""

    sha: CommitSha
    message: str
    author: Actor | None
    committer: Actor | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """A movement of a branch to `after` (None: it was deleted), by the account that really pushed.

    A commit's author is what the commit says; this is what the forge saw. None: the account is gone.
    """

    after: CommitSha | None
    actor: Actor | None


class FileStatus(StrEnum):
    """How a file changed."""

    ADDED = "added"
    MODIFIED = "modified"
    REMOVED = "removed"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFile:
    """One changed file of a pull request or between two commits."""

    path: str
    status: FileStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment on a pull request, or an issue's own text; `id` is the comment's or the issue's number.

    `edited` by anybody: people with write access may edit the comments of others.
    """

    id: int
    author: Actor
    body: str
    created_at: datetime | None = None
    edited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """An open issue or pull request, and all labels that it carries."""

    number: PullNumber
    labels: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelling:
    """A label that was put on an issue or (not `added`) taken off it, by whom; None: the account is gone."""

    label: str
    added: bool
    actor: Actor | None


class CheckConclusion(StrEnum):
    """What the gate's check shows; PENDING is a check in progress."""

    SUCCESS = "success"
    FAILURE = "failure"
    PENDING = "pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A check run (as an App) or a commit status (with a plain token)."""

    name: str
    conclusion: CheckConclusion
    title: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit as git has it, with the trailers of its message (keys as written, in order)."""

    sha: CommitSha
    parents: tuple[CommitSha, ...]
    tree: str
    message: str
    committed_at: datetime
    trailers: tuple[tuple[str, str], ...]

    def trailer(self, key: str) -> str | None:
        """Return the first value of a trailer, or None."""
        return next((value for name, value in self.trailers if name == key), None)
