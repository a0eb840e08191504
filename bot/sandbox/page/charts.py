"""The passport office over virtual time, as series that a page draws; it reads the agency and changes nothing."""

from collections.abc import Callable, Iterator
from datetime import datetime
from statistics import fmean

from bot.model.json import Json
from bot.sandbox.agency.agency import HISTORY, Agency
from bot.sandbox.agency.office import HOUR, PassportOffice
from bot.sandbox.agency.records import SECONDS_PER_DAY
from bot.sandbox.town import START

_SPAN_DAYS = 40
_Measure = Callable[[PassportOffice, int], float | None]


def charts_of(agency: Agency) -> list[Json]:
    """Return three charts, their points as `[seconds since 1970, value]`, with the limits that the recipes set."""
    with agency.at_present() as present:
        now = int(present.timestamp())
        office = agency.office
        return [
            {
                "name": "Wait",
                "unit": "days",
                "what": "mean of the renewals closed in the last day",
                "digits": 1,
                "points": list(_points(office, now, _wait, every=6 * HOUR)),
                "limits": [
                    {"value": 20, "label": "a bottleneck above 20 days", "kind": "bad"},
                    {"value": 7, "label": "success below 7 days", "kind": "good"},
                ],
            },
            {
                "name": "Errors",
                "unit": "%",
                "what": "share of the photos decided in three hours",
                "digits": 1,
                "points": list(_points(office, now, _errors, every=2 * HOUR)),
                "limits": [{"value": 5, "label": "rolled back above 5 %", "kind": "bad"}],
            },
            {
                "name": "Complaints",
                "unit": "a day",
                "what": "received in the last day",
                "digits": 0,
                "points": list(_points(office, now, _complaints, every=6 * HOUR)),
                "limits": [],
            },
        ]


def _points(office: PassportOffice, now: int, measure: _Measure, *, every: int) -> Iterator[Json]:
    """Measure at every full span since there is a whole day to look back on, and now."""
    opening = int((START - HISTORY).timestamp()) + SECONDS_PER_DAY
    start = max(opening, now - _SPAN_DAYS * SECONDS_PER_DAY)
    first = start - start % every + every
    for moment in (*range(first, now, every), now):
        value = measure(office, moment)
        if value is not None:
            yield [moment, round(value, 3)]


def _wait(office: PassportOffice, moment: int) -> float | None:
    cases = office.closed.between(moment - SECONDS_PER_DAY, moment)
    return fmean(case.days for case in cases) if cases else None


def _errors(office: PassportOffice, moment: int) -> float | None:
    windows = office.windows.between(moment - 3 * HOUR, moment)
    requests = sum(window.requests for window in windows)
    return 100.0 * sum(window.errors for window in windows) / requests if requests else None


def _complaints(office: PassportOffice, moment: int) -> float:
    return float(len(office.complaints.between(moment - SECONDS_PER_DAY, moment)))


def seconds_of(moment: datetime) -> int:
    """Return a time as the charts count it."""
    return int(moment.timestamp())
