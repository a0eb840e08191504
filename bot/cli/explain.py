"""`pow explain`: what a recipe watches, changes and risks, in plain sentences, with today's numbers."""

import re
import shutil
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.environment import Environment, read_environment
from bot.cli.patience import patience
from bot.cli.show import one_line, show_json, show_redline, wants_colour
from bot.model.errors import BotError, DiagnosticError, Severity
from bot.model.names import RecipeId

if TYPE_CHECKING:
    from bot.model.settings import Settings
    from bot.recipes.library import CompiledRecipe
    from bot.report.explain import Explanation, Section, Today

_NARROWEST, _WIDEST = 40, 100
_ID = re.compile(rb"^[\"']?id[\"']?\s*:\s*[\"']?([A-Z][A-Z0-9_]{1,63})\b", re.MULTILINE)
_SETTINGS = "pow/settings/"


@click.command("explain", short_help="Say in sentences what a recipe would do.")
@click.argument("recipe")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True), default=None, required=False)
@click.option("--offline", is_flag=True, help="Ask no feed.")
@click.option("--json", "as_json", is_flag=True, help="Print the same facts as JSON, times in seconds.")
def command(*, recipe: str, folder: Path | None, offline: bool, as_json: bool) -> int:
    r"""Explain RECIPE (its id, or its file) as it stands in FOLDER, by default here.

    What it watches, when it fires, what it would change, who must approve and why, what counts as success and what
    as rollback. Feeds are asked for today's numbers; one that fails is told of, and no reason to fail.

    \b
    Example:
      pow explain PASSPORT_BACKLOG --offline
    """
    from bot.recipes.files import read_files
    from bot.rehearse.explain import explain

    environment = read_environment()
    root = folder or _root_of(recipe)
    files = read_files(root)
    compiled, settings = _load(files, _named(recipe, root, files), environment)
    today = None if offline else _ask(compiled, settings, root, environment)
    explanation = explain(compiled, settings, files, now=environment.now, today=today)
    if as_json:
        from bot.report.explain_json import json_of

        show_json(json_of(explanation))
    else:
        _show(explanation)
    return 0


def _root_of(recipe: str) -> Path:
    """Return the folder that a recipe's file belongs to, so that a path alone is enough; else the present one."""
    path = Path(recipe)
    try:
        return path.parent.parent if path.parent.name == "pow" and path.is_file() else Path()
    except OSError:  # no name that a file could have
        return Path()


def _named(recipe: str, root: Path, files: Mapping[str, bytes]) -> RecipeId:
    """Find the id that was meant: of a file, or as it is written but for case."""
    from bot.recipes.library import is_recipe_path
    from bot.recipes.suggest import suggest

    ids = {path: match for path in files if is_recipe_path(path) and (match := _ID.search(files[path]))}
    for path in (recipe, _below(recipe, root)):
        if path in ids:
            return RecipeId(ids[path][1].decode("ascii"))
    known = sorted({match[1].decode("ascii") for match in ids.values()})
    if recipe.upper() in known:
        return RecipeId(recipe.upper())
    hint = suggest(recipe.upper(), known) or f"recipes are {root / 'pow'}/NAME.yml"
    raise BotError(f"there is no recipe `{recipe}` in {root.resolve()}", hint=hint)


def _below(path: str, root: Path) -> str:
    """Return a path as it is from the root; empty for one that leads elsewhere, or nowhere."""
    try:
        return Path(path).resolve().relative_to(root.resolve()).as_posix()
    except (ValueError, OSError, RuntimeError):  # outside; no name of a file; links in a circle
        return ""


def _load(
    files: Mapping[str, bytes], recipe: RecipeId, environment: Environment
) -> tuple["CompiledRecipe", "Settings"]:
    """Compile one recipe against the settings; DiagnosticError with what is wrong with it or with them."""
    from bot.recipes.library import is_recipe_path, load_library

    name = recipe.encode("ascii")
    own = {path: text for path, text in files.items() if is_recipe_path(path) and name in _ID.findall(text)}
    settings = {path: text for path, text in files.items() if path.startswith(_SETTINGS)}
    library = load_library({**settings, **own}, endpoints=environment.endpoints)
    found = library.find(recipe)
    if library.settings is None or found is None:
        raise DiagnosticError(tuple(each for each in library.diagnostics if each.severity is Severity.ERROR))
    return found, library.settings


def _ask(compiled: "CompiledRecipe", settings: "Settings", root: Path, environment: Environment) -> "Today":
    """Read the recipe's feeds and measure its rules."""
    from bot.collect.gather import Collector
    from bot.collect.sources.http_json import feed_client
    from bot.rehearse.explain import measure_today, specs_of

    specs = specs_of(compiled, settings)
    with feed_client() as client, patience(f"reading {len(specs)} feeds ..."):
        collector = Collector(endpoints=settings.targets.endpoints, root=root, client=client)
        gathered = collector.gather(specs, now=environment.now)
        return measure_today(compiled, settings, gathered, now=environment.now)


def _show(explanation: "Explanation") -> None:
    from bot.report.explain import sections_of

    recipe = explanation.recipe
    width = min(max(shutil.get_terminal_size().columns, _NARROWEST), _WIDEST)
    click.echo(f"{click.style(recipe.reference, bold=True)}  {one_line(recipe.path)}", color=wants_colour())
    for section in sections_of(explanation):
        _show_section(section, width)


def _show_section(section: "Section", width: int) -> None:
    click.echo("")
    click.echo(click.style(section.title, bold=True), color=wants_colour())
    for paragraph in section.paragraphs:
        indent = "    " if paragraph.startswith("- ") else "  "
        for line in textwrap.wrap(
            one_line(paragraph),
            width,
            initial_indent="  ",
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        ):
            click.echo(line)
    if section.redline:
        show_redline(section.redline)
