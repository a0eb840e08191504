"""A ranking as tables: rows of plain texts that the terminal may colour, and the same rows as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.model.finding import ActivityWait, Ranking
from bot.report.untrusted import sanitize, visible

_UNITS = (("days", 86_400), ("h", 3_600), ("min", 60))
_NAME = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A titled table of texts; the first `names` columns are names, the others are numbers."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    names: int


def summary_of(ranking: Ranking) -> str:
    """Say in one sentence how much a log holds and how much waiting there is in it."""
    pairs = f"{len(ranking.hand_overs):,} hand-over{'s' if len(ranking.hand_overs) != 1 else ''}"
    size = f"{ranking.cases:,} cases, {ranking.events:,} events, {ranking.activities:,} activities"
    return f"{size}: {duration(ranking.total)} of waiting over {pairs}"


def worst_of(ranking: Ranking) -> str:
    """Say in one sentence where most time is lost; empty where there is no hand-over."""
    if not ranking.hand_overs:
        return ""
    worst = ranking.hand_overs[0]
    between = f"{visible(worst.source, limit=_NAME)} → {visible(worst.target, limit=_NAME)}"
    return f"most time is lost at {between}: {worst.share:.1%} of all waiting, {duration(worst.mean)} a passage"


def hand_over_table(ranking: Ranking, *, limit: int = 10) -> Table:
    """Return the hand-overs with the most total waiting."""
    rows = (
        (
            visible(each.source, limit=_NAME),
            visible(each.target, limit=_NAME),
            f"{each.passages:,}",
            duration(each.total),
            f"{each.share:.1%}",
            duration(each.mean),
            duration(each.median),
            duration(each.p95),
        )
        for each in ranking.hand_overs[:limit]
    )
    header = ("From", "To", "Passages", "Total wait", "Share", "Mean", "Median", "p95")
    return Table(title="Hand-overs by total waiting", header=header, rows=tuple(rows), names=2)


def activity_table(waits: Sequence[ActivityWait], *, limit: int = 10) -> Table:
    """Return the activities with the most total waiting before them."""
    rows = (
        (
            visible(each.activity, limit=_NAME),
            f"{each.passages:,}",
            duration(each.total),
            f"{each.share:.1%}",
            duration(each.mean),
        )
        for each in waits[:limit]
    )
    header = ("Activity", "Passages", "Wait before it", "Share", "Mean")
    return Table(title="Activities by the waiting before them", header=header, rows=tuple(rows), names=1)


def markdown_of(table: Table) -> str:
    """Write a table as Markdown; names come from a feed and are made harmless."""
    rule = ["---"] * table.names + ["--:"] * (len(table.header) - table.names)
    lines = [f"| {' | '.join(table.header)} |", f"|{'|'.join(rule)}|"]
    for row in table.rows:
        cells = (*(sanitize(name, limit=_NAME) for name in row[: table.names]), *row[table.names :])
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def text_of(table: Table) -> str:
    """Write a table in columns for a terminal without colours: names to the left, numbers to the right."""
    lines = (table.header, *table.rows)
    widths = [max(len(line[index]) for line in lines) for index in range(len(table.header))]
    return "\n".join(_aligned(line, widths, table.names) for line in lines)


def _aligned(line: Sequence[str], widths: Sequence[int], names: int) -> str:
    cells = (
        cell.ljust(width) if index < names else cell.rjust(width)
        for index, (cell, width) in enumerate(zip(line, widths, strict=True))
    )
    return "  ".join(cells).rstrip()


def duration(seconds: float) -> str:
    """Write a length of time for a person: days with two decimals, shorter ones in hours, minutes or seconds."""
    unit, size = next(((unit, size) for unit, size in _UNITS if abs(seconds) >= size), ("s", 1))
    return f"{seconds / size:,.2f} {unit}" if unit == "days" else f"{seconds / size:.1f} {unit}"
