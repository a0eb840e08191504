"""The contract that every adapter keeps, each against its real kind of system."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import Any, Protocol

import pytest
from openpyxl import load_workbook
from sync.loopback import a_client
from sync.samples import LAYOUT, NOW, PHOTO, VERSIONED, a_spec, an_item
from sync.system_server import System, a_system

from bot.model.errors import TargetError
from bot.model.names import ServiceName
from bot.model.settings import AdapterKind, Targets
from bot.sync.adapters.excel import ExcelAdapter
from bot.sync.adapters.fixed_width import FixedWidthAdapter
from bot.sync.adapters.http import HttpAdapter
from bot.sync.port import Adapter
from bot.sync.registry import ADAPTERS, build_adapters


class Ground(Protocol):
    """An adapter with its system: what it holds as bytes (to see that nothing moved) and as values."""

    adapter: Adapter

    def content(self) -> Any: ...

    def values(self) -> dict[str, Any]: ...


@dataclass(kw_only=True)
class HttpGround:
    adapter: Adapter
    system: System

    def content(self) -> Any:
        return repr(self.system.held)

    def values(self) -> dict[str, Any]:
        return dict(self.system.held["/sync/PASSPORT_PHOTO"]["values"])


@dataclass(kw_only=True)
class FixedWidthGround:
    adapter: Adapter
    path: Path

    def content(self) -> Any:
        return self.path.read_bytes()

    def values(self) -> dict[str, Any]:
        rows = (line.decode() for line in self.path.read_bytes().splitlines())
        return {row[20:40].strip(): int(row[40:52]) for row in rows}


@dataclass(kw_only=True)
class ExcelGround:
    adapter: Adapter
    path: Path

    def content(self) -> Any:
        return self.path.read_bytes()

    def values(self) -> dict[str, Any]:
        workbook = load_workbook(BytesIO(self.path.read_bytes()))
        rows = list(workbook["Configuration"].iter_rows(values_only=True, min_row=2))
        workbook.close()
        return {str(row[1]): row[2] for row in rows}


@pytest.fixture(params=["http", "fixed_width", "excel"])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    endpoint = tmp_path.as_uri()
    if request.param == "http":
        with a_system() as system, a_client() as client:
            yield HttpGround(
                adapter=HttpAdapter(spec=a_spec(), endpoint=system.server.url, client=client), system=system
            )
    elif request.param == "fixed_width":
        spec = a_spec(AdapterKind.FIXED_WIDTH, path="status.txt", fields=VERSIONED)
        yield FixedWidthGround(adapter=FixedWidthAdapter(spec=spec, endpoint=endpoint), path=tmp_path / "status.txt")
    else:
        spec = a_spec(AdapterKind.EXCEL, path="book.xlsx", sheet="Configuration")
        adapter = ExcelAdapter(spec=spec, endpoint=endpoint, now=NOW)
        yield ExcelGround(adapter=adapter, path=tmp_path / "book.xlsx")


def test_a_push_reaches_the_system_and_is_read_back(ground: Ground):
    synced = ground.adapter.push(an_item(3))
    assert ground.values() == {"max_blur_px": 4, "rate_limit_rps": 50}
    assert (synced.name, synced.version) == ("PASSPORT_PHOTO", 3)
    assert synced.digest.startswith("sha256:")


def test_the_same_item_twice_changes_nothing(ground: Ground):
    first = ground.adapter.push(an_item(3))
    content = ground.content()
    assert ground.adapter.push(an_item(3)) == first
    assert ground.content() == content


def test_a_newer_version_replaces_an_older_one(ground: Ground):
    before = ground.adapter.push(an_item(1))
    after = ground.adapter.push(an_item(2, values={"max_blur_px": 9, "rate_limit_rps": 50}))
    assert ground.values() == {"max_blur_px": 9, "rate_limit_rps": 50}
    assert after.version == 2
    assert after.digest != before.digest


def test_an_older_version_never_overwrites_a_newer_one(ground: Ground):
    ground.adapter.push(an_item(5, values={"max_blur_px": 9}))
    content = ground.content()
    synced = ground.adapter.push(an_item(4, values={"max_blur_px": 4}))
    assert synced.version == 5
    assert ground.content() == content


def test_a_rollback_is_a_newer_version_with_the_former_values(ground: Ground):
    original = ground.adapter.push(an_item(1, values={"max_blur_px": 2}))
    ground.adapter.push(an_item(2, values={"max_blur_px": 9}))
    restored = ground.adapter.push(an_item(3, values={"max_blur_px": 2}))
    assert ground.values() == {"max_blur_px": 2}
    assert (original.version, restored.version) == (1, 3)


def test_values_of_every_plain_type_arrive(ground: Ground):
    ground.adapter.push(an_item(1, values={"a": 0, "b": -7, "c": 12}))
    assert ground.values() == {"a": 0, "b": -7, "c": 12}


@pytest.mark.parametrize("ground", ["fixed_width", "excel"], indirect=True)
def test_two_writers_at_once_lose_nothing(ground: Ground):
    spec = replace(ground.adapter.spec, services=(PHOTO, ServiceName("PRINTER")))
    adapter = replace(ground.adapter, spec=spec)
    items = [an_item(n, service=ServiceName("PRINTER") if n % 2 else PHOTO, values={f"k{n}": n}) for n in range(1, 9)]
    threads = [Thread(target=adapter.push, args=(item,)) for item in items]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ground.values().items() >= {"k7": 7, "k8": 8}.items()


def test_the_registry_has_every_kind_and_builds_by_name():
    assert set(ADAPTERS) == set(AdapterKind)
    syncs = (
        a_spec(),
        a_spec(AdapterKind.FIXED_WIDTH, name="STATUS_FILE", endpoint="mainframe", fields=LAYOUT),
        a_spec(AdapterKind.EXCEL, name="WORKBOOK", endpoint="nowhere"),
    )
    endpoints = {"adapter": "https://adapter.va", "mainframe": "file:///srv/mainframe"}
    targets = Targets(
        endpoints=endpoints, gateway="gateway", patch_path="", service_path="", journey_path="", syncs=syncs
    )
    with a_client() as client:
        adapters = build_adapters(targets, client=client, now=NOW)
    assert [type(adapters[name]) for name in ("PASSPORT_PHOTO", "STATUS_FILE", "WORKBOOK")] == [
        HttpAdapter,
        FixedWidthAdapter,
        ExcelAdapter,
    ]
    with pytest.raises(TargetError, match="not a folder"):
        adapters["WORKBOOK"].push(an_item())
