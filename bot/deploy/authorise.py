"""May this merge be deployed? Pure: the change's records and the merge as Git has it in, proof or a refusal out.

It trusts neither the merge button nor a commit message: what is deployed must be, byte for byte, the head that the
gate approved, on top of the values that the approval was given for.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.deploy.desired import MergedFile, is_desired_state
from bot.model.decision import Authority
from bot.model.forge import Commit
from bot.model.json import Json, digest_of
from bot.model.names import ChangeId, CommitSha, Digest
from bot.model.record import Phase, Record
from bot.propose.desired import EVIDENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeFacts:
    """A merge as Git has it; `files` is all that differs from its first parent."""

    commit: Commit
    is_on_base: bool
    files: tuple[MergedFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorised:
    """A merge that may be deployed, with the files that say what is to be live."""

    change: ChangeId
    merge: CommitSha
    files: tuple[MergedFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A merge that may not be deployed, and why."""

    reason: str


def authorise(records: tuple[Record, ...], facts: MergeFacts) -> Authorised | Refused:
    """Decide by one change's records, in order; the first reason against it is given."""
    merged = _last(records, Phase.MERGED, merge=facts.commit.sha)
    if merged is None:
        return Refused(reason=f"no record says that {facts.commit.sha[:12]} was merged through the gate")
    reason = _objection_to_merge(records, facts) or _objection_to_content(records, facts)
    if reason is not None:
        return Refused(reason=reason)
    files = tuple(file for file in facts.files if is_desired_state(file.path))
    return Authorised(change=merged.change, merge=facts.commit.sha, files=files)


def _objection_to_merge(records: tuple[Record, ...], facts: MergeFacts) -> str | None:
    """Say why the commit is not the merge of an approved head into the base branch."""
    merge, parents = facts.commit.sha[:12], facts.commit.parents
    if not facts.is_on_base:
        return f"the merge {merge} is not in the history of the base branch"
    if len(parents) != 2:
        return f"{merge} has {len(parents)} parent{'' if len(parents) == 1 else 's'}: it is no merge of two"
    decided = _last(records, Phase.DECIDED, head=parents[1])
    if decided is None or decided.facts.get("result") not in set(Authority):
        return f"the merged head {parents[1][:12]} was never approved"
    if decided.facts.get("result") == Authority.EMERGENCY and not _names_a_person(decided.facts.get("emergency")):
        return f"the head {parents[1][:12]} was merged in an emergency that nobody claimed with a reason"
    return None


def _names_a_person(claims: Json) -> bool:
    """Tell whether a decision names who claimed the emergency, each with the digest of a reason."""
    listed = claims if isinstance(claims, list | tuple) else ()
    return bool(listed) and all(
        isinstance(claim, Mapping)
        and isinstance(claim.get("user_id"), int)
        and str(claim.get("reason_digest", "")).startswith("sha256:")
        for claim in listed
    )


def _objection_to_content(records: tuple[Record, ...], facts: MergeFacts) -> str | None:
    """Say how a merge of two differs from what was proposed and approved."""
    proposed = _last(records, Phase.PROPOSED)
    if proposed is None:
        return "no record says what was proposed"
    return next(_differences(facts.files, _approved_files(proposed, facts.commit.parents[1])), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ApprovedFile:
    """A file's digests in the record of the proposal; None: no such file."""

    before: Digest | None
    after: Digest | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Approved:
    """The proposal's files; `is_final` when the approved head is the proposal's own and nobody edited it since."""

    files: Mapping[str, _ApprovedFile]
    is_final: bool


def _differences(files: tuple[MergedFile, ...], approved: _Approved) -> Iterator[str]:
    """Yield each way in which the merge is not what was approved."""
    for file in files:
        if not (is_desired_state(file.path) or file.path.startswith(EVIDENCE)):
            yield f"the merge changes {file.path}, which no proposal may"
        if not file.is_regular:
            yield f"the merge makes {file.path} something other than a plain file"
        if file.after != file.approved:
            yield f"{file.path} was merged with other bytes than were approved"
    desired = {file.path: file for file in files if is_desired_state(file.path)}
    for path, file in desired.items():
        proposed = approved.files.get(path)
        if proposed is None and approved.is_final:
            yield f"{path} was merged and is not in the proposal"
        if proposed is not None and _digest(file.before) != proposed.before:
            yield f"{path} had changed before the merge: the approval was given for other former values"
        if proposed is not None and approved.is_final and _digest(file.after) != proposed.after:
            yield f"{path} was merged with other bytes than were proposed"
    missing = sorted(path for path in approved.files if is_desired_state(path) and path not in desired)
    if missing and approved.is_final:
        yield f"{missing[0]} was proposed and is not in the merge"


def _approved_files(proposed: Record, head: CommitSha) -> _Approved:
    listed = proposed.facts.get("files")
    entries = listed if isinstance(listed, Sequence) and not isinstance(listed, str) else ()
    files = {
        str(entry.get("path")): _ApprovedFile(before=_named(entry, "before"), after=_named(entry, "after"))
        for entry in entries
        if isinstance(entry, Mapping)
    }
    return _Approved(files=files, is_final=proposed.facts.get("head") == head)


def _last(records: tuple[Record, ...], phase: Phase, **facts: str) -> Record | None:
    matching = (
        record
        for record in reversed(records)
        if record.phase is phase and all(record.facts.get(name) == value for name, value in facts.items())
    )
    return next(matching, None)


def _named(entry: Mapping[str, Json], key: str) -> Digest | None:
    value = entry.get(key)
    return Digest(value) if isinstance(value, str) else None


def _digest(content: bytes | None) -> Digest | None:
    return None if content is None else digest_of(content)
