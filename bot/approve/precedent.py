"""Has somebody else taken a change back, begun to, or decided against it? Pure: attempts in, what binds the bot out.

What an attempt says of itself in branch, title or text is a claim that anyone can make. It counts by who made it: a
person with write access now. What its head really holds counts by itself, in a branch of this repository.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from bot.model.forge import Commit, PullRequest, PullState, RepoRef
from bot.model.names import CommitSha, Login, PullNumber

OWN_BRANCHES = "pow/"
_REVERTED = re.compile(r"(?im)\breverts (?:the )?commit ([0-9a-f]{7,40})\b")
"""Git's own words in the message of a revert, and in the text that many tools make of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The change that is to be taken back: the pull request that brought it, and its merge on the base branch."""

    repo: RepoRef
    pull: PullNumber
    merge: CommitSha


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A pull request that takes the change back, by what it says or by what its head holds (`restores`).

    `may_decide`: its author is a person with write access now.
    """

    pull: PullRequest
    restores: bool
    may_decide: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenUp:
    """Somebody's open pull request takes the change back: the bot supports it instead of opening its own."""

    pull: PullNumber
    by: Login


@dataclass(frozen=True, slots=True, kw_only=True)
class Vetoed:
    """A person proposed to take the change back, and that was closed without a merge."""

    pull: PullNumber
    by: Login


@dataclass(frozen=True, slots=True, kw_only=True)
class Relanded:
    """A commit of the base branch took the change back, and its values stand again: people brought it back."""

    commit: CommitSha


Precedent = TakenUp | Vetoed | Relanded


def precedent_of(attempts: Iterable[Attempt], *, reverted_by: CommitSha | None) -> Precedent | None:
    """Return what binds the bot: an open attempt before a closed one, and the newest of its kind."""
    newest = sorted(attempts, key=lambda each: each.pull.number, reverse=True)
    for each in newest:
        if each.pull.state is PullState.OPEN and (each.may_decide or each.restores):
            return TakenUp(pull=each.pull.number, by=each.pull.author.login)
    for each in newest:
        if each.pull.state is PullState.CLOSED and not each.pull.merged and each.may_decide:
            return Vetoed(pull=each.pull.number, by=each.pull.author.login)
    return None if reverted_by is None else Relanded(commit=reverted_by)


def in_words(precedent: Precedent) -> str:
    """Say what was found, as a part of a sentence."""
    match precedent:
        case TakenUp():
            return f"pull request {precedent.pull} of {precedent.by} takes it back already"
        case Vetoed():
            return f"pull request {precedent.pull} of {precedent.by}, which took it back, was closed unmerged: a veto"
        case Relanded():
            return f"{precedent.commit[:12]} took it back, and people brought it back since"
        case _:
            assert_never(precedent)


def is_about(pull: PullRequest, subject: Subject, *, base: str) -> bool:
    """Tell whether a pull request says that it reverts the subject; the bot's own branches are none of this."""
    if pull.base_branch != base or is_own(pull) or pull.number == subject.pull:
        return False
    number = re.escape(str(subject.pull))
    reference = rf"(?:{re.escape(str(subject.repo))})?#{number}\b"
    said = (
        re.match(rf"revert-{number}-", pull.head_branch)
        or re.match(rf"(?i)\s*reverts?:? {reference}", pull.title)
        or re.search(rf"(?im)^\s*(?:this )?(?:reverts?|reverting) {reference}", pull.body)
    )
    return bool(said) or names_revert_of(f"{pull.title}\n{pull.body}", subject.merge)


def is_own(pull: PullRequest) -> bool:
    """Tell whether a pull request stands on a branch of the bot, which the ledger knows more about."""
    return pull.same_repository and pull.head_branch.startswith(OWN_BRANCHES)


def names_revert_of(message: str, merge: CommitSha) -> bool:
    """Tell whether a text says, in git's words, that it reverts a commit."""
    return any(merge.startswith(found.lower()) for found in _REVERTED.findall(message))


def reverts(commit: Commit, merge: CommitSha) -> bool:
    """Tell whether a commit says that it reverts a merge."""
    return commit.trailer("Reverts") == merge or names_revert_of(commit.message, merge)
