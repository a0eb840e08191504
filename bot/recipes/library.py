"""All recipes and settings at one commit, compiled; a bad recipe is a diagnostic, and the others load."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bot.model.errors import Diagnostic, Severity
from bot.model.names import FeedName, RecipeId
from bot.model.recipe import ROLLBACK, SUCCESS, Guard, NoData, Recipe
from bot.model.settings import Appearance, FeedShape, FeedSpec, Settings
from bot.recipes.check import Check
from bot.recipes.outcome import Outcome
from bot.recipes.proof import success_test_faults, test_faults
from bot.recipes.recipe import RecipeFile, guards_at, read_recipe
from bot.recipes.settings import load_settings
from bot.recipes.suggest import suggest
from bot.recipes.tree import Document, Path, Place
from bot.rules.catalog import Metric, programme_of
from bot.rules.compile import Rule
from bot.rules.functions import PERCENT_OF
from bot.rules.quick import RuleCompiler
from bot.rules.source import MAX_LENGTH, Fault
from bot.rules.typed import reductions

FOLDER = "pow/"
SUFFIX = ".yml"
_MEANS = {NoData.OK: Appearance.SPARSE, NoData.BREACH: Appearance.CONTINUOUS}


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledGuard:
    """A rule that watches a change for harm, checked against the feeds."""

    guard: Guard
    rule: Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRecipe:
    """A recipe with its rules checked against the feeds; `guards` are those beside its own three.

    `clear` says when the bottleneck is gone, where the recipe has a rule for that.
    """

    recipe: Recipe
    bottleneck: Rule
    success: Rule
    rollback: Rule
    guards: tuple[CompiledGuard, ...] = ()
    clear: Rule | None = None
    _watching: list[CompiledGuard] = field(default_factory=list, init=False, repr=False, compare=False)
    _ripe: dict[str, timedelta] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def watching(self) -> Sequence[CompiledGuard]:
        """All rules that watch a change for harm, the recipe's own first; put together when first asked for."""
        if not self._watching:
            own = self.recipe.watch.guard(self.recipe.rollback_on)
            self._watching.extend((CompiledGuard(guard=own, rule=self.rollback), *self.guards))
        return self._watching

    @property
    def looking(self) -> tuple[Rule, ...]:
        """All rules that look at a change that is live: success first."""
        return (self.success, *(each.rule for each in self.watching))

    def guard_named(self, name: object) -> CompiledGuard:
        """Return a guard by its name, and the recipe's own rollback rule for every other name."""
        return next((each for each in self.guards if each.guard.name == name), self.watching[0])

    @property
    def ripe_after(self) -> Mapping[str, timedelta]:
        """How long after a change the first whole window of each rule that looks at it can be in, by their names."""
        if not self._ripe:
            rules = {SUCCESS: self.success, **{each.guard.name: each.rule for each in self.watching}}
            self._ripe.update({name: rule.widest + rule.delay for name, rule in rules.items()})
        return self._ripe


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """What could be loaded; `settings` is None where they are broken, and then nothing may be done.

    Recipes are in order of their paths, diagnostics in order of place. `files` are all recipes that could be read,
    with their places, whether their rules compiled or not. One that is not whole holds some of the recipes only.
    """

    settings: Settings | None
    recipes: tuple[CompiledRecipe, ...]
    diagnostics: tuple[Diagnostic, ...]
    files: tuple[RecipeFile, ...] = ()
    is_whole: bool = True

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
    if loaded.feeds is not None:
        compiler = RecipeCompiler(loaded.feeds)
        for file in recipe_files:
            compiled = compiler.compile(file)
            faults += compiled.faults
            if compiled.value is not None:
                recipes.append(compiled.value)
    return Library(
        settings=loaded.settings, recipes=tuple(recipes), diagnostics=tuple(sorted(faults)), files=recipe_files
    )


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
    """Compile one recipe; for many over the same feeds use one RecipeCompiler."""
    return RecipeCompiler(feeds).compile(file)


class RecipeCompiler:
    """Checks recipes against one set of feeds and compiles their rules; it remembers what their rules share."""

    def __init__(self, feeds: tuple[FeedSpec, ...]) -> None:
        self._shapes = {feed.name: feed.shape for feed in feeds}
        self._appearances = {feed.name: feed.appearance for feed in feeds}
        others = frozenset(feed.name for feed in feeds if feed.shape is not FeedShape.METRIC)
        self._rules = RuleCompiler(metrics_of(feeds), others=others)
        self._logs: defaultdict[str, list[FeedName]] = defaultdict(list)
        for feed in feeds:
            if feed.shape is FeedShape.EVENTS:
                self._logs[programme_of(feed.name)].append(feed.name)

    def compile(self, file: RecipeFile) -> Outcome[CompiledRecipe]:
        """Compile a recipe's rules; a process log that is not named is its programme's only one."""
        recipe, watched = file.recipe, file.recipe.watch_feeds
        log = recipe.process_log or self._only_log(watched)
        if log != recipe.process_log:
            recipe = replace(recipe, process_log=log)
        bottleneck = self._rules.compile(recipe.bottleneck_rule, watched, has_change=False)
        success = self._rules.compile(recipe.success_metric, watched)
        rollback = self._rules.compile(recipe.rollback_on, watched)
        guards, guard_faults = self._guards(file)
        clear, clear_faults = self._clear(file, bottleneck)
        faults = (*_feed_faults(file, self._shapes), *guard_faults, *clear_faults)
        own_rules = {"bottleneck_rule": bottleneck, "success_metric": success, "rollback_on": rollback}
        for key, rule in own_rules.items():
            faults += tuple(_open_case_faults(file.document, (key,), rule))
        if isinstance(rollback, Rule):
            own = recipe.watch.guard(recipe.rollback_on)
            faults += tuple(self._silence_faults(file.document, ("watch", "no_data"), own, rollback))
            faults += tuple(test_faults(file.document, ("rollback_test",), rollback, own.test))
        if isinstance(success, Rule):
            faults += tuple(success_test_faults(file.document, success, recipe.watch.success_test))
        if isinstance(bottleneck, Rule) and isinstance(success, Rule) and isinstance(rollback, Rule) and not faults:
            compiled = CompiledRecipe(
                recipe=recipe, bottleneck=bottleneck, success=success, rollback=rollback, guards=guards, clear=clear
            )
            return Outcome(value=compiled)
        rules = {"bottleneck_rule": bottleneck, "success_metric": success, "rollback_on": rollback}
        return Outcome(value=None, faults=(*faults, *_rule_faults(file.document, rules)))

    def _clear(
        self, file: RecipeFile, bottleneck: Rule | tuple[Fault, ...]
    ) -> tuple[Rule | None, tuple[Diagnostic, ...]]:
        """Compile the rule that says when the bottleneck is gone; it reads what the bottleneck rule reads."""
        if not file.recipe.clear_when:
            return None, ()
        document, path = file.document, ("clear_when",)
        rule = self._rules.compile(file.recipe.clear_when, file.recipe.watch_feeds, has_change=False)
        if not isinstance(rule, Rule):
            return None, tuple(_faults_inside(document, path, rule))
        faults = list(_open_case_faults(document, path, rule))
        if isinstance(bottleneck, Rule) and not set(rule.feeds) <= set(bottleneck.feeds):
            message, hint = "clear_when reads another feed than bottleneck_rule", "ask both of the same feeds"
            faults.append(document.fault(Check.CLEAR_WHEN, document.place(path), message, hint=hint))
        return rule, tuple(faults)

    def _guards(self, file: RecipeFile) -> tuple[tuple[CompiledGuard, ...], tuple[Diagnostic, ...]]:
        """Compile the rules that watch beside the recipe's own, and say what is wrong with them."""
        compiled: list[CompiledGuard] = []
        faults: list[Diagnostic] = []
        names = {SUCCESS, ROLLBACK}
        for guard, path in guards_at(file):
            rule = self._rules.compile(guard.rule, file.recipe.watch_feeds)
            if isinstance(rule, Rule):
                compiled.append(CompiledGuard(guard=guard, rule=rule))
                faults += _open_case_faults(file.document, path, rule)
                faults += test_faults(file.document, (*path[:2], "test"), rule, guard.test)
                faults += self._silence_faults(file.document, (*path[:2], "no_data"), guard, rule)
            else:
                faults += _faults_inside(file.document, path, rule)
            if guard.name in names:
                message, hint = f"another rule is called `{guard.name}`", "give it a `name` of its own"
                faults.append(file.document.fault(Check.GUARD_NAME, file.document.place(path), message, hint=hint))
            names.add(guard.name)
        return tuple(compiled), tuple(faults)

    def _silence_faults(self, document: Document, path: Path, guard: Guard, rule: Rule) -> Iterator[Diagnostic]:
        """Hold what no data is to mean against how the feeds' data comes: what is left open allows neither."""
        wanted = _MEANS.get(guard.no_data)
        for name in rule.feeds if wanted else ():
            if self._appearances[name] is not wanted:
                message = f"`no_data: {guard.no_data}` needs feeds that are {wanted}, and `{name}` is not said to be"
                hint = f"write `no_data: hold`, or `kind: {wanted}` at {name} in pow/settings/feeds.yml, if it is so"
                yield document.fault(Check.NO_DATA_POLICY, document.place(path), message, hint=hint)

    def rule_faults(self, document: Document) -> tuple[Diagnostic, ...]:
        """Check the rules of a recipe that does not fit its schema, as far as they are there."""
        values = document.value if isinstance(document.value, dict) else {}
        feeds = values.get("watch_feeds")
        watched = tuple(FeedName(name) for name in feeds if isinstance(name, str)) if isinstance(feeds, list) else ()
        rules = {
            key: self._rules.compile(text, watched, has_change=key != "bottleneck_rule")
            for key in ("bottleneck_rule", "success_metric", "rollback_on")
            if isinstance(text := values.get(key), str) and 0 < len(text) <= MAX_LENGTH
        }
        return tuple(_rule_faults(document, rules))

    def _only_log(self, watched: tuple[FeedName, ...]) -> FeedName | None:
        """Return the one feed of events in the programmes that a recipe watches; None for none or several."""
        programmes = {programme_of(name) for name in watched}
        logs = [log for programme in programmes for log in self._logs.get(programme, ())]
        return logs[0] if len(logs) == 1 else None


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
            labels=tuple(feed.labels),
            delay=feed.delay,
            open_cases=feed.open_cases,
        )
        for feed in feeds
        if feed.shape is FeedShape.METRIC
    )


def _duplicates(claimants: list[RecipeFile]) -> Iterator[Diagnostic]:
    if len(claimants) == 1:
        return
    for file in claimants:
        others = ", ".join(other.recipe.path for other in claimants if other is not file)
        message = f"the id {file.recipe.id} is also that of {others}"
        place = file.document.place(("id",))
        yield file.document.fault(Check.DUPLICATE_RECIPE, place, message, hint="give one of them another id")


def _feed_faults(file: RecipeFile, shapes: Mapping[FeedName, FeedShape]) -> Iterator[Diagnostic]:
    document = file.document
    for index, name in enumerate(file.recipe.watch_feeds):
        if name not in shapes:
            place = document.place(("watch_feeds", index))
            yield _unknown_feed(document, place, name, shapes)
    log, path = file.recipe.process_log, ("process_log",)
    if log is None:
        return
    if log not in shapes:
        yield _unknown_feed(document, document.place(path), log, shapes)
    elif shapes[log] is not FeedShape.EVENTS:
        message = f"`{log}` is a feed of {shapes[log]}, not of events"
        yield document.fault(Check.UNKNOWN_FEED, document.place(path), message, hint="name a feed of `shape: events`")


def _unknown_feed(
    document: Document, place: Place, name: FeedName, known: Mapping[FeedName, FeedShape]
) -> Diagnostic:
    message = f"no feed `{name}` in pow/settings/feeds.yml"
    return document.fault(Check.UNKNOWN_FEED, place, message, hint=suggest(name, list(known)))


def _rule_faults(document: Document, rules: Mapping[str, Rule | tuple[Fault, ...]]) -> Iterator[Diagnostic]:
    """Place every fault of a rule at its characters in the recipe's file."""
    for key, compiled in rules.items():
        if isinstance(compiled, tuple):
            yield from _faults_inside(document, (key,), compiled)


def _open_case_faults(document: Document, path: Path, rule: Rule | tuple[Fault, ...]) -> Iterator[Diagnostic]:
    """Refuse what is not defined on cases of which some have not ended: a mean, a sum, the largest."""
    for node in reductions(rule.tree.logic) if isinstance(rule, Rule) else ():
        name = node.function.name if node.function else "mean"
        if node.metric.open_cases and name not in {*PERCENT_OF, "count"}:
            message = f"`{node.metric.name}` has open cases, and `{node.text}` is not defined while they last"
            hint = "ask for median, for a percentile such as p90, or for count"
            yield document.fault(Check.OPEN_CASES, document.place(path), message, hint=hint)


def _faults_inside(document: Document, path: Path, faults: tuple[Fault, ...]) -> Iterator[Diagnostic]:
    for fault in faults:
        place = document.inside(path, fault.offset, fault.width)
        yield document.fault(fault.id, place, fault.message, hint=fault.hint)
