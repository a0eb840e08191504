"""The catalog that the rule cases name, and the compact notation of their samples."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from bot.model.names import FeedName
from bot.model.series import FailureKind, FeedFailure, Reading, Sample, Series, SeriesKind, Window
from bot.model.unit import UNITS, Unit, declared_unit
from bot.rules.catalog import Metric, Scope
from bot.rules.compile import Rule, compile_rule
from bot.rules.units import as_duration, find_unit

NOW = datetime(2026, 1, 5, tzinfo=UTC)
WATCHED = ("complaints.passport", "metrics.passport.wait_time")


def _unit(name: str) -> Unit:
    return UNITS.get(name) or declared_unit(name)


def _metric(
    name: str, unit: str, kind: str, window: timedelta, *labels: str, delay: timedelta = timedelta(0)
) -> Metric:
    return Metric(
        name=FeedName(name), unit=_unit(unit), kind=SeriesKind(kind), window=window, labels=labels, delay=delay
    )


CATALOG = (
    _metric("metrics.passport.wait_time", "days", "readings", timedelta(days=1)),
    _metric("metrics.passport.error_rate", "%", "ratio", timedelta(hours=1)),
    _metric("metrics.passport.queue", "count", "readings", timedelta(hours=1)),
    _metric("metrics.passport.fee", "usd", "readings", timedelta(days=1)),
    _metric("metrics.passport.blur", "px", "readings", timedelta(hours=1)),
    _metric("metrics.visa.wait_time", "hours", "readings", timedelta(days=1)),
    _metric("metrics.visa.error_rate", "ratio", "ratio", timedelta(hours=1)),
    _metric("metrics.visa.cost", "usd", "ratio", timedelta(days=1)),
    _metric("metrics.dmv.wait_minutes", "minutes", "readings", timedelta(days=1)),
    _metric("metrics.mail.latency", "milliseconds", "readings", timedelta(minutes=5)),
    _metric("metrics.mail.sorted_share", "%", "readings", timedelta(hours=1)),
    _metric("metrics.mail.pages", "pages", "readings", timedelta(days=1)),
    _metric("metrics.tax.backlog", "count", "readings", timedelta(days=1)),
    _metric("metrics.tax.calls", "count", "readings", timedelta(days=1)),
    _metric("metrics.dmv.calls", "count", "readings", timedelta(days=1)),
    _metric("metrics.broken.flow", "count", "readings", timedelta(0)),
    _metric("metrics.broken.lag", "count", "readings", timedelta(hours=1), delay=timedelta(days=-1)),
    _metric("metrics.permits.processing", "days", "readings", timedelta(days=1), "office"),
    _metric("metrics.permits.refusals", "%", "ratio", timedelta(hours=1), "office", "kind"),
    _metric("metrics.permits.filed", "count", "readings", timedelta(days=1), "office"),
    _metric("metrics.permits.revenue", "usd", "readings", timedelta(days=1)),
    _metric("metrics.permits.applications", "count", "readings", timedelta(days=1)),
    _metric("metrics.permits.issued", "permits", "readings", timedelta(hours=1)),
    _metric("metrics.permits.scan_time", "seconds", "readings", timedelta(minutes=5), delay=timedelta(minutes=10)),
    _metric("metrics.permits.scan_errors", "%", "ratio", timedelta(hours=1), delay=timedelta(minutes=30)),
    _metric(
        "metrics.permits.scan_queue", "count", "readings", timedelta(hours=1), "office", delay=timedelta(hours=1)
    ),
)


def scope(watched: tuple[str, ...] = WATCHED) -> Scope:
    return Scope(watched=tuple(FeedName(feed) for feed in watched), metrics=CATALOG)


def compiled(text: str, watched: tuple[str, ...] = WATCHED) -> Rule:
    rule = compile_rule(text, scope(watched))
    assert isinstance(rule, Rule), rule
    return rule


def duration(text: str) -> timedelta:
    match = re.fullmatch(r"([\d.]+)_?(\w+)", text)
    assert match, text
    unit = find_unit(match[2])
    found = as_duration(float(match[1]), unit) if unit else None
    assert found, text
    return found


def samples(text: str) -> tuple[Sample, ...]:
    """Read `6h: 1 2x3 _ 5/100 nan @ 2d`: samples six hours apart, the last of them six hours before `NOW - 2d`.

    `north, east | 6h: 1` gives them label values.
    """
    group, bar, plain = text.rpartition("|")
    labels = tuple(value.strip() for value in group.split(",")) if bar else ()
    head, _, tail = plain.partition(":")
    body, _, shift = tail.partition("@")
    values: list[str] = []
    for word in body.split():
        value, _, repeat = word.partition("x")
        values += [value] * int(repeat or 1)
    step = duration(head.strip())
    end = NOW - duration(shift.strip()) if shift else NOW
    return tuple(
        _sample(value, end - step * (len(values) - place), labels)
        for place, value in enumerate(values)
        if value != "_"
    )


def reading(metric: Metric, text: str) -> Reading:
    """Read a series; `fails: REASON` is a feed that could not be read."""
    if text.startswith("fails:"):
        message = text.removeprefix("fails:").strip()
        return FeedFailure(feed=metric.name, kind=FailureKind.TIMEOUT, message=message)
    found = tuple(sample for part in text.split(";") for sample in samples(part)) if text else ()
    return series(metric, found)


def series(metric: Metric, found: tuple[Sample, ...]) -> Series:
    return Series(
        feed=metric.name,
        unit=metric.unit,
        kind=metric.kind,
        window=metric.window,
        span=Window(start=NOW - timedelta(days=60), end=NOW),
        samples=found,
        labels=metric.labels,
    )


def readings(data: Mapping[str, str]) -> dict[FeedName, Reading]:
    """Read several series by name; a short name is the passport programme's."""
    by_name = {metric.name: metric for metric in CATALOG}
    found = {}
    for name, text in data.items():
        metric = next(
            by_name[FeedName(full)]
            for full in (name, f"metrics.passport.{name}", f"metrics.permits.{name}")
            if FeedName(full) in by_name
        )
        found[metric.name] = reading(metric, text)
    return found


def _sample(value: str, at: datetime, labels: tuple[str, ...]) -> Sample:
    numerator, _, denominator = value.partition("/")
    return Sample(at=at, value=float(numerator), of=float(denominator or 1), labels=labels)
