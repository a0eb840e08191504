"""What Git and the ledger tell of a pull request: the gate reads it when it decides, and a replay once more."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.approve.facts import FileFacts, NoProof, RecordedProposal, RollbackProof
from bot.approve.going_back import bytes_of
from bot.approve.rollback import RollbackFacts, merge_of, prove
from bot.forge.port import Repository
from bot.model.forge import ChangedFile, FileStatus, PullCommit
from bot.model.names import ChangeId, CommitSha
from bot.model.record import Record
from bot.propose.desired import target_of
from bot.propose.trailers import ProposalTrailers
from bot.recipes.governance import governance_path


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What a pull request says it is, and between which commits it stands."""

    trailers: ProposalTrailers | None
    proposed: RecordedProposal | None
    head: CommitSha
    base: CommitSha


def files_of(
    repository: Repository,
    listed: tuple[ChangedFile, ...],
    head: CommitSha,
    commits: tuple[PullCommit, ...],
    base: CommitSha,
) -> tuple[FileFacts, ...]:
    """Join the files that the forge lists with what git finds, and read their bytes on both sides."""
    found = {file.path: file.status for file in listed}
    for file in _changed(repository, head, commits, base):
        if found.setdefault(file.path, file.status) is not file.status:
            found[file.path] = FileStatus.OTHER
    return tuple(
        FileFacts(path=path, status=status, base=repository.read(path, base), head=repository.read(path, head))
        for path, status in sorted(found.items())
    )


def _changed(
    repository: Repository, head: CommitSha, commits: tuple[PullCommit, ...], base: CommitSha
) -> tuple[ChangedFile, ...]:
    if repository.is_ancestor(base, head):
        return repository.changed(base, head)
    parents = repository.commit(commits[0].sha).parents if commits else ()
    return repository.changed(parents[0], head) if parents else ()


def governance_of(repository: Repository, files: tuple[FileFacts, ...], base: CommitSha) -> Mapping[str, bytes]:
    """Read the governance files of every target that is changed, from the base."""
    targets = {target for file in files if (target := target_of(file.path)) is not None}
    paths = sorted(governance_path(target) for target in targets)
    read = {path: repository.read(path, base) for path in paths}
    return {path: content for path, content in read.items() if content is not None}


def rollback_of(
    repository: Repository, claimed: Claimed, records: tuple[Record, ...]
) -> RollbackProof | NoProof | None:
    """Hold a rollback against the ledger and the bytes; None for a patch."""
    trailers = claimed.trailers
    if trailers is None or trailers.rollback_of is None or trailers.reverts is None:
        return None
    original = records_of(records, trailers.rollback_of)
    if merge_of(original, trailers.rollback_of) != trailers.reverts:
        return NoProof(reason="the ledger knows no such merge of that change")
    facts = RollbackFacts(
        change=trailers.change,
        original=trailers.rollback_of,
        reverts=trailers.reverts,
        untouched=claimed.proposed is not None and claimed.proposed.head == claimed.head,
        records=original,
        files=bytes_of(
            repository,
            trailers.reverts,
            base=claimed.base,
            head=claimed.head,
            also=_of_head(repository, claimed.head),
        ),
    )
    return prove(facts)


def _of_head(repository: Repository, head: CommitSha) -> tuple[str, ...]:
    """Return the files that the head's commit changes by itself."""
    return tuple(file.path for file in repository.changed(repository.commit(head).parents[0], head))


def records_of(records: tuple[Record, ...], change: ChangeId) -> tuple[Record, ...]:
    """Return one change's records."""
    return tuple(record for record in records if record.change == change)
