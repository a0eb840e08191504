"""The primary rate limit: so many requests an hour for each token, by the forge's own clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model.clock import Clock

WINDOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How much of a token's hour is used up, and when the hour ends."""

    limit: int
    used: int
    reset: datetime

    @property
    def remaining(self) -> int:
        """Return how many requests are left."""
        return max(0, self.limit - self.used)


class Quota:
    """Counts requests by token; set `limit` low to test what a client does at the end of its hour."""

    def __init__(self, clock: Clock, limit: int = 5_000) -> None:
        self.limit = limit
        self._clock = clock
        self._windows: dict[str, tuple[datetime, int]] = {}

    def usage(self, token: str) -> Usage:
        """Return a token's use in its present hour."""
        now = self._clock.now()
        start, used = self._windows.get(token, (now, 0))
        if not start <= now < start + WINDOW:
            start, used = now, 0
        return Usage(limit=self.limit, used=used, reset=start + WINDOW)

    def spend(self, token: str) -> None:
        """Count one request."""
        usage = self.usage(token)
        self._windows[token] = (usage.reset - WINDOW, usage.used + 1)
