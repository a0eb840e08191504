"""Whether records hang together: order, gaps, digests (pure)."""

from collections import Counter
from collections.abc import Mapping

from bot.ledger.envelope import FOLDER, path_of, unseal
from bot.model.errors import LedgerError
from bot.model.names import ChangeId
from bot.model.record import Record

_HINT = "someone rewrote the ledger: compare with an earlier clone"


def read_chain(files: Mapping[str, bytes]) -> tuple[Record, ...]:
    """Return every record of the ledger's files by index; LedgerError naming the first that does not fit."""
    strange = sorted(path for path in files if not path.startswith(FOLDER))
    if strange:
        raise LedgerError(f"the ledger holds a file that is no record: {strange[0]}", hint=_HINT)
    records = [unseal(content, path=path) for path, content in sorted(files.items())]
    return verify_chain(tuple(sorted(records, key=lambda record: record.index)))


def verify_chain(records: tuple[Record, ...]) -> tuple[Record, ...]:
    """Return records, given in order of index, if each binds the one before and no number is missing or twice."""
    lengths: Counter[ChangeId] = Counter()
    previous: Record | None = None
    for place, record in enumerate(records, start=1):
        lengths[record.change] += 1
        _check_place(record, place)
        if record.previous != (previous.digest if previous else None):
            before = path_of(previous) if previous else "nothing"
            raise LedgerError(f"record {path_of(record)} does not continue {before}: its digest differs", hint=_HINT)
        if record.sequence != (expected := lengths[record.change]):
            raise LedgerError(f"record {path_of(record)} should be number {expected} of its change", hint=_HINT)
        previous = record
    return records


def extends(longer: tuple[Record, ...], shorter: tuple[Record, ...]) -> bool:
    """Tell whether a ledger is an earlier one with records added: what shows a cut-off or rewritten end."""
    return longer[: len(shorter)] == shorter


def _check_place(record: Record, place: int) -> None:
    if record.index > place:
        raise LedgerError(f"record {place} is missing: {path_of(record)} is number {record.index}", hint=_HINT)
    if record.index < place:
        raise LedgerError(f"record {path_of(record)} repeats number {record.index}", hint=_HINT)
