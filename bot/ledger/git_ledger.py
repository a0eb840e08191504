"""The ledger on its own branch: one commit for what is appended together, by a compare-and-swap on the head.

Every commit names the index of the last record that it brings, so no record can be taken from the end unnoticed.
"""

from collections.abc import Sequence

from bot.forge.port import Forge, Repository
from bot.ledger.chain import chained, extends, read_chain
from bot.ledger.envelope import path_of
from bot.model.change import LEDGER_BRANCH
from bot.model.errors import ConflictError, LedgerError, NotFoundError, UnavailableError
from bot.model.forge import Commit
from bot.model.names import BranchName, ChangeId, CommitSha
from bot.model.record import Draft, Record

_ATTEMPTS = 8
_INDEX = "Record-Index"


class GitLedger:
    """Records on a branch; reads through the clone, appends through the forge, believes neither without checking."""

    def __init__(self, repository: Repository, forge: Forge, *, branch: BranchName = LEDGER_BRANCH) -> None:
        self._repository = repository
        self._forge = forge
        self._branch = branch
        self._head: CommitSha | None = None
        self._records: tuple[Record, ...] = ()
        self._started = False

    def records(self) -> tuple[Record, ...]:
        """Return every record, by index; LedgerError if the chain is broken."""
        if not self._started:
            self._read(self._repository.head(self._branch))
        return self._records

    def of(self, change: ChangeId) -> tuple[Record, ...]:
        """Return one change's records, by sequence."""
        return tuple(record for record in self.records() if record.change == change)

    def append(self, draft: Draft) -> Record:
        """Append a record, or return the one already there with the same change, phase and key."""
        (record,) = self.append_all((draft,))
        return record

    def append_all(self, drafts: Sequence[Draft]) -> tuple[Record, ...]:
        """Append what is not there yet of several records by one commit, all of them or none.

        Costs four requests however many there are: the head, a tree, a commit, the branch.
        """
        if not drafts:
            return ()
        self.records()
        for _ in range(_ATTEMPTS):
            self._refresh()
            found, added = chained(self._records, drafts)
            if not added or self._try_append(added):
                return found
        raise LedgerError(
            f"cannot append to the ledger: its branch {self._branch} moved {_ATTEMPTS} times in a row",
            hint="another run is writing; run the same command again",
        )

    def _try_append(self, added: Sequence[tuple[Record, bytes]]) -> bool:
        """Write one commit and swing the branch to it; False where another writer was first."""
        records = tuple(record for record, _ in added)
        files = {path_of(record): content for record, content in added}
        commit = self._forge.commit(self._head, files, _message(records))
        try:
            self._swing(commit)
        except (ConflictError, NotFoundError):
            return False
        except UnavailableError:
            # The answer is lost, not necessarily the write: the forge itself knows.
            if self._forge.head(self._branch) != commit:
                raise
        self._head, self._records = commit, (*self._records, *records)
        return True

    def _swing(self, commit: CommitSha) -> None:
        if self._head is None:
            self._forge.create_branch(self._branch, commit)
        else:
            self._forge.move_branch(self._branch, commit)

    def _refresh(self) -> None:
        """Catch up with the forge; one small request where nothing has moved."""
        head = self._forge.head(self._branch)
        if head != self._head:
            self._repository.fetch()
            self._read(self._repository.head(self._branch))

    def _read(self, head: CommitSha | None) -> None:
        records = _verified(self._repository, self._branch, head) if head is not None else ()
        if not extends(records, self._records):
            raise LedgerError(
                f"the ledger was rewritten: {self._branch} no longer holds the {len(self._records)} records it held",
                hint="restore the branch from a clone, and protect it against force pushes",
            )
        self._head, self._records, self._started = head, records, True


def read_ledger(repository: Repository, branch: BranchName = LEDGER_BRANCH) -> tuple[Record, ...]:
    """Return every record of a clone's ledger branch, by index, without a forge; LedgerError if it is broken."""
    head = repository.head(branch)
    return _verified(repository, branch, head) if head is not None else ()


def _verified(repository: Repository, branch: BranchName, head: CommitSha) -> tuple[Record, ...]:
    """Read the chain, and hold it against the history: a removed last record breaks no link of a chain."""
    records = read_chain(repository.read_many("", head))
    history = repository.history(head)
    hint = f"every commit brings the records up to its {_INDEX}: see `git log --stat origin/{branch}`"
    for commit, before in zip(history, (*history[1:], None), strict=True):
        if not _continues(commit, before):
            sentence = f"commit {commit.sha[:12]} of {branch} does not continue the one before"
            raise LedgerError(sentence, hint=hint)
    if _last_index(history[0]) != len(records):
        raise LedgerError(f"the last commit of {branch} is not that of record {len(records)}", hint=hint)
    return records


def _message(records: Sequence[Record]) -> str:
    last = records[-1]
    what = f"{last.phase.value} {last.change}" if len(records) == 1 else f"{len(records)} records"
    named = "".join(f"Change-Id: {record.change}\nPhase: {record.phase.value}\n" for record in records)
    return f"ledger: {what}\n\n{named}{_INDEX}: {last.index}\n"


def _continues(commit: Commit, before: Commit | None) -> bool:
    """Tell whether a commit has one parent at most and brings at least one record after those before it."""
    index = _last_index(commit)
    known = _last_index(before) if before is not None else 0
    return len(commit.parents) <= 1 and index is not None and known is not None and index > known


def _last_index(commit: Commit) -> int | None:
    """Return the index of the last record that a commit brings; None where it names none."""
    written = commit.trailer(_INDEX) or ""
    return int(written) if written.isascii() and written.isdigit() and len(written) < 16 else None
