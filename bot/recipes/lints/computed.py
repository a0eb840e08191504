"""Computed values against policy and the desired state: bounded, of numbers, and leading somewhere."""

from collections.abc import Iterator

from bot.model.errors import Diagnostic, Severity
from bot.model.recipe import Computed, ServicePatch, Setting
from bot.model.settings import Policy
from bot.recipes.check import Check
from bot.recipes.computed import NoStep, NoValue, compute
from bot.recipes.crosscheck import DesiredState, config_paths
from bot.recipes.recipe import RecipeFile
from bot.recipes.tree import Document, Path


def computed_faults(file: RecipeFile, desired: DesiredState, policy: Policy) -> Iterator[Diagnostic]:
    """Check every value of a recipe that is computed from the present one."""
    for path, patch in config_paths(file):
        for key, rule in patch.config.items():
            if isinstance(rule, Computed):
                yield from _bound_faults(file.document, (*path, key), policy)
                present = _present(patch, key, desired)
                if present is not None:
                    yield from _step_faults(file.document, (*path, key), rule, present, policy)


def _present(patch: ServicePatch, key: str, desired: DesiredState) -> Setting | None:
    file = desired.services.get(patch.service)
    return file.changes.get(key) if file is not None else None


def _bound_faults(document: Document, path: Path, policy: Policy) -> Iterator[Diagnostic]:
    key = str(path[-1])
    if key not in policy.ranges:
        message = f"`{key}` is computed, and policy has no range for it, so nothing bounds it"
        hint = f"add `{key}: {{minimum: ..., maximum: ...}}` to `ranges` in pow/settings/policy.yml"
        yield document.fault(Check.UNBOUNDED, document.key(path), message, hint=hint)


def _step_faults(
    document: Document, path: Path, rule: Computed, present: Setting, policy: Policy
) -> Iterator[Diagnostic]:
    """Say what the rule comes to now, if that is nothing."""
    key = str(path[-1])
    result = compute(key, rule, present, policy.ranges.get(key))
    if isinstance(present, bool | str) and isinstance(result, NoValue):
        yield document.fault(Check.OTHER_KIND, document.key(path), result.reason, hint=result.hint)
    if isinstance(result, NoStep):
        hint = "the recipe proposes nothing for this key"
        place = document.key(path)
        yield document.fault(Check.NO_CHANGE, place, result.reason, hint=hint, severity=Severity.WARNING)
