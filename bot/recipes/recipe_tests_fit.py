"""Recipe tests against the library: does the recipe load, do the series' names, values and labels fit the feeds?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.model.errors import Diagnostic, Severity
from bot.model.names import FeedName
from bot.model.series import SeriesKind
from bot.model.settings import FeedSpec, Settings
from bot.recipes.check import Check
from bot.recipes.library import CompiledRecipe, Library, metrics_of
from bot.recipes.outcome import Outcome
from bot.recipes.recipe_tests import RecipeTest, RecipeTestFile, WrittenSeries
from bot.recipes.recipe_tests_notation import Run, Slot
from bot.recipes.suggest import suggest
from bot.recipes.tree import Document
from bot.rules.catalog import Ambiguous, Metric, Scope, find_metric, nearest_metric


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSeries:
    """What a test gives of one feed: one series, or one for each set of labels."""

    spec: FeedSpec
    parts: tuple[WrittenSeries, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedTest:
    """A test that can be played; feeds that a rule reads and the test does not give have no data."""

    test: RecipeTest
    recipe: CompiledRecipe
    feeds: Mapping[FeedName, FeedSeries]


class Fitter:
    """Fits tests to one library whose settings could be read."""

    def __init__(self, library: Library, settings: Settings) -> None:
        self._recipes = {compiled.recipe.id: compiled for compiled in library.recipes}
        self._specs = {spec.name: spec for spec in settings.feeds}
        self._metrics = metrics_of(settings.feeds)
        self._names: dict[tuple[tuple[FeedName, ...], str], Metric | Ambiguous | None] = {}

    def fit(self, file: RecipeTestFile) -> tuple[Outcome[FittedTest], ...]:
        """Fit each test of a file, in order; what is wrong with it comes with it."""
        return tuple(self._fit(file.document, test) for test in file.tests)

    def _fit(self, document: Document, test: RecipeTest) -> Outcome[FittedTest]:
        recipe = self._recipes.get(test.recipe)
        if recipe is None:
            return Outcome(value=None, faults=(self._no_recipe(document, test),))
        scope = Scope(watched=recipe.recipe.watch_feeds, metrics=self._metrics)
        parts: dict[FeedName, list[WrittenSeries]] = {}
        faults: list[Diagnostic] = []
        for series in test.series:
            metric = self._metric(series.name, scope)
            if isinstance(metric, Metric):
                faults += _misfits(document, series, self._specs[metric.name])
                parts.setdefault(metric.name, []).append(series)
            else:
                faults.append(_no_feed(document, series, metric, scope))
        faults += _twice(document, parts)
        if not any(fault.severity is Severity.ERROR for fault in faults):
            faults += _unread(document, test, recipe, parts)
        feeds = {name: FeedSeries(spec=self._specs[name], parts=tuple(each)) for name, each in parts.items()}
        is_wrong = any(fault.severity is Severity.ERROR for fault in faults)
        value = None if is_wrong else FittedTest(test=test, recipe=recipe, feeds=feeds)
        return Outcome(value=value, faults=tuple(faults))

    def _metric(self, name: str, scope: Scope) -> Metric | Ambiguous | None:
        key = (scope.watched, name)
        if key not in self._names:
            self._names[key] = find_metric(name, scope)
        return self._names[key]

    def _no_recipe(self, document: Document, test: RecipeTest) -> Diagnostic:
        own = (*test.way, "recipe")
        place = document.place(own if document.node(own) is not None else ("recipe",))
        hint = suggest(test.recipe, list(self._recipes)) or "run `pow lint`"
        return document.fault(Check.TEST_MISFIT, place, f"no recipe `{test.recipe}` could be loaded", hint=hint)


def _no_feed(document: Document, series: WrittenSeries, found: Ambiguous | None, scope: Scope) -> Diagnostic:
    place = document.key(series.way if isinstance(series.way[-1], str) else series.way[:-1])
    if isinstance(found, Ambiguous):
        message = f"`{series.name}` may mean {' or '.join(found.names)}"
        return document.fault(Check.TEST_MISFIT, place, message, hint="write the whole name")
    message = f"no feed `{series.name}` that rules can read"
    return document.fault(Check.TEST_MISFIT, place, message, hint=nearest_metric(series.name, scope))


def _misfits(document: Document, series: WrittenSeries, spec: FeedSpec) -> Iterator[Diagnostic]:
    """Check what a series holds against what its feed can hold; of the values the first misfit only."""
    where = (*series.way, "values")
    kinds = {run.of is not None for run in series.runs if run.slot is Slot.VALUE}
    is_ratio = spec.kind is SeriesKind.RATIO
    if (not is_ratio) in kinds:
        message = f"`{spec.name}` is {'a ratio' if is_ratio else 'no ratio'}"
        hint = "write numerator/denominator: 1/50" if is_ratio else f"write its values in {spec.unit.name}: 24x72"
        yield document.fault(Check.TEST_MISFIT, document.key(where), message, hint=hint)
    elif (value := _out_of_range(series.runs, spec)) is not None:
        message = f"{value:g} {spec.unit.name} is outside what `{spec.name}` can be, such a row is dropped"
        hint = "write nan for a row that holds no number"
        yield document.fault(Check.TEST_MISFIT, document.key(where), message, hint=hint)
    if set(series.labels) != set(spec.labels):
        listed = ", ".join(spec.labels) or "none"
        hint = f"its labels are: {listed}" if spec.labels else "leave `labels` out"
        yield document.fault(
            Check.TEST_MISFIT, document.key((*series.way, "labels")), f"`{spec.name}` has other labels", hint=hint
        )


def _out_of_range(runs: tuple[Run, ...], spec: FeedSpec) -> float | None:
    """Return the first value that the feed's range does not allow; a line is as far out as its ends."""
    for run in runs:
        if run.slot is Slot.VALUE and run.of != 0:
            for value in (run.first / (run.of or 1.0), run.last / (run.of or 1.0)):
                is_low = spec.min_value is not None and value < spec.min_value
                if is_low or (spec.max_value is not None and value > spec.max_value):
                    return value
    return None


def _twice(document: Document, parts: Mapping[FeedName, list[WrittenSeries]]) -> Iterator[Diagnostic]:
    for name, each in parts.items():
        seen: set[tuple[tuple[str, str], ...]] = set()
        for series in each:
            labels = tuple(sorted(series.labels.items()))
            if labels in seen:
                place = document.key(series.way)
                yield document.fault(
                    Check.TEST_MISFIT, place, f"`{name}` has this series twice", hint="keep one of the two"
                )
            seen.add(labels)


def _unread(
    document: Document, test: RecipeTest, recipe: CompiledRecipe, parts: Mapping[FeedName, list[WrittenSeries]]
) -> Iterator[Diagnostic]:
    """Warn of a series of the test's own that no rule of the recipe reads."""
    read = {feed for rule in (recipe.bottleneck, *recipe.looking) for feed in rule.feeds}
    for name, each in parts.items():
        if name not in read and each[0].way[:2] == test.way:
            message = f"no rule of {test.recipe} reads `{name}`"
            place = document.key((*test.way, "series", each[0].name))
            yield document.fault(Check.TEST_MISFIT, place, message, hint="leave it out", severity=Severity.WARNING)
