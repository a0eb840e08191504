"""What a recipe's author waives with a reason, and waivers that are not possible or not needed."""

from collections.abc import Iterable, Iterator
from typing import Final

from bot.model.errors import Diagnostic, Severity
from bot.model.recipe import Recipe
from bot.recipes.check import OBSERVED, SILENCEABLE, Check
from bot.recipes.recipe import RecipeFile
from bot.recipes.suggest import suggest
from bot.recipes.tree import Place, Row

_KNOWN: Final = tuple(check.value for check in Check)
_SILENCEABLE: Final = tuple(sorted(check.value for check in SILENCEABLE))
_OBSERVED: Final = frozenset(check.value for check in OBSERVED)


def silenced(recipe: Recipe, faults: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """Leave out what a recipe silences, among the faults of its own file."""
    allowed = recipe.silenced
    for fault in faults:
        if fault.id not in allowed or fault.id not in _SILENCEABLE or fault.path != recipe.path:
            yield fault


def silence_faults(file: RecipeFile, faults: Iterable[Diagnostic], *, complete: bool) -> Iterator[Diagnostic]:
    """Check what a recipe silences; `faults` is what would be said of it otherwise.

    Without `complete`, when not all checks could look at the recipe, nothing is called needless.
    """
    said = {fault.id for fault in faults}
    for name in file.recipe.silenced:
        place = _place(file, name)
        if name not in _KNOWN:
            yield file.document.fault(
                Check.CANNOT_SILENCE, place, f"there is no check `{name}`", hint=suggest(name, _SILENCEABLE)
            )
        elif name not in _SILENCEABLE:
            message = f"{name} cannot be silenced: it is no matter of opinion"
            yield file.document.fault(Check.CANNOT_SILENCE, place, message, hint="mend what it says")
        elif complete and name not in said and name not in _OBSERVED:
            message = f"{name} is silenced, and would say nothing"
            hint = "remove this entry, so that it hides nothing later"
            yield file.document.fault(Check.IDLE_SILENCE, place, message, hint=hint, severity=Severity.WARNING)


def _place(file: RecipeFile, name: str) -> Place:
    listed = file.document.node(("lint", "ignore"))
    entries = range(len(listed.items)) if isinstance(listed, Row) else ()
    paths = (("lint", "ignore", entry, "id") for entry in entries)
    found = next((path for path in paths if getattr(file.document.node(path), "value", None) == name), ("lint",))
    return file.document.place(found)
