"""Which external systems are behind, and what they must show (pure).

A system must show the newest deployed values of a service, so only the newest version is ever pushed: an older
change that is still waiting is settled by the newer one that holds it, and is never written over it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.model.deployment import SyncItem
from bot.model.errors import LedgerError
from bot.model.json import Json
from bot.model.names import ChangeId, CommitSha, ServiceName
from bot.model.recipe import Setting
from bot.model.record import Phase, Record
from bot.model.settings import SyncSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """An item for one external system."""

    system: str
    item: SyncItem


@dataclass(frozen=True, slots=True, kw_only=True)
class Outstanding:
    """A deployed change that is not recorded as synced, and the pushes that settle it (none: no system shows it)."""

    change: ChangeId
    merge: CommitSha
    pushes: tuple[Push, ...]


def plan_sync(records: tuple[Record, ...], syncs: tuple[SyncSpec, ...]) -> tuple[Outstanding, ...]:
    """Return every deployed change that still has to be synced, in order of deployment."""
    deployed = tuple(record for record in records if record.phase is Phase.DEPLOYED)
    newest: dict[str, SyncItem] = {}
    for version, record in enumerate(deployed, start=1):
        newest.update(_items(record, version))
    settled = {(record.change, record.facts.get("merge")) for record in records if record.phase is Phase.SYNCED}
    return tuple(
        Outstanding(change=record.change, merge=_merge(record), pushes=_pushes(record, syncs, newest))
        for record in deployed
        if (record.change, record.facts.get("merge")) not in settled
    )


def _pushes(record: Record, syncs: tuple[SyncSpec, ...], newest: Mapping[str, SyncItem]) -> tuple[Push, ...]:
    targets = [target for target, _ in _patches(record)]
    return tuple(
        Push(system=spec.name, item=newest[target]) for spec in syncs for target in targets if target in spec.services
    )


def _items(record: Record, version: int) -> dict[str, SyncItem]:
    return {
        target: SyncItem(
            service=ServiceName(target), values=values, change=record.change, merge=_merge(record), version=version
        )
        for target, values in _patches(record)
    }


def _patches(record: Record) -> Iterator[tuple[str, Mapping[str, Setting]]]:
    """Yield each target of a deployed record with its values as read back from it."""
    patches = record.facts.get("patches")
    if isinstance(patches, str) or not isinstance(patches, Sequence):
        raise _not_ours(record)
    for patch in patches:
        target, values = (patch.get("target"), patch.get("values")) if isinstance(patch, Mapping) else (None, None)
        if not isinstance(target, str) or not isinstance(values, Mapping):
            raise _not_ours(record)
        yield target, {key: _setting(record, value) for key, value in values.items()}


def _setting(record: Record, value: Json) -> Setting:
    if isinstance(value, bool | int | float | str):
        return value
    raise _not_ours(record)


def _merge(record: Record) -> CommitSha:
    merge = record.facts.get("merge")
    if isinstance(merge, str):
        return CommitSha(merge)
    raise _not_ours(record)


def _not_ours(record: Record) -> LedgerError:
    return LedgerError(
        f"record {record.index} (deployed, change {record.change}) does not say what was deployed",
        hint="compare the ledger with an earlier clone",
    )
