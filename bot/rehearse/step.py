"""Backtests of the recipes that a pull request changes: both versions on the same data, in one comment.

The recipes at the head are read as text out of git objects; settings come from the base branch alone, so that a pull
request cannot name what is read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.collect.gather import Collector
from bot.forge.marking import find_own
from bot.forge.port import Forge, Repository
from bot.model.errors import BotError, Diagnostic, DiagnosticError
from bot.model.forge import PullRequest
from bot.model.json import digest_of
from bot.model.rehearsal import Backtest
from bot.model.settings import Settings
from bot.recipes.library import CompiledRecipe, Library, is_recipe_path, load_library
from bot.rehearse.backtest import Progress, backtest
from bot.rehearse.read_past import Asked, read_past
from bot.report.backtest import MARKER, Compared, comment_of

MOST_RECIPES = 10
"""So many changed recipes of one pull request are replayed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What backtests of pull requests work with: `asked` is the span, `collector_of` reads by the base's settings."""

    forge: Forge
    repository: Repository
    endpoints: Mapping[str, str]
    collector_of: Callable[[Settings], Collector]
    asked: Asked
    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """The comment on one pull request; `state` names the texts that it is about."""

    pull: PullRequest
    body: str
    state: str


def recipes_changed(bench: Bench, pull: PullRequest) -> tuple[str, ...]:
    """Name the recipe files that a pull request touches."""
    return tuple(sorted(each.path for each in bench.forge.files(pull.number) if is_recipe_path(each.path)))


def review(bench: Bench, pull: PullRequest) -> Review:
    """Backtest every recipe that a pull request changes, before and after."""
    base, head = _files(bench, pull)
    paths = recipes_changed(bench, pull)
    state = _state_of(base, head, paths)
    old = load_library(base, endpoints=bench.endpoints)
    if old.settings is None:
        raise DiagnosticError(old.diagnostics)
    merged = {**{path: text for path, text in base.items() if path not in paths}, **_only(head, paths)}
    new = load_library(merged, endpoints=bench.endpoints)
    sides = (_Side(files=base, library=old), _Side(files=merged, library=new))
    compared = [_compare(bench, old.settings, path, sides) for path in paths[:MOST_RECIPES]]
    left_out = paths[MOST_RECIPES:]
    return Review(pull=pull, body=f"{state}\n{comment_of(compared, head=pull.head, left_out=left_out)}", state=state)


def is_current(bench: Bench, pull: PullRequest) -> bool:
    """Tell whether the comment on a pull request is about the very texts that are there now."""
    base, head = _files(bench, pull)
    state = _state_of(base, head, recipes_changed(bench, pull))
    comments = bench.forge.comments(pull.number)
    own = find_own(comments, marker=MARKER, identity=bench.forge.identity())
    return own is not None and state in own.body


def post(bench: Bench, found: Review) -> None:
    """Put the comment on its pull request, in the place of an earlier one."""
    bench.forge.put_comment(found.pull.number, marker=MARKER, body=found.body)


def _files(bench: Bench, pull: PullRequest) -> tuple[Mapping[str, bytes], Mapping[str, bytes]]:
    """Return what lies below `pow/` on the base branch and at the pull request's head."""
    base = bench.repository.head(pull.base_branch)
    if base is None:
        raise BotError(f"the base branch {pull.base_branch} of pull request {pull.number} is gone")
    return bench.repository.read_many("pow/", base), bench.repository.read_many("pow/", pull.head)


def _only(files: Mapping[str, bytes], paths: tuple[str, ...]) -> dict[str, bytes]:
    return {path: files[path] for path in paths if path in files}


def _state_of(base: Mapping[str, bytes], head: Mapping[str, bytes], paths: tuple[str, ...]) -> str:
    """Name, in a hidden line, the texts that a comment is about: both versions, and the settings."""
    settings = [path for path in base if path.startswith("pow/settings/")]
    parts = [base.get(path, b"") for path in (*settings, *paths)] + [head.get(path, b"") for path in paths]
    digest = digest_of(b"".join(digest_of(part).encode() for part in parts))
    return f"<!-- pow:backtest:of {digest} -->"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One version of the recipes."""

    files: Mapping[str, bytes]
    library: Library

    def loaded(self, path: str) -> CompiledRecipe | tuple[Diagnostic, ...] | None:
        """Return a file's recipe, what is wrong with it, or None where there is no such file."""
        found = next((each for each in self.library.recipes if each.recipe.path == path), None)
        if found is not None or path not in self.files:
            return found
        return tuple(each for each in self.library.diagnostics if each.path == path)


def _compare(bench: Bench, settings: Settings, path: str, sides: tuple[_Side, _Side]) -> Compared:
    """Backtest both versions of one recipe on data that is read once."""
    bench.progress(f"backtesting {path}")
    old, new = (side.loaded(path) for side in sides)
    recipes = [each for each in (old, new) if isinstance(each, CompiledRecipe)]
    if not isinstance(new, CompiledRecipe):
        return Compared(path=path, old=None, new=new)
    history = read_past(recipes, settings, bench.collector_of(settings), bench.asked)

    def replayed(recipe: CompiledRecipe) -> Backtest:
        policy = settings.policy
        return backtest(recipe, history, policy.rollback, progress=bench.progress, blind_after=policy.blind_after)

    return Compared(path=path, old=replayed(old) if isinstance(old, CompiledRecipe) else old, new=replayed(new))
