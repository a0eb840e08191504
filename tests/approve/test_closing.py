"""Who closes a proposal without a merge: only a person who may write rejects it."""

from pathlib import Path

import pytest
from fakes.builders import a_bot, a_person
from fakes.forge import MemoryForge
from fakes.world import Killed
from propose.cases import a_record
from propose.office import RITA, SAM, Office

from bot.approve.closing import is_to_reopen, may_reject
from bot.model.errors import PermissionDeniedError
from bot.model.event import Mark, StepReport
from bot.model.forge import Actor, ActorKind, Permission, PullState
from bot.model.names import PullNumber
from bot.model.record import REOPENED, UNDECIDED, Phase

FIRST = PullNumber(1)
TIM, APP = a_person("tim"), a_bot("helper[bot]")


def an_office(root: Path) -> Office:
    office = Office(root)
    office.world.permissions[TIM.login] = Permission.TRIAGE
    office.detect()
    return office


def said(report: StepReport) -> str:
    return "\n".join(event.sentence for event in report.events)


@pytest.mark.parametrize("held", list(Permission))
@pytest.mark.parametrize(("closer", "is_person"), [(SAM, True), (APP, False), (None, False)])
def test_a_person_with_write_access_now_rejects(closer: Actor | None, held: Permission, *, is_person: bool) -> None:
    can_write = held in {Permission.WRITE, Permission.MAINTAIN, Permission.ADMIN}
    assert may_reject(closer, held) is (is_person and can_write)


def test_every_other_kind_of_account_rejects_nothing() -> None:
    others = [Actor(login=SAM.login, id=SAM.id, kind=kind) for kind in ActorKind if kind is not ActorKind.USER]
    assert not any(may_reject(each, Permission.ADMIN) for each in others)


@pytest.mark.parametrize(
    ("counts", "closings", "again"),
    [
        ([], 1, True),
        ([], 3, True),
        ([1], 1, True),  # a run died before it was open
        ([1], 2, False),
        ([3, 1], 3, True),
        ([], 0, False),  # nobody tells who closed it, now or the next time
        ([None], 1, True),  # it was opened again for another reason
    ],
)
def test_it_is_opened_again_once(counts: list[int | None], closings: int, *, again: bool) -> None:
    own = [a_record(Phase.DECIDED, "a" * 16, result=REOPENED, closings=count) for count in counts]
    assert is_to_reopen([a_record(Phase.PROPOSED, "a" * 16), *own], closings) is again


@pytest.mark.parametrize(("closer", "who"), [(TIM, "tim"), (APP, "helper[bot]"), (None, "an account that the forge")])
def test_whoever_may_not_decide_rejects_nothing(tmp_path: Path, closer: Actor | None, who: str) -> None:
    office = an_office(tmp_path)
    office.world.close(1, by=closer)
    assert f"pull request 1: open again: {who}" in said(office.gate())
    assert office.world.pull(FIRST).state is PullState.OPEN
    assert "who may not decide on it" in office.world.comments[FIRST][-1].body
    assert office.phases() == [Phase.PROPOSED, Phase.DECIDED]
    office.world.review(1, SAM)
    office.gate()
    assert office.world.pull(FIRST).merged, "its approval counts"


def test_twice_it_stays_closed_and_is_proposed_anew_without_a_rest(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    for _ in range(2):
        office.world.close(1, by=TIM)
        office.gate()
    assert office.world.pull(FIRST).state is PullState.CLOSED
    assert office.record(Phase.CLOSED).facts["outcome"] == UNDECIDED
    assert office.detect().events[-1].mark is Mark.DONE
    assert len(office.world.pulls) == 2


def test_a_person_in_charge_rejects_it_even_then(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.world.close(1, by=TIM)
    office.gate()
    office.world.close(1, by=RITA)
    assert "closed without a merge: rejected" in said(office.gate())


def test_a_branch_that_went_with_it_comes_back(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    pull = office.world.pull(FIRST)
    office.world.close(1, by=TIM)
    del office.world.branches[pull.head_branch]
    office.gate()
    assert office.world.branches[pull.head_branch] == pull.head


class Mute(MemoryForge):
    """Does not tell who closed anything."""

    def closings(self, number: PullNumber) -> tuple[Actor | None, ...]:
        """Refuse."""
        raise PermissionDeniedError(f"no events of {number}")


def test_what_cannot_be_read_decides_nothing(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.forge = Mute(office.world)
    office.world.close(1)
    assert office.gate().failed
    assert office.phases() == [Phase.PROPOSED]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("write", range(1, 5))
def test_dying_while_it_is_opened_again_ends_the_same(tmp_path: Path, write: int, moment: str) -> None:
    office = an_office(tmp_path)
    office.world.close(1, by=TIM)
    getattr(office.world, f"fail_{moment}")(write)
    try:
        office.gate()
    except Killed:
        office.world.stay_alive()
        office.gate()
    assert office.world.pull(FIRST).state is PullState.OPEN
    assert office.phases() == [Phase.PROPOSED, Phase.DECIDED]
    assert sum("Open again" in each.body for each in office.world.comments[FIRST]) == 1
