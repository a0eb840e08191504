"""`pow lint`."""

from pathlib import Path

import click

from bot.cli.environment import read_environment
from bot.model.errors import Severity
from bot.report.diagnostics import DiagnosticFormat, render, summary_of


@click.command("lint")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True), default=Path())
@click.option(
    "--format",
    "layout",
    type=click.Choice([form.value for form in DiagnosticFormat]),
    default="text",
    show_default=True,
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def command(*, folder: Path, layout: str, as_json: bool) -> int:
    """Check every recipe, setting and patch below FOLDER, and say all that is wrong at once."""
    from bot.recipes.files import read_files
    from bot.recipes.lint import lint

    files = read_files(folder)
    found = lint(files, endpoints=read_environment().endpoints)
    form = DiagnosticFormat.JSON if as_json else DiagnosticFormat(layout)
    click.echo(render(found, form), nl=False)
    click.echo(f"{len(files)} files: {summary_of(found)}", err=True)
    return int(any(fault.severity is Severity.ERROR for fault in found))
