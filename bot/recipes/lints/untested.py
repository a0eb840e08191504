"""Recipes that no test in `pow/tests/` plays through; whether a test is a good one, only `pow test` can tell."""

from collections.abc import Iterator

from bot.model.errors import Diagnostic, Severity
from bot.model.names import RecipeId
from bot.recipes.check import Check
from bot.recipes.recipe import RecipeFile


def untested_faults(file: RecipeFile, tested: frozenset[RecipeId]) -> Iterator[Diagnostic]:
    """Say that a recipe has no test."""
    recipe = file.recipe.id
    if recipe not in tested:
        place = file.document.place(("id",))
        message = f"no test in pow/tests/ plays {recipe} through"
        hint = f"show when it fires and when it is taken back: write pow/tests/{recipe.lower()}.yml"
        yield file.document.fault(Check.UNTESTED, place, message, hint=hint, severity=Severity.WARNING)
