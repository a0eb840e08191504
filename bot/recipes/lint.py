"""`pow lint`: everything that is wrong or doubtful in `pow/` and `patches/`, each file alone and against the others.

It looks at files only: what is live, measured or open on the forge plays no part.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from bot.model.errors import Diagnostic, Severity
from bot.model.names import RecipeId, ServiceName
from bot.model.settings import GovernanceMode, Policy
from bot.recipes.check import Check
from bot.recipes.crosscheck import DesiredState, patch_faults, policy_faults, range_faults
from bot.recipes.desired import (
    EVIDENCE,
    JOURNEYS,
    SERVICES,
    JourneyFile,
    ServiceFile,
    read_journey,
    read_service,
)
from bot.recipes.governance import FOLDER as GOVERNANCE
from bot.recipes.governance import governance_file_faults
from bot.recipes.governed import ungoverned
from bot.recipes.library import CompiledRecipe, RecipeCompiler, is_recipe_path, read_recipes
from bot.recipes.lints.against import against_faults
from bot.recipes.lints.censoring import censoring_faults
from bot.recipes.lints.computed import computed_faults
from bot.recipes.lints.foregone import foregone_faults
from bot.recipes.lints.people import people_faults
from bot.recipes.lints.ranges import Ranges
from bot.recipes.lints.samples import sample_faults
from bot.recipes.lints.silence import silence_faults, silenced
from bot.recipes.lints.subject import Subject
from bot.recipes.lints.untested import untested_faults
from bot.recipes.lints.windows import window_faults
from bot.recipes.outcome import Outcome
from bot.recipes.recipe import RecipeFile, read_recipe
from bot.recipes.recipe_tests_index import is_test_path, tested_recipes
from bot.recipes.schema import SchemaName, check_shape
from bot.recipes.settings import PATHS as SETTINGS
from bot.recipes.settings import LoadedSettings, load_settings
from bot.recipes.text import parse
from bot.recipes.tree import Document

TESTS = "pow/tests/"
_READ_BELOW = {SERVICES: ".yml", JOURNEYS: ".yml", GOVERNANCE: ".yml", EVIDENCE: ".json"}


Checked: TypeAlias = "tuple[RecipeId | None, tuple[Diagnostic, ...]]"
"""The id of a recipe that could be read, None for every other file; and what is wrong with the file."""
Spread: TypeAlias = Callable[[Callable[[Sequence[str]], list[Checked]], Sequence[str]], list[Checked]]
"""Does work on paths and returns what came of each, in their order: at once, or in parts beside each other."""


def at_once(work: Callable[[Sequence[str]], list[Checked]], paths: Sequence[str]) -> list[Checked]:
    """Do all work here and now."""
    return work(paths)


def lint(
    files: Mapping[str, bytes], *, endpoints: Mapping[str, str], spread: Spread = at_once
) -> tuple[Diagnostic, ...]:
    """Return every diagnostic on a repository's files (by path), in order of path and place, each once."""
    loaded = load_settings(files, endpoints=endpoints)
    desired, faults = _desired_state(files)
    found = [*loaded.diagnostics, *faults, *_evidence_faults(files), *governance_file_faults(files)]
    found += _unread_files(files)
    paths = sorted(path for path in files if is_recipe_path(path) or is_test_path(path))
    found += _of_all(files, paths, spread(Checker(files, loaded, desired).check, paths))
    if loaded.settings is not None:
        policy = loaded.settings.policy
        found += _desired_range_faults(desired, policy)
        found += ungoverned(files, policy.governance) if policy.governance is GovernanceMode.REQUIRED else ()
    return tuple(sorted(set(found)))


def _desired_state(files: Mapping[str, bytes]) -> tuple[DesiredState, tuple[Diagnostic, ...]]:
    services: dict[ServiceName, ServiceFile] = {}
    journeys: dict[str, JourneyFile] = {}
    faults: list[Diagnostic] = []
    for path in _below(files, SERVICES):
        service = read_service(path, files[path])
        if isinstance(service, ServiceFile):
            services[service.service] = service
        else:
            faults += service
    for path in _below(files, JOURNEYS):
        journey = read_journey(path, files[path])
        if isinstance(journey, JourneyFile):
            journeys[journey.journey] = journey
        else:
            faults += journey
    broken = frozenset(fault.path for fault in faults)
    return DesiredState(services=services, journeys=journeys, broken=broken), tuple(faults)


class Checker:
    """Checks recipes and their tests, one file by one: recipes against the settings and the desired state, too."""

    def __init__(self, files: Mapping[str, bytes], loaded: LoadedSettings, desired: DesiredState) -> None:
        self._files = files
        self._desired = desired
        self._settings = loaded.settings
        self._compiler = RecipeCompiler(loaded.feeds) if loaded.feeds is not None else None
        self._feeds = {feed.name: feed for feed in loaded.settings.feeds} if loaded.settings else {}
        self._ranges = Ranges(feeds=self._feeds)
        self._tested = tested_recipes(files)

    def check(self, paths: Sequence[str]) -> list[Checked]:
        """Return what is wrong with each file, and the id of each recipe that could be read."""
        return [self._check_test(path) if is_test_path(path) else self._check_recipe(path) for path in paths]

    def _check_test(self, path: str) -> Checked:
        """Check a file of tests alone; whether it fits the recipes is for `pow test` to say."""
        from bot.recipes.recipe_tests import read_test_file  # noqa: PLC0415 -- lint starts without it

        file = read_test_file(path, self._files[path])
        return None, file if isinstance(file, tuple) else ()

    def _check_recipe(self, path: str) -> Checked:
        """Check a recipe as far as it could be read: its rules only where they compiled."""
        file = read_recipe(path, self._files[path])
        if not isinstance(file, RecipeFile):
            document = parse(path, self._files[path])
            if isinstance(document, Document) and self._compiler is not None:
                return None, (*file, *self._compiler.rule_faults(document))
            return None, file
        nothing: Outcome[CompiledRecipe] = Outcome(value=None)
        compiled = self._compiler.compile(file) if self._compiler else nothing
        found = [*patch_faults(file, self._desired), *untested_faults(file, self._tested)]
        if self._settings is not None:
            found += self._against_policy(file, compiled.value, self._settings.policy)
        if file.recipe.silenced:
            idle = silence_faults(file, found, complete=self._settings is not None and compiled.value is not None)
            found = [*idle, *silenced(file.recipe, found)]
        return file.recipe.id, (*compiled.faults, *found)

    def _against_policy(
        self, file: RecipeFile, compiled: CompiledRecipe | None, policy: Policy
    ) -> Iterator[Diagnostic]:
        yield from policy_faults(file, policy)
        yield from computed_faults(file, self._desired, policy)
        if compiled is not None:
            subject = Subject(document=file.document, compiled=compiled, feeds=self._feeds)
            yield from lint_faults(subject, self._ranges)
            yield from people_faults(subject, policy)


def _of_all(files: Mapping[str, bytes], paths: Sequence[str], checked: list[Checked]) -> Iterator[Diagnostic]:
    """Yield the faults of all files; of recipes that share an id nothing but that."""
    claims = Counter(recipe for recipe, _ in checked if recipe is not None)
    several = [path for path, (recipe, _) in zip(paths, checked, strict=True) if recipe and claims[recipe] > 1]
    if several:
        yield from read_recipes({path: files[path] for path in several})[1]
    for recipe, faults in checked:
        if recipe is None or claims[recipe] == 1:
            yield from faults


def lint_faults(subject: Subject, ranges: Ranges) -> Iterator[Diagnostic]:
    """Yield all doubts about what the rules of one recipe mean; what it silences is among them."""
    # A rule whose answer is known beforehand agrees or disagrees with others for that reason alone.
    yield from list(foregone_faults(subject, ranges)) or against_faults(subject, ranges)
    yield from sample_faults(subject)
    yield from window_faults(subject)
    yield from censoring_faults(subject, ranges)


def _desired_range_faults(desired: DesiredState, policy: Policy) -> Iterator[Diagnostic]:
    for file in desired.services.values():
        for key, value in file.changes.items():
            if key in policy.ranges:
                yield from range_faults(file.document, ("changes", key), value, policy.ranges[key])


def _evidence_faults(files: Mapping[str, bytes]) -> Iterator[Diagnostic]:
    """Evidence is JSON, which the strict reader reads as well."""
    for path in _below(files, EVIDENCE):
        document = parse(path, files[path])
        if isinstance(document, Document):
            yield from check_shape(document, SchemaName.EVIDENCE)
        else:
            yield from document


def _unread_files(files: Mapping[str, bytes]) -> Iterator[Diagnostic]:
    """Warn of files that look as if they counted, such as a recipe with the ending .yaml."""
    hint = "recipes are pow/NAME.yml, settings pow/settings/{feeds,targets,policy}.yml"
    for path in sorted(files):
        if path.startswith(("pow/", "patches/")) and not _is_read(path) and not _is_quiet(path):
            yield _unread(path, "the bot does not read this file", hint)


def unread_fault(path: str) -> Diagnostic:
    """Warn of a symbolic link, or of something else that is no regular file, where a file would be read."""
    message = "the bot reads files only, and this is none: it may be a symbolic link"
    return _unread(path, message, "put the file itself here")


def _unread(path: str, message: str, hint: str) -> Diagnostic:
    check, doubt = Check.NOT_READ.value, Severity.WARNING
    return Diagnostic(path=path, line=1, column=1, id=check, message=message, hint=hint, severity=doubt)


def _is_read(path: str) -> bool:
    below = any(path.startswith(folder) and path.endswith(end) for folder, end in _READ_BELOW.items())
    return below or is_recipe_path(path) or path in SETTINGS or path.startswith(TESTS)


def _is_quiet(path: str) -> bool:
    """Notes for people and Git's own files need no warning."""
    name = path.rsplit("/", 1)[-1]
    return name.startswith(".git") or name.endswith((".md", ".rego"))


def _below(files: Mapping[str, bytes], folder: str) -> tuple[str, ...]:
    return tuple(sorted(path for path in files if path.startswith(folder) and path.endswith(_READ_BELOW[folder])))
