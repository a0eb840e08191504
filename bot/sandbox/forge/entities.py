"""What the forge remembers, as frozen values in GitHub's words; Git's own objects are in `git`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from bot.model.json import Json
from bot.model.names import CommitSha


class AccountType(StrEnum):
    """What kind of account acts."""

    USER = "User"
    BOT = "Bot"
    ORGANIZATION = "Organization"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person, an organization or an App's bot."""

    id: int
    login: str
    name: str
    email: str
    type: AccountType
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """A GitHub App installed on an organization; `permissions` maps a name to `read` or `write`."""

    id: int
    slug: str
    account: Account
    permissions: Mapping[str, str]
    repositories: frozenset[str] | None
    """Full names in lower case of the only repositories it sees; None means all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who sent a request: a user (account), an App (account and app) or nobody known (neither)."""

    account: Account | None = None
    app: App | None = None
    token: str = ""


class Role(IntEnum):
    """A user's role in a repository, each including those before."""

    NONE = 0
    READ = 1
    TRIAGE = 2
    WRITE = 3
    MAINTAIN = 4
    ADMIN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A team of an organization, with its members' logins.

    `repositories` are the full names in lower case of those that it has access to; None: all of the organization's.
    Every member may make a team, but only who administers a repository gives it access.
    """

    id: int
    organization: str
    slug: str
    name: str
    members: tuple[str, ...]
    repositories: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label of a repository."""

    id: int
    name: str
    color: str
    description: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """What an issue and a pull request have in common."""

    id: int
    number: int
    title: str
    body: str | None
    author: Account
    state: str
    state_reason: str | None = None
    labels: tuple[str, ...] = ()
    assignees: tuple[Account, ...] = ()
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None = None
    closed_by: Account | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TestMerge:
    """Whether a head merges into a base; `commit` is the throw-away merge of the two, None on a conflict."""

    __test__ = False  # not a test, whatever its name tells a test collector

    head: CommitSha
    base: CommitSha
    commit: CommitSha | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """What only a pull request has; title, body, state and labels are in the issue of the same number.

    `fork` is the full name of the repository that has the branch; None: the pull request's own.
    """

    id: int
    number: int
    head_ref: str
    head_sha: CommitSha
    base_ref: str
    base_sha: CommitSha
    draft: bool
    fork: str | None = None
    maintainer_can_modify: bool = False
    merged_at: datetime | None = None
    merged_by: Account | None = None
    merge_commit_sha: CommitSha | None = None
    reviewers: tuple[Account, ...] = ()
    teams: tuple[Team, ...] = ()
    test_merge: TestMerge | None = None


class ReviewState(StrEnum):
    """A review's state, as GitHub writes it."""

    PENDING = "PENDING"
    COMMENTED = "COMMENTED"
    APPROVED = "APPROVED"
    CHANGES_REQUESTED = "CHANGES_REQUESTED"
    DISMISSED = "DISMISSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One review; `commit` is what the reviewer says was reviewed.

    GitHub shows null for the author once the account is deleted, and for the commit once it is garbage-collected:
    the schema `pull-request-review` of its API description allows both.
    """

    id: int
    pull: int
    author: Account | None
    body: str
    state: ReviewState
    commit: CommitSha | None
    submitted_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment on an issue or a pull request."""

    id: int
    issue: int
    author: Account
    body: str
    created_at: datetime
    updated_at: datetime
    app: App | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """What happened to an issue or a pull request; `details` are GitHub's extra fields for its kind."""

    name: str
    commit: CommitSha | None = None
    label: Label | None = None
    reviewer: Account | None = None
    team: Team | None = None
    details: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to an issue or a pull request, who did it and when."""

    id: int
    issue: int
    actor: Account
    at: datetime
    what: Happening


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRun:
    """A check run of an App on a commit."""

    id: int
    suite: int
    app: App
    name: str
    head_sha: CommitSha
    status: str
    conclusion: str | None
    external_id: str | None
    details_url: str | None
    started_at: datetime | None
    completed_at: datetime | None
    title: str | None
    summary: str | None
    text: str | None
    annotations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A commit status."""

    id: int
    sha: CommitSha
    context: str
    state: str
    description: str | None
    target_url: str | None
    creator: Account
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A request to deploy a commit to an environment."""

    id: int
    sha: CommitSha
    ref: str
    task: str
    environment: str
    payload: Json
    description: str | None
    transient: bool
    production: bool
    creator: Account
    app: App | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentStatus:
    """One report on a deployment."""

    id: int
    deployment: int
    state: str
    description: str
    environment: str
    environment_url: str
    log_url: str
    creator: Account
    app: App | None
    at: datetime


class DispatchKind(StrEnum):
    """Which of the two dispatch calls was made."""

    WORKFLOW = "workflow_dispatch"
    REPOSITORY = "repository_dispatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """A request to start workflows: `workflow`, `ref` and `inputs`, or `event_type` and `client_payload`."""

    id: int
    kind: DispatchKind
    repository: str
    sender: Account
    at: datetime
    workflow: str = ""
    ref: str = ""
    inputs: Mapping[str, str]
    event_type: str = ""
    client_payload: Mapping[str, Json]


class PushKind(StrEnum):
    """What a movement of a ref was, as the activity list calls it."""

    PUSH = "push"
    FORCE_PUSH = "force_push"
    CREATED = "branch_creation"
    DELETED = "branch_deletion"
    MERGE = "pr_merge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """One movement of a ref, and the account that moved it; None once the account is deleted."""

    id: int
    ref: str
    before: str
    after: str
    kind: PushKind
    actor: Account | None
    at: datetime
