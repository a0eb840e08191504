"""Whether a recipe is still what it was when its change was approved: its texts at the merge and now (pure)."""

from collections.abc import Mapping
from enum import StrEnum

from bot.model.names import Digest, RecipeId
from bot.recipes.library import read_recipes
from bot.recipes.meaning import meaning_of


class RecipeSince(StrEnum):
    """What became of a recipe since the merge of its change; GONE is also what no reader accepts any more."""

    SAME = "same"
    EDITED = "edited"
    GONE = "gone"


def recipe_since(recipe: RecipeId, at_merge: Mapping[str, bytes], now: Mapping[str, bytes]) -> RecipeSince:
    """Compare what a recipe means in the files of two commits; comments, layout and its version mean nothing."""
    former, present = _meaning(recipe, at_merge), _meaning(recipe, now)
    if former is None or present is None:
        return RecipeSince.GONE
    return RecipeSince.SAME if former == present else RecipeSince.EDITED


def _meaning(recipe: RecipeId, files: Mapping[str, bytes]) -> Digest | None:
    named = {path: content for path, content in files.items() if recipe.encode() in content}
    found, _ = read_recipes(named)
    return next((meaning_of(file.recipe) for file in found if file.recipe.id == recipe), None)
