"""Every kind of external system by its name in `targets.yml`, and how its adapter is built."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from bot.model.settings import AdapterKind, SyncSpec, Targets
from bot.sync.adapters.excel import ExcelAdapter
from bot.sync.adapters.fixed_width import FixedWidthAdapter
from bot.sync.adapters.http import HttpAdapter
from bot.sync.exchange import JsonClient
from bot.sync.port import Adapter


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What adapters need beyond their settings."""

    client: JsonClient
    now: datetime


def _http(spec: SyncSpec, endpoint: str, means: Means) -> Adapter:
    return HttpAdapter(spec=spec, endpoint=endpoint, client=means.client)


def _fixed_width(spec: SyncSpec, endpoint: str, _means: Means) -> Adapter:
    return FixedWidthAdapter(spec=spec, endpoint=endpoint)


def _excel(spec: SyncSpec, endpoint: str, means: Means) -> Adapter:
    return ExcelAdapter(spec=spec, endpoint=endpoint, now=means.now)


ADAPTERS: Mapping[AdapterKind, Callable[[SyncSpec, str, Means], Adapter]] = MappingProxyType(
    {
        AdapterKind.HTTP: _http,
        AdapterKind.FIXED_WIDTH: _fixed_width,
        AdapterKind.EXCEL: _excel,
    }
)


def build_adapters(targets: Targets, *, client: JsonClient, now: datetime) -> Mapping[str, Adapter]:
    """Build the adapter of every sync, by the sync's name; nothing is opened or asked yet."""
    means = Means(client=client, now=now)
    return {
        spec.name: ADAPTERS[spec.kind](spec, targets.endpoints.get(spec.endpoint, ""), means)
        for spec in targets.syncs
    }
