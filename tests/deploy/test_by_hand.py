"""Which values that stand were set by a person, and which of them are not live."""

from typing import Any

import pytest
from fakes.builders import a_sha

from bot.deploy.by_hand import ByHand, Landed, differences, standing_by_hand
from bot.deploy.desired import DesiredJourney, DesiredService, MergedFile
from bot.model.errors import BotError
from bot.model.names import ServiceName
from bot.report.incident import Difference

PATH = "patches/services/PHOTO_VALIDATOR.yml"
OTHER = "patches/services/PRINTER.yml"
BROKEN = b"service: [\n"


def _service(**values: Any) -> bytes:
    return b"service: PHOTO_VALIDATOR\nchanges:\n" + b"".join(
        f"  {key}: {value}\n".encode() for key, value in values.items()
    )


def _landed(number: int, *files: tuple[bytes | None, bytes | None], by_hand: bool = True, path: str = PATH) -> Landed:
    return Landed(
        commit=a_sha(number),
        is_merge=False,
        by_hand=by_hand,
        files=tuple(
            MergedFile(path=path, is_regular=True, before=before, after=after, approved=after)
            for before, after in files
        ),
    )


def _bot(number: int, before: bytes, after: bytes) -> Landed:
    return _landed(number, (before, after), by_hand=False)


A1, A2, A3 = _service(a=1), _service(a=2), _service(a=3)


@pytest.mark.parametrize(
    ("content", "landed", "found"),
    [
        (A2, [_landed(1, (A1, A2))], {1: ("a",)}),
        (A2, [_landed(1, (None, A2))], {1: ("a",)}),
        (_service(a=2, b=2), [_landed(2, (A2, _service(a=2, b=2))), _landed(1, (A1, A2))], {2: ("b",), 1: ("a",)}),
        (A2, [_bot(2, A1, A2), _landed(1, (A2, A1))], {}),
        (A2, [_landed(2, (A1, A2)), _bot(1, A2, A1)], {2: ("a",)}),
        (A3, [_landed(2, (A2, A3)), _landed(1, (A1, A2))], {2: ("a",)}),
        (A2, [_landed(1, (A2, _service(a=2.0)))], {}),
        (A2, [_landed(1, (A1, None))], {}),
        (A2, [_landed(2, (BROKEN, A2)), _landed(1, (A1, BROKEN))], {2: ("a",)}),
        (A2, [_landed(1, (A1, A2), path=OTHER)], {}),
        (A2, [], {}),
    ],
    ids=[
        "it set a value",
        "it brought the file",
        "two set one value each",
        "the bot set it afterwards",
        "it took the bot's back",
        "the newest counts",
        "the same value otherwise written",
        "it took the file away",
        "it mended the file",
        "another file",
        "nothing in sight",
    ],
)
def test_of_every_value_the_newest_commit_counts(
    content: bytes, landed: list[Landed], found: dict[int, tuple[str, ...]]
):
    told = {each.landed.commit: each.keys for each in standing_by_hand(PATH, content, landed)}
    assert told == {a_sha(number): keys for number, keys in found.items()}


def test_a_file_that_cannot_be_read_is_an_error():
    with pytest.raises(BotError):
        standing_by_hand(PATH, BROKEN, [_landed(1, (A1, BROKEN))])


@pytest.mark.parametrize(
    ("live", "unlike"),
    [
        ({"a": 2, "b": True, "c": 0}, ()),
        ({"a": 2.0, "b": True}, ()),
        ({"a": 1, "b": True}, (("a", "2", "1"),)),
        ({"b": 1}, (("a", "2", None), ("b", "true", "1"))),
    ],
)
def test_what_is_not_live_is_told_with_both_values(live: dict[str, Any], unlike: tuple[tuple[str, str, str], ...]):
    desired = DesiredService(service=ServiceName("S"), values={"a": 2, "b": True, "untouched": 1})
    found = ByHand(landed=_landed(1), desired=desired, keys=("a", "b"))
    assert differences(found, live) == tuple(
        Difference(target="S", key=key, desired=wanted, live=shown) for key, wanted, shown in unlike
    )


def test_a_journey_differs_by_its_version():
    found = ByHand(landed=_landed(1), desired=DesiredJourney(journey="j", version="v2"), keys=("version",))
    assert differences(found, {}) == (Difference(target="journeys/j", key="version", desired="v2", live=None),)


@pytest.mark.parametrize(("path", "shares"), [(PATH, True), (OTHER, False)])
def test_two_commits_share_a_target(path: str, *, shares: bool):
    assert _landed(1, (A1, A2)).shares_file(_landed(2, (A2, A3), path=path)) is shares
