"""Versions against the base branch and its history: `PASSPORT_BACKLOG@v3` names exactly one meaning for ever."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from bot.model.errors import Diagnostic
from bot.model.history import BlobName, Revision
from bot.model.names import Digest, RecipeId
from bot.recipes.check import Check
from bot.recipes.history import trace
from bot.recipes.library import is_recipe_path, read_recipes
from bot.recipes.meaning import meaning_of
from bot.recipes.recipe import RecipeFile
from bot.recipes.tree import Place

Texts = Mapping[str, bytes]
Published = Mapping[str, frozenset[Digest]]
"""The meanings that history holds for each `ID@vN`."""


def version_faults(files: Texts, base: Texts, published: Published) -> tuple[Diagnostic, ...]:
    """Compare recipes with those of the base branch, by id: a file may be renamed, reordered and commented freely.

    A recipe that cannot be read on one side is passed over; its other faults are told elsewhere.
    """
    old = {file.recipe.id: file for file in _recipes(base)}
    return tuple(sorted(fault for file in _changed(files, base) for fault in _faults(file, old, published)))


def changed_recipes(files: Texts, base: Texts) -> tuple[RecipeId, ...]:
    """Return the ids of recipes in files that are not the same on the base branch."""
    return tuple(file.recipe.id for file in _changed(files, base))


def published_by(
    recipes: Iterable[RecipeId], revisions: Sequence[Revision], contents: Mapping[BlobName, bytes]
) -> Published:
    """Return what history holds of some recipes, oldest revision first."""
    found: dict[str, frozenset[Digest]] = {}
    for recipe in recipes:
        history = trace(recipe, revisions, contents)
        for version in history.versions if history else ():
            meanings = frozenset(each.meaning for each in version.meanings if each.meaning is not None)
            if meanings:
                found[f"{recipe}@v{version.number}"] = meanings
    return found


def _changed(files: Texts, base: Texts) -> tuple[RecipeFile, ...]:
    return _recipes({path: content for path, content in files.items() if base.get(path) != content})


def _recipes(files: Texts) -> tuple[RecipeFile, ...]:
    recipes, _ = read_recipes({path: content for path, content in files.items() if is_recipe_path(path)})
    return recipes


def _faults(file: RecipeFile, old: Mapping[RecipeId, RecipeFile], published: Published) -> Iterator[Diagnostic]:
    recipe, former = file.recipe, old.get(file.recipe.id)
    meaning = meaning_of(recipe)
    if former is not None and meaning == meaning_of(former.recipe) and recipe.version == former.recipe.version:
        return
    place = _place(file)
    if former is not None and recipe.version <= former.recipe.version:
        before = former.recipe
        if recipe.version < before.version:
            message = f"the version goes down: on the base branch it is {before.version}"
        else:
            message = f"the meaning changed, and {recipe.reference} already names what stands on the base branch"
        hint = f"write `version: {before.version + 1}`"
        yield file.document.fault(Check.SAME_VERSION, place, message, hint=hint)
    elif published.get(recipe.reference, frozenset({meaning})) != {meaning}:
        message = f"{recipe.reference} names another text in history"
        yield file.document.fault(Check.REUSED_VERSION, place, message, hint=_next(recipe.id, published))


def _next(recipe: RecipeId, published: Published) -> str:
    """Offer the first version that history does not have."""
    versions = [
        int(number)
        for reference in published
        for name, _, number in [reference.partition("@v")]
        if name == recipe and number.isdecimal()
    ]
    return f"write `version: {max(versions) + 1}`; `pow show {recipe}` lists those that there were"


def _place(file: RecipeFile) -> Place:
    """Return where the version stands, or the id that it belongs to."""
    document = file.document
    return document.place(("version",)) if document.node(("version",)) is not None else document.place(("id",))
