"""Proof that a pull request takes one change back and does nothing else: all that a rollback needs to pass (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.approve.facts import NoProof, RollbackProof
from bot.model.names import ChangeId, CommitSha
from bot.model.record import Phase, Record
from bot.propose.change import rollback_id
from bot.propose.desired import evidence_path


@dataclass(frozen=True, slots=True, kw_only=True)
class Bytes:
    """One file at the four points that matter: before and after the merge, on the base now, on the head."""

    before: bytes | None
    merged: bytes | None
    base: bytes | None
    head: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackFacts:
    """What a rollback claims and what there is; `files` are all that the merge or the head's commit changes.

    `untouched` says that the head is the recorded commit itself.
    """

    change: ChangeId
    original: ChangeId
    reverts: CommitSha
    untouched: bool
    records: tuple[Record, ...]
    files: Mapping[str, Bytes]


def prove(facts: RollbackFacts) -> RollbackProof | NoProof:
    """Hold a rollback against the ledger and against every byte that is concerned."""
    if fault := _unasked(facts):
        return NoProof(reason=fault)
    if not facts.untouched:
        return NoProof(reason="somebody edited the rollback's branch")
    own = evidence_path(facts.change)
    files = {path: content for path, content in facts.files.items() if path != own}
    if fault := inverse_fault(files, facts.original):
        return NoProof(reason=fault)
    restored = files.keys() - {evidence_path(facts.original)}
    return RollbackProof(original=facts.original, merge=facts.reverts, files=len(restored))


def inverse_fault(files: Mapping[str, Bytes], original: ChangeId) -> str | None:
    """Say what keeps a head from being the exact inverse of a change; `files` are all that either of them touches."""
    evidence = evidence_path(original)
    for path, content in files.items():
        fault = _evidence_fault(content) if path == evidence else _restored_fault(content)
        if fault is not None:
            return f"{path} {fault}"
    return None if files.keys() - {evidence} else "it restores no file"


def merge_of(records: tuple[Record, ...], change: ChangeId) -> str | None:
    """Return the merge that the ledger knows of a change."""
    merged = next((each for each in records if each.change == change and each.phase is Phase.MERGED), None)
    merge = merged.facts.get("merge") if merged else None
    return merge if isinstance(merge, str) else None


def _unasked(facts: RollbackFacts) -> str | None:
    """Say why the ledger does not ask for this rollback."""
    if facts.change != rollback_id(facts.original):
        return "its Change-Id is not that of the one rollback of this change"
    by_phase = {record.phase: record for record in facts.records if record.change == facts.original}
    proposed, intent = by_phase.get(Phase.PROPOSED), by_phase.get(Phase.REVERTED)
    if proposed is None or proposed.facts.get("rollback_of") is not None:
        return "a rollback takes back a proposed change, and no rollback"
    if merge_of(facts.records, facts.original) != facts.reverts:
        return "the ledger knows no such merge of that change"
    if intent is None or intent.facts.get("rollback") != facts.change:
        return "the ledger holds no intent to roll that change back"
    if intent.facts.get("merge") != facts.reverts:
        return "the ledger's intent names another merge"
    return None


def _restored_fault(content: Bytes) -> str | None:
    if content.before == content.merged:
        return "was not touched by the change that is taken back"
    if content.base != content.merged:
        return "was changed again since"
    if content.head != content.before:
        return "is not restored to what it was"
    return None


def _evidence_fault(content: Bytes) -> str | None:
    """The evidence of the change may go or stay, but not change."""
    if content.head is not None and content.head != content.merged:
        return "was rewritten"
    return None
