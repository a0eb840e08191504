"""`pow run`: one pass of the whole loop, what the tutorial's engine does."""

import click

from bot.cli.environment import read_environment
from bot.cli.show import report_json, show_error, show_json, show_report
from bot.model.errors import BotError, DiagnosticError
from bot.model.event import StepReport


@click.command("run")
@click.option("--json", "as_json", is_flag=True, help="Print the events as JSON.")
def command(*, as_json: bool) -> int:
    """Detect, gate, deploy, monitor: one pass of all steps."""
    from bot.cli.steps import STEPS
    from bot.cli.wiring import open_connection

    environment = read_environment()
    reports: list[StepReport] = []
    errors: list[BotError] = []
    with open_connection(environment) as connection:
        for step in STEPS.values():
            try:
                reports.append(step(environment, connection=connection))
            except DiagnosticError:
                # Broken settings stop every step alike: once is enough to say so.
                raise
            except BotError as error:
                # A step that cannot start must not keep the others from finishing their work.
                errors.append(error)
                show_error(error)
                continue
            if not as_json:
                show_report(reports[-1], as_json=False)
    failed = bool(errors) or any(report.failed for report in reports)
    if as_json:
        show_json(
            {
                "failed": failed,
                "errors": [{"message": error.message, "hint": error.hint} for error in errors],
                "steps": [report_json(report) for report in reports],
            }
        )
    return int(failed)
