"""Reads the facts of a decision back out of its record, each strictly: a record may hold anything (pure)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from bot.approve.facts import GateFacts, NoProof, OtherPull, RollbackProof
from bot.approve.inputs import Inputs, Lacking
from bot.approve.rego import Answered, Failed, RegoAnswer
from bot.model.clock import parse_time
from bot.model.forge import (
    Actor,
    ActorKind,
    ChangedFile,
    Claim,
    FileStatus,
    Permission,
    PullCommit,
    PullRequest,
    PullState,
    Push,
    Review,
    ReviewState,
)
from bot.model.json import Json
from bot.model.names import BranchName, ChangeId, CommitSha, Digest, Login, PullNumber, TeamSlug
from bot.model.switch import Reach, Stop, Switch

_T = TypeVar("_T")


def read_inputs(recorded: Mapping[str, Json]) -> Inputs | Lacking:
    """Read the facts of a `decided` record; what is missing or misshapen there is named."""
    inputs = recorded.get("inputs")
    if not isinstance(inputs, Mapping):
        return Lacking(names=("inputs",))
    whole = {**{f"inputs.{name}": value for name, value in inputs.items()}, **recorded}
    read: dict[str, Any] = {}
    lacking: list[str] = []
    for name, reader in _READERS.items():
        try:
            read[name] = reader(whole[name])
        except (KeyError, TypeError, ValueError):
            lacking.append(name)
    if lacking:
        return Lacking(names=tuple(lacking))
    facts = GateFacts(
        **{field: read[name] for name, field in _AS_THEY_ARE.items()},
        pull=_pull(read),
        trailers=None,
        proposed=None,
        files=(),
        evidence=None,
        recipe=None,
    )
    return Inputs(facts=facts, files=read["inputs.files"], rules=read["inputs.rules"])


def _pull(read: Mapping[str, Any]) -> PullRequest:
    """Put together what decides; title, text and labels never do."""
    return PullRequest(
        **read["inputs.pull"],
        number=PullNumber(read["pull"]),
        title="",
        body="",
        merged=False,
        head=read["head"],
        base=read["base"],
        labels=frozenset(),
        created_at=read["opened_at"],
    )


def _text(value: Any) -> str:
    """Read a text that git can be asked about and that can be written down again."""
    if not isinstance(value, str) or "\0" in value:
        raise TypeError(value)
    value.encode()
    return value


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(value)
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


def _table(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(value)
    return value


def _or_none(read: Callable[[Any], _T]) -> Callable[[Any], _T | None]:
    return lambda value: None if value is None else read(value)


def _each(read: Callable[[Any], _T]) -> Callable[[Any], tuple[_T, ...]]:
    def read_all(value: Any) -> tuple[_T, ...]:
        if not isinstance(value, list | tuple):
            raise TypeError(value)
        return tuple(read(each) for each in value)

    return read_all


def _values(read: Callable[[Any], _T]) -> Callable[[Any], dict[str, _T]]:
    return lambda value: {_text(name): read(each) for name, each in _table(value).items()}


def _sha(value: Any) -> CommitSha:
    return CommitSha(_text(value))


def _login(value: Any) -> Login:
    return Login(_text(value))


def _name(value: Any) -> Digest:
    return Digest(_text(value))


def _time(value: Any) -> datetime:
    return parse_time(_text(value))


def _read_actor(value: Any) -> Actor:
    table = _table(value)
    kind = ActorKind(_text(table["kind"]))
    return Actor(login=_login(table["login"]), id=_number(table["id"]), kind=kind)


def _read_pull(value: Any) -> Mapping[str, Any]:
    table = _table(value)
    return {
        "state": PullState(_text(table["state"])),
        "draft": _flag(table["draft"]),
        "author": _read_actor(table["author"]),
        "head_branch": BranchName(_text(table["head_branch"])),
        "base_branch": BranchName(_text(table["base_branch"])),
        "same_repository": _flag(table["same_repository"]),
    }


def _read_commit(value: Any) -> PullCommit:
    table = _table(value)
    author, committer = (_or_none(_read_actor)(table[name]) for name in ("author", "committer"))
    return PullCommit(sha=_sha(table["sha"]), message="", author=author, committer=committer)


def _read_push(value: Any) -> Push:
    table = _table(value)
    return Push(after=_or_none(_sha)(table["after"]), actor=_or_none(_read_actor)(table["actor"]))


def _read_file(value: Any) -> ChangedFile:
    table = _table(value)
    return ChangedFile(path=_text(table["path"]), status=FileStatus(_text(table["status"])))


def _read_review(value: Any) -> Review:
    table = _table(value)
    return Review(
        id=_number(table["id"]),
        author=_or_none(_read_actor)(table["author"]),
        state=ReviewState(_text(table["state"])),
        commit=_or_none(_sha)(table["commit"]),
        submitted_at=None,
        url=_text(table["url"]),
        claim=_or_none(_read_claim)(table["claim"]),
    )


def _read_claim(value: Any) -> Claim:
    table = _table(value)
    return Claim(length=_number(table["reason_length"]), digest=_name(table["reason_digest"]))


def _read_stop(value: Any) -> Stop:
    table = _table(value)
    return Stop(
        reach=Reach(_text(table["reach"])),
        where=_text(table["where"]),
        reason=_text(table["reason"]),
        name=_text(table["name"]),
        known=_flag(table["known"]),
    )


def _read_other(value: Any) -> OtherPull:
    table = _table(value)
    return OtherPull(
        number=PullNumber(_number(table["pull"])),
        author=_login(table["author"]),
        paths=_or_none(_read_paths)(table["paths"]),
    )


def _read_paths(value: Any) -> frozenset[str]:
    return frozenset(_each(_text)(value))


def _read_rollback(value: Any) -> RollbackProof | NoProof:
    table = _table(value)
    if "no_proof" in table:
        return NoProof(reason=_text(table["no_proof"]))
    return RollbackProof(
        original=ChangeId(_text(table["original"])), merge=_sha(table["merge"]), files=_number(table["files"])
    )


def _read_rego(value: Any) -> RegoAnswer:
    table = _table(value)
    return (
        Failed(reason=_text(table["failed"]))
        if "failed" in table
        else Answered(denials=_each(_text)(table["denials"]))
    )


def _read_teams(value: Any) -> dict[TeamSlug, frozenset[Login]]:
    return {TeamSlug(slug): frozenset(members) for slug, members in _values(_each(_login))(value).items()}


def _read_permissions(value: Any) -> dict[Login, Permission]:
    return {Login(login): Permission(held) for login, held in _values(_text)(value).items()}


def _read_switch(value: Any) -> Switch:
    return Switch(stops=_each(_read_stop)(value))


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "result": _text,
    "pull": _number,
    "head": _sha,
    "base": _sha,
    "opened_at": _time,
    "policy_digest": _name,
    "inputs.rules": _number,
    "inputs.ledger": _number,
    "inputs.default_branch": _text,
    "inputs.identity": _or_none(_read_actor),
    "inputs.pull": _read_pull,
    "inputs.commits": _each(_read_commit),
    "inputs.pushes": _or_none(_each(_read_push)),
    "inputs.files": _each(_read_file),
    "inputs.originators": _each(_or_none(_read_actor)),
    "inputs.reviews": _each(_read_review),
    "inputs.permissions": _read_permissions,
    "inputs.teams": _read_teams,
    "inputs.stops": _read_switch,
    "inputs.others": _each(_read_other),
    "inputs.rollback": _or_none(_read_rollback),
    "inputs.rego": _or_none(_read_rego),
}
"""How each fact is read; evidence, recipe and governance are held against what Git has."""
_AS_THEY_ARE = {
    "base": "base",
    "inputs.ledger": "ledger",
    "inputs.default_branch": "default_branch",
    "inputs.identity": "identity",
    "inputs.commits": "commits",
    "inputs.pushes": "pushes",
    "inputs.originators": "originators",
    "inputs.reviews": "reviews",
    "inputs.permissions": "permissions",
    "inputs.teams": "teams",
    "inputs.stops": "switch",
    "inputs.others": "others",
    "inputs.rollback": "rollback",
    "inputs.rego": "rego",
}
"""Which of them is which of the gate's facts."""
