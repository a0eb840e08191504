"""What takes a merge back where git cannot: value by value, and never somebody else's."""

import pytest

from bot.approve.footprint import Footprint
from bot.forge.port import RevertConflict, Reverted
from bot.monitor.inverse import Inverse, inverse_of

PATH, JOURNEY = "patches/services/A.yml", "patches/journeys/j.yml"
OLD, NEW = b"service: A\nchanges:\n  x: 2\n  y: 1\n  z: 0\n", b"service: A\nchanges:\n  x: 4\n  y: 3\n  z: 0\n"
CONFLICT = RevertConflict(paths=(PATH,))
GIT = f"git cannot revert it by itself: conflict in {PATH}"


def a_footprint(now: bytes | None, *, before: bytes = OLD, merged: bytes = NEW) -> Footprint:
    return Footprint(before={PATH: before}, merged={PATH: merged}, now={PATH: now})


def test_what_git_reverts_is_taken_as_it_is():
    files = {PATH: OLD, "other": None}
    assert inverse_of(Reverted(tree="t", files=files), a_footprint(NEW)) == Inverse(files=files)


CASES: dict[str, tuple[bytes | None, bytes | None, tuple[str, ...]]] = {
    "all values still stand": (NEW.replace(b"z: 0", b"z: 9"), OLD.replace(b"z: 0", b"z: 9"), ()),
    "one was set since": (
        NEW.replace(b"x: 4", b"x: 6"),
        OLD.replace(b"x: 2", b"x: 6"),
        ("A x was set to 6 since, which stays",),
    ),
    "one is back already": (NEW.replace(b"x: 4", b"x: 2"), OLD, ()),
    "one is gone": (
        NEW.replace(b"  x: 4\n", b""),
        OLD.replace(b"  x: 2\n", b""),
        ("A x was set to nothing since, which stays",),
    ),
    "both were set since": (
        NEW.replace(b"x: 4", b"x: 6").replace(b"y: 3", b"y: 7"),
        None,
        ("A x was set to 6 since, which stays", "A y was set to 7 since, which stays"),
    ),
    "the file is gone": (None, None, (f"{PATH} is gone", f"{PATH} is gone")),
    "the file is broken": (b"[", None, ("is not understood", "is not understood")),
    "one stands on two lines": (
        NEW.replace(b"x: 4", b"x:\n    4"),
        OLD.replace(b"x: 2", b"x:\n    2"),
        (),
    ),
}


@pytest.mark.parametrize(("now", "expected", "left"), CASES.values(), ids=CASES)
def test_each_value_that_is_still_the_merges_goes_back(
    now: bytes | None, expected: bytes | None, left: tuple[str, ...]
):
    inverse = inverse_of(CONFLICT, a_footprint(now))
    assert inverse.files == ({} if expected is None else {PATH: expected})
    assert inverse.left[0] == GIT
    assert len(inverse.left) == 1 + len(left), inverse.left
    assert all(words in said for words, said in zip(left, inverse.left[1:], strict=True)), inverse.left


def test_a_merge_that_is_not_understood_is_left_alone():
    inverse = inverse_of(CONFLICT, a_footprint(NEW, merged=b"service: B\nchanges: {}\n"))
    assert inverse.files == {}
    assert "is not understood" in inverse.left[1]


def test_a_value_that_cannot_be_put_back_in_place_is_said():
    before = OLD.replace(b"x: 2", rb'x: "two\nlines"')
    inverse = inverse_of(CONFLICT, a_footprint(NEW, before=before))
    assert inverse.files == {PATH: NEW.replace(b"y: 3", b"y: 1")}
    assert "A x cannot be put back" in inverse.left[1]
