"""`pow gate`."""

import click

from bot.cli.environment import read_environment
from bot.cli.show import show_report
from bot.model.names import PullNumber


@click.command("gate", short_help="Count the reviews, and merge what is approved.")
@click.argument("pull", type=click.IntRange(min=1), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the events as JSON.")
def command(*, pull: int | None, as_json: bool) -> int:
    """Say who must approve, count the reviews, merge what is approved: of all pull requests, or of PULL."""
    from bot.cli.steps import gate

    report = gate(read_environment(), only=None if pull is None else PullNumber(pull))
    show_report(report, as_json=as_json)
    return int(report.failed)
