"""How the bot finds its own comment again: a hidden marker, and only together with its own account (pure)."""

from collections.abc import Iterable

from bot.model.forge import Actor, ActorKind, Comment


def marked(body: str, marker: str) -> str:
    """Return a comment's text with its hidden marker on the first line, unless it is in there already."""
    hidden = _hidden(marker)
    return body if hidden in body else f"{hidden}\n{body}"


def find_own(comments: Iterable[Comment], *, marker: str, identity: Actor | None) -> Comment | None:
    """Return the oldest of our comments with the marker."""
    return next(iter(all_own(comments, marker=marker, identity=identity)), None)


def all_own(comments: Iterable[Comment], *, marker: str, identity: Actor | None) -> tuple[Comment, ...]:
    """Return our comments with the marker, the oldest first: more than one where runs looked in the same instant.

    Anyone who may write can copy a marker, so it counts only in a comment of our own account; where the forge does
    not tell which one that is, in a comment of a bot, which no person can write.
    """
    hidden = _hidden(marker)
    own = (each for each in comments if hidden in each.body and _is_own(each.author, identity))
    return tuple(sorted(own, key=lambda each: each.id))


def _hidden(marker: str) -> str:
    return marker if marker.startswith("<!--") else f"<!-- {marker} -->"


def _is_own(author: Actor, identity: Actor | None) -> bool:
    if identity is None:
        return author.kind is ActorKind.BOT
    return author.login == identity.login and author.kind == identity.kind
