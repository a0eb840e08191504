"""`pow lint`: everything that is wrong or doubtful in `pow/` and `patches/`, each file alone and against the others.

It looks at files only: what is live, measured or open on the forge plays no part.
"""

from collections.abc import Iterator, Mapping

from bot.model.errors import Diagnostic, Severity
from bot.model.names import ServiceName
from bot.model.settings import Policy
from bot.recipes.check import Check
from bot.recipes.crosscheck import DesiredState, patch_faults, policy_faults, range_faults, rule_faults
from bot.recipes.desired import (
    EVIDENCE,
    JOURNEYS,
    SERVICES,
    JourneyFile,
    ServiceFile,
    read_journey,
    read_service,
)
from bot.recipes.library import Library, is_recipe_path, load_library, read_recipes
from bot.recipes.schema import SchemaName, check_shape
from bot.recipes.settings import PATHS as SETTINGS
from bot.recipes.text import parse
from bot.recipes.tree import Document

TESTS = "pow/tests/"
_READ_BELOW = {SERVICES: ".yml", JOURNEYS: ".yml", EVIDENCE: ".json"}


def lint(files: Mapping[str, bytes], *, endpoints: Mapping[str, str]) -> tuple[Diagnostic, ...]:
    """Return every diagnostic on a repository's files (by path), in order of path and place, each once."""
    library = load_library(files, endpoints=endpoints)
    desired, faults = _desired_state(files)
    found = [*library.diagnostics, *faults, *_evidence_faults(files), *_unread_files(files)]
    found += _recipe_faults(files, library, desired)
    if library.settings is not None:
        found += _desired_range_faults(desired, library.settings.policy)
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


def _recipe_faults(files: Mapping[str, bytes], library: Library, desired: DesiredState) -> Iterator[Diagnostic]:
    """Check each recipe as far as it could be read: its rules only where they compiled."""
    feeds = {feed.name: feed for feed in library.settings.feeds} if library.settings else {}
    recipe_files, _ = read_recipes(files)
    for file in recipe_files:
        yield from patch_faults(file, desired)
        if library.settings is not None:
            yield from policy_faults(file, library.settings.policy)
            compiled = library.find(file.recipe.id)
            yield from rule_faults(file.document, compiled, feeds) if compiled else ()


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
    for path in sorted(files):
        if path.startswith(("pow/", "patches/")) and not _is_read(path) and not _is_quiet(path):
            yield Diagnostic(
                path=path,
                line=1,
                column=1,
                id=Check.NOT_READ.value,
                message="the bot does not read this file",
                hint="recipes are pow/NAME.yml, settings pow/settings/{feeds,targets,policy}.yml",
                severity=Severity.WARNING,
            )


def _is_read(path: str) -> bool:
    below = any(path.startswith(folder) and path.endswith(end) for folder, end in _READ_BELOW.items())
    return below or is_recipe_path(path) or path in SETTINGS or path.startswith(TESTS)


def _is_quiet(path: str) -> bool:
    """Notes for people and Git's own files need no warning."""
    name = path.rsplit("/", 1)[-1]
    return name.startswith(".git") or name.endswith(".md")


def _below(files: Mapping[str, bytes], folder: str) -> tuple[str, ...]:
    return tuple(sorted(path for path in files if path.startswith(folder) and path.endswith(_READ_BELOW[folder])))
