"""One recipe against the settings and the desired state: what cannot work, or not as its author means it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import assert_never

from bot.model.errors import Diagnostic, Severity
from bot.model.impact import ValueRange
from bot.model.names import ServiceName
from bot.model.recipe import Computed, JourneyPatch, ServicePatch, Setting
from bot.model.settings import Policy
from bot.recipes.check import Check
from bot.recipes.desired import JourneyFile, ServiceFile, journey_path, service_path
from bot.recipes.recipe import RecipeFile
from bot.recipes.suggest import brief
from bot.recipes.tree import Document, Path

_CALCULATION = re.compile(r"([-+*x\u00d7])\s*([0-9]+(?:\.[0-9]+)?)\s*(%?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredState:
    """What is to be live, and the files that are there but broken, which are told of by themselves."""

    services: Mapping[ServiceName, ServiceFile]
    journeys: Mapping[str, JourneyFile]
    broken: frozenset[str]


def patch_faults(file: RecipeFile, desired: DesiredState) -> Iterator[Diagnostic]:
    """Check a recipe's patches against the files that they would edit."""
    seen: set[tuple[str, str]] = set()
    for path, patch in config_paths(file):
        yield from _repeated(file.document, path, patch, seen)
        yield from _service_faults(file.document, path, patch, desired)
    for path, journey in _journey_paths(file):
        yield from _repeated_journey(file.document, path, journey, seen)
        yield from _journey_faults(file.document, path, journey, desired)


def policy_faults(file: RecipeFile, policy: Policy) -> Iterator[Diagnostic]:
    """Check a recipe against the cap and the ranges of the policy."""
    threshold, cap = file.recipe.hitl_threshold, policy.threshold_cap
    if threshold.rank > cap.rank:
        message = f"hitl_threshold {threshold} is above the policy's cap {cap}"
        place = file.document.place(("hitl_threshold",))
        yield file.document.fault(Check.ABOVE_CAP, place, message, hint=f"write {cap}, which is what counts anyway")
    for path, patch in config_paths(file):
        for key, value in patch.config.items():
            if key in policy.ranges and not isinstance(value, Computed):
                yield from range_faults(file.document, (*path, key), value, policy.ranges[key])


def range_faults(document: Document, path: Path, value: Setting, allowed: ValueRange) -> Iterator[Diagnostic]:
    """Check one value against the range that policy allows for its key."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and allowed.minimum <= float(value) <= allowed.maximum:
        return
    message = (
        f"`{path[-1]}` {_shown(value)} is outside {allowed.minimum:g} to {allowed.maximum:g}, which policy allows"
    )
    hint = "the range stands in pow/settings/policy.yml"
    yield document.fault(Check.OUT_OF_RANGE, document.place(path), message, hint=hint)


def config_paths(file: RecipeFile) -> Iterator[tuple[Path, ServicePatch]]:
    """Yield where each service patch's keys stand, whichever way the recipe is written."""
    root: Path = ("fix_recipe", "service_patch")
    listed = file.document.has((*root, 0))
    for index, patch in enumerate(file.recipe.service_patches):
        path = (*root, index) if listed else root
        key = "config" if file.document.has((*path, "config")) else "changes"
        yield (*path, key), patch


def _journey_paths(file: RecipeFile) -> Iterator[tuple[Path, JourneyPatch]]:
    root: Path = ("fix_recipe", "journey_patch")
    listed = file.document.has((*root, 0))
    for index, patch in enumerate(file.recipe.journey_patches):
        yield ((*root, index) if listed else root), patch


def _repeated(
    document: Document, path: Path, patch: ServicePatch, seen: set[tuple[str, str]]
) -> Iterator[Diagnostic]:
    """Find what an earlier patch of the same recipe sets as well."""
    for key in patch.config:
        if (patch.service, key) in seen:
            message = f"an earlier patch of this recipe sets `{key}` of {patch.service} already"
            yield document.fault(Check.SET_TWICE, document.key((*path, key)), message, hint="keep one of the two")
        seen.add((patch.service, key))


def _repeated_journey(
    document: Document, path: Path, patch: JourneyPatch, seen: set[tuple[str, str]]
) -> Iterator[Diagnostic]:
    journey = ("journeys", patch.journey)
    if journey in seen:
        message = f"an earlier patch of this recipe sets the journey {patch.journey} already"
        yield document.fault(Check.SET_TWICE, document.place(path), message, hint="keep one of the two")
    seen.add(journey)


def _service_faults(
    document: Document, path: Path, patch: ServicePatch, desired: DesiredState
) -> Iterator[Diagnostic]:
    where = service_path(patch.service)
    if where in desired.broken:
        return
    file = desired.services.get(patch.service)
    for key, value in patch.config.items():
        if file is not None and key in file.changes:
            if not isinstance(value, Computed):
                yield from _value_faults(document, (*path, key), value, present=file.changes[key])
            continue
        message = f"`{key}` is not in {where}, so a revert could not restore it" if file else f"there is no {where}"
        near = _near(key, file.changes) if file else _near(patch.service, desired.services)
        hint = f"{near}`pow adopt {patch.service} {key}` brings its live value in"
        yield document.fault(Check.NOT_ADOPTED, document.key((*path, key)), message, hint=hint)


def _near(word: str, known: Iterable[str]) -> str:
    """Offer what is there already, where a slip is likely, before what would bring in the rest."""
    from difflib import get_close_matches  # noqa: PLC0415 -- only what is wrong needs it

    close = get_close_matches(word, list(known), n=1)
    return f"did you mean `{close[0]}`? otherwise " if close else ""


def _value_faults(document: Document, path: Path, value: Setting, *, present: Setting) -> Iterator[Diagnostic]:
    if _kind(value) != _kind(present):
        message = f"`{path[-1]}` is {_kind(present)} ({_shown(present)}), the patch makes it {_kind(value)}"
        yield document.fault(Check.OTHER_KIND, document.place(path), message, hint=_instead(value, present))
    elif value == present:
        message = f"`{path[-1]}` is {_shown(value)} already"
        hint = "the recipe proposes nothing for this key"
        yield document.fault(Check.NO_CHANGE, document.place(path), message, hint=hint, severity=Severity.WARNING)


def _instead(value: Setting, present: Setting) -> str:
    """Say what to write; a text such as "+50" for a number is most likely meant as a calculation."""
    numeric = not isinstance(present, bool | str)
    match = _CALCULATION.fullmatch(value) if isinstance(value, str) and numeric else None
    if match is None:
        return f"write {_kind(present)}"
    sign, number, percent = match.groups()
    if sign in "+-":
        return f"to change the present value by it, write {{add: {sign.strip('+')}{number}{percent}}}"
    return f"to multiply the present value, write {{multiply: {number}}}"


def _journey_faults(
    document: Document, path: Path, patch: JourneyPatch, desired: DesiredState
) -> Iterator[Diagnostic]:
    where = journey_path(patch.journey)
    file = desired.journeys.get(patch.journey)
    if where in desired.broken:
        return
    if file is None:
        near = _near(patch.journey, desired.journeys)
        hint = f"{near}`pow adopt journeys/{patch.journey}` brings its live version in"
        yield document.fault(Check.UNKNOWN_JOURNEY, document.place(path), f"there is no {where}", hint=hint)
    elif file.version == patch.version:
        message = f"the journey {patch.journey} runs {patch.version} already"
        hint = "the recipe proposes nothing for this journey"
        yield document.fault(Check.NO_CHANGE, document.place(path), message, hint=hint, severity=Severity.WARNING)


def _kind(value: Setting) -> str:
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case _:
            assert_never(value)


def _shown(value: Setting) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{brief(value)}"'
        case _:
            return str(value)
