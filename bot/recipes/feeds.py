"""`pow/settings/feeds.yml` → feed specifications; which endpoints there are is checked by whoever knows them."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import assert_never

from bot.model.errors import Diagnostic
from bot.model.names import FeedName
from bot.model.series import SeriesKind
from bot.model.settings import Appearance, Columns, FeedShape, FeedSpec, SourceKind
from bot.model.unit import PLAIN_COUNT, PLAIN_RATIO, TIME, UNITS, Unit, declared_unit
from bot.recipes.check import Check
from bot.recipes.endpoints import is_safe_path
from bot.recipes.fields import Fields, fields_of
from bot.recipes.outcome import Outcome
from bot.recipes.suggest import suggest
from bot.recipes.tree import Document, Path
from bot.recipes.zones import is_time_zone
from bot.rules.parse import ANY, EVERY
from bot.rules.tokens import KEYWORDS
from bot.rules.units import is_taken

_DAY = timedelta(days=1)
_HISTORY = timedelta(days=30)
_TIMEOUT = timedelta(seconds=10)
_MAX_BYTES = 32 * 1024 * 1024
_UTC = "UTC"


def read_feeds(document: Document) -> Outcome[tuple[FeedSpec, ...]]:
    """Turn a document that fits its schema into feeds, in order of the file, or say what does not fit together."""
    whole = fields_of(document.value)
    feeds, names = whole.section("feeds"), whole.texts("units")
    units = {**UNITS, **{name: declared_unit(name) for name in names}}
    faults = (
        *_name_faults(document, names),
        *(fault for name in feeds.values for fault in _faults(document, ("feeds", name), feeds.section(name), units)),
    )
    if faults:
        return Outcome(value=None, faults=faults)
    return Outcome(value=tuple(_feed(FeedName(name), feeds.section(name), units) for name in feeds.values))


def _name_faults(document: Document, names: tuple[str, ...]) -> Iterator[Diagnostic]:
    """Refuse units whose names mean something in a rule already."""
    for index, name in enumerate(names):
        if is_taken(name) or name in KEYWORDS:
            message = f"`{name}` means something in a rule already"
            yield document.fault(
                Check.FEED, document.place(("units", index)), message, hint="give the unit another name"
            )


def _feed(name: FeedName, fields: Fields, units: Mapping[str, Unit]) -> FeedSpec:
    columns = fields.section("columns")
    hand_over = fields.section("hand_over")
    return FeedSpec(
        name=name,
        shape=_shape(fields),
        source=SourceKind(fields.text("source")),
        path=fields.text("path"),
        unit=_unit(fields, units) or PLAIN_COUNT,
        kind=SeriesKind.RATIO if columns.has("of") else SeriesKind.READINGS,
        window=fields.duration("window", _DAY),
        columns=Columns(**{key: columns.text(key) for key in columns.values}),
        endpoint=fields.text("endpoint"),
        rows=fields.text("rows"),
        history=fields.duration("history", _HISTORY),
        timeout=fields.duration("timeout", _TIMEOUT),
        max_bytes=fields.integer("max_bytes", _MAX_BYTES),
        min_value=fields.number("min_value"),
        max_value=fields.number("max_value"),
        time_format=fields.text("time_format"),
        time_zone=fields.text("time_zone", _UTC),
        where={key: fields.section("where").text(key) for key in fields.section("where").values},
        hand_over=(hand_over.text("source"), hand_over.text("target")) if fields.has("hand_over") else None,
        labels={key: fields.section("labels").text(key) for key in fields.section("labels").values},
        query=fields.text("query"),
        keeps=fields.duration("keeps", _DAY) if fields.has("keeps") else None,
        delay=fields.duration("delay", timedelta(0)),
        people=fields.flag("people", default=False),
        open_cases=fields.flag("open_cases", default=False),
        appearance=Appearance(fields.text("kind")) if fields.has("kind") else None,
    )


def _shape(fields: Fields) -> FeedShape:
    return FeedShape(fields.text("shape", FeedShape.METRIC))


def _unit(fields: Fields, units: Mapping[str, Unit]) -> Unit | None:
    """Return the unit of a metric; a ratio has one of itself."""
    default = PLAIN_RATIO if fields.section("columns").has("of") else None
    return units[fields.text("unit")] if fields.has("unit") else default


def _faults(document: Document, path: Path, fields: Fields, units: Mapping[str, Unit]) -> Iterator[Diagnostic]:
    yield from _path_faults(document, path, fields)
    yield from _query_faults(document, path, fields)
    yield from _zone_faults(document, path, fields)
    yield from _label_faults(document, path, fields)
    yield from _people_faults(document, path, fields)
    if fields.has("unit") and fields.text("unit") not in units:
        yield _unknown_unit(document, path, fields.text("unit"), units)
        return
    shape = _shape(fields)
    match shape:
        case FeedShape.METRIC:
            yield from _metric_faults(document, path, fields, _unit(fields, units))
        case FeedShape.COMPLAINTS:
            yield from _column_faults(document, path, fields, "topic")
        case FeedShape.EVENTS:
            yield from _event_faults(document, path, fields)
        case _:
            assert_never(shape)


def _path_faults(document: Document, path: Path, fields: Fields) -> Iterator[Diagnostic]:
    text = fields.text("path")
    is_web = fields.text("source") in {SourceKind.HTTP_JSON, SourceKind.PROMETHEUS}
    if not is_safe_path(text):
        place = document.place((*path, "path"))
        yield document.fault(Check.FEED, place, f"path `{text}` leads out of its endpoint", hint="write a plain path")
    elif text.startswith("/") != is_web:
        place = document.place((*path, "path"))
        hint = "begin it with /" if is_web else "write it without the first /, from the folder of its endpoint"
        yield document.fault(Check.FEED, place, f"path `{text}` does not fit its source", hint=hint)


def _query_faults(document: Document, path: Path, fields: Fields) -> Iterator[Diagnostic]:
    """Some sources are asked by a query, all others are not."""
    source = fields.text("source")
    if source in {SourceKind.SQL, SourceKind.PROMETHEUS} and not fields.has("query"):
        example = "PromQL" if source == SourceKind.PROMETHEUS else "SELECT"
        message, hint = f"`{path[-1]}` does not say what is asked", f"add `query:` with the {example}"
        yield document.fault(Check.FEED, document.key(path), message, hint=hint)
    elif source not in {SourceKind.SQL, SourceKind.PROMETHEUS} and fields.has("query"):
        message, hint = f"a source of `{source}` takes no query", "leave `query` out; `where` keeps some rows"
        yield document.fault(Check.FEED, document.key((*path, "query")), message, hint=hint)


def _unknown_unit(document: Document, path: Path, text: str, units: Mapping[str, Unit]) -> Diagnostic:
    hint = f"{suggest(text, list(units))}; units of your own stand in the list `units` at the top of the file"
    return document.fault(Check.FEED, document.place((*path, "unit")), f"no unit `{text}`", hint=hint)


def _label_faults(document: Document, path: Path, fields: Fields) -> Iterator[Diagnostic]:
    """Labels are fields of a row that is measured; the waiting of a hand-over is made of several rows."""
    if not fields.has("labels"):
        return
    if _shape(fields) is not FeedShape.METRIC or fields.has("hand_over"):
        message = f"`{path[-1]}` cannot have labels: its values are not single rows"
        hint = "leave `labels` out"
        yield document.fault(Check.FEED, document.key((*path, "labels")), message, hint=hint)
    for name in fields.section("labels").values:
        if name in {*KEYWORDS, ANY, EVERY}:
            place = document.key((*path, "labels", name))
            message = f"`{name}` means something in a rule already"
            yield document.fault(Check.FEED, place, message, hint="give the label another name")


def _people_faults(document: Document, path: Path, fields: Fields) -> Iterator[Diagnostic]:
    """A log's cases are counted anyway, and complaints are not the people affected."""
    if fields.flag("people", default=False) and _shape(fields) is not FeedShape.METRIC:
        message = f"`{path[-1]}` is no metric, and only a metric's rows can be declared to be people"
        yield document.fault(Check.FEED, document.key((*path, "people")), message, hint="leave `people` out")


def _metric_faults(document: Document, path: Path, fields: Fields, unit: Unit | None) -> Iterator[Diagnostic]:
    columns = fields.section("columns")
    is_span = fields.has("hand_over") or (not columns.has("value") and (columns.has("start") or columns.has("end")))
    if fields.has("hand_over"):
        yield from _event_faults(document, path, fields)
    elif is_span:
        yield from _column_faults(document, path, fields, "start", "end")
    elif unit != PLAIN_COUNT:  # without a value each row counts as one
        yield from _column_faults(document, path, fields, "value")
    if fields.flag("open_cases", default=False):
        yield from _open_case_faults(document, path, fields)
    yield from _unit_faults(document, path, unit, is_span=is_span, is_ratio=columns.has("of"))
    yield from _range_faults(document, path, fields)


def _open_case_faults(document: Document, path: Path, fields: Fields) -> Iterator[Diagnostic]:
    """A case that is open has a beginning and no end yet: nothing else can date or measure it."""
    columns = fields.section("columns")
    is_plain = not columns.has("value") and not fields.has("hand_over")
    if not is_plain or not columns.has("start") or columns.text("at", columns.text("start")) != columns.text("start"):
        message = f"`{path[-1]}` has open cases, which are dated by their `start` and measured to their `end`"
        hint = "write `columns: {start: opened_at, end: closed_at}`, or leave `open_cases` out"
        yield document.fault(Check.FEED, document.key((*path, "open_cases")), message, hint=hint)


def _unit_faults(
    document: Document, path: Path, unit: Unit | None, *, is_span: bool, is_ratio: bool
) -> Iterator[Diagnostic]:
    if unit is None:
        hint = "add `unit:` such as days or %"
        yield document.fault(Check.FEED, document.key(path), f"`{path[-1]}` has no unit", hint=hint)
    elif is_ratio and unit != PLAIN_RATIO:
        place = document.place((*path, "unit"))
        yield document.fault(Check.FEED, place, "a value divided by `of` is a ratio", hint="leave `unit` out")
    elif is_span and unit.dimension != TIME:
        place = document.place((*path, "unit"))
        message = f"`{path[-1]}` measures a span of time, in {unit.name}"
        yield document.fault(Check.FEED, place, message, hint="write a unit of time: days")


def _event_faults(document: Document, path: Path, fields: Fields) -> Iterator[Diagnostic]:
    done = "at" if fields.section("columns").has("at") else "end"
    yield from _column_faults(document, path, fields, "case", "activity", done)


def _zone_faults(document: Document, path: Path, fields: Fields) -> Iterator[Diagnostic]:
    zone = fields.text("time_zone", _UTC)
    if not is_time_zone(zone):
        place = document.place((*path, "time_zone"))
        hint = "write a name such as America/New_York"
        yield document.fault(Check.FEED, place, f"no time zone `{zone}`", hint=hint)


def _range_faults(document: Document, path: Path, fields: Fields) -> Iterator[Diagnostic]:
    low, high = fields.number("min_value"), fields.number("max_value")
    if low is not None and high is not None and low > high:
        place = document.place((*path, "min_value"))
        yield document.fault(Check.FEED, place, f"min_value {low:g} is above max_value {high:g}", hint="swap them")


def _column_faults(document: Document, path: Path, fields: Fields, *wanted: str) -> Iterator[Diagnostic]:
    columns = fields.section("columns")
    for name in wanted:
        if not columns.has(name):
            message = f"`{path[-1]}` does not say which field is its `{name}`"
            yield document.fault(
                Check.FEED, document.key((*path, "columns")), message, hint=f"add `{name}:` to `columns`"
            )
