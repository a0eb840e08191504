"""How a pull request came onto the base branch, where a person merged it in another way than the bot does (pure).

A squash makes one new commit of all, a rebase new ones of each; of both only the messages tell. In neither the
approved commit is in the history, so no approval can be tied to what is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.model.forge import Commit, PullCommit
from bot.model.names import CommitSha

_NO_MERGE = "it is no merge commit of two parents"


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """The new commits, from `first` to the merge that the forge names; `reason` says why that cannot be deployed."""

    first: CommitSha
    count: int
    reason: str


def landing_of(history: Sequence[Commit], commits: Sequence[PullCommit]) -> Landing:
    """Read it off the base branch, `history` newest first from the forge's merge commit on, which has one parent.

    `commits` are those of the pull request, oldest first. A single one looks the same either way.
    """
    count = len(commits)
    last = history[:count]
    rebased = count > 1 and [_words(each.message) for each in reversed(last)] == [_words(c.message) for c in commits]
    if commits and history[0].sha == commits[-1].sha:
        return Landing(first=commits[0].sha, count=count, reason=f"{_NO_MERGE}: the branch itself was pushed there")
    how = "squashed into one new commit" if count > 1 else "squashed or rebased into a new commit"
    if rebased:
        how = f"rebased into {count} new commits"
    return Landing(
        first=last[-1].sha if rebased else history[0].sha,
        count=count if rebased else 1,
        reason=f"{_NO_MERGE}: it was {how}, so the commit that people approve is not in the history",
    )


def _words(message: str) -> str:
    return " ".join(message.split())
