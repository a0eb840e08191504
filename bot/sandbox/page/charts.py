"""The passport office over virtual time, as series that a page draws; it reads the agency and changes nothing."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean

from bot.model.json import Json
from bot.sandbox.agency.agency import HISTORY, Agency
from bot.sandbox.agency.office import HOUR, PassportOffice
from bot.sandbox.agency.records import SECONDS_PER_DAY
from bot.sandbox.town import START

_DAYS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limit:
    """A level that a recipe's rule names; beyond it is `bad`, or below it `good`."""

    value: float
    label: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chart:
    """One figure of the office: how it is measured at a moment, and how often."""

    name: str
    unit: str
    what: str
    digits: int
    every: int
    measure: Callable[[PassportOffice, int], float | None]
    limits: tuple[_Limit, ...] = ()


def _wait(office: PassportOffice, moment: int) -> float | None:
    cases = office.closed.between(moment - SECONDS_PER_DAY, moment + 1)
    return fmean(case.days for case in cases) if cases else None


def _errors(office: PassportOffice, moment: int) -> float | None:
    return _error_share(office, moment, span=3 * HOUR)


def _error_share(office: PassportOffice, moment: int, *, span: int) -> float | None:
    windows = office.windows.between(moment - span, moment)
    requests = sum(window.requests for window in windows)
    return 100.0 * sum(window.errors for window in windows) / requests if requests else None


def _complaints(office: PassportOffice, moment: int) -> float:
    return float(len(office.complaints.between(moment - SECONDS_PER_DAY, moment + 1)))


_CHARTS = (
    _Chart(
        name="Wait",
        unit="days",
        what="mean of the renewals closed in the last day",
        digits=1,
        every=6 * HOUR,
        measure=_wait,
        limits=(
            _Limit(value=20, label="a bottleneck above 20 days", kind="bad"),
            _Limit(value=7, label="success below 7 days", kind="good"),
        ),
    ),
    _Chart(
        name="Errors",
        unit="%",
        what="share of the photos decided in three hours",
        digits=1,
        every=2 * HOUR,
        measure=_errors,
        limits=(_Limit(value=5, label="rolled back above 5 %", kind="bad"),),
    ),
    _Chart(
        name="Complaints",
        unit="a day",
        what="received in the last day",
        digits=0,
        every=6 * HOUR,
        measure=_complaints,
    ),
)


class Charts:
    """The office's figures over time; what is past is measured once."""

    def __init__(self, agency: Agency) -> None:
        self._agency = agency
        self._past: dict[tuple[str, int], float | None] = {}

    def charts(self) -> list[Json]:
        """Return every chart, its points as `[seconds since 1970, value]` with the newest at the present."""
        with self._agency.at_present() as present:
            now = int(present.timestamp())
            return [self._chart(chart, now) for chart in _CHARTS]

    def gauges(self) -> Mapping[str, Json]:
        """Return the figures of the last day (errors: of the last hour) and what is live."""
        with self._agency.at_present() as present:
            now, office = int(present.timestamp()), self._agency.office
            return {
                "wait_days": _wait(office, now),
                "error_percent": _error_share(office, now, span=HOUR),
                "complaints": _complaints(office, now),
                "blur_limit": self._agency.management.service("PHOTO_VALIDATOR").config["max_blur_px"],
            }

    def _chart(self, chart: _Chart, now: int) -> Json:
        limits: list[Json] = [{"value": each.value, "label": each.label, "kind": each.kind} for each in chart.limits]
        return {
            "name": chart.name,
            "unit": chart.unit,
            "what": chart.what,
            "digits": chart.digits,
            "points": list(self._points(chart, now)),
            "limits": limits,
        }

    def _points(self, chart: _Chart, now: int) -> Iterator[Json]:
        """Measure at every full span since there is a whole day to look back on, and now."""
        opening = int((START - HISTORY).timestamp()) + SECONDS_PER_DAY
        start = max(opening, now - _DAYS * SECONDS_PER_DAY)
        for moment in range(start - start % chart.every + chart.every, now, chart.every):
            key = (chart.name, moment)
            if key not in self._past:
                self._past[key] = chart.measure(self._agency.office, moment)
            yield from _point(moment, self._past[key])
        yield from _point(now, chart.measure(self._agency.office, now))


def _point(moment: int, value: float | None) -> Iterator[Json]:
    if value is not None:
        yield [moment, round(value, 3)]
