"""Whether records hang together: order, gaps, digests (pure)."""

from collections import Counter
from collections.abc import Mapping, Sequence

from bot.ledger.envelope import FOLDER, path_of, seal, unseal
from bot.model.errors import LedgerError
from bot.model.names import ChangeId
from bot.model.record import Draft, Record

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


def chained(
    records: Sequence[Record], drafts: Sequence[Draft]
) -> tuple[tuple[Record, ...], tuple[tuple[Record, bytes], ...]]:
    """Give every draft that is not there yet its place after the records.

    Returns one record for each draft, and those that are new, in order, with the bytes of their files.
    """
    lengths = Counter(record.change for record in records)
    known = {(record.change, record.phase, record.key): record for record in reversed(records)}
    last = records[-1] if records else None
    found: list[Record] = []
    added: list[tuple[Record, bytes]] = []
    for draft in drafts:
        name = (draft.change, draft.phase, draft.key)
        if name not in known:
            lengths[draft.change] += 1
            index, previous = len(records) + len(added) + 1, last.digest if last else None
            last, content = seal(draft, index=index, sequence=lengths[draft.change], previous=previous)
            known[name] = last
            added.append((last, content))
        found.append(known[name])
    return tuple(found), tuple(added)
