"""Files of the desired state: which they are, what they say, what an edit changes."""

import pytest

from bot.model.change import KeyChange
from bot.propose.desired import Unreadable, block_of, evidence_path, key_changes, path_of, same, target_of, values_of

SERVICE_PATH = "patches/services/S.yml"
SERVICE = b"service: S\ntenant: all\nchanges:\n  a: 1\n  b: x\n  c: true\n"
JOURNEY_PATH = "patches/journeys/j.yml"


@pytest.mark.parametrize(("target", "path"), [("S", SERVICE_PATH), ("journeys/j", JOURNEY_PATH)])
def test_a_target_has_one_file_and_a_file_one_target(target: str, path: str) -> None:
    assert path_of(target) == path
    assert target_of(path) == target


@pytest.mark.parametrize(
    "path",
    [
        "patches/services/.yml",
        "patches/services/a/b.yml",
        "patches/services/S.yaml",
        "patches/evidence/S.yml",
        "services/S.yml",
        "pow/S.yml",
        "patches/services/S.yml.yml/x",
    ],
)
def test_other_files_have_no_target(path: str) -> None:
    assert target_of(path) is None


def test_ways_into_a_file() -> None:
    assert block_of("S", "a") == ("changes", "a")
    assert block_of("journeys/j", "version") == ("version",)
    assert evidence_path("x") == "patches/evidence/x.json"


def test_values_are_read() -> None:
    assert values_of(SERVICE_PATH, SERVICE) == {"a": 1, "b": "x", "c": True}
    assert values_of(JOURNEY_PATH, b"journey: j\nversion: v1\n") == {"version": "v1"}


@pytest.mark.parametrize(
    ("path", "content", "reason"),
    [
        (SERVICE_PATH, b"[", "line"),
        (SERVICE_PATH, b"- a\n", "not a mapping"),
        (SERVICE_PATH, b"service: T\nchanges: {}\n", "not the one that the file is named after"),
        (SERVICE_PATH, b"changes: {}\n", "not the one that the file is named after"),
        (SERVICE_PATH, b"service: S\n", "has no `changes`"),
        (SERVICE_PATH, b"service: S\nchanges: [1]\n", "has no `changes`"),
        (SERVICE_PATH, b"service: S\nchanges:\n  a: [1]\n", "is not a number, text, true or false"),
        (SERVICE_PATH, b"service: S\nchanges:\n  a:\n", "is not a number, text, true or false"),
        (JOURNEY_PATH, b"journey: j\nversion: 1\n", "`version` is not text"),
        (JOURNEY_PATH, b"journey: k\nversion: v1\n", "not the one"),
        ("pow/x.yml", b"a: 1\n", "not a mapping of the desired state"),
    ],
)
def test_anything_else_is_unreadable(path: str, content: bytes, reason: str) -> None:
    outcome = values_of(path, content)

    assert isinstance(outcome, Unreadable)
    assert reason in outcome.reason


def test_changes_are_derived_from_both_versions() -> None:
    after = SERVICE.replace(b"a: 1", b"a: 2").replace(b"c: true", b"c: false  # why")

    assert key_changes(SERVICE_PATH, SERVICE, after) == (
        KeyChange(target="S", key="a", before=1, after=2),
        KeyChange(target="S", key="c", before=True, after=False),
    )
    assert key_changes(SERVICE_PATH, SERVICE, SERVICE + b"# a comment\n") == ()


@pytest.mark.parametrize(
    ("path", "before", "after", "reason"),
    [
        (SERVICE_PATH, SERVICE, SERVICE + b"  d: 1\n", "adds or removes keys: d"),
        (SERVICE_PATH, SERVICE, SERVICE.replace(b"  a: 1\n", b""), "adds or removes keys: a"),
        (SERVICE_PATH, SERVICE, SERVICE.replace(b"tenant: all", b"tenant: one"), "more than values"),
        (SERVICE_PATH, SERVICE, SERVICE.replace(b"tenant: all\n", b""), "more than values"),
        (SERVICE_PATH, b"[", SERVICE, "line"),
        (SERVICE_PATH, SERVICE, b"[", "line"),
        (JOURNEY_PATH, b"journey: j\nversion: v1\n", b"journey: j\nversion: v2\nx: 1\n", "more than values"),
        ("pow/x.yml", b"a: 1\n", b"a: 2\n", "not a file of the desired state"),
    ],
)
def test_an_edit_of_anything_else_is_refused(path: str, before: bytes, after: bytes, reason: str) -> None:
    outcome = key_changes(path, before, after)

    assert isinstance(outcome, Unreadable)
    assert reason in outcome.reason


def test_kinds_are_part_of_a_value() -> None:
    assert same(1, 1)
    assert not same(1, 1.0)
    assert not same(1, True)  # noqa: FBT003 - a setting, not a flag
    assert not same("1", 1)
