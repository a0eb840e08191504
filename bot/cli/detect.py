"""`pow detect`."""

import click

from bot.cli.environment import read_environment
from bot.cli.show import show_report


@click.command("detect")
@click.option("--dry-run", is_flag=True, help="Find and show everything, write nothing.")
@click.option(
    "--shard", default="1/1", metavar="I/N", help="Look at one share of the recipes: 2/8 is the second of eight."
)
@click.option("--recipe", default="", metavar="ID", help="Look at one recipe only.")
@click.option("--json", "as_json", is_flag=True, help="Print the events as JSON.")
def command(*, dry_run: bool, shard: str, recipe: str, as_json: bool) -> int:
    r"""Read the feeds, rank where time is lost, open pull requests.

    In a run that `pow trigger`, or a repository_dispatch event of the type pow-trigger, has started, it looks at the
    recipe that the event names.

    \b
    Examples:
      pow detect --dry-run
      pow detect --shard 2/8
    """
    from bot.cli.steps import detect

    report = detect(read_environment(), dry_run=dry_run, shard=shard, recipe=recipe)
    show_report(report, as_json=as_json)
    return int(report.failed)
