"""Does what the page asks, one thing at a time: people's reviews, time, and the workflows that these set off.

It keeps the log that the page shows and publishes the state after everything that happened. A command that fails is
shown with what it printed, and the next one runs.
"""

import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from typing import assert_never

from bot.ledger.lifecycle import Stage, open_changes
from bot.model.clock import format_time
from bot.model.errors import BotError
from bot.model.json import Json
from bot.sandbox.actions.runner import Finished
from bot.sandbox.page import reviewer
from bot.sandbox.page.actions import SPANS, Action, Approve, Edit, Pass, Reject
from bot.sandbox.page.scene import Scene
from bot.sandbox.town import Town

DETECT, GATE, MONITOR = "detect.yml", "gate.yml", "monitor.yml"
_SHORTEST = timedelta(hours=6)
_PIECES = 6
"""Longer spans pass in so many pieces, with a look of the monitor after each: it must not sleep through bad days."""
_READER = "maria"
"""As whom the page reads the forge: a maintainer sees everything."""
_BETWEEN = "the next step"
_KEPT = 120
_MOST_OUTPUT = 20_000
_GRACE_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the log with its output; `who` is a person, `bot`, or `time`."""

    number: int
    at: str
    who: str
    title: str
    output: str = ""
    failed: bool = False


@contextmanager
def at_work(town: Town) -> Iterator[None]:
    """Work for the town's page in the background for as long as the block lasts."""
    with town.as_person(_READER) as reader:
        worker = _Worker(town, Scene(town, reader))
        thread = threading.Thread(target=worker.work, name="page-worker", daemon=True)
        town.desk.open()
        thread.start()
        try:
            yield
        finally:
            town.desk.close()
            worker.stop()
            thread.join(_GRACE_SECONDS)


class _Worker:
    """The one thread that acts; only `stop` is called from another."""

    def __init__(self, town: Town, scene: Scene) -> None:
        self._town = town
        self._scene = scene
        self._log: deque[Entry] = deque(maxlen=_KEPT)
        self._numbers = 0
        self._running: str | None = None
        self._guard = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._stopped = threading.Event()
        town.started = self._note_start

    def stop(self) -> None:
        """Start nothing more, and end what runs."""
        with self._guard:
            self._stopped.set()
            if self._process is not None:
                _end(self._process)

    def work(self) -> None:
        """Start the loop, then do what is asked until the desk closes."""
        self._guarded(self._begin)
        while (action := self._town.desk.take()) is not None:
            self._guarded(partial(self._do, action))

    def _guarded(self, deed: Callable[[], None]) -> None:
        """Do something, and whatever happens: show it, and be ready for the next."""
        self._running = _BETWEEN
        try:
            deed()
        except BotError as error:
            hint = f"\nhint: {error.hint}" if error.hint else ""
            self._tell("bot", "this did not work", output=error.message + hint, failed=True)
        except Exception as error:  # noqa: BLE001 -- a bug in one action must not end the page; it is shown there
            self._tell("bot", "this is a bug", output=f"{type(error).__name__}: {error}", failed=True)
        self._running = None
        self._publish(look=True)

    def _begin(self) -> None:
        self._publish(look=True)
        self._tell("time", "complaints and wait times arrive")
        self._detect()

    def _do(self, action: Action) -> None:
        match action:
            case Approve():
                reviewer.approve(self._town, action)
                self._tell(action.login, f"approves pull request {action.pull} at {action.head[:12]}")
                self._run(GATE)
            case Edit():
                reviewer.edit(self._town, action)
                title = f"sets {action.key} to {action.value:g} in pull request {action.pull} and approves it"
                why = f"{action.login} wrote a commit of it now, so somebody else must approve"
                self._tell(action.login, title, output=why)
                self._run(GATE)
            case Reject():
                reviewer.reject(self._town, action)
                self._tell(action.login, f"rejects pull request {action.pull}", output=action.reason)
                self._run(GATE)
            case Pass():
                self._pass(timedelta(hours=action.hours))
            case _:
                assert_never(action)

    def _pass(self, span: timedelta) -> None:
        """Let time pass in pieces, the monitor looking after each; then gate what is open, or detect anew."""
        left = span
        while left > timedelta() and not self._stopped.is_set():
            piece = min(left, max(_SHORTEST, span / _PIECES))
            self._running = f"{SPANS[int(span / timedelta(hours=1))]} of virtual time"
            self._publish()
            self._town.advance(piece)
            left -= piece
            self._tell(
                "time", f"{piece / timedelta(hours=1):g} hour{'' if piece == timedelta(hours=1) else 's'} later"
            )
            self._run(MONITOR)
        stages = {each.stage for each in open_changes(self._scene.records())}
        if not stages:
            self._detect()
        elif Stage.PROPOSED in stages:
            self._run(GATE)

    def _detect(self) -> None:
        """Look for bottlenecks, then gate, unless the detection started the gate by itself."""
        if "pow gate" not in self._run(DETECT):
            self._run(GATE)

    def _run(self, workflow: str) -> frozenset[str]:
        """Run a workflow and what it starts; returns the commands that came to their end."""
        commands: set[str] = set()
        if self._stopped.is_set():
            return frozenset()
        self._running = _BETWEEN
        try:
            for finished in self._town.run(workflow):
                if self._stopped.is_set():
                    break
                self._running = _BETWEEN
                commands.add(finished.command)
                self._show(finished)
        except (subprocess.SubprocessError, OSError) as error:
            self._tell("bot", f"{workflow} could not run", output=str(error), failed=True)
        return frozenset(commands)

    def _show(self, finished: Finished) -> None:
        output = finished.output.rstrip()
        if len(output) > _MOST_OUTPUT:
            output = f"... the first {len(output) - _MOST_OUTPUT} characters are left out\n{output[-_MOST_OUTPUT:]}"
        failed = finished.exit_code != 0
        code = f" (exit code {finished.exit_code})" if failed else ""
        self._tell("bot", finished.command + code, output=output, failed=failed)

    def _tell(self, who: str, title: str, *, output: str = "", failed: bool = False) -> None:
        self._numbers += 1
        at = format_time(self._town.clock.now())
        entry = Entry(number=self._numbers, at=at, who=who, title=title, output=output, failed=failed)
        self._log.append(entry)
        self._publish(look=True)

    def _publish(self, *, look: bool = False) -> None:
        """Show the present; `look` reads the town anew, which takes a moment."""
        if look and not self._stopped.is_set():
            self._scene.look()
        activity: list[Json] = [asdict(entry) for entry in reversed(self._log)]
        state: Mapping[str, Json] = {**self._scene.state(self._running), "activity": activity}
        self._town.desk.publish(state)

    def _note_start(self, process: "subprocess.Popen[str]") -> None:
        """Say what runs as soon as it runs; a process that starts after the end is ended."""
        with self._guard:
            self._process = process
            if self._stopped.is_set():
                _end(process)
        command = process.args[-1] if isinstance(process.args, list) else process.args
        self._running = str(command)
        self._publish()


def _end(process: "subprocess.Popen[str]") -> None:
    """End a step with everything that it started; it leads a process group of its own."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
