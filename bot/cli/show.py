"""How the commands print: data to stdout, talk to stderr, colour only for a terminal that wants it."""

import json
import os
import sys
from collections.abc import Mapping

import click

from bot.model.errors import BotError, Diagnostic
from bot.model.event import Event, Mark, StepReport
from bot.model.json import Json
from bot.report.diagnostics import DiagnosticFormat, render

_SIGNS = {
    Mark.DONE: ("✔", "green"),
    Mark.NOTE: ("·", None),
    Mark.WAIT: ("…", "cyan"),
    Mark.WARNING: ("!", "yellow"),
    Mark.FAILURE: ("✘", "red"),
}


def wants_colour() -> bool:
    """Whether to colour: a terminal, and NO_COLOR unset or empty (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def show_report(report: StepReport, *, as_json: bool) -> None:
    """Print what a step did."""
    if as_json:
        show_json({"step": report.step, "failed": report.failed, "events": [event_json(e) for e in report.events]})
        return
    if not report.events:
        click.echo(f"{report.step}: nothing to do")
    for event in report.events:
        show_event(event)


def show_event(event: Event) -> None:
    """Print one event as a line, and its hint as another."""
    sign, colour = _SIGNS[event.mark]
    subject = f" {event.subject}:" if event.subject else ""
    line = f"{click.style(sign, fg=colour) if colour else sign} {event.step}{subject} {event.sentence}"
    click.echo(line, color=wants_colour())
    redline = event.data.get("redline")
    if isinstance(redline, str):
        click.echo(_coloured(redline), color=wants_colour())
    if event.hint:
        click.echo(f"  hint: {event.hint}", color=wants_colour())


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
    """Print JSON for other programs."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def show_diagnostics(diagnostics: tuple[Diagnostic, ...]) -> None:
    """Print what is wrong with what a person wrote."""
    click.echo(render(diagnostics, DiagnosticFormat.TEXT), err=True, nl=False)


def show_error(error: BotError) -> None:
    """Print an expected failure and what helps."""
    click.echo(f"{click.style('error', fg='red')}: {error.message}", err=True)
    if error.hint:
        click.echo(f"hint: {error.hint}", err=True)


def _coloured(redline: str) -> str:
    colours = {"+": "green", "-": "red", "@": "cyan"}
    lines = (click.style(line, fg=colours[line[0]]) if line[:1] in colours else line for line in redline.splitlines())
    return "\n".join(f"    {line}" for line in lines)
