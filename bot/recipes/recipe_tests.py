"""A file of recipe tests (`pow/tests/NAME.yml`) → tests, defaults filled in; not whether they fit the recipes."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bot.model.clock import parse_time
from bot.model.errors import Diagnostic
from bot.model.names import RecipeId
from bot.model.verdict import RuleOutcome, VerdictKind
from bot.recipes.check import Check
from bot.recipes.duration import read_duration
from bot.recipes.fields import Fields, fields_of
from bot.recipes.recipe_tests_notation import MAX_VALUES, NotationFault, Run, read_runs
from bot.recipes.schema import SchemaName, check_shape
from bot.recipes.text import parse
from bot.recipes.tree import Document, Path
from bot.rules.units import LONGEST

START = datetime(2026, 1, 5, tzinfo=UTC)
LOOKS = timedelta(hours=1)
MAX_LOOKS = 20_000
"""Looks that a test may ask for."""

_MOMENT = re.compile(r"[0-9.]+[_ ]?[a-z]+")


class Happening(StrEnum):
    """What people and the bot do to a recipe's change."""

    MERGE = "merge"
    DEPLOY = "deploy"
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSeries:
    """A series as it is written: its name may be short; `way` is where it stands in the file."""

    name: str
    way: Path
    every: timedelta
    runs: tuple[Run, ...]
    labels: Mapping[str, str]

    @property
    def length(self) -> timedelta:
        """The time that its values take."""
        return self.every * sum(run.count for run in self.runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeEvent:
    """Something that happens at a time after the start."""

    at: timedelta
    happens: Happening


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What must be so at a time after the start; None and an empty tuple ask for nothing."""

    way: Path
    at: timedelta
    fires: bool | None = None
    proposes: bool | None = None
    redline: Mapping[str, str] | None = None
    bottleneck: RuleOutcome | None = None
    success: RuleOutcome | None = None
    rollback: RuleOutcome | None = None
    verdict: VerdictKind | None = None
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeTest:
    """One test; `fails_unexpected` says whether what no expectation names fails it."""

    name: str
    way: Path
    recipe: RecipeId
    start: datetime
    looks: timedelta
    fails_unexpected: bool
    series: tuple[WrittenSeries, ...]
    events: tuple[RecipeEvent, ...]
    expectations: tuple[Expectation, ...]

    @property
    def length(self) -> timedelta:
        """The time from the start to the last value, event or expectation."""
        lengths = [series.length for series in self.series]
        lengths += [event.at for event in self.events]
        return max(lengths + [expectation.at for expectation in self.expectations], default=timedelta(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeTestFile:
    """A file's tests with the document that they were read from."""

    document: Document
    tests: tuple[RecipeTest, ...]


def read_test_file(path: str, content: bytes) -> RecipeTestFile | tuple[Diagnostic, ...]:
    """Read one file's bytes, or return everything that is wrong with it."""
    document = parse(path, content)
    if not isinstance(document, Document):
        return document
    if faults := check_shape(document, SchemaName.RECIPE_TEST):
        return faults
    reader = _Reader(document=document, faults=[])
    tests = reader.tests()
    return tuple(sorted(reader.faults)) or RecipeTestFile(document=document, tests=tests)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Reads a document whose shape is right, and gathers what is wrong with its texts."""

    document: Document
    faults: list[Diagnostic]

    def tests(self) -> tuple[RecipeTest, ...]:
        top = fields_of(self.document.value)
        shared = self._series((), top)
        tests = (self._test(("tests", index), each, top, shared) for index, each in enumerate(top.sections("tests")))
        return tuple(test for test in tests if test is not None)

    def _test(
        self, way: Path, fields: Fields, top: Fields, shared: Mapping[str, tuple[WrittenSeries, ...]]
    ) -> RecipeTest | None:
        named = {**shared, **self._series(way, fields)}
        test = RecipeTest(
            name=fields.text("name"),
            way=way,
            recipe=RecipeId(fields.text("recipe") or top.text("recipe")),
            start=self._start(way, fields) or self._start((), top) or START,
            looks=fields.duration("looks", top.duration("looks", LOOKS)),
            fails_unexpected=(fields.text("unexpected") or top.text("unexpected", "fail")) == "fail",
            series=tuple(series for parts in named.values() for series in parts),
            events=tuple(sorted(map(_event, fields.sections("events")), key=lambda event: event.at)),
            expectations=_expectations(way, fields),
        )
        faults = tuple(self._test_faults(test))
        self.faults.extend(faults)
        return None if faults else test

    def _start(self, way: Path, fields: Fields) -> datetime | None:
        if not fields.has("start"):
            return None
        try:
            return parse_time(fields.text("start"))
        except ValueError:
            place = self.document.place((*way, "start"))
            message = f"there is no time {fields.text('start')}"
            hint = "write a time such as 2026-01-05T00:00:00Z"
            self.faults.append(self.document.fault(Check.VALUE, place, message, hint=hint))
            return None

    def _series(self, way: Path, fields: Fields) -> dict[str, tuple[WrittenSeries, ...]]:
        given = fields.section("series")
        found: dict[str, tuple[WrittenSeries, ...]] = {}
        for name, value in given.values.items():
            here: Path = (*way, "series", name)
            parts = given.sections(name)
            ways = [(*here, index) for index in range(len(parts))] if isinstance(value, list) else [here]
            found[name] = tuple(self._part(name, each, part) for each, part in zip(ways, parts, strict=True))
        return found

    def _part(self, name: str, way: Path, fields: Fields) -> WrittenSeries:
        runs: list[Run] = []
        for each in read_runs(str(fields.values["values"])):
            if isinstance(each, NotationFault):
                place = self.document.inside((*way, "values"), each.offset, each.width)
                self.faults.append(self.document.fault(Check.TEST_VALUES, place, each.message, hint=each.hint))
            else:
                runs.append(each)
        labels = fields.section("labels")
        return WrittenSeries(
            name=name,
            way=way,
            every=read_duration(fields.text("every")),
            runs=tuple(runs),
            labels={label: labels.text(label) for label in labels.values},
        )

    def _test_faults(self, test: RecipeTest) -> Iterator[Diagnostic]:
        for check, message, hint in _excesses(test):
            yield self.document.fault(check, self.document.key((*test.way, "name")), message, hint=hint)


def _excesses(test: RecipeTest) -> Iterator[tuple[Check, str, str]]:
    """Say what a test lacks or has too much of, each with a hint."""
    if not test.recipe:
        hint = "add `recipe:` to the test, or above `tests:` for all of the file"
        yield Check.MISSING_KEY, f"`{test.name}` names no recipe", hint
    values = sum(run.count for series in test.series for run in series.runs)
    if values > MAX_VALUES:
        message = f"`{test.name}` has {values:,} values, at most {MAX_VALUES:,} are played"
        yield Check.TEST_VALUES, message, "test a shorter time, or less often"
    if test.length > LONGEST:
        message = f"`{test.name}` takes {test.length.days:,} days, at most {LONGEST.days:,} are played"
        yield Check.TEST_VALUES, message, "test a shorter time"
    elif test.length > test.looks * MAX_LOOKS:
        message = f"`{test.name}` looks {test.length // test.looks:,} times, at most {MAX_LOOKS:,} are played"
        yield Check.TEST_VALUES, message, "write a longer time as `looks:`"


def _event(fields: Fields) -> RecipeEvent:
    return RecipeEvent(at=_moment(fields.text("at")), happens=Happening(fields.text("happens")))


def _expectations(way: Path, fields: Fields) -> tuple[Expectation, ...]:
    listed = enumerate(fields.sections("expect"))
    return tuple(_expectation((*way, "expect", index), each) for index, each in listed)


def _expectation(way: Path, fields: Fields) -> Expectation:
    redline = fields.section("redline")
    return Expectation(
        way=way,
        at=_moment(fields.text("at")),
        fires=fields.flag("fires", default=False) if fields.has("fires") else None,
        proposes=fields.flag("proposes", default=False) if fields.has("proposes") else None,
        redline={key: redline.text(key) for key in redline.values} if fields.has("redline") else None,
        bottleneck=_outcome(fields, "bottleneck"),
        success=_outcome(fields, "success"),
        rollback=_outcome(fields, "rollback"),
        verdict=VerdictKind(fields.text("verdict")) if fields.has("verdict") else None,
        because=fields.texts("because"),
    )


def _outcome(fields: Fields, key: str) -> RuleOutcome | None:
    return RuleOutcome(fields.text(key)) if fields.has(key) else None


def _moment(text: str) -> timedelta:
    return sum((read_duration(part) for part in _MOMENT.findall(text)), timedelta(0))
