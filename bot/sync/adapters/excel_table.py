"""The table of values on a workbook's sheet: where its header is, which row is of which key; no files, no saving."""

from collections.abc import Mapping
from dataclasses import dataclass

from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.utils.exceptions import IllegalCharacterError
from openpyxl.worksheet.worksheet import Worksheet

from bot.model.deployment import SyncItem
from bot.model.errors import TargetError
from bot.model.json import Json
from bot.model.names import ServiceName
from bot.model.recipe import Setting
from bot.model.settings import FieldSpec, SyncSpec
from bot.sync.setting import is_same, text_of

HEADER_ROWS = 50
"""A header further down than this is not looked for."""
_SOURCES = ("service", "key", "value", "change", "version", "updated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one row shows, by what its columns mean."""

    place: int
    cells: Mapping[str, Json]

    @property
    def version(self) -> int | None:
        """The version that the row shows, if it shows one."""
        found = self.cells.get("version")
        return found if isinstance(found, int) and not isinstance(found, bool) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The header's place on a sheet, and the column of each meaning."""

    name: str
    sheet: Worksheet
    header: int
    columns: Mapping[str, int]

    def rows_of(self, service: ServiceName) -> dict[str, Row]:
        """Return a service's rows by key; TargetError where a key stands twice."""
        found: dict[str, Row] = {}
        for place in range(self.header + 1, self.sheet.max_row + 1):
            row = Row(
                place=place, cells={source: self._read(place, column) for source, column in self.columns.items()}
            )
            key = row.cells.get("key")
            if not isinstance(key, str) or row.cells.get("service", service) != service:
                continue
            if key in found:
                raise TargetError(
                    f"{self.name} holds {service} {key} twice, in rows {found[key].place} and {place}",
                    hint=f"delete one of these rows from the sheet {self.sheet.title}",
                )
            found[key] = row
        return found

    def version_held(self, service: ServiceName) -> int | None:
        """Return the newest version that the service's rows show; None where they show none."""
        return max((row.version for row in self.rows_of(service).values() if row.version is not None), default=None)

    def shows(self, item: SyncItem) -> bool:
        """Tell whether every row of the item is there and says what it must; when it was written does not matter."""
        rows = self.rows_of(item.service)
        return all(
            key in rows and all(is_same(rows[key].cells[source], wanted[source]) for source in self._timeless)
            for key in item.values
            for wanted in [_wanted(item, key)]
        )

    def write(self, item: SyncItem, *, updated: str) -> None:
        """Set the item's rows, in place where they are there, else below everything on the sheet."""
        rows = self.rows_of(item.service)
        for key in item.values:
            wanted = {**_wanted(item, key), "updated": updated}
            place = rows[key].place if key in rows else max(self.sheet.max_row, self.header) + 1
            for source, column in self.columns.items():
                put(self.sheet.cell(place, column), wanted[source], self.name)

    @property
    def _timeless(self) -> tuple[str, ...]:
        return tuple(source for source in self.columns if source != "updated")

    def _read(self, place: int, column: int) -> Json:
        value = self.sheet.cell(place, column).value
        return value if isinstance(value, bool | int | float | str) else None


def find_table(sheet: Worksheet, fields: tuple[FieldSpec, ...], *, name: str) -> Table | None:
    """Find the header: the first row that has every field's name, in any order and among others."""
    for place in range(1, min(sheet.max_row, HEADER_ROWS) + 1):
        names = {
            str(cell.value).strip().casefold(): cell.column
            for cell in reversed(sheet[place])
            if isinstance(cell, Cell) and cell.value is not None
        }
        if all(field.name.casefold() in names for field in fields):
            columns = {field.source: names[field.name.casefold()] for field in fields}
            return Table(name=name, sheet=sheet, header=place, columns=columns)
    return None


def begin_table(sheet: Worksheet, fields: tuple[FieldSpec, ...], *, name: str) -> Table:
    """Write a header: on the first row of an empty sheet, else below all that is there."""
    is_empty = sheet.max_row == 1 and all(cell.value is None for cell in sheet[1])
    header = 1 if is_empty else sheet.max_row + 2
    for column, field in enumerate(fields, start=1):
        put(sheet.cell(header, column), field.name, name)
    columns = {field.source: column for column, field in enumerate(fields, start=1)}
    return Table(name=name, sheet=sheet, header=header, columns=columns)


def fields_of(spec: SyncSpec) -> tuple[FieldSpec, ...]:
    """Return a sync's columns, the usual ones where it names none; TargetError where rows could not be told apart."""
    fields = spec.fields or tuple(FieldSpec(name=source, source=source) for source in _SOURCES)
    sources = {field.source for field in fields}
    missing = {"key", "value"} - sources | ({"service"} - sources if len(spec.services) > 1 else set())
    if missing or not sources <= set(_SOURCES):
        lack = f"no column for {' and '.join(sorted(missing))}" if missing else "a column of unknown source"
        raise TargetError(
            f"{spec.name} has {lack}",
            hint=f"complete its `fields` in pow/settings/targets.yml; a source is one of {', '.join(_SOURCES)}",
        )
    return fields


def put(cell: Cell | MergedCell, value: Setting, name: str) -> None:
    """Write a value; text stays text whatever it begins with, so that no spreadsheet program runs it."""
    if isinstance(cell, MergedCell):
        raise TargetError(f"{name}: the cell {cell.coordinate} is merged with others", hint="unmerge it")
    try:
        cell.value = value
    except IllegalCharacterError as error:
        raise TargetError(
            f"{name}: {text_of(value)!a} cannot stand in a cell", hint="choose another value"
        ) from error
    if isinstance(value, str):
        cell.data_type = "s"
        cell.quotePrefix = value.startswith(("=", "+", "-", "@"))


def _wanted(item: SyncItem, key: str) -> dict[str, Setting]:
    return {
        "service": item.service,
        "key": key,
        "value": item.values[key],
        "change": item.change,
        "version": item.version,
    }
