"""What the office remembers: closed cases, five-minute windows and complaints, in order of time and bounded."""

from bisect import bisect_left
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Chronicle(Generic[T]):
    """Values appended in order of time, found by span, forgotten when too old."""

    def __init__(self, time_of: Callable[[T], int]) -> None:
        self._time_of = time_of
        self._entries: list[T] = []

    def append(self, entry: T) -> None:
        """Add the newest value."""
        self._entries.append(entry)

    def between(self, since: int | None, until: int | None) -> list[T]:
        """Return the values from `since` (included) to `until` (not included), oldest first."""
        low = 0 if since is None else bisect_left(self._entries, since, key=self._time_of)
        high = len(self._entries) if until is None else bisect_left(self._entries, until, key=self._time_of)
        return self._entries[low:high]

    def newest(self, count: int) -> list[T]:
        """Return the last `count` values, oldest first."""
        return self._entries[-count:]

    def forget_before(self, moment: int) -> None:
        """Drop what is older than `moment`."""
        del self._entries[: bisect_left(self._entries, moment, key=self._time_of)]
