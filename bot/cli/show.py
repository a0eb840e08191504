"""How the commands print: data to stdout, talk to stderr, colour only for a terminal that wants it.

Sentences may quote feeds, servers and people. None of it reaches a terminal as a control character, or a runner's log
as a workflow command.
"""

import json
import os
import re
import sys
from collections.abc import Mapping

import click

from bot.model.errors import BotError, Diagnostic
from bot.model.event import Cost, Event, Mark, StepReport
from bot.model.json import Json
from bot.report.diagnostics import DiagnosticFormat, printable, render

_SIGNS = {
    Mark.DONE: ("✔", "green"),
    Mark.NOTE: ("·", None),
    Mark.WAIT: ("…", "cyan"),
    Mark.WARNING: ("!", "yellow"),
    Mark.FAILURE: ("✘", "red"),
}
_WORKFLOW_COMMAND = re.compile(r"^\s*:(?=:)|##(?=\[)")
"""What GitHub's runner acts on in a line of output: `::name::` where it begins, `##[name]` anywhere."""


def wants_colour(*, err: bool = False) -> bool:
    """Whether to colour stdout (or stderr): a terminal, and NO_COLOR unset or empty (no-color.org)."""
    stream = sys.stderr if err else sys.stdout
    return stream.isatty() and not os.environ.get("NO_COLOR")


def one_line(text: str) -> str:
    """Return a text as one line that does nothing but show."""
    return _inert(" ".join(text.split()))


def _inert(line: str) -> str:
    return _WORKFLOW_COMMAND.sub(lambda match: f"{match.group()} ", printable(line))


def show_report(report: StepReport, *, as_json: bool) -> None:
    """Print what a step did."""
    if as_json:
        show_json({"failed": report.failed, **report_json(report)})
        return
    if not report.events:
        click.echo(f"{report.step}: nothing to do")
    for event in report.events:
        show_event(event)
    if report.cost.requests:
        click.echo(f"  {cost_in_words(report.cost)}", err=True)


def report_json(report: StepReport) -> Mapping[str, Json]:
    """Return a report as JSON, with what it cost."""
    cost = report.cost
    return {
        "step": report.step,
        "events": [event_json(event) for event in report.events],
        "cost": {"requests": cost.requests, "writes": cost.writes, "left": cost.left, "limit": cost.limit},
    }


def cost_in_words(cost: Cost) -> str:
    """Say how much was asked of the forge, and how much may be asked still."""
    asked = f"requests to the forge: {cost.requests:,}, writes among them: {cost.writes:,}"
    return asked if cost.left is None else f"{asked}; {cost.left:,} of {cost.limit:,} are left this hour"


def show_event(event: Event) -> None:
    """Print one event as a line, and its hint as another."""
    sign, colour = _SIGNS[event.mark]
    subject = f" {one_line(event.subject)}:" if event.subject else ""
    styled = click.style(sign, fg=colour) if colour else sign
    click.echo(f"{styled} {event.step}{subject} {one_line(event.sentence)}", color=wants_colour())
    redline = event.data.get("redline")
    if isinstance(redline, str):
        show_redline(redline)
    if event.hint:
        click.echo(f"  hint: {one_line(event.hint)}", color=wants_colour())


def show_redline(redline: str) -> None:
    """Print a unified diff, indented, nothing in it acting."""
    click.echo(_coloured(redline), color=wants_colour())


def show_text(text: str) -> None:
    """Print a file's text line by line, nothing in it acting."""
    for line in text.splitlines():
        click.echo(_inert(line))


def event_json(event: Event) -> Mapping[str, Json]:
    """Return an event as JSON."""
    return {
        "step": event.step,
        "mark": event.mark,
        "subject": event.subject,
        "change": event.change,
        "sentence": event.sentence,
        "hint": event.hint,
        "data": dict(event.data),
    }


def show_json(value: Json) -> None:
    """Print JSON for other programs, in ASCII: whatever is in it, no terminal acts on it."""
    click.echo(json.dumps(value, indent=2))


def show_diagnostics(diagnostics: tuple[Diagnostic, ...]) -> None:
    """Print what is wrong with what a person wrote."""
    click.echo(render(diagnostics, DiagnosticFormat.TEXT), err=True, nl=False)


def show_error(error: BotError) -> None:
    """Print an expected failure and what helps."""
    colour = wants_colour(err=True)
    click.echo(f"{click.style('error', fg='red')}: {one_line(error.message)}", err=True, color=colour)
    if error.hint:
        click.echo(f"hint: {one_line(error.hint)}", err=True, color=colour)


def show_bug(report: str, command: str) -> None:
    """Print a bug with all that whoever mends it needs."""
    for line in report.splitlines():
        click.echo(_inert(line), err=True)
    click.echo(f"this is a bug in the bot: `{one_line(command)}` must never end like this", err=True)
    click.echo("hint: report the lines above; nothing is lost, the next run goes on where this one stopped", err=True)


def _coloured(redline: str) -> str:
    colours = {"+": "green", "-": "red", "@": "cyan"}
    lines = (_inert(line) for line in redline.splitlines())
    styled = (click.style(line, fg=colours[line[0]]) if line[:1] in colours else line for line in lines)
    return "\n".join(f"    {line}" for line in styled)
