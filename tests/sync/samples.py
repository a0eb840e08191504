"""Items and specs with good defaults."""

from datetime import UTC, datetime
from typing import Any

from fakes.builders import a_sha

from bot.model.deployment import SyncItem
from bot.model.names import ChangeId, ServiceName
from bot.model.settings import AdapterKind, FieldSpec, SyncSpec

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PHOTO = ServiceName("PHOTO_VALIDATOR")

LAYOUT = (
    FieldSpec(name="SERVICE", source="service", width=20),
    FieldSpec(name="KEY", source="key", width=20),
    FieldSpec(name="VALUE", source="value", width=12, align="right"),
    FieldSpec(name="CHANGE", source="change", width=16),
)
VERSIONED = (*LAYOUT, FieldSpec(name="VERSION", source="version", width=6, align="right"))


def a_change(name: int = 1) -> ChangeId:
    return ChangeId(f"{name:016x}")


def an_item(version: int = 1, **fields: Any) -> SyncItem:
    defaults: dict[str, Any] = {
        "service": PHOTO,
        "values": {"max_blur_px": 4, "rate_limit_rps": 50},
        "change": a_change(version),
        "merge": a_sha(version),
        "version": version,
    }
    return SyncItem(**{**defaults, **fields})


def a_spec(kind: AdapterKind = AdapterKind.HTTP, **fields: Any) -> SyncSpec:
    defaults: dict[str, Any] = {
        "name": "PASSPORT_PHOTO",
        "kind": kind,
        "endpoint": "adapter",
        "path": "/sync/PASSPORT_PHOTO",
        "services": (PHOTO,),
    }
    return SyncSpec(**{**defaults, **fields})
