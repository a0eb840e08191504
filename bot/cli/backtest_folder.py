"""`pow backtest RECIPE` on the files of a folder, alone or against the same recipe at another commit."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import click

from bot.cli.backtest_options import Options, is_plain_terminal, progress
from bot.cli.environment import Environment
from bot.cli.show import one_line, show_diagnostics, show_json, wants_colour
from bot.cli.write_file import write_result
from bot.forge.git import GitRepository
from bot.forge.git_history import GitHistory
from bot.model.errors import BotError, DiagnosticError
from bot.model.names import CommitSha, RecipeId
from bot.model.rehearsal import Backtest
from bot.model.settings import Settings
from bot.recipes.files import read_files
from bot.recipes.library import CompiledRecipe, Library, load_library
from bot.recipes.suggest import suggest
from bot.rehearse.backtest import History, backtest
from bot.rehearse.read_past import read_past, unread
from bot.report.backtest import (
    Compared,
    backtest_json,
    comparison_of,
    episode_rows,
    failure_text,
    markdown_of,
    summary_rows,
    watch_rows,
)
from bot.report.backtest_chart import chart_lines
from bot.report.backtest_svg import svg_of

_COLOURS = {"curve": "cyan", "limit": "yellow", "firing": "red"}
_WIDTH = 100
_FIRINGS = 5
_KNOWN = 20
"""Recipes that are named to whoever asked for one that is not there."""


def replay_folder(environment: Environment, folder: Path, name: str, options: Options) -> int:
    """Replay one recipe and print what was found."""
    files = read_files(folder)
    library = load_library(files, endpoints=environment.endpoints)
    new, settings = _recipe_of(library, name), _settings_of(library)
    old = _old_recipe(folder, files, new, options.against) if options.against else None
    with options.client() as client:
        collector = options.collector_of(environment, client)(settings)
        recipes = [each for each in (old, new) if each is not None]
        history = read_past(recipes, settings, collector, options.asked(environment.now))
    found = _replayed(new, history, settings)
    before = None if old is None else _replayed(old, history, settings)
    if options.svg is not None:
        write_result(options.svg, svg_of(found))
        click.echo(f"wrote {options.svg}", err=True)
    _show(found, before, options)
    for reading in found.failures:
        click.echo(f"warning: {one_line(failure_text(reading))}", err=True)
        if reading.hint:
            click.echo(f"hint: {one_line(reading.hint)}", err=True)
    return int(bool(unread(history)))


def _replayed(recipe: CompiledRecipe, history: History, settings: Settings) -> Backtest:
    policy = settings.policy
    return backtest(recipe, history, policy.rollback, progress=progress(), blind_after=policy.blind_after)


def _settings_of(library: Library) -> Settings:
    if library.settings is None:
        raise DiagnosticError(library.diagnostics)
    return library.settings


def _recipe_of(library: Library, name: str) -> CompiledRecipe:
    found = library.find(RecipeId(name))
    if found is not None:
        return found
    show_diagnostics(tuple(each for each in library.diagnostics))
    known = [each.recipe.id for each in library.recipes][:_KNOWN]
    raise BotError(f"there is no recipe {name} that loads", hint=suggest(name, known) or "run `pow lint`")


def _old_recipe(folder: Path, files: Mapping[str, bytes], new: CompiledRecipe, ref: str) -> CompiledRecipe | None:
    """Return the recipe as it stands at a commit, with the feeds as they are here."""
    git = GitHistory.open(folder.resolve()).git
    named = git.attempt("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if named.code != 0:
        raise BotError(f"`{ref}` is no commit of this repository", hint="name a branch, a tag or a commit")
    below = folder.resolve().relative_to(git.root.resolve()).as_posix()
    prefix = "" if below == "." else f"{below}/"
    repository = GitRepository(git, remote="origin")
    there = repository.read_many(f"{prefix}pow/", CommitSha(named.output.decode("ascii").strip()))
    recipes = {path.removeprefix(prefix): text for path, text in there.items()}
    settings = {path: text for path, text in files.items() if path.startswith("pow/settings/")}
    old = {path: text for path, text in recipes.items() if not path.startswith("pow/settings/")} | settings
    library = load_library(old, endpoints={})
    found = library.find(new.recipe.id)
    if found is None:
        click.echo(f"warning: there is no {new.recipe.id} that loads at {one_line(ref)}", err=True)
    return found


def _show(found: Backtest, before: Backtest | None, options: Options) -> None:
    if options.as_json:
        both = [each for each in (found, before) if each is not None]
        values = [backtest_json(each) for each in both]
        show_json(values[0] if before is None else {"after": values[0], "before": values[1]})
    elif options.markdown:
        whole = Compared(path=found.recipe, old=before, new=found)
        click.echo(markdown_of(found) if before is None else comparison_of(whole), nl=False)
    else:
        _show_terminal(found, before)


def _show_terminal(found: Backtest, before: Backtest | None) -> None:
    colour = wants_colour()
    click.echo(click.style(f"Backtest of {found.recipe}", bold=True), color=colour)
    if not is_plain_terminal():
        for line in chart_lines(found.curve, width=shutil.get_terminal_size((_WIDTH, 24)).columns):
            styled = click.style(line.text, fg=_COLOURS[line.kind]) if line.kind in _COLOURS else line.text
            click.echo(styled, color=colour)
    click.echo("")
    former = {} if before is None else dict(summary_rows(before))
    for name, text in summary_rows(found):
        click.echo(f"{name + ':':22} {one_line(text)}")
        if former and former.get(name) != text:
            click.echo(f"{'  before:':22} {one_line(former.get(name, '-'))}")
    for begin, length in episode_rows(found.episodes, limit=_FIRINGS):
        click.echo(f"  fires {begin} for {length}")
    for at, how, why in watch_rows(found.watches, limit=_FIRINGS):
        click.echo(f"  proposed {at}: {one_line(how)}\n    {one_line(why)}")
