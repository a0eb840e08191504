"""A batch job of the old kind: every 15 minutes it rereads a fixed-width file, and any wrong byte crashes it.

A record is 68 ASCII characters and a line feed: service (20, left), key (20, left), value (12, right) and
change-id (16, left), padded with spaces.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

PERIOD_SECONDS = 900
RECORD_WIDTH = 68
_MAXIMUM_BYTES = 1_000_000


class JobStatus(StrEnum):
    """How the last run of the job ended."""

    WAITING = "WAITING"
    LOADED = "LOADED"
    ABEND = "ABEND"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line of the file."""

    service: str
    key: str
    value: str
    change_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MainframeState:
    """The last good records, and how the last run ended."""

    status: JobStatus
    reason: str | None
    read_at: datetime
    records: tuple[Record, ...]


class RecordError(ValueError):
    """The file is not what the job was written for."""


class Mainframe:
    """The job; it runs on every quarter of an hour that has passed."""

    def __init__(self, path: Path | None, started: datetime) -> None:
        self._path = path
        self._last_run = _quarter_of(started)
        self._records: tuple[Record, ...] = ()
        self._state = self._read(started)

    @property
    def state(self) -> MainframeState:
        """What the job has loaded."""
        return self._state

    def run_through(self, now: datetime) -> None:
        """Run the job if a quarter of an hour struck since it last ran.

        Nobody writes the file while virtual time moves, so one reading stands for all the runs in between.
        """
        quarter = _quarter_of(now)
        if quarter > self._last_run:
            self._last_run = quarter
            self._state = self._read(datetime.fromtimestamp(quarter * PERIOD_SECONDS, UTC))

    def _read(self, at: datetime) -> MainframeState:
        status, reason = JobStatus.LOADED, None
        try:
            if self._path is None or not self._path.exists():
                status, reason = JobStatus.WAITING, "there is no file yet"
            elif self._path.stat().st_size > _MAXIMUM_BYTES:
                status, reason = JobStatus.ABEND, "the file is too large"
            else:
                self._records = parse_records(self._path.read_bytes())
        except RecordError as error:
            status, reason = JobStatus.ABEND, str(error)
        except OSError as error:
            status, reason = JobStatus.ABEND, f"the file cannot be read: {error.strerror}"
        return MainframeState(status=status, reason=reason, read_at=at, records=self._records)


def parse_records(content: bytes) -> tuple[Record, ...]:
    """Read a whole file; RecordError names the first line that is wrong, and how."""
    if content and not content.endswith(b"\n"):
        raise RecordError("the last record has no line feed")
    records = tuple(_parse_lines(content))
    seen: set[tuple[str, str]] = set()
    for number, record in enumerate(records, start=1):
        if (record.service, record.key) in seen:
            raise RecordError(f"record {number}: {record.service} {record.key} stands there twice")
        seen.add((record.service, record.key))
    return records


def _parse_lines(content: bytes) -> Iterator[Record]:
    for number, line in enumerate(content.split(b"\n")[:-1], start=1):
        if len(line) != RECORD_WIDTH:
            raise RecordError(f"record {number}: {len(line)} bytes where {RECORD_WIDTH} are due")
        text = line.decode("ascii", errors="replace")
        if not text.isascii() or not text.isprintable():
            raise RecordError(f"record {number}: a byte that is not printable ASCII")
        yield Record(
            service=_left(text[:20], number, "service"),
            key=_left(text[20:40], number, "key"),
            value=_right(text[40:52], number, "value"),
            change_id=_left(text[52:], number, "change-id"),
        )


def _left(field: str, number: int, name: str) -> str:
    if field.startswith(" "):
        raise RecordError(f"record {number}: {name} is empty or not left-justified")
    return field.rstrip(" ")


def _right(field: str, number: int, name: str) -> str:
    if field.endswith(" "):
        raise RecordError(f"record {number}: {name} is empty or not right-justified")
    return field.lstrip(" ")


def _quarter_of(moment: datetime) -> int:
    return int(moment.timestamp()) // PERIOD_SECONDS
