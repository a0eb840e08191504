"""`pow run`: one pass of the whole loop, what the tutorial's engine does."""

import click

from bot.cli.environment import read_environment
from bot.cli.show import event_json, show_error, show_json, show_report
from bot.model.errors import BotError, DiagnosticError


@click.command("run")
@click.option("--json", "as_json", is_flag=True, help="Print the events as JSON.")
def command(*, as_json: bool) -> int:
    """Detect, gate, deploy, monitor: one pass of all steps."""
    from bot.cli.steps import STEPS

    environment = read_environment()
    reports, errors = [], []
    for step in STEPS.values():
        try:
            reports.append(step(environment))
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
                "steps": [
                    {"step": report.step, "events": [event_json(e) for e in report.events]} for report in reports
                ],
            }
        )
    return int(failed)
