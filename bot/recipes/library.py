"""All recipes and settings at one commit, compiled; a bad recipe is a diagnostic, and the others load."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from bot.model.errors import Diagnostic, Severity
from bot.model.names import FeedName, RecipeId
from bot.model.recipe import Recipe
from bot.model.settings import FeedShape, FeedSpec, Settings
from bot.recipes.check import Check
from bot.recipes.outcome import Outcome
from bot.recipes.recipe import RecipeFile, read_recipe
from bot.recipes.settings import load_settings
from bot.recipes.suggest import suggest
from bot.recipes.tree import Document, Place
from bot.rules.catalog import Metric, Scope
from bot.rules.compile import Rule, compile_rule
from bot.rules.source import Fault

FOLDER = "pow/"
SUFFIX = ".yml"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRecipe:
    """A recipe with its three rules checked against the feeds."""

    recipe: Recipe
    bottleneck: Rule
    success: Rule
    rollback: Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """What could be loaded; `settings` is None where they are broken, and then nothing may be done.

    Recipes are in order of their paths, diagnostics in order of place.
    """

    settings: Settings | None
    recipes: tuple[CompiledRecipe, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def has_error(self) -> bool:
        """Whether anything is wrong that is more than a warning."""
        return any(diagnostic.severity is Severity.ERROR for diagnostic in self.diagnostics)

    def find(self, recipe: RecipeId) -> CompiledRecipe | None:
        """Return a recipe by its id."""
        return next((compiled for compiled in self.recipes if compiled.recipe.id == recipe), None)


def load_library(files: Mapping[str, bytes], *, endpoints: Mapping[str, str]) -> Library:
    """Load everything below `pow/`: `files` by their path in the repository, other paths are passed over.

    `endpoints` are base URLs, by endpoint name, that the environment puts in place of those in targets.yml.
    """
    loaded = load_settings(files, endpoints=endpoints)
    recipe_files, recipe_faults = read_recipes(files)
    faults = [*loaded.diagnostics, *recipe_faults]
    recipes = []
    for file in recipe_files if loaded.feeds is not None else ():
        compiled = compile_recipe(file, loaded.feeds or ())
        faults += compiled.faults
        if compiled.value is not None:
            recipes.append(compiled.value)
    return Library(settings=loaded.settings, recipes=tuple(recipes), diagnostics=tuple(sorted(faults)))


def is_recipe_path(path: str) -> bool:
    """Tell whether a path is a recipe's: directly below `pow/`."""
    return path.startswith(FOLDER) and path.endswith(SUFFIX) and "/" not in path.removeprefix(FOLDER)


def read_recipes(files: Mapping[str, bytes]) -> tuple[tuple[RecipeFile, ...], tuple[Diagnostic, ...]]:
    """Read every recipe file, rules still as text; an id that several files claim loads from none of them."""
    by_id: defaultdict[RecipeId, list[RecipeFile]] = defaultdict(list)
    faults: list[Diagnostic] = []
    for path in sorted(filter(is_recipe_path, files)):
        read = read_recipe(path, files[path])
        if isinstance(read, RecipeFile):
            by_id[read.recipe.id].append(read)
        else:
            faults += read
    for claimants in by_id.values():
        faults += _duplicates(claimants)
    return tuple(claimants[0] for claimants in by_id.values() if len(claimants) == 1), tuple(faults)


def compile_recipe(file: RecipeFile, feeds: tuple[FeedSpec, ...]) -> Outcome[CompiledRecipe]:
    """Check a recipe's feeds and compile its rules; a process log that is not named is its programme's only one."""
    log = file.recipe.process_log or _only_log(file.recipe, feeds)
    recipe = replace(file.recipe, process_log=log)
    scope = Scope(watched=recipe.watch_feeds, metrics=metrics_of(feeds))
    bottleneck = compile_rule(recipe.bottleneck_rule, scope)
    success = compile_rule(recipe.success_metric, scope)
    rollback = compile_rule(recipe.rollback_on, scope)
    faults = tuple(_feed_faults(file, feeds))
    if isinstance(bottleneck, Rule) and isinstance(success, Rule) and isinstance(rollback, Rule) and not faults:
        compiled = CompiledRecipe(recipe=recipe, bottleneck=bottleneck, success=success, rollback=rollback)
        return Outcome(value=compiled)
    rules = {"bottleneck_rule": bottleneck, "success_metric": success, "rollback_on": rollback}
    return Outcome(value=None, faults=(*faults, *_rule_faults(file.document, rules)))


def metrics_of(feeds: tuple[FeedSpec, ...]) -> tuple[Metric, ...]:
    """Return the feeds that rules may name."""
    return tuple(
        Metric(
            name=feed.name,
            unit=feed.unit,
            kind=feed.kind,
            window=feed.window,
            min_value=feed.min_value,
            max_value=feed.max_value,
        )
        for feed in feeds
        if feed.shape is FeedShape.METRIC
    )


def _only_log(recipe: Recipe, feeds: tuple[FeedSpec, ...]) -> FeedName | None:
    """Return the one feed of events in the programmes that a recipe watches; None for none or several."""
    programmes = {name.split(".")[1] for name in recipe.watch_feeds}
    logs = [feed.name for feed in feeds if feed.shape is FeedShape.EVENTS and feed.name.split(".")[1] in programmes]
    return logs[0] if len(logs) == 1 else None


def _duplicates(claimants: list[RecipeFile]) -> Iterator[Diagnostic]:
    if len(claimants) == 1:
        return
    for file in claimants:
        others = ", ".join(other.recipe.path for other in claimants if other is not file)
        message = f"the id {file.recipe.id} is also that of {others}"
        place = file.document.place(("id",))
        yield file.document.fault(Check.DUPLICATE_RECIPE, place, message, hint="give one of them another id")


def _feed_faults(file: RecipeFile, feeds: tuple[FeedSpec, ...]) -> Iterator[Diagnostic]:
    shapes = {feed.name: feed.shape for feed in feeds}
    document = file.document
    for index, name in enumerate(file.recipe.watch_feeds):
        if name not in shapes:
            place = document.place(("watch_feeds", index))
            yield _unknown_feed(document, place, name, shapes)
    log = file.recipe.process_log
    if log is None:
        return
    place = document.place(("process_log",))
    if log not in shapes:
        yield _unknown_feed(document, place, log, shapes)
    elif shapes[log] is not FeedShape.EVENTS:
        message = f"`{log}` is a feed of {shapes[log]}, not of events"
        yield document.fault(Check.UNKNOWN_FEED, place, message, hint="name a feed of `shape: events`")


def _unknown_feed(
    document: Document, place: Place, name: FeedName, known: Mapping[FeedName, FeedShape]
) -> Diagnostic:
    message = f"no feed `{name}` in pow/settings/feeds.yml"
    return document.fault(Check.UNKNOWN_FEED, place, message, hint=suggest(name, list(known)))


def _rule_faults(document: Document, rules: Mapping[str, Rule | tuple[Fault, ...]]) -> Iterator[Diagnostic]:
    """Place every fault of a rule at its characters in the recipe's file."""
    for key, compiled in rules.items():
        for fault in compiled if isinstance(compiled, tuple) else ():
            place = document.inside((key,), fault.offset, fault.width)
            yield document.fault(fault.id, place, fault.message, hint=fault.hint)
