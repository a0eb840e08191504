"""What a recipe asks for, on the desired state as it stands: the values that change, or why none does (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.model.change import KeyChange
from bot.model.recipe import Computed, Recipe, Setting, Wanted
from bot.model.settings import Policy
from bot.propose.desired import Unreadable, path_of, same, values_of, wanted_by
from bot.propose.redline import Refused
from bot.recipes.computed import NoStep, NoValue, Result, compute


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Nothing would change: every value is as it is asked for, or can go no further."""

    reason: str
    hint: str


def changes_asked(
    recipe: Recipe, files: Mapping[str, bytes], policy: Policy
) -> tuple[KeyChange, ...] | Content | Refused:
    """Hold a recipe's wishes against `files`, the desired state by path."""
    found: list[KeyChange] = []
    ends: list[str] = []
    seen: set[tuple[str, str]] = set()
    for target, key, wanted in wanted_by(recipe):
        if (target, key) in seen:
            return Refused(reason=f"{recipe.id} sets {key} of {target} twice", hint=f"edit {recipe.path}")
        seen.add((target, key))
        former = _present(files, target, key)
        if isinstance(former, Refused):
            return former
        result = resolve(key, wanted, former[0], policy)
        if isinstance(result, NoValue):
            return Refused(reason=result.reason, hint=result.hint)
        if isinstance(result, NoStep):
            ends.append(result.reason)
        elif not same(former[0], result.value):
            change = KeyChange(target=target, key=key, before=former[0], after=result.value, how=result.how)
            found.append(change)
    return tuple(found) or _content(ends)


def resolve(key: str, wanted: Wanted, present: Setting, policy: Policy) -> Result | NoStep | NoValue:
    """Return the value that a wish comes to: as it is written, or computed within the range of policy."""
    if isinstance(wanted, Computed):
        return compute(key, wanted, present, policy.ranges.get(key))
    return Result(value=wanted, how="")


def _content(ends: list[str]) -> Content:
    if ends:
        return Content(reason="; ".join(ends), hint="widen its range in pow/settings/policy.yml, or edit the recipe")
    hint = "give the recipe a stronger value, or wait for the deployment to show"
    return Content(reason="the desired state holds its values already", hint=hint)


def _present(files: Mapping[str, bytes], target: str, key: str) -> tuple[Setting] | Refused:
    """Return the value that stands in the desired state, boxed, for it may be false."""
    path = path_of(target)
    if path not in files:
        return Refused(reason=f"there is no {path}", hint=f"`pow adopt {target}` writes it with the live values")
    values = values_of(path, files[path])
    if isinstance(values, Unreadable):
        return Refused(reason=f"{path} cannot be read: {values.reason}", hint="run `pow lint`")
    if key not in values:
        return Refused(reason=f"{path} has no `{key}`", hint=f"`pow adopt {target} {key}` brings its live value in")
    return (values[key],)
