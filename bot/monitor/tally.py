"""The counts of a share by time, made ready once for all changes that ask for them (pure)."""

import math
from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime, timedelta
from operator import attrgetter

from bot.model.series import Sample
from bot.monitor.groups import Counts, is_countable

_AT = attrgetter("at")


class Tally:
    """What samples counted; those that are no counts tell only how far the feed goes. Their order does not matter."""

    __slots__ = ("_hits", "_seen", "_times", "_trials")

    def __init__(self, samples: Iterable[Sample]) -> None:
        ordered = sorted(samples, key=_AT)
        counted = list(filter(is_countable, ordered))
        self._seen = [sample.at for sample in ordered]
        self._times = [sample.at for sample in counted]
        self._hits = [sample.value for sample in counted]
        self._trials = [sample.of for sample in counted]

    def newest_before(self, moment: datetime) -> datetime | None:
        """Return the time of the last sample before a moment, whether it is a count or not."""
        place = bisect_left(self._seen, moment)
        return self._seen[place - 1] if place else None

    def of(self, start: datetime, end: datetime) -> Counts:
        """Return how many were hit of how many within `[start, end)`."""
        return self._sum(bisect_left(self._times, start), bisect_left(self._times, end))

    def windows(self, width: timedelta, count: int, now: datetime, *, since: datetime | None) -> list[Counts]:
        """Return the counts of at most so many separate windows back from `now`, the newest first.

        What was counted before `since` is left out, and so are the windows before which there is nothing.
        """
        first = 0 if since is None else bisect_left(self._times, since)
        end, found = bisect_left(self._times, now), list[Counts]()
        for back in range(1, count + 1):
            if end <= first:
                break
            start = max(bisect_left(self._times, now - width * back, 0, end), first)
            found.append(self._sum(start, end))
            end = start
        return found

    def _sum(self, start: int, end: int) -> Counts:
        return math.fsum(self._hits[start:end]), math.fsum(self._trials[start:end])
