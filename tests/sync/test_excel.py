"""What the Excel adapter adds to the contract: formulas never, everything else kept, unreadable workbooks refused."""

import zipfile
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.styles import Font
from sync.samples import NOW, PHOTO, a_spec, an_item

from bot.model.deployment import Synced, SyncItem
from bot.model.errors import TargetError
from bot.model.names import ServiceName
from bot.model.settings import AdapterKind, FieldSpec
from bot.sync.adapters.excel import ExcelAdapter

HEADER = ("service", "key", "value", "change", "version", "updated")


def _push(folder: Path, item: SyncItem, *, later: timedelta = timedelta(0), **spec: Any) -> Synced:
    made = a_spec(AdapterKind.EXCEL, name="WORKBOOK", **{"path": "book.xlsx", "sheet": "Configuration", **spec})
    return ExcelAdapter(spec=made, endpoint=folder.as_uri(), now=NOW + later).push(item)


def _rows(folder: Path, sheet: str = "Configuration") -> list[tuple[Any, ...]]:
    workbook = load_workbook(folder / "book.xlsx")
    rows = [tuple(row) for row in workbook[sheet].iter_rows(values_only=True)]
    workbook.close()
    return rows


def _save(folder: Path, build: Callable[[Workbook], object]) -> None:
    workbook = Workbook()
    build(workbook)
    workbook.save(folder / "book.xlsx")
    workbook.close()


def test_a_new_workbook_has_the_header_and_one_row_per_key(tmp_path: Path):
    item = an_item(3)
    _push(tmp_path, item)
    assert _rows(tmp_path) == [
        HEADER,
        (PHOTO, "max_blur_px", 4, item.change, 3, "2026-03-02T09:00:00Z"),
        (PHOTO, "rate_limit_rps", 50, item.change, 3, "2026-03-02T09:00:00Z"),
    ]


def test_the_same_item_on_another_day_changes_nothing(tmp_path: Path):
    _push(tmp_path, an_item(3))
    content = (tmp_path / "book.xlsx").read_bytes()
    _push(tmp_path, an_item(3), later=timedelta(days=1))
    assert (tmp_path / "book.xlsx").read_bytes() == content


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x")', "\t=1", "plain", "4"])
def test_text_is_written_as_text_whatever_it_begins_with(tmp_path: Path, text: str):
    _push(tmp_path, an_item(1, values={"note": text}))
    workbook = load_workbook(tmp_path / "book.xlsx")
    cell = workbook["Configuration"]["C2"]
    assert (cell.data_type, cell.value) == ("s", text)
    assert cell.quotePrefix == text.startswith(("=", "+", "-", "@"))
    workbook.close()
    with zipfile.ZipFile(tmp_path / "book.xlsx") as archive:
        assert all(b"<f>" not in archive.read(name) for name in archive.namelist())


def test_numbers_and_truth_values_keep_their_types(tmp_path: Path):
    values = {"a": True, "b": 1, "c": 0.5, "d": "1"}
    _push(tmp_path, an_item(1, values=values))
    assert [row[2] for row in _rows(tmp_path)[1:]] == [True, 1, 0.5, "1"]
    assert [type(row[2]) for row in _rows(tmp_path)[1:]] == [bool, int, float, str]


def test_other_sheets_rows_columns_and_formulas_are_kept(tmp_path: Path):
    def build(workbook: Workbook) -> None:
        notes = workbook.active
        notes.title = "Notes"
        notes["A1"], notes["A2"] = "kept", "=SUM(1,2)"
        notes["A1"].font = Font(bold=True)
        notes["A1"].comment = Comment("why", "sam")
        sheet = workbook.create_sheet("Configuration")
        sheet["B1"] = "Passport office"
        for column, name in enumerate(("Owner", "VERSION", "Key", "Service", "Value", "Change", "Updated "), start=2):
            sheet.cell(3, column, name)
        sheet.append([None, "kim", 1, "max_blur_px", "PHOTO_VALIDATOR", 2, "old", "then"])
        sheet.append([None, "lee", 1, "other_key", "PHOTO_VALIDATOR", 7, "old", "then"])
        sheet.append([None, "max", 8, "max_blur_px", "OTHER", 9, "old", "then"])

    _save(tmp_path, build)
    item = an_item(2)
    assert _push(tmp_path, item).version == 2
    rows = _rows(tmp_path)
    assert rows[0][1] == "Passport office"
    assert rows[3] == (None, "kim", 2, "max_blur_px", PHOTO, 4, item.change, "2026-03-02T09:00:00Z")
    assert rows[4] == (None, "lee", 1, "other_key", PHOTO, 7, "old", "then")
    assert rows[5] == (None, "max", 8, "max_blur_px", "OTHER", 9, "old", "then")
    assert rows[6] == (None, None, 2, "rate_limit_rps", PHOTO, 50, item.change, "2026-03-02T09:00:00Z")
    workbook = load_workbook(tmp_path / "book.xlsx")
    assert workbook["Notes"]["A2"].value == "=SUM(1,2)"
    assert workbook["Notes"]["A1"].font.bold
    assert workbook["Notes"]["A1"].comment.text == "why"
    workbook.close()


def test_a_sheet_with_something_else_gets_the_table_below_it(tmp_path: Path):
    def build(workbook: Workbook) -> None:
        workbook.active.title = "Configuration"
        workbook.active["A1"] = "Read me first"

    _save(tmp_path, build)
    _push(tmp_path, an_item(1, values={"a": 1}))
    rows = _rows(tmp_path)
    assert rows[0][0] == "Read me first"
    assert rows[2] == HEADER
    assert rows[3][:3] == (PHOTO, "a", 1)


def test_columns_may_be_named_by_the_settings(tmp_path: Path):
    fields = (FieldSpec(name="Setting", source="key"), FieldSpec(name="Now", source="value"))
    assert _push(tmp_path, an_item(4, values={"a": 1}), fields=fields).version == 4
    assert _rows(tmp_path) == [("Setting", "Now"), ("a", 1)]


@pytest.mark.parametrize(
    ("sources", "services", "message"),
    [
        (("key",), (PHOTO,), "no column for value"),
        (("key", "value"), (PHOTO, ServiceName("B")), "no column for service"),
        (("key", "value", "weather"), (PHOTO,), "a column of unknown source"),
    ],
)
def test_columns_that_cannot_work_are_refused(
    tmp_path: Path, sources: tuple[str, ...], services: tuple[ServiceName, ...], message: str
):
    fields = tuple(FieldSpec(name=source, source=source) for source in sources)
    with pytest.raises(TargetError, match=message):
        _push(tmp_path, an_item(), fields=fields, services=services)


@pytest.mark.parametrize("mark", ["~$book.xlsx", ".~lock.book.xlsx#"])
def test_a_workbook_that_somebody_has_open_is_left_alone(tmp_path: Path, mark: str):
    (tmp_path / mark).touch()
    with pytest.raises(TargetError, match="is open in a spreadsheet program") as caught:
        _push(tmp_path, an_item())
    assert "close it" in caught.value.hint
    assert not (tmp_path / "book.xlsx").exists()


def _truncated() -> bytes:
    content = BytesIO()
    workbook = Workbook()
    workbook.save(content)
    workbook.close()
    return content.getvalue()[:2_000]


def _other_archive() -> bytes:
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    return content.getvalue()


@pytest.mark.parametrize("content", [b"", b"not a workbook", _truncated(), _other_archive()])
def test_a_file_that_is_no_workbook_is_refused_and_kept(tmp_path: Path, content: bytes):
    (tmp_path / "book.xlsx").write_bytes(content)
    with pytest.raises(TargetError, match="is no readable workbook") as caught:
        _push(tmp_path, an_item())
    assert "save it again" in caught.value.hint
    assert (tmp_path / "book.xlsx").read_bytes() == content


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "book.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    content = bytearray((tmp_path / "book.xlsx").read_bytes())
    unpacked_size = content.index(b"PK\x01\x02") + 24
    content[unpacked_size : unpacked_size + 4] = (2**31).to_bytes(4, "little")
    (tmp_path / "book.xlsx").write_bytes(content)
    with pytest.raises(TargetError, match="unpacks to more than"):
        _push(tmp_path, an_item())


def test_a_chart_is_kept_and_parts_the_library_drops_make_it_refuse(tmp_path: Path):
    def build(workbook: Workbook) -> None:
        workbook.active.append([1, 2, 3])
        chart = BarChart()
        chart.add_data(Reference(workbook.active, min_col=1, max_col=3, min_row=1))
        workbook.active.add_chart(chart, "E5")

    _save(tmp_path, build)
    _push(tmp_path, an_item())
    with zipfile.ZipFile(tmp_path / "book.xlsx") as archive:
        assert any(name.startswith("xl/charts/") for name in archive.namelist())
    with zipfile.ZipFile(tmp_path / "book.xlsx", "a") as archive:
        archive.writestr("xl/slicers/slicer1.xml", "<slicers/>")
        archive.writestr("xl/calcChain.xml", "<calcChain/>")
    before = (tmp_path / "book.xlsx").read_bytes()
    with pytest.raises(TargetError, match="would be lost by writing to it: slicers"):
        _push(tmp_path, an_item(2))
    assert (tmp_path / "book.xlsx").read_bytes() == before


def test_what_the_library_warns_about_makes_it_refuse(tmp_path: Path):
    _push(tmp_path, an_item())
    _replace_in(tmp_path / "book.xlsx", "xl/worksheets/sheet1.xml", b"</worksheet>", _EXTENSION)
    with pytest.raises(TargetError, match=r"would be lost by writing to it: .* not supported and will be removed"):
        _push(tmp_path, an_item(2))


_EXTENSION = b'<extLst><ext uri="{78C0D931-6437-407d-A8EE-F0AAD7539E65}"/></extLst></worksheet>'


def _replace_in(path: Path, part: str, old: bytes, new: bytes) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = parts[part].replace(old, new)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def test_a_key_that_stands_twice_is_refused_with_both_rows(tmp_path: Path):
    def build(workbook: Workbook) -> None:
        workbook.active.title = "Configuration"
        workbook.active.append(HEADER)
        for _ in range(2):
            workbook.active.append([PHOTO, "max_blur_px", 2, "old", 1, "then"])

    _save(tmp_path, build)
    with pytest.raises(TargetError, match="holds PHOTO_VALIDATOR max_blur_px twice, in rows 2 and 3"):
        _push(tmp_path, an_item())


def test_merged_cells_in_the_way_are_refused(tmp_path: Path):
    def build(workbook: Workbook) -> None:
        workbook.active.title = "Configuration"
        workbook.active.append(HEADER)
        workbook.active.append([PHOTO, "max_blur_px", 2, "old", 1, "then"])
        workbook.active.merge_cells("E2:F2")

    _save(tmp_path, build)
    with pytest.raises(TargetError, match="the cell F2 is merged"):
        _push(tmp_path, an_item())


def test_a_chart_sheet_of_that_name_is_refused(tmp_path: Path):
    def build(workbook: Workbook) -> None:
        workbook.create_chartsheet("Configuration").add_chart(BarChart())

    _save(tmp_path, build)
    with pytest.raises(TargetError, match="is no sheet of cells"):
        _push(tmp_path, an_item())


def test_a_value_that_no_cell_can_hold_is_refused(tmp_path: Path):
    with pytest.raises(TargetError, match="cannot stand in a cell"):
        _push(tmp_path, an_item(1, values={"a": "\x01"}))
    assert not (tmp_path / "book.xlsx").exists()


def test_a_sheet_name_that_excel_forbids_is_refused(tmp_path: Path):
    with pytest.raises(TargetError) as caught:
        _push(tmp_path, an_item(), sheet="a/b")
    assert caught.value.hint
