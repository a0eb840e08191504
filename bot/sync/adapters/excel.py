"""The adapter for Excel workbooks: one row per service and key on one sheet, everything else kept.

What the workbook library cannot keep, and would drop without a word, makes the push fail instead.
"""

import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path, PurePosixPath

from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from bot.model.clock import format_time
from bot.model.deployment import Synced, SyncItem
from bot.model.errors import TargetError
from bot.model.json import canonical, digest_of
from bot.model.settings import FieldSpec, SyncSpec
from bot.sync.adapters.excel_table import begin_table, fields_of, find_table
from bot.sync.files import locate, rewrite

MAX_UNPACKED = 256 * 1024 * 1024
_LOSSY = ("removed", "lost", "dropped", "ignored")
"""Words by which the library says that it cannot keep something."""
_REBUILT = frozenset({"calcChain", "printerSettings", "sharedStrings"})
"""Parts that hold nothing of their own: spreadsheet programs make them anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcelAdapter:
    """One sheet of a workbook below a `file:` endpoint; `now` goes into the `updated` column."""

    spec: SyncSpec
    endpoint: str
    now: datetime

    def push(self, item: SyncItem) -> Synced:
        """Bring the sheet to the item's values; a workbook that a person has open is left alone."""
        fields = fields_of(self.spec)
        path = locate(self.endpoint, self.spec.path)
        _check_not_open(path)
        content = rewrite(path, lambda before: self._edited(before, item, fields))
        with self._opened(content) as workbook:
            table = find_table(self._sheet(workbook), fields, name=self.spec.name)
            version = (table.version_held(item.service) if table else None) or item.version
            if table is None or (version <= item.version and not table.shows(item)):
                raise TargetError(f"{path} does not show what was written", hint="see who else writes this workbook")
            shown = {key: row.cells.get("value") for key, row in table.rows_of(item.service).items()}
        return Synced(name=self.spec.name, version=version, digest=digest_of(canonical(shown)))

    def _edited(self, before: bytes | None, item: SyncItem, fields: tuple[FieldSpec, ...]) -> bytes | None:
        with self._opened(before) as workbook:
            sheet = self._sheet(workbook)
            table = find_table(sheet, fields, name=self.spec.name)
            if table and ((table.version_held(item.service) or 0) > item.version or table.shows(item)):
                return None
            (table or begin_table(sheet, fields, name=self.spec.name)).write(item, updated=format_time(self.now))
            written = BytesIO()
            with self._blamed():
                workbook.save(written)
        after = written.getvalue()
        if before is not None:
            self._check_kept(before, after)
        return after

    @contextmanager
    def _opened(self, content: bytes | None) -> Iterator[Workbook]:
        """Open a workbook (None: a new one without sheets)."""
        with warnings.catch_warnings(record=True) as told, self._blamed():
            warnings.simplefilter("always")
            workbook = _new() if content is None else self._load(content)
        lossy = next((str(each.message) for each in told if any(word in str(each.message) for word in _LOSSY)), "")
        try:
            if lossy:
                raise self._would_lose(lossy)
            yield workbook
        finally:
            workbook.close()

    @contextmanager
    def _blamed(self) -> Iterator[None]:
        """Whatever the library stumbles over while it reads or writes is the workbook's fault."""
        try:
            yield
        except TargetError:
            raise
        except Exception as error:
            raise TargetError(
                f"{self.spec.name} is no readable workbook ({type(error).__name__})",
                hint=f"open {self.spec.path} in Excel and save it again, or move it away to start a new one",
            ) from error

    def _load(self, content: bytes) -> Workbook:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            if sum(part.file_size for part in archive.infolist()) > MAX_UNPACKED:
                raise TargetError(
                    f"{self.spec.name} unpacks to more than {MAX_UNPACKED:,} bytes", hint="give the bot a smaller one"
                )
        return load_workbook(BytesIO(content), keep_vba=self.spec.path.lower().endswith(".xlsm"))

    def _sheet(self, workbook: Workbook) -> Worksheet:
        title = self.spec.sheet or "Configuration"
        hint = "name another `sheet` in pow/settings/targets.yml"
        try:
            sheet = workbook[title] if title in workbook.sheetnames else workbook.create_sheet(title)
        except ValueError as error:
            raise TargetError(f"{self.spec.name}: {error}", hint=hint) from error
        if not isinstance(sheet, Worksheet):
            raise TargetError(f"{self.spec.name}: {title} is no sheet of cells", hint=hint)
        return sheet

    def _check_kept(self, before: bytes, after: bytes) -> None:
        """Compare the parts of both packages, counted by folder, since the library numbers them anew."""
        lost = _parts(before) - _parts(after)
        if gone := sorted(folder for folder in lost if folder not in _REBUILT):
            raise self._would_lose(", ".join(gone))

    def _would_lose(self, what: str) -> TargetError:
        return TargetError(
            f"{self.spec.name} holds what would be lost by writing to it: {what}",
            hint="give the bot a workbook of its own and refer to it from this one",
        )


def _new() -> Workbook:
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    return workbook


def _parts(content: bytes) -> Counter[str]:
    """Count a package's parts by kind: their folder, or their name without its number."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        paths = [PurePosixPath(name) for name in archive.namelist()]
    return Counter(
        path.stem.rstrip("0123456789") if len(path.parts) == 2 else path.parts[1]
        for path in paths
        if path.parts[0] == "xl" and "_rels" not in path.parts
    )


def _check_not_open(path: Path) -> None:
    """Excel and LibreOffice put a small file beside a workbook that somebody has open."""
    marks = (path.with_name(f"~${path.name}"), path.with_name(f".~lock.{path.name}#"))
    if any(mark.exists() for mark in marks):
        raise TargetError(f"{path} is open in a spreadsheet program", hint="close it; the next run tries again")
