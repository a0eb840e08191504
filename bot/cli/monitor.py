"""`pow monitor`."""

import click

from bot.cli.environment import read_environment
from bot.cli.show import show_report


@click.command("monitor", short_help="Measure what was deployed; close the loop, or revert.")
@click.option("--json", "as_json", is_flag=True, help="Print the events as JSON.")
def command(*, as_json: bool) -> int:
    """Measure what was deployed; close the loop, or take the change back."""
    from bot.cli.steps import monitor

    report = monitor(read_environment())
    show_report(report, as_json=as_json)
    return int(report.failed)
