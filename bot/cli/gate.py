"""`pow gate`."""

import click

from bot.cli.environment import read_environment
from bot.cli.show import show_report


@click.command("gate")
@click.option("--json", "as_json", is_flag=True, help="Print the events as JSON.")
def command(*, as_json: bool) -> int:
    """Say who must approve, count the reviews, merge what is approved."""
    from bot.cli.steps import gate

    report = gate(read_environment())
    show_report(report, as_json=as_json)
    return int(report.failed)
