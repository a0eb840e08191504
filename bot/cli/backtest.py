"""`pow backtest`: what a recipe would have done, replayed over its history."""

import gc
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from bot.cli.environment import read_environment


class _Day(click.ParamType[datetime]):
    """A date, or a time with its offset."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read a date as its midnight in UTC."""
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"`{value}` is no time; write 2026-01-05 or 2026-01-05T08:00:00Z", param, ctx)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


@click.command("backtest", short_help="Replay a recipe over its history.")
@click.argument("name", metavar="RECIPE", required=False)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True), default=Path())
@click.option("--since", type=_Day(), help="Where the history begins; a year back where left out.")
@click.option("--until", type=_Day(), help="Where it ends; now, or where the files of --data end.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="A folder of FEED.csv, .parquet or .json (columns at, value, of) in place of the sources.",
)
@click.option("--against", metavar="REF", help="Compare with the recipe as it stands at a commit or branch.")
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="Write the chart to a file.")
@click.option("--markdown", is_flag=True, help="Print Markdown.")
@click.option("--pull", type=click.IntRange(min=1), help="Compare the recipes of a pull request.")
@click.option("--pulls", is_flag=True, help="The same for every open pull request of this repository.")
@click.option("--post", is_flag=True, help="Put the comparison on the pull request, as one comment.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(*, name: str | None, folder: Path, **options: Any) -> int:
    r"""Replay RECIPE of FOLDER over its history: when it would have fired, and what would have come of it.

    It changes nothing. Exit code 1 if a feed that the recipe needs gave nothing.

    \b
    Examples:
      pow backtest PASSPORT_BACKLOG --since 2026-01-01
      pow backtest PASSPORT_BACKLOG --data history --against origin/main
    """
    # A year of samples is a million objects that all stay until the end: looking for garbage among them finds none.
    gc.disable()
    try:
        return _run(name, folder, options)
    finally:
        gc.enable()


def _run(name: str | None, folder: Path, options: dict[str, Any]) -> int:
    from bot.cli.backtest_options import Options

    wanted = Options(**options)
    environment = read_environment()
    if wanted.pull is None and not wanted.pulls and not name:
        wanted = replace(wanted, pull=environment.pull)
    if wanted.pull is not None or wanted.pulls:
        from bot.cli.backtest_pulls import compare_pulls

        return compare_pulls(environment, wanted)
    if wanted.post:
        raise click.UsageError("--post needs --pull or --pulls")
    if not name:
        raise click.UsageError("name a RECIPE, or a pull request with --pull")
    from bot.cli.backtest_folder import replay_folder

    return replay_folder(environment, folder, name.upper(), wanted)
