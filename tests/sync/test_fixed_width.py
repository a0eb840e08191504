"""What the fixed-width adapter adds to the contract: exact records, exact refusals, other lines untouched."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sync.samples import LAYOUT, PHOTO, VERSIONED, a_spec, an_item

from bot.model.deployment import Synced, SyncItem
from bot.model.errors import TargetError
from bot.model.names import ServiceName
from bot.model.recipe import Setting
from bot.model.settings import AdapterKind, FieldSpec
from bot.sync.adapters.fixed_width import FixedWidthAdapter, Layout
from bot.sync.setting import text_of


def _push(folder: Path, item: SyncItem, fields: tuple[FieldSpec, ...] = LAYOUT, **spec: object) -> Synced:
    made = a_spec(AdapterKind.FIXED_WIDTH, name="STATUS_FILE", path="status.txt", fields=fields, **spec)
    return FixedWidthAdapter(spec=made, endpoint=folder.as_uri()).push(item)


def _record(service: str, key: str, value: str, change: str) -> bytes:
    return f"{service:<20}{key:<20}{value:>12}{change:<16}".encode()


def test_records_are_exactly_as_the_mainframe_reads_them(tmp_path: Path):
    item = an_item(1, values={"max_blur_px": 4})
    _push(tmp_path, item)
    assert (tmp_path / "status.txt").read_bytes() == (
        b"PHOTO_VALIDATOR     max_blur_px                    40000000000000001\n"
    )


def test_every_other_line_is_kept_byte_for_byte(tmp_path: Path):
    header, foreign = b"* STATUS \xe9\xff header, shorter", _record("OTHER", "max_blur_px", "1", "x")
    old = _record("PHOTO_VALIDATOR", "max_blur_px", "2", "old")
    path = tmp_path / "status.txt"
    path.write_bytes(b"\n".join([header, foreign, old, b"", b"trailer without an end"]))
    item = an_item(2, values={"max_blur_px": 4, "new_key": True})
    _push(tmp_path, item)
    new = [
        _record("PHOTO_VALIDATOR", key, value, item.change)
        for key, value in (("max_blur_px", "4"), ("new_key", "true"))
    ]
    assert path.read_bytes() == b"\n".join([header, foreign, new[0], b"", b"trailer without an end", new[1], b""])


def test_a_file_with_windows_line_ends_keeps_them(tmp_path: Path):
    path = tmp_path / "status.txt"
    path.write_bytes(_record("PHOTO_VALIDATOR", "max_blur_px", "2", "old") + b"\r\n")
    item = an_item(2, values={"max_blur_px": 4, "b": 1})
    _push(tmp_path, item)
    lines = path.read_bytes().split(b"\r\n")
    assert lines == [
        _record("PHOTO_VALIDATOR", "max_blur_px", "4", item.change),
        _record("PHOTO_VALIDATOR", "b", "1", item.change),
        b"",
    ]


def test_without_a_version_in_the_record_the_order_of_pushes_decides(tmp_path: Path):
    _push(tmp_path, an_item(5, values={"max_blur_px": 9}))
    assert _push(tmp_path, an_item(4, values={"max_blur_px": 4})).version == 4
    assert b"           4" in (tmp_path / "status.txt").read_bytes()


def test_a_value_edited_by_hand_is_put_right(tmp_path: Path):
    item = an_item(3, values={"max_blur_px": 4})
    first = _push(tmp_path, item, VERSIONED)
    path = tmp_path / "status.txt"
    path.write_bytes(path.read_bytes().replace(b"       4", b"       7"))
    assert _push(tmp_path, item, VERSIONED) == first
    assert b"       7" not in path.read_bytes()


def test_a_version_that_is_no_number_counts_for_nothing(tmp_path: Path):
    (tmp_path / "status.txt").write_bytes(_record("PHOTO_VALIDATOR", "max_blur_px", "2", "old") + b"   n/a\n")
    assert _push(tmp_path, an_item(1, values={"max_blur_px": 4}), VERSIONED).version == 1


def test_a_layout_for_one_service_needs_no_service_field(tmp_path: Path):
    fields = tuple(field for field in VERSIONED if field.source != "service")
    _push(tmp_path, an_item(2, values={"max_blur_px": 4}), fields)
    assert _push(tmp_path, an_item(1, values={"max_blur_px": 9}), fields).version == 2
    assert (tmp_path / "status.txt").read_bytes().count(b"\n") == 1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"max_blur_px": 10**12}, r"`1000000000000` is 13 characters long and VALUE takes 12"),
        ({"max_blur_px": "thirteen chars"}, "14 characters long"),
        ({"k" * 21: 1}, "21 characters long and KEY takes 20"),
        ({"max_blur_px": "é"}, r"VALUE takes plain ASCII only: '\\xe9'"),
        ({"max_blur_px": "a\nb"}, "plain ASCII only"),
        ({"max_blur_px": "\x00"}, "plain ASCII only"),
    ],
)
def test_what_does_not_fit_is_refused_and_the_file_is_as_before(
    tmp_path: Path, values: dict[str, object], message: str
):
    path = tmp_path / "status.txt"
    path.write_bytes(b"before\n")
    with pytest.raises(TargetError, match=message) as caught:
        _push(tmp_path, an_item(1, values={"a": 1, **values}))
    assert caught.value.hint
    assert path.read_bytes() == b"before\n"


@pytest.mark.parametrize(
    ("fields", "services", "message"),
    [
        ((), (PHOTO,), "no field for key and value"),
        (LAYOUT[1:3], (PHOTO, ServiceName("B")), "no field for service"),
        (LAYOUT[:2], (PHOTO,), "no field for value"),
        ((*LAYOUT, FieldSpec(name="X", source="version")), (PHOTO,), "no width for the field X"),
        ((*LAYOUT, FieldSpec(name="X", source="weather", width=3)), (PHOTO,), "nothing is known as `weather`"),
    ],
)
def test_a_layout_that_cannot_work_is_refused(
    tmp_path: Path, fields: tuple[FieldSpec, ...], services: tuple[ServiceName, ...], message: str
):
    with pytest.raises(TargetError, match=message):
        _push(tmp_path, an_item(), fields, services=services)
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_stands_twice_is_refused_with_both_lines(tmp_path: Path):
    line = _record("PHOTO_VALIDATOR", "max_blur_px", "2", "old")
    path = tmp_path / "status.txt"
    path.write_bytes(b"header\n" + line + b"\n" + line + b"\n")
    with pytest.raises(TargetError, match="holds max_blur_px twice, in lines 2 and 3"):
        _push(tmp_path, an_item())
    assert path.read_bytes() == b"header\n" + line + b"\n" + line + b"\n"


_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=14)


@given(value=st.one_of(st.integers(), st.booleans(), _TEXT), key=_TEXT)
def test_a_record_has_the_layouts_width_or_is_refused(value: Setting, key: str):
    layout = Layout.of(a_spec(AdapterKind.FIXED_WIDTH, fields=VERSIONED))
    item = an_item(1, values={key: value})
    if len(text_of(value)) > 12:
        with pytest.raises(TargetError, match="takes 12"):
            layout.record(item, key)
    else:
        record = layout.record(item, key)
        assert len(record) == layout.width
        assert record.isascii()
        assert b"\n" not in record
