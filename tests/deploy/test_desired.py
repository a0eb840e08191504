"""From desired-state files to what a merge set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.deploy.desired import (
    DesiredChange,
    DesiredJourney,
    DesiredService,
    MergedFile,
    changes_of,
    is_desired_state,
    parse_desired,
)
from bot.model.errors import BotError, DiagnosticError
from bot.model.names import ServiceName

SERVICE = "patches/services/PHOTO_VALIDATOR.yml"
JOURNEY = "patches/journeys/passport_renewal.yml"


def _service(changes: str) -> bytes:
    return f"service: PHOTO_VALIDATOR\nchanges:\n{changes}".encode()


def _file(path: str, before: bytes | None, after: bytes | None) -> MergedFile:
    return MergedFile(path=path, is_regular=True, before=before, after=after, approved=after)


def test_a_service_is_read_with_its_values_and_nothing_else():
    desired = parse_desired(SERVICE, b"# why\n" + _service("  max_blur_px: 4 # px\n  strict: true\n  mode: fast\n"))
    assert desired == DesiredService(
        service=ServiceName("PHOTO_VALIDATOR"), values={"max_blur_px": 4, "strict": True, "mode": "fast"}
    )
    assert desired.target == "PHOTO_VALIDATOR"


def test_a_service_may_say_for_whom_and_when():
    text = _service("  a: 1\n") + (
        b'tenant: state\nversion_selector: ">=2.1.0"\n'
        b'window:\n  start: "2026-03-02T09:00:00Z"\n  end: "2026-03-03T09:00:00Z"\n'
    )
    desired = parse_desired(SERVICE, text)
    assert isinstance(desired, DesiredService)
    assert (desired.tenant, desired.version_selector) == ("state", ">=2.1.0")
    assert desired.window == ("2026-03-02T09:00:00Z", "2026-03-03T09:00:00Z")


def test_a_journey_is_read_with_its_version():
    desired = parse_desired(JOURNEY, b"journey: passport_renewal\nversion: v2\n")
    assert desired == DesiredJourney(journey="passport_renewal", version="v2")
    assert (desired.target, desired.values) == ("journeys/passport_renewal", {"version": "v2"})


@pytest.mark.parametrize(
    ("path", "content"),
    [
        (SERVICE, b""),
        (SERVICE, b"service: PHOTO_VALIDATOR\n"),
        (SERVICE, b"\xff"),
        (SERVICE, b"[]"),
        (SERVICE, _service("  a: 1\n  a: 2\n")),
        (SERVICE, _service("  a: [1]\n")),
        (SERVICE, _service("  a: &x 1\n")),
        (SERVICE, b"service: PHOTO_VALIDATOR\nchanges: {}\n"),
        (JOURNEY, b"journey: passport_renewal\nversion: 2\n"),
        (JOURNEY, b"journey: passport_renewal\n"),
    ],
)
def test_a_faulty_file_is_refused_with_its_place(path: str, content: bytes):
    with pytest.raises(DiagnosticError) as caught:
        parse_desired(path, content)
    assert all(fault.path == path and fault.line >= 1 for fault in caught.value.diagnostics)


@pytest.mark.parametrize(
    ("path", "content", "belongs"),
    [
        ("patches/services/OTHER.yml", _service("  a: 1\n"), SERVICE),
        ("patches/services/sub/PHOTO_VALIDATOR.yml", _service("  a: 1\n"), SERVICE),
        ("patches/journeys/x.yml", b"journey: passport_renewal\nversion: v2\n", JOURNEY),
    ],
)
def test_a_file_about_another_target_is_refused(path: str, content: bytes, belongs: str):
    with pytest.raises(BotError, match="is about") as caught:
        parse_desired(path, content)
    assert belongs in caught.value.hint


@given(st.binary(max_size=200))
def test_any_bytes_are_values_or_an_expected_error(content: bytes):
    for path in (SERVICE, JOURNEY):
        try:
            parse_desired(path, content)
        except BotError as error:
            assert error.message  # noqa: PT017 -- either way is fine, as long as nothing else is raised


@pytest.mark.parametrize(
    ("path", "is_it"),
    [(SERVICE, True), (JOURNEY, True), ("patches/evidence/x.json", False), ("pow/a.yml", False), ("patches", False)],
)
def test_only_services_and_journeys_are_desired_state(path: str, is_it: object):
    assert is_desired_state(path) is is_it


@pytest.mark.parametrize(
    ("before", "after", "keys"),
    [
        ("  a: 1\n  b: 2\n", "  a: 1\n  b: 3\n", ("b",)),
        ("  a: 1\n", "  a: 1\n  b: 3\n", ("b",)),
        ("  a: 1\n", "  a: true\n", ("a",)),
        ("  a: 4\n", "  a: 4.5\n", ("a",)),
        (None, "  a: 1\n  b: 2\n", ("a", "b")),
    ],
    ids=["one key", "a new key", "another kind", "another number", "a new file"],
)
def test_a_merge_set_the_keys_whose_values_differ(before: str | None, after: str, keys: tuple[str, ...]):
    file = _file(SERVICE, None if before is None else _service(before), _service(after))
    [change] = changes_of((file,))
    assert change.keys == keys
    assert change.before == ({} if before is None else parse_desired(SERVICE, _service(before)).values)


@pytest.mark.parametrize(
    ("before", "after"),
    [("  a: 1\n", "  a: 1 # with a comment\n"), ("  a: 1\n  b: 2\n", "  b: 2\n"), ("  a: 4\n", "  a: 4.0\n")],
    ids=["a comment", "a key that is gone", "the same number written otherwise"],
)
def test_a_merge_that_sets_no_value_changes_no_target(before: str, after: str):
    assert changes_of((_file(SERVICE, _service(before), _service(after)),)) == ()


def test_a_file_that_is_gone_and_files_of_other_kinds_change_no_target():
    files = (
        _file(SERVICE, _service("  a: 1\n"), None),
        _file("patches/evidence/0123456789abcdef.json", None, b"{}"),
        _file("README.md", b"a", b"b"),
    )
    assert changes_of(files) == ()


def test_a_journey_changes_by_its_version():
    file = _file(JOURNEY, b"journey: passport_renewal\nversion: v1\n", b"journey: passport_renewal\nversion: v2\n")
    assert changes_of((file,)) == (
        DesiredChange(
            desired=DesiredJourney(journey="passport_renewal", version="v2"),
            before={"version": "v1"},
            keys=("version",),
        ),
    )
