"""Reads stops out of what people left: the file `pow/STOP`, and labels on an issue (pure).

Whatever cannot be understood stops everything. Nobody's words are acted on: of an issue only the labels count, and
who put them there.
"""

import re
from collections.abc import Iterable, Mapping

from bot.model.forge import ActorKind, Labelled, Labelling, Permission
from bot.model.names import Login
from bot.model.switch import Reach, Stop, Switch
from bot.report.untrusted import visible

STOP_LABEL = "pow-stop"
_NARROWER = f"{STOP_LABEL}-"
STOP_FILE = "pow/STOP"
STOP_SPELLINGS = (STOP_FILE, "pow/Stop", "pow/stop")
"""What is looked for where it is no regular file."""
_FILE = re.compile(r"pow/stop(?:\.[a-z]{1,10})?(?:/.*)?", re.IGNORECASE | re.DOTALL)
"""Somebody in a hurry may write `stop.md`, or make a folder of it."""
_MOST_BYTES = 65_536
_REASON = 200
_SCOPE = re.compile(r"(?i)(?:[-*]\s+)?(?:(?P<kind>recipe|target)\s*:\s*(?P<name>\S+)|(?P<back>rollbacks?))")
_NAME = re.compile(r"(?:journeys/)?[A-Za-z][A-Za-z0-9_]{0,63}")
_LIKE_A_SCOPE = re.compile(r"(?:[-*]\s+)?[A-Za-z]+\s*:(?!//)\s*\S*")


def is_stop_file(path: str) -> bool:
    """Tell whether a path below `pow/` is the switch: `pow/STOP`, in any case and with any ending."""
    return _FILE.fullmatch(path) is not None


def stops_of_file(path: str, content: bytes) -> tuple[Stop, ...]:
    """Read the file: lines of scope (`recipe:X`, `target:Y`, `rollback`), all others are the reason.

    Without a line of scope it stops everything, and so does one that only looks like a scope.
    """
    where = visible(path)
    try:
        text = content.decode("utf-8-sig") if len(content) <= _MOST_BYTES else None
    except UnicodeDecodeError:
        text = None
    if text is None:
        return (Stop(reach=Reach.EVERYTHING, where=where, reason="it is no text that can be read"),)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    scopes = [line for line in lines if _LIKE_A_SCOPE.fullmatch(line) or _SCOPE.fullmatch(line)]
    reason = visible(next((line for line in lines if line not in scopes), ""), limit=_REASON)
    return _narrowed(scopes, where=where, reason=reason)


def stop_of_no_file(path: str) -> Stop:
    """Return the stop that stands for something by the switch's name that is no regular file."""
    return Stop(
        reach=Reach.EVERYTHING, where=visible(path), reason="it is no regular file, so what it says is unknown"
    )


def stops_of_issue(issue: Labelled, labellings: Iterable[Labelling], rights: Mapping[Login, Permission]) -> Switch:
    """Read an open issue's labels; a label counts if the person who put it there has write access now.

    `rights` are those of the people who moved labels; who is missing there could not be read.
    """
    last = {each.label.casefold(): each for each in labellings}
    found = {label: _counts(last.get(label.casefold()), rights) for label in sorted(issue.labels, key=str.casefold)}
    where = f"issue #{issue.number}"
    own = next((counts for label, counts in found.items() if label.casefold() == STOP_LABEL), None)
    if own is None:
        return Switch(stops=(_unknown(f"who put {STOP_LABEL} on {where}"),))
    if not own:
        by = last[STOP_LABEL].actor
        who = visible(by.login, limit=100) if by else "an account that is gone"
        return Switch(ignored=(f"{STOP_LABEL} on {where} does not count: {who} put it there, without write access",))
    scopes = [label[len(_NARROWER) :] for label, counts in found.items() if counts and _is_narrower(label)]
    return Switch(stops=_narrowed(scopes, where=where, reason=""))


def unreadable(why: str) -> Stop:
    """Return the stop that stands for a switch that could not be read."""
    return Stop(reach=Reach.EVERYTHING, where="the kill switch", reason=why, known=False)


def _unknown(what: str) -> Stop:
    return unreadable(f"the forge does not tell {what}")


def _is_narrower(label: str) -> bool:
    return label.casefold().startswith(_NARROWER)


def _counts(labelling: Labelling | None, rights: Mapping[Login, Permission]) -> bool | None:
    """Tell whether a label counts; None where that cannot be known."""
    if labelling is None or not labelling.added:
        return None
    actor = labelling.actor
    if actor is None or actor.kind is not ActorKind.USER:
        return False
    held = rights.get(actor.login)
    return None if held is None else held.can_write


def _narrowed(scopes: Iterable[str], *, where: str, reason: str) -> tuple[Stop, ...]:
    """Return a stop for each scope; for everything without one, or with one that cannot be understood."""
    found: list[Stop] = []
    for scope in scopes:
        match = _SCOPE.fullmatch(scope)
        if match is None or (match["name"] is not None and not _NAME.fullmatch(match["name"])):
            fault = f"`{visible(scope, limit=60)}` is no scope; write recipe:X, target:Y or rollback"
            return (Stop(reach=Reach.EVERYTHING, where=where, reason=fault),)
        reach = Reach.ROLLBACK if match["back"] else Reach(match["kind"].lower())
        found.append(Stop(reach=reach, where=where, reason=reason, name=match["name"] or ""))
    return tuple(found) or (Stop(reach=Reach.EVERYTHING, where=where, reason=reason),)
