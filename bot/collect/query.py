"""What a source is asked for and how it answers: columns over a window, as rows of plain cells.

Knows nothing of files, HTTP or databases; whoever cannot answer raises `UnreadableError`, which `gather`
turns into a FeedFailure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.model.series import FailureKind, Window
from bot.model.settings import FeedShape, FeedSpec, SourceKind

if TYPE_CHECKING:
    import httpx

MAX_ROWS = 2_000_000
"""More rows than this in one window are refused: a feed is read into memory."""

Row = tuple[object, ...]
"""One cell per asked column: None, bool, int, float, str, datetime or date; anything else is a wrong shape."""


class UnreadableError(Exception):
    """A feed gave nothing usable. The message never holds a cell's content: it may be a citizen's."""

    def __init__(self, kind: FailureKind, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which columns of a feed are wanted, over which time of `time_column` (empty: rows carry no time).

    With `case_column`, the rows before the window are wanted as well of every case that has one inside it: a case
    whose beginning is cut off has lost its longest wait.
    """

    spec: FeedSpec
    columns: tuple[str, ...]
    time_column: str
    window: Window
    case_column: str = ""

    @property
    def allows_naive(self) -> bool:
        """Whether a time may lack its offset (it is then of `time_zone`): in tables yes, in JSON never."""
        return self.spec.source in {SourceKind.CSV, SourceKind.PARQUET, SourceKind.SQL}

    @property
    def zone(self) -> tzinfo:
        """Where times without an offset were taken; UnreadableError for a zone that this machine does not know."""
        if self.spec.time_zone == "UTC":
            return UTC
        try:
            return ZoneInfo(self.spec.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise UnreadableError(
                FailureKind.SETTINGS,
                f"there is no time zone `{self.spec.time_zone}` on this machine",
                hint="write a name such as Europe/Amsterdam; its data comes with the system or the package tzdata",
            ) from None

    @property
    def may_name_columns(self) -> bool:
        """Whether a message may list the columns that are there: never for complaints, where they may be content."""
        return self.spec.shape is not FeedShape.COMPLAINTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How a source may reach its data: files below `root`, URLs below `base`, within `seconds` in all.

    Without a `client` there are no URLs.
    """

    base: str
    root: Path
    client: "httpx.Client | None"
    seconds: float


class Reach(Protocol):
    """Says how a feed may be reached."""

    def __call__(self, spec: FeedSpec) -> Access:
        """Return what the feed's source is given, or raise UnreadableError."""
        ...


class Source(Protocol):
    """One kind of source."""

    def __call__(self, query: Query, access: Access) -> list[Row]:
        """Return the rows of the window (more are allowed: they are filtered again), or raise UnreadableError."""
        ...


class SharedSource(Protocol):
    """One kind of source that can read several feeds of one table at once."""

    def __call__(self, queries: Sequence[Query], access: Access) -> Iterator[tuple[int, list[Row]]]:
        """Yield the places of queries with the rows that Source returns for each; what is left out is asked alone."""
        ...
