"""`pow diagnose`: where a process log says that time is lost."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

import click

from bot.cli.show import show_json, wants_colour
from bot.model.finding import ActivityWait, HandOver
from bot.model.json import Json


@click.command("diagnose", short_help="Rank the waiting in a process log.")
@click.option(
    "--log",
    "path",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    required=True,
    help="An event log: Parquet, CSV, or XES (also .gz).",
)
@click.option("--top", type=click.IntRange(min=1), default=10, show_default=True, help="How many rows to show.")
@click.option("--case", default="", help="The column of the case; guessed where left out.")
@click.option("--activity", default="", help="The column of the activity.")
@click.option("--start", default="", help="The column of an event's start.")
@click.option("--end", default="", help="The column of an event's completion.")
@click.option("--time-zone", default="UTC", show_default=True, help="The zone of times without an offset.")
@click.option("--basis", type=click.Choice(["completion", "idle"]), help="From where to where waiting is counted.")
@click.option("--json", "as_json", is_flag=True, help="Print the ranking as JSON, times in seconds.")
def command(*, path: Path, top: int, basis: str | None, as_json: bool, **columns: str) -> int:
    r"""Rank activities and hand-overs of a process log by the total time that cases wait.

    \b
    Example:
      pow diagnose --log events.csv --top 5
    """
    from bot.collect.passages import Basis
    from bot.diagnose.log import LogOptions, rank_file
    from bot.diagnose.process import rank_activities
    from bot.model.settings import Columns
    from bot.report.ranking import activity_table, hand_over_table, summary_of, text_of

    zone = columns.pop("time_zone")
    options = LogOptions(columns=Columns(**columns), basis=Basis(basis) if basis else None, time_zone=zone)
    ranking = rank_file(path, options)
    waits = rank_activities(ranking)
    if as_json:
        show_json(
            {
                "cases": ranking.cases,
                "events": ranking.events,
                "activities": ranking.activities,
                "total": ranking.total,
                "hand_overs": _rows(ranking.hand_overs),
                "before_activities": _rows(waits),
            }
        )
        return 0
    click.echo(summary_of(ranking))
    for table in (hand_over_table(ranking, limit=top), activity_table(waits, limit=top)):
        click.echo("")
        click.echo(click.style(table.title, bold=True), color=wants_colour())
        click.echo(text_of(table))
    return 0


def _rows(values: Iterable[HandOver | ActivityWait]) -> list[Mapping[str, Json]]:
    return [asdict(value) for value in values]
