"""`pow detect`."""

import click

from bot.cli.environment import read_environment
from bot.cli.show import show_report


@click.command("detect")
@click.option("--dry-run", is_flag=True, help="Find and show everything, write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the events as JSON.")
def command(*, dry_run: bool, as_json: bool) -> int:
    """Read the feeds, rank where time is lost, open pull requests."""
    from bot.cli.steps import detect

    report = detect(read_environment(), dry_run=dry_run)
    show_report(report, as_json=as_json)
    return int(report.failed)
