"""PyGithub's objects as our values.

Reads only what a list's answer already holds: PyGithub would silently ask GitHub once more for anything else.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from github import IncompletableObject
from github.Commit import Commit as GithubCommit
from github.File import File
from github.Issue import Issue
from github.IssueComment import IssueComment
from github.NamedUser import NamedUser
from github.Organization import Organization
from github.PullRequest import PullRequest as GithubPull
from github.PullRequestReview import PullRequestReview
from github.Repository import Repository as GithubRepository

from bot.forge.emergency import claim_of
from bot.model.forge import (
    Actor,
    ActorKind,
    ChangedFile,
    Comment,
    FileStatus,
    Labelled,
    Labelling,
    Permission,
    PullCommit,
    PullRequest,
    PullState,
    Push,
    Review,
    ReviewState,
)
from bot.model.names import BranchName, CommitSha, Login, PullNumber

GHOST = Actor(login=Login("ghost"), id=0, kind=ActorKind.OTHER)
"""Stands for a deleted account."""


def actor_of(user: NamedUser | Organization | None) -> Actor | None:
    """Read an account; None where GitHub ties none (it sends null or an empty object)."""
    if user is None:
        return None
    try:
        return Actor(login=Login(user.login), id=user.id, kind=_kind(user.type))
    except IncompletableObject:
        return None


def pull_of(pull: GithubPull, *, full: bool) -> PullRequest:
    """Read a pull request; only the `full` answer for a single one says who merged it."""
    merged = pull.merged_at is not None
    return PullRequest(
        number=PullNumber(pull.number),
        title=pull.title,
        body=pull.body or "",
        state=PullState(pull.state),
        draft=bool(pull.draft),
        merged=merged,
        author=actor_of(pull.user) or GHOST,
        head=CommitSha(pull.head.sha),
        head_branch=BranchName(pull.head.ref),
        base=CommitSha(pull.base.sha),
        base_branch=BranchName(pull.base.ref),
        same_repository=_same_repository(pull),
        labels=frozenset(label.name for label in pull.labels),
        created_at=pull.created_at.astimezone(UTC),
        updated_at=_utc(pull.updated_at),
        merge_commit=CommitSha(pull.merge_commit_sha) if merged and pull.merge_commit_sha else None,
        merged_at=_utc(pull.merged_at),
        merged_by=actor_of(pull.merged_by) if merged and full else None,
        closed_at=_utc(pull.closed_at),
        url=pull.html_url,
    )


def review_of(review: PullRequestReview) -> Review:
    """Read a review."""
    known = review.state in ReviewState.__members__
    return Review(
        id=review.id,
        author=actor_of(review.user),
        state=ReviewState(review.state) if known else ReviewState.UNKNOWN,
        commit=CommitSha(review.commit_id) if review.commit_id else None,
        submitted_at=_utc(review.submitted_at),
        url=review.html_url or "",
        claim=claim_of(review.body or ""),
    )


def pull_commit_of(commit: GithubCommit) -> PullCommit:
    """Read a commit of a pull request."""
    return PullCommit(
        sha=CommitSha(commit.sha),
        message=commit.commit.message,
        author=actor_of(commit.author),
        committer=actor_of(commit.committer),
    )


def files_of(file: File) -> tuple[ChangedFile, ...]:
    """Read a changed file; a renamed one is one removed and one added, as between two trees."""
    if file.status == "renamed":
        return (
            ChangedFile(path=file.previous_filename, status=FileStatus.REMOVED),
            ChangedFile(path=file.filename, status=FileStatus.ADDED),
        )
    status = "added" if file.status == "copied" else file.status
    known = status in {each.value for each in FileStatus}
    return (ChangedFile(path=file.filename, status=FileStatus(status) if known else FileStatus.OTHER),)


def comment_of(comment: IssueComment) -> Comment:
    """Read a comment."""
    return Comment(
        id=comment.id,
        author=actor_of(comment.user) or GHOST,
        body=comment.body or "",
        created_at=comment.created_at,
        edited=comment.updated_at != comment.created_at,
    )


def issue_text_of(issue: Issue) -> Comment:
    """Read an issue's own text, by the issue's number."""
    return Comment(id=issue.number, author=actor_of(issue.user) or GHOST, body=issue.body or "")


def labelled_of(issue: Issue) -> Labelled:
    """Read which labels an issue or pull request carries."""
    return Labelled(number=PullNumber(issue.number), labels=frozenset(label.name for label in issue.labels))


def labelling_of(event: Mapping[str, Any]) -> Labelling | None:
    """Read one event of an issue; None where it is about no label. PyGithub would ask for each label once more."""
    if event.get("event") not in {"labeled", "unlabeled"}:
        return None
    added, label = event["event"] == "labeled", event.get("label") or {}
    return Labelling(label=str(label.get("name") or ""), added=added, actor=raw_actor(event.get("actor")))


def closers_of(events: Iterable[Mapping[str, Any]]) -> tuple[Actor | None, ...]:
    """Read who closed an issue, of all its events."""
    return tuple(raw_actor(event.get("actor")) for event in events if event.get("event") == "closed")


def push_of(entry: Mapping[str, Any]) -> Push:
    """Read one entry of a repository's activity; PyGithub has no class for it."""
    after, actor = str(entry.get("after") or ""), entry.get("actor")
    return Push(
        after=CommitSha(after) if after.strip("0") else None,
        actor=raw_actor(actor),
    )


def raw_actor(account: Mapping[str, Any] | None) -> Actor | None:
    """Read an account as GitHub sends it; null and an empty object are none."""
    return Actor(login=Login(account["login"]), id=account["id"], kind=_kind(account["type"])) if account else None


def permission_of(*, permission: str, role: str) -> Permission:
    """Read a person's rights; `role` is finer, but an organization's own roles have names of their own."""
    names = {each.value for each in Permission}
    return Permission(role if role in names else permission if permission in names else Permission.NONE)


def _kind(text: str) -> ActorKind:
    return ActorKind(text) if text in {each.value for each in ActorKind} else ActorKind.OTHER


def _same_repository(pull: GithubPull) -> bool:
    head: GithubRepository | None = pull.head.repo  # null once a fork is deleted, whatever PyGithub's types say
    return head is not None and head.id == pull.base.repo.id


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment else None
