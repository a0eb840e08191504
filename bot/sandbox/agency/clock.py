"""Virtual time: a clock that moves only when told to. It knows nothing of what happens meanwhile."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class VirtualClock:
    """A clock that stands still until it is advanced; whoever watches it is told after each move."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError(f"a virtual clock starts at an aware time, not at {start.isoformat()}")
        self._now = start.astimezone(UTC)
        self._watchers: list[Callable[[datetime], None]] = []

    def now(self) -> datetime:
        """Return the present as an aware UTC time."""
        return self._now

    def advance(self, span: timedelta) -> datetime:
        """Move the present forward by `span`, tell the watchers, and return the new present."""
        if span < timedelta():
            raise ValueError(f"time does not run backwards: {span}")
        self._now += span
        for watcher in self._watchers:
            watcher(self._now)
        return self._now

    def watch(self, watcher: Callable[[datetime], None]) -> None:
        """Call `watcher` with the new present after every advance."""
        self._watchers.append(watcher)
