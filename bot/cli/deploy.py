"""`pow deploy`."""

import click

from bot.cli.environment import read_environment
from bot.cli.show import show_report


@click.command("deploy", short_help="Bring what was merged to the gateway and external systems.")
@click.option("--json", "as_json", is_flag=True, help="Print the events as JSON.")
def command(*, as_json: bool) -> int:
    """Bring what was merged to the gateway, then external systems in step."""
    from bot.cli.steps import deploy

    report = deploy(read_environment())
    show_report(report, as_json=as_json)
    return int(report.failed)
