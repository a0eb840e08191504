"""Shows the sandbox's story in a terminal: a live display, or plain lines where there is no terminal."""

import gc
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from bot.sandbox.page.worker import at_work
from bot.sandbox.story import Beat, Gauges, tell, write_pulls
from bot.sandbox.town import Town

STEPS = ("Collect", "Diagnose", "Propose", "Approve", "Deploy", "Sync", "Monitor")
_BARS = "▁▂▃▄▅▆▇█"
_LOOK_SECONDS = 0.2
_COLOURS = {"✔": "green", "✘": "red", "!": "yellow", "…": "cyan", "+": "green", "-": "red", "@": "cyan"}


def play(town: Town, *, plain: bool) -> int:
    """Play the whole story and say where to look; 1 if a step failed."""
    began = time.monotonic()
    console = Console()
    beats = tell(town)
    failed = _play_plain(beats) if plain or not console.is_terminal else _play_live(beats, console)
    _say_where_to_look(town, seconds=time.monotonic() - began)
    return int(failed)


def _play_plain(beats: Iterable[Beat]) -> bool:
    failed = False
    for beat in beats:
        failed |= beat.failed
        click.echo(f"{_stamp(beat)} {_step_name(beat)} {beat.title}")
        for line in beat.lines:
            click.echo(f"    {line}")
    return failed


def _play_live(beats: Iterable[Beat], console: Console) -> bool:
    stage = _Stage()
    failed = False
    with Live(stage, console=console, refresh_per_second=8, transient=True) as live:
        for beat in beats:
            failed |= beat.failed
            stage.take(beat)
            for line in _told(beat):
                live.console.print(line)
    return failed


def _told(beat: Beat) -> list[Text]:
    lines = [Text(f"{_stamp(beat)} {_step_name(beat)} {beat.title}", style="bold red" if beat.failed else "bold")]
    for line in beat.lines:
        mark = line.strip()[:1]
        lines.append(Text(f"    {line}", style=_COLOURS.get(mark, ""), no_wrap=True, overflow="ellipsis"))
    return lines


class _Stage:
    """The live part below the told lines: the loop, and the office's gauges over time."""

    def __init__(self) -> None:
        self._steps: tuple[int, ...] = (1,)
        self._waits: deque[float] = deque(maxlen=40)
        self._errors: deque[float] = deque(maxlen=40)
        self._gauges: Gauges | None = None
        self._spinner = Spinner("dots")

    def take(self, beat: Beat) -> None:
        """Take in one more beat."""
        self._steps = beat.steps
        if beat.gauges is not None and beat.gauges != self._gauges:
            self._gauges = beat.gauges
            self._waits.append(beat.gauges.wait_days)
            self._errors.append(beat.gauges.error_percent)

    def __rich__(self) -> RenderableType:
        """Draw the present."""
        return Panel(Group(self._loop(), self._office()), title="POW bot on the sandbox", border_style="dim")

    def _loop(self) -> RenderableType:
        table = Table.grid(padding=(0, 1))
        cells: list[RenderableType] = [self._spinner]
        for number, name in enumerate(STEPS, start=1):
            style = "reverse bold" if number in self._steps else "dim"
            cells.append(Text(f" {number} {name} ", style=style))
        table.add_row(*cells)
        return table

    def _office(self) -> RenderableType:
        if self._gauges is None:
            return Text("opening the passport office ...", style="dim")
        gauges = self._gauges
        table = Table.grid(padding=(0, 2))
        table.add_row("time", gauges.at, "")
        table.add_row("wait", f"{gauges.wait_days:5.1f} days", Text(sparkline(self._waits), style="cyan"))
        table.add_row("errors", f"{gauges.error_percent:5.1f} %", Text(sparkline(self._errors), style="magenta"))
        table.add_row("complaints", f"{gauges.complaints:5d} a day", "")
        table.add_row("max_blur_px", f"{gauges.blur_limit:5g}", "")
        return table


def sparkline(values: Iterable[float]) -> str:
    """Draw values from 0 as a row of bars."""
    drawn = list(values)
    top = max(drawn, default=0.0) or 1.0
    return "".join(_BARS[min(len(_BARS) - 1, int(value / top * (len(_BARS) - 1) + 0.5))] for value in drawn)


def _stamp(beat: Beat) -> str:
    return beat.gauges.at.replace("T", " ").removesuffix(":00Z") if beat.gauges else " " * 16


def _step_name(beat: Beat) -> str:
    named = ", ".join(f"{number} {STEPS[number - 1].lower()}" for number in beat.steps)
    return f"[{named or 'people and time'}]"


def _say_where_to_look(town: Town, *, seconds: float) -> None:
    bare = _shown(town.bare)
    click.echo("")
    click.echo(f"The story took {seconds:.0f} s. Where to look:")
    for what, where in (
        ("history that reads as a story", f"git -C {bare} log --first-parent main"),
        ("the ledger, record by record", f"git -C {bare} log --stat pow-ledger"),
        ("the pull requests", " ".join(_shown(path) for path in write_pulls(town))),
        ("the mainframe's file", f"cat {_shown(town.folder / 'mainframe' / 'status.txt')}"),
        ("the Excel sheet", _shown(town.folder / "sheets")),
    ):
        click.echo(f"  {what:32} {where}")
    click.echo("To review a pull request yourself: make demo ARGS=--serve")


def _shown(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def leave_open(town: Town) -> int:
    """Leave the sandbox up, its page at work, until the person stops it."""
    ended = threading.Event()
    # A handler that only sets an event: an interrupt is neither lost nor breaks off what is being printed.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: ended.set())
    with at_work(town):
        click.echo(f"the sandbox is up: open {town.base_url}/ in a browser; Ctrl-C ends it")
        click.echo("to run the bot's commands against it, in a clone of its repository:")
        for line in _exports(town):
            click.echo(f"  {line}")
        sys.stdout.flush()
        while not ended.wait(_LOOK_SECONDS):
            pass  # the kernel may give the signal to another thread, which does not wake this one
        town.end_commands()
    click.echo("the sandbox is closed")
    gc.freeze()  # the office's many objects need no last walk over them: the process ends at once
    return 0


def _exports(town: Town) -> list[str]:
    """Return the lines that point a shell at the sandbox, at its present."""
    machine = town.machine()
    variables = {
        "GITHUB_SERVER_URL": machine.server_url,
        "GITHUB_API_URL": machine.api_url,
        "GITHUB_REPOSITORY": machine.repository,
        "GITHUB_TOKEN": machine.token,
        "POW_BOT_LOGIN": f"'{machine.login}'",
        **machine.environment,
        **machine.variables,
        **machine.secrets,
    }
    return [f"export {name}={value}" for name, value in variables.items()]
