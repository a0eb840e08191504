"""A record as a file: an in-toto Statement in a DSSE envelope, and back (pure; it knows no Git).

The file's digest is that of its exact bytes, so nothing depends on how JSON is written. Nothing signs yet:
`signatures` is empty, and whoever verifies must say so.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

from bot.model.clock import format_time, parse_time
from bot.model.errors import LedgerError
from bot.model.json import Json, Written, canonical, digest_of, written
from bot.model.names import ChangeId, Digest
from bot.model.record import Draft, Phase, Record

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:pow-bot:record:v1"
FOLDER = "records/"
_COMMITS = ("head", "base", "merge", "parent")
"""The facts that name a Git commit; each becomes a subject of the statement."""
_SHA = re.compile(r"[0-9a-f]{40}")
_CHANGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def record_path(change: ChangeId, sequence: int, phase: Phase) -> str:
    """Return a record's path on the ledger branch: `records/<change-id>/<seq>-<phase>.json`."""
    if not _CHANGE.fullmatch(change):
        raise LedgerError(f"not a change id: {change!r}", hint="letters, digits, - and _ only")
    return f"{FOLDER}{change}/{sequence:03}-{phase.value}.json"


def path_of(record: Record) -> str:
    """Return the path of a record in its place."""
    return record_path(record.change, record.sequence, record.phase)


def seal(draft: Draft, *, index: int, sequence: int, previous: Digest | None) -> tuple[Record, bytes]:
    """Give a draft its place in the chain; returns the record and the exact bytes of its file."""
    payload = canonical(_statement(draft, index, sequence, previous))
    content = canonical(_envelope(payload))
    return _read(payload, digest_of(content), path=record_path(draft.change, sequence, draft.phase)), content


def unseal(content: bytes, *, path: str) -> Record:
    """Read a record's file; LedgerError naming `path` for anything that `seal` would not have written."""
    try:
        payload = _payload(json.loads(content))
    except _UNREADABLE as error:
        raise _refusal(path, error) from error
    return _read(payload, digest_of(content), path=path)


_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


def _read(payload: bytes, digest: Digest, *, path: str) -> Record:
    try:
        record = _record(json.loads(payload), digest)
    except _UNREADABLE as error:
        raise _refusal(path, error) from error
    if path_of(record) != path:
        raise LedgerError(f"record {path} is in the wrong place: it says {path_of(record)}", hint=_HINT)
    return record


def _refusal(path: str, error: Exception) -> LedgerError:
    return LedgerError(f"record {path} cannot be read: {_why(error)}", hint=_HINT)


_HINT = "compare with an earlier clone: git log --stat origin/pow-ledger"


def _statement(draft: Draft, index: int, sequence: int, previous: Digest | None) -> Mapping[str, Json]:
    facts = written(draft.facts)
    predicate: Mapping[str, Json] = {
        "index": index,
        "sequence": sequence,
        "previous": previous,
        "change": draft.change,
        "phase": draft.phase.value,
        "time": format_time(draft.at),
        "key": draft.key,
        "facts": facts,
    }
    return {
        "_type": STATEMENT_TYPE,
        "subject": _subjects(draft, facts),
        "predicateType": PREDICATE_TYPE,
        "predicate": predicate,
    }


def _subjects(draft: Draft, facts: Written) -> list[Json]:
    """Name the commits that the facts speak of; in-toto wants a subject, so the change itself stands in for none."""
    named = [(name, draft.facts.get(name)) for name in _COMMITS]
    commits: list[Json] = [
        {"name": name, "digest": {"gitCommit": sha}}
        for name, sha in named
        if isinstance(sha, str) and _SHA.fullmatch(sha)
    ]
    if commits:
        return commits
    digest = digest_of(f"{facts}\n".encode()).removeprefix("sha256:")
    return [{"name": draft.change, "digest": {"sha256": digest}}]


def _envelope(payload: bytes) -> Mapping[str, Json]:
    return {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(payload).decode("ascii"),
        "signatures": [],
    }


def _payload(envelope: Any) -> bytes:
    if envelope["payloadType"] != PAYLOAD_TYPE:
        raise ValueError(f"unknown payload type: {envelope['payloadType']!r}")
    try:
        return base64.b64decode(envelope["payload"], validate=True)
    except binascii.Error as error:
        raise ValueError("the payload is not base64") from error


def _record(statement: Any, digest: Digest) -> Record:
    if (statement["_type"], statement["predicateType"]) != (STATEMENT_TYPE, PREDICATE_TYPE):
        raise ValueError("not a record's statement")
    predicate = statement["predicate"]
    return Record(
        index=_count(predicate["index"]),
        sequence=_count(predicate["sequence"]),
        previous=None if predicate["previous"] is None else Digest(_text(predicate["previous"])),
        digest=digest,
        change=_change(predicate["change"]),
        phase=Phase(predicate["phase"]),
        at=parse_time(_text(predicate["time"])),
        facts=dict(predicate["facts"].items()),
        key=_text(predicate["key"]),
    )


def _change(value: Any) -> ChangeId:
    if not _CHANGE.fullmatch(_text(value)):
        raise ValueError(f"not a change id: {value!r}")
    return ChangeId(value)


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"not a count: {value!r}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"not a text: {value!r}")
    return value


def _why(error: Exception) -> str:
    return f"it lacks {error}" if isinstance(error, KeyError) else str(error).splitlines()[0]
