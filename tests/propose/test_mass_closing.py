"""Many proposals that seem to have nothing left to do are not closed at once: a feed may be wrong."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes.forge import MemoryForge
from fakes.world import MAIN, Killed
from propose.cases import a_record, proposed
from propose.office import POLICY, RECIPE, RITA, SERVICE, Office

from bot.ledger.lifecycle import Stage, standings
from bot.model.errors import PermissionDeniedError
from bot.model.event import Mark, StepReport
from bot.model.forge import PullState
from bot.model.names import PullNumber, RecipeId
from bot.model.record import KEPT, OBSOLETE, SUPERSEDED, Phase, Record
from bot.propose.brake import brake
from bot.propose.life import Retire
from bot.report.mass_closing import (
    Gone,
    MassClosing,
    mass_closing_body,
    mass_closing_marker,
    mass_closing_sentence,
    mass_closing_title,
)

NAMES = ("A", "B", "C")
OPEN = standings([proposed()])[0]
NOW = proposed().at


def an_agency(folder: Path, *, limit: int = 2) -> Office:
    """Return an agency with three open proposals, whose data then says that all is well."""
    services, recipes = {}, {}
    for name in NAMES:
        service = f"SERVICE_{name}".encode()
        recipe = RECIPE.replace(b"PASSPORT_BACKLOG", f"RECIPE_{name}".encode())
        recipes[f"pow/r{name}.yml"] = recipe.replace(b"PHOTO_VALIDATOR", service)
        services[f"patches/services/SERVICE_{name}.yml"] = SERVICE.replace(b"PHOTO_VALIDATOR", service)
    policy = POLICY + f"closings_per_day: {limit}\n".encode()
    office = Office(folder, {**recipes, **services, "pow/settings/policy.yml": policy})
    office.world.push(MAIN, {"pow/passport_backlog.yml": None}, by=RITA)
    office.detect()
    office.gate()
    assert len(office.world.pulls) == 3
    return office


class NoIssues(MemoryForge):
    """A forge that lets the bot open no issue."""

    def open_issue(self, **_: Any) -> PullNumber:
        raise PermissionDeniedError("open an issue: not allowed")


def calm(office: Office, *, days: float = 2) -> None:
    office.pass_days(days)
    office.write_waits(15.0, every=3)


def warnings(report: StepReport) -> list[str]:
    return [event.sentence for event in report.events if event.mark is Mark.WARNING]


def states(office: Office) -> set[PullState]:
    return {pull.state for pull in office.world.pulls.values()}


@pytest.mark.parametrize("cause", ["the data", "deleted recipes"])
def test_more_than_the_policy_allows_are_all_left_to_people_and_told_once(tmp_path: Path, cause: str) -> None:
    office = an_agency(tmp_path)
    if cause == "the data":
        calm(office)
    else:
        office.world.push(MAIN, {f"pow/r{name}.yml": None for name in NAMES}, by=RITA)
    held = office.ledger.records()
    for _ in range(2):
        (said,) = warnings(office.detect())
        office.gate()

    assert said.startswith("3 proposals have nothing left to do, and 2 a day may be closed: none of them is")
    assert states(office) == {PullState.OPEN}
    assert office.ledger.records() == held
    ((number, issue),) = office.world.issues.items()
    assert f"see #{number}" in said
    assert issue.labels == ("pow:attention",)
    assert all(f"| #{pull} |" in issue.text.body for pull in office.world.pulls)


def test_a_dry_run_says_so_and_opens_nothing(tmp_path: Path) -> None:
    office = an_agency(tmp_path)
    calm(office)
    (said,) = warnings(office.detect(dry_run=True))

    assert said.endswith("people look")
    assert office.world.issues == {}


def test_once_people_have_raised_the_limit_they_are_closed(tmp_path: Path) -> None:
    office = an_agency(tmp_path)
    calm(office)
    office.detect()
    office.world.push(MAIN, {"pow/settings/policy.yml": POLICY + b"closings_per_day: 3\n"}, by=RITA)

    assert warnings(office.detect()) == []
    office.gate()
    assert states(office) == {PullState.CLOSED}


def test_what_people_closed_meanwhile_leaves_few_enough(tmp_path: Path) -> None:
    office = an_agency(tmp_path)
    calm(office)
    office.detect()
    office.world.close(1)
    office.gate()

    assert warnings(office.detect()) == []
    office.gate()
    assert [each.stage for each in standings(office.ledger.records())] == [Stage.CLOSED, Stage.RESTING, Stage.RESTING]


def test_while_everything_is_stopped_nobody_is_called(tmp_path: Path) -> None:
    office = an_agency(tmp_path)
    calm(office)
    office.world.push(MAIN, {"pow/STOP": b"Wait."}, by=RITA)
    office.detect()

    assert office.world.issues == {}


def test_a_forge_that_takes_no_issue_stops_nothing(tmp_path: Path) -> None:
    office = an_agency(tmp_path)
    calm(office)
    office.forge = NoIssues(office.world)
    (said,) = warnings(office.detect())

    assert "no issue could be opened" in said


@pytest.mark.parametrize("moment", ["before", "after"])
def test_dying_at_the_issue_opens_it_once(tmp_path: Path, moment: str) -> None:
    office = an_agency(tmp_path)
    calm(office)
    (office.forge.fail_before if moment == "before" else office.forge.fail_after)(1)
    with pytest.raises(Killed):
        office.detect()
    office.detect()

    assert len(office.world.issues) == 1


def gone(count: int) -> list[Retire]:
    return [Retire(old=OPEN, sentence="it is low")] * count


def closings(*hours_ago: float, result: str = OBSOLETE) -> list[Record]:
    days = [hours / 24 for hours in hours_ago]
    return [a_record(Phase.DECIDED, f"{n:016}", days_ago=ago, result=result) for n, ago in enumerate(days)]


@pytest.mark.parametrize(
    ("found", "records", "limit", "closes"),
    [
        (0, [], 0, 0),
        (1, [], 0, 0),
        (1, [], 1, 1),
        (5, [], 5, 5),
        (6, [], 5, 0),
        (1, closings(1, 2, 3, 4), 5, 1),
        (2, closings(1, 2, 3, 4), 5, 0),
        (2, closings(24, 25, 26, 4), 5, 2),
        (5, closings(24), 5, 5),
        (5, closings(23.99), 5, 0),
        (5, closings(1, 2, result=SUPERSEDED) + closings(1, result=KEPT), 5, 5),
    ],
)
def test_the_brake(found: int, records: list[Record], limit: int, closes: int) -> None:
    now = NOW + timedelta(days=1)
    braked = brake(gone(found), records, limit=limit, now=now)

    assert len(braked.closing) == closes
    assert len(braked.left) == found - closes


GONE = Gone(pull=PullNumber(7), recipe=RecipeId("A"), sentence="@all is | gone")


def test_the_issue_names_every_pull_request_and_nobody() -> None:
    mass = MassClosing(gone=(GONE, Gone(pull=None, recipe=RecipeId("B"), sentence="x")), recent=1, limit=2)
    body = mass_closing_body(mass)

    assert mass_closing_title(mass) == "2 proposals would be closed at once: is that so?"
    assert mass_closing_marker(mass) == "<!-- pow:closings:7 -->"
    assert "| #7 | `A` | @\u200ball is \\| gone |" in body
    assert "| not known | `B` | x |" in body
    assert "Within a day 2 may be closed for that, and 1 were." in body
    assert "more." not in body


def test_few_are_told_in_the_singular_and_very_many_in_part() -> None:
    one = MassClosing(gone=(GONE,), recent=5, limit=5)
    many = MassClosing(gone=(GONE,) * 130, recent=0, limit=5)

    assert mass_closing_title(one) == "1 proposal would be closed at once: is that so?"
    assert mass_closing_sentence(one).startswith("1 proposal has nothing left to do after 5 within a day")
    assert "And 30 more." in mass_closing_body(many)
    assert mass_closing_marker(MassClosing(gone=(), recent=0, limit=0)) == "<!-- pow:closings:0 -->"
