"""An incident about values past the gate ends by itself once it is settled, once, and people may keep it open."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from deploy.stage import FILES, JOURNEY, PHOTO, PRINTER, Stage, a_journey, a_service, a_stage, an_id
from fakes.builders import a_person
from fakes.world import MAIN, Killed, MemoryWorld

from bot.model.event import Event, Mark
from bot.model.forge import Comment
from bot.model.names import PullNumber

SUPERVISOR = a_person("supervisor")
FIRST = PullNumber(1)
NINE = {PHOTO: a_service(max_blur_px=9, retries=1)}
TWO = {PHOTO: FILES[PHOTO]}
FOUR = {PHOTO: a_service(max_blur_px=4, retries=1)}


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A commit by hand whose value is not live, and its incident."""
    with a_stage() as opened:
        opened.world.push("main", NINE, by=SUPERVISOR)
        assert [event.mark for event in opened.run().events] == [Mark.WARNING]
        assert opened.world.issues[FIRST].is_open
        yield opened


def comments(world: MemoryWorld, number: PullNumber = FIRST) -> list[str]:
    return [each.body.partition("\n\n")[2].partition("\n\n<!--")[0] for each in world.comments.get(number, [])]


def is_closed(stage: Stage, number: PullNumber = FIRST) -> bool:
    return not stage.world.issues[number].is_open


def only(stage: Stage) -> Event:
    (event,) = stage.run().events
    return event


LIVE = "what stands of it on the branch is live now"
GONE = "nothing of what it set stands on the branch any more"


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (lambda stage: stage.live().update(max_blur_px=9), LIVE),
        (lambda stage: stage.world.push("main", TWO, by=SUPERVISOR), GONE),
        (lambda stage: stage.world.push("main", {PHOTO: None}, by=SUPERVISOR), GONE),
        (lambda stage: stage.world.push("main", {PHOTO: a_service(max_blur_px=2.0)}, by=SUPERVISOR), GONE),
    ],
    ids=["somebody set it at the gateway", "taken back", "the file is gone", "adopted as it is live"],
)
def test_what_is_settled_is_told_once_and_closed(stage: Stage, happens: object, why: str) -> None:
    assert callable(happens)
    happens(stage)
    assert only(stage).sentence == f"incident #1 is settled and closed: {why}"
    writes = list(stage.world.writes)
    assert stage.run().events == ()
    assert (is_closed(stage), stage.world.writes) == (True, writes)
    assert comments(stage.world) == [f"{why}. So this issue is closed, once. Whoever opens it again keeps it open."]


def test_a_change_of_the_bot_that_lands_on_it_settles_it(stage: Stage) -> None:
    stage.land(1, FOUR)
    stage.run()
    assert is_closed(stage)
    assert GONE in comments(stage.world)[0]


def test_as_long_as_one_value_is_not_live_it_stays_open(stage: Stage) -> None:
    commit = stage.world.push(
        "main", {PRINTER: a_service("PRINTER", speed=7), JOURNEY: a_journey("v2")}, by=SUPERVISOR
    )
    stage.run()
    stage.live("PRINTER")["speed"] = 7
    said = [event.sentence for event in stage.run().events]
    assert any(commit[:12] in each for each in said)
    assert {number: issue.is_open for number, issue in stage.world.issues.items()} == {1: True, 2: True}


@pytest.mark.parametrize("moment", ["fail_before", "fail_after"])
@pytest.mark.parametrize("write", [1, 2])
def test_dying_while_it_closes_says_it_once(stage: Stage, moment: str, write: int) -> None:
    stage.live()["max_blur_px"] = 9
    getattr(stage.forge, moment)(write)
    with pytest.raises(Killed):
        stage.run()
    stage.run()
    assert (is_closed(stage), len(comments(stage.world)), len(stage.world.closings[FIRST])) == (True, 1, 1)


@pytest.mark.parametrize("by_whom", ["the bot", "a person"])
def test_whoever_opens_it_again_keeps_it_open(stage: Stage, by_whom: str) -> None:
    if by_whom == "a person":
        stage.world.permissions = {SUPERVISOR.login: stage.forge.permission(SUPERVISOR.login)}
        stage.world.closings[FIRST] = [SUPERVISOR]
    else:
        stage.live()["max_blur_px"] = 9
        stage.run()
        stage.world.issues[FIRST] = replace(stage.world.issues[FIRST], is_open=True)
    stage.live()["max_blur_px"] = 9
    writes = list(stage.world.writes)
    assert stage.run().events == ()
    assert (is_closed(stage), stage.world.writes) == (False, writes)


def test_somebody_elses_issue_and_one_without_our_label_are_left_alone(stage: Stage) -> None:
    held = stage.world.issues[FIRST]
    for changed in (
        replace(held, labels=()),
        replace(held, text=Comment(id=1, author=SUPERVISOR, body=held.text.body)),
        replace(held, text=replace(held.text, body="no mark")),
    ):
        stage.world.issues[FIRST] = changed
        stage.live()["max_blur_px"] = 9
        assert stage.run().events == ()
        assert not is_closed(stage)


def test_where_the_gateway_does_not_say_it_stays_open_and_that_is_told(stage: Stage) -> None:
    del stage.management.services["PHOTO_VALIDATOR"]
    said = [event.sentence for event in stage.run().events]
    assert any(each.startswith("incident #1 stays open: ") for each in said)
    assert not is_closed(stage)


def test_of_what_lies_too_far_back_nobody_knows(stage: Stage) -> None:
    for number in range(50):
        stage.world.push("main", {"README.md": str(number).encode()}, by=SUPERVISOR)
    stage.world.push("main", {PRINTER: a_service("PRINTER", speed=5.0)}, by=SUPERVISOR)
    stage.live()["max_blur_px"] = 9
    assert stage.run().events == ()
    assert not is_closed(stage)


def test_a_merge_past_the_gate_is_settled_once_it_is_taken_back_not_by_being_live() -> None:
    with a_stage() as stage:
        pull = stage.propose(1, FOUR)
        stage.world.merge_by_hand(pull.number, SUPERVISOR)
        stage.run()
        (number,) = stage.world.issues
        stage.live()["max_blur_px"] = 4
        assert [event.mark for event in stage.run().events] == [Mark.FAILURE]
        assert not is_closed(stage, number)
        stage.world.push("main", TWO, by=SUPERVISOR)
        stage.live()["max_blur_px"] = 2
        assert only(stage).sentence == f"incident #{number} is settled and closed: {GONE}"
        assert stage.ledger.of(an_id(1))


def test_with_no_commit_past_the_gate_nothing_is_asked() -> None:
    with a_stage() as stage:
        stage.world.branches.pop(MAIN)
        assert stage.run().events == ()
