"""What a person can do on the page, as values; it reads requests and does nothing (pure)."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from bot.model.errors import BotError
from bot.model.names import CommitSha, Login, PullNumber

SPANS = {1: "1 hour", 24: "1 day", 72: "3 days"}
"""How much time a person can let pass at once, in hours, and how the page calls it."""
_MAX_TEXT = 1_000
_SHA = re.compile(r"[0-9a-f]{40}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]{0,99}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve:
    """Approve a pull request at the head that the person saw."""

    pull: PullNumber
    head: CommitSha
    login: Login


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Commit another value on the pull request's branch and approve the outcome."""

    pull: PullNumber
    login: Login
    target: str
    key: str
    value: int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """Say why, and close the pull request."""

    pull: PullNumber
    login: Login
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """Let time pass."""

    hours: int


Action: TypeAlias = Approve | Edit | Reject | Pass


def read_action(content: bytes) -> Action:
    """Read a request's body; BotError naming the field that is wrong."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BotError("the request is not JSON") from error
    if not isinstance(document, dict):
        raise BotError("the request is not a JSON object")
    match document.get("kind"):
        case "approve":
            return Approve(pull=_pull(document), head=_head(document), login=_login(document))
        case "edit":
            target, key = _name(document, "target"), _name(document, "key")
            value = _number(document)
            return Edit(pull=_pull(document), login=_login(document), target=target, key=key, value=value)
        case "reject":
            return Reject(pull=_pull(document), login=_login(document), reason=_reason(document))
        case "pass":
            return Pass(hours=_hours(document))
        case _:
            raise BotError("unknown kind of action", hint="known: approve, edit, reject, pass")


def _pull(document: Mapping[str, Any]) -> PullNumber:
    number = document.get("pull")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 2**31:
        raise BotError("`pull` is not the number of a pull request")
    return PullNumber(number)


def _head(document: Mapping[str, Any]) -> CommitSha:
    head = document.get("head")
    if not isinstance(head, str) or not _SHA.fullmatch(head):
        raise BotError("`head` is not a commit")
    return CommitSha(head)


def _login(document: Mapping[str, Any]) -> Login:
    return Login(_name(document, "login"))


def _name(document: Mapping[str, Any], field: str) -> str:
    value = document.get(field)
    if not isinstance(value, str) or not _NAME.fullmatch(value) or ".." in value:
        raise BotError(f"`{field}` is not a name")
    return value


def _number(document: Mapping[str, Any]) -> int | float:
    value = document.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BotError("`value` is not a number")
    if abs(value) > 1e9:
        raise BotError("`value` is too large")
    return int(value) if value == int(value) else value


def _reason(document: Mapping[str, Any]) -> str:
    reason = document.get("reason")
    if not isinstance(reason, str) or not reason.strip():
        raise BotError("`reason` is empty", hint="say in a few words why")
    if len(reason) > _MAX_TEXT:
        raise BotError(f"`reason` is longer than {_MAX_TEXT} characters")
    return reason.strip()


def _hours(document: Mapping[str, Any]) -> int:
    hours = document.get("hours")
    if isinstance(hours, bool) or not isinstance(hours, int) or hours not in SPANS:
        raise BotError("`hours` is not one of " + ", ".join(map(str, SPANS)))
    return hours
