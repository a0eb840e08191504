"""The sync step on a real ledger format and real adapters: what is recorded, what goes on, what heals."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.builders import START, a_sha
from fakes.forge import MemoryForge
from fakes.ledger import MemoryLedger
from fakes.repository import MemoryRepository
from fakes.world import Killed, MemoryWorld
from sync.loopback import Reply, a_client
from sync.samples import LAYOUT, NOW, PHOTO, a_change, a_spec
from sync.system_server import System, a_system

from bot.ledger.site import Site
from bot.model.errors import PermissionDeniedError
from bot.model.event import Event, Mark
from bot.model.forge import RepoRef
from bot.model.record import Draft, Phase, Record
from bot.model.settings import AdapterKind, SyncSpec
from bot.sync.adapters.excel import ExcelAdapter
from bot.sync.adapters.fixed_width import FixedWidthAdapter
from bot.sync.adapters.http import HttpAdapter
from bot.sync.port import Adapter
from bot.sync.step import synchronise

SYNCS = (
    a_spec(),
    a_spec(AdapterKind.FIXED_WIDTH, name="STATUS_FILE", path="status.txt", fields=LAYOUT),
    a_spec(AdapterKind.EXCEL, name="WORKBOOK", path="book.xlsx", sheet="Configuration"),
)


class Stage:
    """A ledger, three systems, and the step between them."""

    def __init__(self, adapters: dict[str, Adapter], system: System, folder: Path) -> None:
        self.world = MemoryWorld()
        self.ledger = MemoryLedger(self.world)
        self.adapters = adapters
        self.system = system
        self.folder = folder

    def deploy(self, number: int, target: str = PHOTO, **values: int) -> None:
        patches = [{"target": target, "patch_id": "1", "status": "APPLIED", "values": values}]
        facts = {"merge": a_sha(number), "effective_at": "2026-03-02T09:00:00Z", "patches": patches}
        self.ledger.append(Draft(change=a_change(number), phase=Phase.DEPLOYED, at=START, facts=facts))

    def run(self, syncs: tuple[SyncSpec, ...] = SYNCS) -> tuple[Event, ...]:
        site = Site(
            repo=RepoRef(owner="agency", name="pow"),
            forge=MemoryForge(self.world),
            repository=MemoryRepository(self.world),
            ledger=self.ledger,
            now=NOW,
        )
        return synchronise(site, syncs=syncs, adapters=self.adapters)

    def synced(self) -> list[tuple[str, list[tuple[str, int]]]]:
        return [
            (record.change, [(system["name"], system["version"]) for system in record.facts["systems"]])
            for record in self.ledger.records()
            if record.phase is Phase.SYNCED
        ]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with a_system() as system, a_client() as client:
        adapters: dict[str, Adapter] = {
            "PASSPORT_PHOTO": HttpAdapter(spec=SYNCS[0], endpoint=system.server.url, client=client),
            "STATUS_FILE": FixedWidthAdapter(spec=SYNCS[1], endpoint=tmp_path.as_uri()),
            "WORKBOOK": ExcelAdapter(spec=SYNCS[2], endpoint=tmp_path.as_uri(), now=NOW),
        }
        yield Stage(adapters, system, tmp_path)


def test_a_deployed_change_reaches_every_system_and_is_recorded_once(stage: Stage):
    stage.deploy(1, max_blur_px=4)
    events = stage.run()
    assert stage.synced() == [(a_change(1), [("PASSPORT_PHOTO", 1), ("STATUS_FILE", 1), ("WORKBOOK", 1)])]
    assert [event.mark for event in events] == [Mark.DONE] * 4
    assert events[-1].sentence == "in step: PASSPORT_PHOTO, STATUS_FILE, WORKBOOK"
    assert stage.run() == ()
    assert len(stage.synced()) == 1


def test_one_failing_system_stops_neither_the_others_nor_the_next_run(stage: Stage):
    stage.deploy(1, max_blur_px=4)
    stage.system.server.faults.append(("GET", Reply(status=400, body={"detail": "closed for the night"})))
    events = stage.run()
    assert [(event.mark, event.subject) for event in events] == [
        (Mark.FAILURE, "PASSPORT_PHOTO"),
        (Mark.DONE, "STATUS_FILE"),
        (Mark.DONE, "WORKBOOK"),
        (Mark.WAIT, ""),
    ]
    assert "closed for the night" in events[0].sentence
    assert events[0].hint
    assert events[-1].sentence == "not in step yet: PASSPORT_PHOTO"
    assert stage.synced() == []
    stage.run()
    assert stage.synced() == [(a_change(1), [("PASSPORT_PHOTO", 1), ("STATUS_FILE", 1), ("WORKBOOK", 1)])]


def test_two_waiting_changes_are_settled_by_one_push_of_the_newer_values(stage: Stage):
    stage.deploy(1, max_blur_px=4)
    stage.deploy(2, max_blur_px=9)
    stage.run()
    assert [version for _, systems in stage.synced() for _, version in systems] == [2] * 6
    assert len(stage.system.server.sent("POST")) == 1
    assert (stage.folder / "status.txt").read_bytes().count(b"\n") == 1


def test_a_system_that_is_ahead_is_a_note(stage: Stage):
    stage.deploy(1, max_blur_px=4)
    stage.system.held["/sync/PASSPORT_PHOTO"] = {"version": 7, "values": {"max_blur_px": 1}}
    event = stage.run(SYNCS[:1])[0]
    assert (event.mark, event.sentence) == (Mark.NOTE, "PASSPORT_PHOTO already shows a newer version, 7")


def test_a_change_that_no_system_shows_is_recorded_as_in_step(stage: Stage):
    stage.deploy(1, target="journeys/passport_renewal")
    [event] = stage.run()
    assert (event.mark, event.sentence) == (Mark.DONE, "no external system shows what was changed")
    assert stage.synced() == [(a_change(1), [])]


class _ClosedLedger(MemoryLedger):
    """A ledger whose branch may be read and not written."""

    def append(self, draft: Draft) -> Record:
        raise PermissionDeniedError(f"may not write a {draft.phase} record", hint="grant contents: write")


def test_a_ledger_that_takes_nothing_is_told_and_the_systems_are_in_step_all_the_same(stage: Stage):
    stage.deploy(1, max_blur_px=4)
    closed = _ClosedLedger(stage.world)
    closed.held, stage.ledger = stage.ledger.held, closed
    events = stage.run()
    assert [event.mark for event in events] == [Mark.DONE, Mark.DONE, Mark.DONE, Mark.FAILURE]
    assert (events[-1].sentence, events[-1].hint) == ("may not write a synced record", "grant contents: write")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_killed_around_the_record_is_healed_by_the_next(stage: Stage, when: str):
    stage.deploy(1, max_blur_px=4)
    stage.world.fail_before(1) if when == "before" else stage.world.fail_after(1)
    with pytest.raises(Killed):
        stage.run()
    content = (stage.folder / "book.xlsx").read_bytes()
    stage.run()
    assert len(stage.synced()) == 1
    assert len(stage.system.server.sent("POST")) == 1
    assert (stage.folder / "book.xlsx").read_bytes() == content
