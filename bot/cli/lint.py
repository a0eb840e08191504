"""`pow lint`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.environment import read_environment
from bot.model.errors import Severity
from bot.report.diagnostics import DiagnosticFormat, render, summary_of

if TYPE_CHECKING:
    from bot.model.errors import Diagnostic

Files = Mapping[str, bytes]


@click.command("lint", short_help="Check every recipe, setting and patch.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True), default=Path())
@click.option(
    "--format",
    "layout",
    type=click.Choice([form.value for form in DiagnosticFormat]),
    default="text",
    show_default=True,
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--base", metavar="REF", help="Also check versions against a branch or commit, such as origin/main.")
@click.option(
    "--observe", is_flag=True, help="Also read the feeds, and check minimums and rollbacks on their traffic."
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="With --observe: a folder of FEED.csv, FEED.parquet or FEED.json in place of the feeds.",
)
@click.option("--explain", "explained", metavar="ID", help="Print what a check asks for, and why, and nothing else.")
@click.option("-v", "--verbose", is_flag=True, help="Say which checks were left out.")
def command(  # noqa: PLR0913 -- one parameter for each option
    *,
    folder: Path,
    layout: str,
    as_json: bool,
    base: str | None,
    observe: bool,
    data: Path | None,
    explained: str | None,
    verbose: bool,
) -> int:
    r"""Check every recipe, setting and patch below FOLDER, and say all that is wrong at once.

    \b
    Examples:
      pow lint
      pow lint --base origin/main --format github
      pow lint --explain POW055
    """
    from bot.cli.processes import spread
    from bot.recipes.files import read_files, unread_entries
    from bot.recipes.lint import lint, unread_fault

    if explained is not None:
        return _explain(explained, as_json=as_json)
    if data is not None and not observe:
        raise click.UsageError("--data needs --observe")
    files = read_files(folder)
    found = lint(files, endpoints=read_environment().endpoints, spread=spread)
    found = tuple(sorted({*found, *map(unread_fault, unread_entries(folder))}))
    if base is not None:
        found = tuple(sorted({*found, *_against(files, folder, base)}))
    if observe:
        found = tuple(sorted({*found, *_observed(files, folder, data)}))
    form = DiagnosticFormat.JSON if as_json else DiagnosticFormat(layout)
    click.echo(render(found, form), nl=False)
    left_out = _left_out(base=base, observe=observe) if verbose else ""
    click.echo(f"{len(files)} files: {summary_of(found)}{left_out}", err=True)
    return int(any(fault.severity is Severity.ERROR for fault in found))


def _explain(name: str, *, as_json: bool) -> int:
    from bot.cli.show import show_json
    from bot.report.lint_pages import page_json, page_text

    if as_json:
        show_json(page_json(name))
    else:
        click.echo(page_text(name), nl=False)
    return 0


def _against(files: Files, folder: Path, ref: str) -> "tuple[Diagnostic, ...]":
    """Check versions against a commit and the history that leads to it."""
    from bot.forge.git_base import GitBase
    from bot.recipes.history import recipe_blobs
    from bot.recipes.library import FOLDER
    from bot.recipes.lints.versions import changed_recipes, published_by, version_faults

    base = GitBase.open(folder.resolve(), ref)
    old = base.files(FOLDER)
    recipes = changed_recipes(files, old)
    if not recipes:
        return ()
    revisions = base.revisions(FOLDER)
    contents = base.history.contents(recipe_blobs(revisions))
    return version_faults(files, old, published_by(recipes, revisions, contents))


def _observed(files: Files, folder: Path, data: Path | None) -> "tuple[Diagnostic, ...]":
    from bot.cli.observe import observed_faults

    return observed_faults(files, folder, data, environment=read_environment())


def _left_out(*, base: str | None, observe: bool) -> str:
    from bot.recipes.check import OBSERVED, VERSIONED

    parts = [f"{len(VERSIONED)} checks need --base"] if base is None else []
    parts += [f"{len(OBSERVED)} checks need --observe"] if not observe else []
    return f"; {', '.join(parts)}" if parts else ""
