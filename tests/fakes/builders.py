"""Values with good defaults, so that a test names only what it is about."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from bot.model.forge import Actor, ActorKind, Commit, PullRequest, PullState, Review, ReviewState
from bot.model.names import BranchName, CommitSha, Login, PullNumber

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday morning: the present of a fresh world."""


def a_sha(name: object) -> CommitSha:
    """Return a commit name that depends on nothing but `name`."""
    return CommitSha(hashlib.sha1(str(name).encode(), usedforsecurity=False).hexdigest())


def a_person(login: str = "sam") -> Actor:
    """Return a person's account; the number follows from the login."""
    return Actor(login=Login(login), id=_number(login), kind=ActorKind.USER)


def a_bot(login: str = "pow-bot[bot]") -> Actor:
    """Return a bot's account."""
    return Actor(login=Login(login), id=_number(login), kind=ActorKind.BOT)


def a_pull_request(**fields: Any) -> PullRequest:
    """Return an open pull request of the bot from `pow/passport_backlog/...` to main."""
    number = fields.get("number", 7)
    defaults: dict[str, Any] = {
        "number": PullNumber(number),
        "title": "PASSPORT_BACKLOG: raise max_blur_px",
        "body": "",
        "state": PullState.OPEN,
        "draft": False,
        "merged": False,
        "author": a_bot(),
        "head": a_sha("head"),
        "head_branch": BranchName("pow/passport_backlog/0123456789abcdef"),
        "base": a_sha("base"),
        "base_branch": BranchName("main"),
        "same_repository": True,
        "labels": frozenset({"pow"}),
        "created_at": START,
        "url": f"https://forge.example/agency/pow/pull/{number}",
    }
    return PullRequest(**{**defaults, **fields})


def a_review(by: Actor | None = None, **fields: Any) -> Review:
    """Return an approval of the default pull request's head by a person."""
    defaults: dict[str, Any] = {
        "id": 1,
        "author": by or a_person(),
        "state": ReviewState.APPROVED,
        "commit": a_sha("head"),
        "submitted_at": START,
        "url": "https://forge.example/agency/pow/pull/7#pullrequestreview-1",
    }
    return Review(**{**defaults, **fields})


def a_commit(**fields: Any) -> Commit:
    """Return a commit on top of `base`; `trailers` may be given as a mapping."""
    defaults: dict[str, Any] = {
        "sha": a_sha("head"),
        "parents": (a_sha("base"),),
        "tree": a_sha("tree"),
        "message": "PHOTO_VALIDATOR: max_blur_px 2 -> 4",
        "committed_at": START,
        "trailers": (),
    }
    given = {**defaults, **fields}
    if isinstance(given["trailers"], dict):
        given["trailers"] = tuple(given["trailers"].items())
    return Commit(**given)


def _number(login: str) -> int:
    return int.from_bytes(hashlib.sha256(login.encode()).digest()[:4], "big")
