"""What waits to be proposed is noted where it changes, and the status tells what the detection told."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes.builders import START
from fakes.forge import MemoryForge
from fakes.world import MAIN, Killed
from propose.office import POLICY, RECIPE, RITA, SAM, SERVICE, Office

from bot.cli.queue import Queue, queue_json, queue_of, show_queue
from bot.ledger.looks import LOOKS_BRANCH
from bot.ledger.queue_notes import QUEUE_FILE, continued, is_same, read_queue, write_queue
from bot.model.errors import ConflictError, PermissionDeniedError
from bot.model.event import Mark
from bot.model.names import CommitSha, RecipeId
from bot.model.queue import Queued, WaitsFor

NAMES = ("A", "B", "C", "D")


def an_agency(folder: Path, policy: bytes = b"") -> Office:
    """Return an agency in which four recipes fire, for services of their own."""
    files: dict[str, bytes] = {"pow/settings/policy.yml": POLICY + policy}
    for name in NAMES:
        service = f"SERVICE_{name}".encode()
        recipe = RECIPE.replace(b"PASSPORT_BACKLOG", f"RECIPE_{name}".encode())
        files[f"pow/r{name}.yml"] = recipe.replace(b"PHOTO_VALIDATOR", service)
        files[f"patches/services/SERVICE_{name}.yml"] = SERVICE.replace(b"PHOTO_VALIDATOR", service)
    office = Office(folder, files)
    office.world.push(MAIN, {"pow/passport_backlog.yml": None}, by=RITA)
    return office


def noted(office: Office) -> dict[str, WaitsFor]:
    return {each.recipe: each.waits_for for each in status(office).waiting}


def status(office: Office) -> Queue:
    settings = office.library().settings
    assert settings is not None
    return queue_of(office.site(), office.ledger.records(), settings.policy)


def told(office: Office) -> list[str]:
    events = office.detect().events
    return [each.sentence.removeprefix("the queue: ") for each in events if each.sentence.startswith("the queue: ")]


TWO = b"open_proposals: {people: 2}\n"
FEW = b"proposals_per_run: 1\n"
FROZEN = b"calendar: {freeze: [{from: 2026-02-20, through: 2026-04-01, reason: year-end close}]}\n"


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (b"", {}),
        (TWO, {"RECIPE_C": WaitsFor.PEOPLE, "RECIPE_D": WaitsFor.PEOPLE}),
        (FEW, dict.fromkeys(("RECIPE_B", "RECIPE_C", "RECIPE_D"), WaitsFor.NEXT_RUN)),
        (FROZEN, {f"RECIPE_{name}": WaitsFor.CALENDAR for name in NAMES}),
    ],
)
def test_the_status_tells_what_the_detection_told(
    tmp_path: Path, policy: bytes, expected: dict[str, WaitsFor]
) -> None:
    office = an_agency(tmp_path, policy)
    sentences = told(office)

    assert noted(office) == expected
    assert list(status(office).lengths) == sentences
    assert {each.since for each in status(office).waiting} <= {office.now}


def test_two_recipes_for_one_target_wait_for_each_other(tmp_path: Path) -> None:
    office = Office(tmp_path, {"pow/other.yml": RECIPE.replace(b"PASSPORT_BACKLOG", b"OTHER")})
    office.detect()
    assert noted(office) == {"PASSPORT_BACKLOG": WaitsFor.TARGET}
    office.pass_days(1)
    office.write_waits(26.3)
    office.detect()
    assert status(office).waiting[0].since == START, "in this run and in the next it is the same wait"


def test_what_waits_keeps_since_when_until_it_waits_for_something_else(tmp_path: Path) -> None:
    office = an_agency(tmp_path, TWO)
    office.detect()
    writes = list(office.world.writes)
    office.pass_days(1)
    office.write_waits(26.3)
    office.detect()
    assert [each for each in office.world.writes[len(writes) :] if LOOKS_BRANCH in each] == [], (
        "the queue is the same"
    )
    assert {each.since for each in status(office).waiting} == {START}
    office.world.review(1, SAM)
    office.gate()
    office.detect()
    assert noted(office) == {"RECIPE_D": WaitsFor.PEOPLE}
    assert {each.since for each in status(office).waiting} == {START}


def test_what_is_deleted_or_does_not_fire_waits_no_more(tmp_path: Path) -> None:
    office = an_agency(tmp_path, TWO)
    office.detect()
    office.world.push(MAIN, {"pow/rC.yml": None}, by=RITA)
    office.detect()
    assert noted(office) == {"RECIPE_D": WaitsFor.PEOPLE}
    office.pass_days(2)
    office.write_waits(15.0, every=3)
    office.detect()
    assert noted(office) == {}


def test_a_run_about_one_recipe_leaves_the_others_in_the_queue(tmp_path: Path) -> None:
    office = an_agency(tmp_path, TWO)
    office.detect()
    office.trigger("RECIPE_D")
    assert noted(office) == {"RECIPE_C": WaitsFor.PEOPLE, "RECIPE_D": WaitsFor.PEOPLE}


def test_a_dry_run_notes_nothing(tmp_path: Path) -> None:
    office = an_agency(tmp_path, TWO)
    office.detect(dry_run=True)
    assert status(office).waiting == ()


class Refusing(MemoryForge):
    """A forge that lets nobody note anything."""

    error: Exception = PermissionDeniedError("write the branch: not allowed")

    def create_branch(self, branch: Any, commit: CommitSha) -> None:
        if branch == LOOKS_BRANCH:
            raise self.error
        super().create_branch(branch, commit)


@pytest.mark.parametrize("error", [PermissionDeniedError("not allowed"), ConflictError("moved")])
def test_a_queue_that_cannot_be_noted_is_told_unless_another_run_was_first(tmp_path: Path, error: Exception) -> None:
    office = an_agency(tmp_path, TWO)
    office.forge = Refusing(office.world)
    office.forge.error = error
    said = [each.sentence for each in office.detect().events if each.mark is Mark.WARNING]
    assert any("could not be noted" in each for each in said) == isinstance(error, PermissionDeniedError)
    assert len(office.world.pulls) == 2


@pytest.mark.parametrize("moment", ["before", "after"])
def test_dying_at_the_note_changes_nothing_but_the_note(tmp_path: Path, moment: str) -> None:
    office = an_agency(tmp_path, FROZEN)
    (office.forge.fail_before if moment == "before" else office.forge.fail_after)(2)
    with pytest.raises(Killed):
        office.detect()
    office.detect()
    assert len(noted(office)) == 4


def queued(recipe: str, waits_for: WaitsFor = WaitsFor.PEOPLE, *, days: int = 0) -> Queued:
    return Queued(recipe=RecipeId(recipe), waits_for=waits_for, since=START + timedelta(days=days), sentence="why")


def test_notes_are_read_as_they_were_written() -> None:
    queue = tuple(queued(f"R{each.name}", each) for each in sorted(WaitsFor, key=lambda each: each.name))
    assert read_queue(write_queue(queue)) == queue


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"[]",
        b"{}",
        b'{"schema": "x"}',
        b"[" * 100_000,
        b" " * 5_000_000,
        b'{"schema": "urn:pow-bot:queue:v1"}',
        b'{"schema": "urn:pow-bot:queue:v1", "waiting": []}',
        b'{"schema": "urn:pow-bot:queue:v1", "waiting": {"R": {"waits_for": "x", "since": "2026-01-01T00:00:00Z"}}}',
        b'{"schema": "urn:pow-bot:queue:v1", "waiting": {"R": {"waits_for": "people", "since": "x"}}}',
    ],
)
def test_anything_else_says_that_nothing_waits(content: bytes | None) -> None:
    assert read_queue(content) == ()


def test_a_note_shows_no_more_than_a_line() -> None:
    hostile = write_queue([queued("R")]).replace(b'"why"', b'"x\\u202ey\\n\\u001b[2J"')
    (read,) = read_queue(hostile)
    assert read.sentence == "xy [2J"


def test_a_queue_goes_on() -> None:
    before = (queued("A"), queued("B"), queued("C"))
    now = (queued("A", days=1), queued("B", WaitsFor.CALENDAR, days=1), queued("D", days=1))
    looked_at = {RecipeId(name) for name in ("A", "B", "D")}
    after = continued(before, now, looked_at=looked_at)
    assert after == (queued("A"), queued("B", WaitsFor.CALENDAR, days=1), queued("C"), queued("D", days=1))
    assert is_same(before, reversed(before))
    assert not is_same(before, after)


def test_many_are_printed_in_part_and_all_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    queue = Queue(waiting=tuple(queued(f"R{n}") for n in range(60)), lengths=("60 wait",))
    show_queue(queue)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "! the queue: 60 wait"
    assert lines[1] == f"… R0 waits for room among those that wait for people since {START:%Y-%m-%dT%H:%M:%SZ}"
    assert lines[-1] == "… and 10 more; `pow status --json` has them all"
    said: Any = queue_json(queue)
    assert (said["counts"]["people"], said["counts"]["calendar"], len(said["waiting"])) == (60, 0, 60)


def test_without_settings_there_are_no_figures(tmp_path: Path) -> None:
    office = an_agency(tmp_path, TWO)
    office.detect()
    assert queue_of(office.site(), office.ledger.records(), None).lengths == ()
    assert QUEUE_FILE in office.world.snapshots[office.world.branches[LOOKS_BRANCH]].files
