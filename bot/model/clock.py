"""Time as a dependency: whoever needs the present is given a clock; deciders are given `now` itself."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol


class Clock(Protocol):
    """Anything that tells the present."""

    def now(self) -> datetime:
        """Return the present as an aware UTC time."""
        ...


class SystemClock:
    """The machine's clock; the only place in the bot that reads it."""

    def now(self) -> datetime:
        """Return the machine's present in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedClock:
    """A clock that stands still: one run of the bot sees one present, in the sandbox and in tests."""

    at: datetime

    def now(self) -> datetime:
        """Return the fixed time."""
        return self.at


_REMEMBERED = 4_096
"""Times that are kept in both forms: one run speaks of the same few again and again."""


@lru_cache(maxsize=_REMEMBERED)
def parse_time(text: str) -> datetime:
    """Read an ISO 8601 time with an offset (`Z` included) as aware UTC; ValueError without an offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"time without an offset: {text!r}")
    return moment.astimezone(UTC)


@lru_cache(maxsize=_REMEMBERED)
def format_time(moment: datetime) -> str:
    """Write an aware time as UTC with `Z`, to the second, as GitHub does."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").removesuffix("+00:00") + "Z"
