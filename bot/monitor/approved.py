"""Recipes as they were approved: read once for each state of `pow/`, compiled once for each text."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from bot.forge.port import Repository
from bot.model.errors import BotError
from bot.model.names import CommitSha, Digest, RecipeId
from bot.model.settings import Settings
from bot.monitor.watched import Watched
from bot.recipes.library import FOLDER, CompiledRecipe, RecipeCompiler, is_recipe_path
from bot.recipes.recipe import RecipeFile, read_recipe

_Claims = Mapping[RecipeId, tuple[RecipeFile, ...]]


class ApprovedRecipes:
    """The recipes at many merges, against today's feeds; `merges` are those that will be asked for."""

    def __init__(self, repository: Repository, settings: Settings, merges: Iterable[CommitSha]) -> None:
        self._repository = repository
        self._compiler = RecipeCompiler(settings.feeds)
        self._names = repository.tree_names(FOLDER, tuple(merges))
        self._claims: dict[str, _Claims] = {}
        self._files: dict[tuple[str, bytes], RecipeFile | None] = {}
        self._compiled: dict[tuple[str, Digest], CompiledRecipe | None] = {}

    def of(self, watched: Watched) -> CompiledRecipe:
        """Return the recipe that a change was approved under: the text at its merge, with today's feeds.

        BotError where there is none, or several claim its id, or its rules do not compile any more.
        """
        claimed = self._at(watched.merge).get(RecipeId(watched.recipe), ())
        found = self._compile(claimed[0]) if len(claimed) == 1 else None
        if found is None:
            raise BotError(
                f"recipe {watched.recipe} of change {watched.id} cannot be read at {watched.merge[:12]}",
                hint="its feeds may be gone from pow/settings/feeds.yml: run `pow lint`",
            )
        return found

    def _at(self, merge: CommitSha) -> _Claims:
        """Return the recipes at a merge by their ids; merges with the same files share them."""
        name = self._names.get(merge, merge)
        if name not in self._claims:
            claims: defaultdict[RecipeId, list[RecipeFile]] = defaultdict(list)
            for path, content in self._repository.read_many(FOLDER, merge).items():
                file = self._read(path, content) if is_recipe_path(path) else None
                if file is not None:
                    claims[file.recipe.id].append(file)
            self._claims[name] = {recipe: tuple(files) for recipe, files in claims.items()}
        return self._claims[name]

    def _read(self, path: str, content: bytes) -> RecipeFile | None:
        if (path, content) not in self._files:
            read = read_recipe(path, content)
            self._files[path, content] = read if isinstance(read, RecipeFile) else None
        return self._files[path, content]

    def _compile(self, file: RecipeFile) -> CompiledRecipe | None:
        text = (file.recipe.path, file.recipe.digest)
        if text not in self._compiled:
            self._compiled[text] = self._compiler.compile(file).value
        return self._compiled[text]
