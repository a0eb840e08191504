"""A warm machine: an interpreter that has the bot loaded already and forks for every `pow` command.

A hosted runner starts cold every time, and may; a demo that starts Python thirty times spends its time on imports.
What runs is the same: the console script `pow`, in a process of its own, with its own environment and folder.
"""

import importlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

from bot.model.errors import BotError

SCRIPT = "pow"
PRELOADED = ("github", "httpx", "bot.propose.step", "bot.approve.step", "bot.deploy.step", "bot.monitor.step")
_SHELL = frozenset("|&;<>()$`\\\"'*?[#~=%\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a command ended; `exit_code` is negative for a signal, as in `subprocess`."""

    exit_code: int
    output: str


def is_simple(command: str) -> bool:
    """Tell whether a command is a plain call of the bot, which needs no shell."""
    return command.split(" ", maxsplit=1)[0] == SCRIPT and not _SHELL & set(command)


class Warm:
    """The parent's end: start it once, run commands one at a time, close it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def run(self, command: str, *, folder: Path, environment: Mapping[str, str]) -> Outcome:
        """Run one simple command in a folder with exactly this environment."""
        process = self._process = self._process or _start()
        with tempfile.NamedTemporaryFile(prefix="pow-out-") as output:
            order = {
                "arguments": shlex.split(command),
                "folder": str(folder),
                "environment": dict(environment),
                "output": output.name,
            }
            if process.stdin is None or process.stdout is None:
                raise RuntimeError("the warm machine has no pipes")
            try:
                process.stdin.write(json.dumps(order) + "\n")
                process.stdin.flush()
                answer = process.stdout.readline()
            except BrokenPipeError:
                answer = ""
            if not answer:
                raise BotError(f"the warm machine died before `{command}` ended", hint="start the sandbox again")
            return Outcome(exit_code=int(answer), output=Path(output.name).read_text(errors="replace"))

    def close(self) -> None:
        """End the interpreter."""
        if self._process is not None:
            with suppress(BrokenPipeError), self._process:
                self._process.terminate()
            self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _start() -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "bot.sandbox.actions.warm"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def _serve() -> None:
    """The interpreter's end: one order a line in, one exit code a line out."""
    for name in PRELOADED:
        importlib.import_module(name)
    (script,) = entry_points(group="console_scripts", name=SCRIPT)
    script.load()
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(order)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _become(order: Mapping[str, Any]) -> NoReturn:
    """Turn the forked process into the ordered command; never returns."""
    os.setsid()
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    sink = os.open(order["output"], os.O_WRONLY)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (sink, 1), (sink, 2)):
        os.dup2(source, target)
    sys.argv = order["arguments"]
    code = 3
    try:
        (script,) = entry_points(group="console_scripts", name=SCRIPT)
        script.load()()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
