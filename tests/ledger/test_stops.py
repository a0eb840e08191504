"""What stops the bot, as people write it: every line of the file, every label and who put it there."""

import pytest
from fakes.builders import a_bot, a_person
from hypothesis import given
from hypothesis import strategies as st

from bot.ledger.stops import is_stop_file, stops_of_file, stops_of_issue, unreadable
from bot.model.forge import Actor, Labelled, Labelling, Permission
from bot.model.names import Login, PullNumber, RecipeId
from bot.model.switch import Reach, Stop, Switch

ALL, RECIPE, TARGET, ROLLBACK = Reach
PASSPORT, PHOTO = RecipeId("PASSPORT_BACKLOG"), ("PHOTO_VALIDATOR",)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("pow/STOP", True),
        ("pow/stop", True),
        ("pow/Stop.md", True),
        ("pow/STOP/why.txt", True),
        ("pow/STOPPED", False),
        ("pow/stop_photos.yml", False),
        ("pow/settings/STOP", False),
        ("STOP", False),
    ],
)
def test_the_file_is_known_by_its_name(path: str, *, expected: bool) -> None:
    assert is_stop_file(path) is expected


FILES: dict[str, tuple[bytes, list[tuple[Reach, str, str]]]] = {
    "empty": (b"", [(ALL, "", "")]),
    "a reason": (b"\n  Photos are lost.  \nCall Ada.\n", [(ALL, "", "Photos are lost.")]),
    "a recipe": (b"Photos are lost.\nrecipe:PASSPORT_BACKLOG\n", [(RECIPE, "PASSPORT_BACKLOG", "Photos are lost.")]),
    "a list": (
        b"- recipe: A\n* Target: journeys/passport_renewal\nrollbacks\n",
        [(RECIPE, "A", ""), (TARGET, "journeys/passport_renewal", ""), (ROLLBACK, "", "")],
    ),
    "windows": (b"\xef\xbb\xbfWhy\r\nrollback\r\n", [(ROLLBACK, "", "Why")]),
    "an address is no scope": (b"https://agency.example/incidents/7\n", [(ALL, "", "https://agency.example/inci…")]),
    "a misspelt scope": (b"recipe:A\nrecpie:B\n", [(ALL, "", "`recpie:B` is no scope…")]),
    "a name that is none": (b"target:PHOTO;rm\n", [(ALL, "", "`target:PHOTO;rm` is no scope…")]),
    "no text": (b"\xff\xfe", [(ALL, "", "it is no text that can be read")]),
    "too long": (b"x" * 70_000, [(ALL, "", "it is no text that can be read")]),
}


@pytest.mark.parametrize(("content", "expected"), FILES.values(), ids=FILES)
def test_a_file_says_what_it_stops(content: bytes, expected: list[tuple[Reach, str, str]]) -> None:
    stops = stops_of_file("pow/STOP", content)
    assert [(stop.reach, stop.name) for stop in stops] == [(reach, name) for reach, name, _ in expected]
    for stop, (_, _, reason) in zip(stops, expected, strict=True):
        assert stop.reason == reason or (reason.endswith("…") and stop.reason.startswith(reason[:-1]))


@given(st.binary(max_size=200))
def test_whatever_stands_in_the_file_something_is_stopped(content: bytes) -> None:
    assert stops_of_file("pow/STOP", content)


SAM, TIM, EVE = a_person("sam"), a_person("tim"), a_person("eve")
RIGHTS = {Login("sam"): Permission.WRITE, Login("tim"): Permission.TRIAGE, Login("eve"): Permission.NONE}


def labelled(*moves: tuple[str, Actor | None], taken_off: str = "") -> tuple[Labelled, tuple[Labelling, ...]]:
    labels = frozenset(label for label, _ in moves)
    held = tuple(Labelling(label=label, added=True, actor=actor) for label, actor in moves)
    off = (Labelling(label=taken_off, added=False, actor=SAM),) if taken_off else ()
    return Labelled(number=PullNumber(12), labels=labels), (*held, *off)


ISSUES = {
    "by a writer": (labelled(("pow-stop", SAM)), [(ALL, "")]),
    "in other letters": (labelled(("POW-Stop", SAM)), [(ALL, "")]),
    "by a stranger's template": (labelled(("pow-stop", EVE)), []),
    "by somebody with triage": (labelled(("pow-stop", TIM)), []),
    "by a machine": (labelled(("pow-stop", a_bot())), []),
    "by an account that is gone": (labelled(("pow-stop", None)), []),
    "narrowed by a writer": (
        labelled(("pow-stop", SAM), ("pow-stop-rollback", SAM), ("pow-stop-recipe:PASSPORT_BACKLOG", SAM)),
        [(RECIPE, "PASSPORT_BACKLOG"), (ROLLBACK, "")],
    ),
    "narrowed by somebody who may not": (labelled(("pow-stop", SAM), ("pow-stop-rollback", TIM)), [(ALL, "")]),
    "narrowed to nothing that there is": (labelled(("pow-stop", SAM), ("pow-stop-bogus", SAM)), [(ALL, "")]),
    "with labels of others": (labelled(("pow-stop", SAM), ("bug", EVE)), [(ALL, "")]),
}


@pytest.mark.parametrize(("issue", "expected"), ISSUES.values(), ids=ISSUES)
def test_a_label_counts_by_who_put_it_there(
    issue: tuple[Labelled, tuple[Labelling, ...]], expected: list[tuple[Reach, str]]
) -> None:
    switch = stops_of_issue(*issue, RIGHTS)
    assert [(stop.reach, stop.name) for stop in switch.stops] == expected
    assert bool(switch.ignored) is not bool(expected)


UNKNOWN = {
    "its rights cannot be read": (labelled(("pow-stop", a_person("kim"))), RIGHTS),
    "nothing tells of it, as when a label is renamed": ((labelled(("pow-stop", SAM))[0], ()), RIGHTS),
    "it was taken off and is there": (labelled(("pow-stop", SAM), taken_off="pow-stop"), RIGHTS),
}


@pytest.mark.parametrize(("issue", "rights"), UNKNOWN.values(), ids=UNKNOWN)
def test_a_label_of_which_nobody_knows_stops_everything(
    issue: tuple[Labelled, tuple[Labelling, ...]], rights: dict[Login, Permission]
) -> None:
    (stop,) = stops_of_issue(*issue, rights).stops
    assert (stop.reach, stop.known) == (ALL, False)
    assert "cannot be read, so everything is stopped: the forge does not tell who put pow-stop" in stop.sentence


def test_the_last_hand_counts() -> None:
    issue, first = labelled(("pow-stop", EVE))
    again = (*first, Labelling(label="pow-stop", added=False, actor=TIM), *labelled(("pow-stop", SAM))[1])
    assert stops_of_issue(issue, again, RIGHTS).stops


def stop(reach: Reach, name: str = "") -> Stop:
    return Stop(reach=reach, where="pow/STOP", name=name, reason="why")


REACHES = {
    "everything": (stop(ALL), True, True),
    "its recipe": (stop(RECIPE, "passport_backlog"), True, True),
    "another recipe": (stop(RECIPE, "OTHER"), False, False),
    "its target": (stop(TARGET, "PHOTO_VALIDATOR"), True, True),
    "another target": (stop(TARGET, "PRINTER"), False, False),
    "rollbacks": (stop(ROLLBACK), False, True),
    "unreadable": (unreadable("the forge is away"), True, True),
}


@pytest.mark.parametrize(("found", "forward", "back"), REACHES.values(), ids=REACHES)
def test_a_stop_reaches_as_far_as_it_says(found: Stop, *, forward: bool, back: bool) -> None:
    switch = Switch(stops=(found,))
    assert (switch.against(PASSPORT, PHOTO) is found) is forward
    assert (switch.against_rollbacks(PASSPORT, PHOTO) is found) is back


def test_a_change_of_nobody_knows_what_is_stopped_by_any_recipes_stop() -> None:
    assert Switch(stops=(stop(RECIPE, "OTHER"),)).against(None, ()) is not None
    assert Switch(stops=(stop(TARGET, "OTHER"),)).against(None, ()) is None


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (stop(ALL), "everything is stopped by pow/STOP: why"),
        (stop(TARGET, "PRINTER"), "PRINTER is stopped by pow/STOP: why"),
        (stop(ROLLBACK), "rollbacks without people are stopped by pow/STOP: why"),
        (unreadable("why"), "the kill switch cannot be read, so everything is stopped: why"),
        (Stop(reach=ALL, where="issue #12"), "everything is stopped by issue #12"),
    ],
)
def test_a_stop_says_what_where_and_why(found: Stop, said: str) -> None:
    assert found.sentence == said
