"""`pow govern`: the checks of governance on a checkout, before anybody opens a pull request."""

from pathlib import Path

import click

from bot.cli.environment import read_environment
from bot.model.errors import Severity
from bot.report.diagnostics import DiagnosticFormat, render, summary_of


@click.command("govern", short_help="Check that every target is governed and within range.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True), default=Path())
@click.option("--json", "as_json", is_flag=True, help="Print what is wrong as JSON.")
def command(*, folder: Path, as_json: bool) -> int:
    """Check below FOLDER that every service and journey in patches/ is governed, readable and within range.

    The gate runs the same checks on every pull request and shows them as `pow/governance`; there it also looks for
    other open pull requests on the same target. `pow simulate PULL` says what it makes of one.
    """
    from bot.recipes.files import read_files
    from bot.recipes.governed import governance_faults
    from bot.recipes.settings import load_settings

    files = read_files(folder)
    loaded = load_settings(files, endpoints=read_environment().endpoints)
    found = tuple(sorted({*loaded.diagnostics, *governance_faults(files, loaded.settings)}))
    click.echo(render(found, DiagnosticFormat.JSON if as_json else DiagnosticFormat.TEXT), nl=False)
    click.echo(f"governance: {summary_of(found)}", err=True)
    return int(any(fault.severity is Severity.ERROR for fault in found))
