"""The ledger on its own branch: one commit per record, appended by a compare-and-swap on the branch's head."""

from bot.forge.port import Forge, Repository
from bot.ledger.chain import extends, read_chain
from bot.ledger.envelope import path_of, seal
from bot.model.change import LEDGER_BRANCH
from bot.model.errors import ConflictError, LedgerError, NotFoundError, UnavailableError
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
        self.records()
        for _ in range(_ATTEMPTS):
            self._refresh()
            found = next((record for record in self._records if _is_same(record, draft)), None)
            if found is not None:
                return found
            record = self._try_append(draft)
            if record is not None:
                return record
        raise LedgerError(
            f"cannot append to the ledger: its branch {self._branch} moved {_ATTEMPTS} times in a row",
            hint="another run is writing; run the same command again",
        )

    def _try_append(self, draft: Draft) -> Record | None:
        """Write one commit and swing the branch to it; None where another writer was first."""
        previous = self._records[-1].digest if self._records else None
        index, sequence = len(self._records) + 1, len(self.of(draft.change)) + 1
        record, content = seal(draft, index=index, sequence=sequence, previous=previous)
        commit = self._forge.commit(self._head, {path_of(record): content}, _message(record))
        try:
            self._swing(commit)
        except (ConflictError, NotFoundError):
            return None
        except UnavailableError:
            # The answer is lost, not necessarily the write: the forge itself knows.
            if self._forge.head(self._branch) != commit:
                raise
        self._head, self._records = commit, (*self._records, record)
        return record

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
        records = self._verified(head) if head is not None else ()
        if not extends(records, self._records):
            raise LedgerError(
                f"the ledger was rewritten: {self._branch} no longer holds the {len(self._records)} records it held",
                hint="restore the branch from a clone, and protect it against force pushes",
            )
        self._head, self._records, self._started = head, records, True

    def _verified(self, head: CommitSha) -> tuple[Record, ...]:
        """Read the chain, and hold it against the history: a removed last record breaks no link of a chain."""
        records = read_chain(self._repository.read_many("", head))
        history = self._repository.history(head)
        if any(len(commit.parents) > 1 for commit in history) or len(history) != len(records):
            raise LedgerError(
                f"the ledger holds {len(records)} records, but its branch {len(history)} commits",
                hint=f"one commit per record: see `git log --stat origin/{self._branch}`",
            )
        if history[0].trailer(_INDEX) != str(len(records)):
            raise LedgerError(f"the last commit of {self._branch} is not that of record {len(records)}")
        return records


def _is_same(record: Record, draft: Draft) -> bool:
    return (record.change, record.phase, record.key) == (draft.change, draft.phase, draft.key)


def _message(record: Record) -> str:
    return (
        f"ledger: {record.phase.value} {record.change}\n\n"
        f"Change-Id: {record.change}\nPhase: {record.phase.value}\n{_INDEX}: {record.index}\n"
    )
