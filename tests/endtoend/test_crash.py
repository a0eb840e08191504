"""Kill -9 after every single write of the passport story, run again, and end in the same state without a duplicate.

A run is killed as soon as one more write than ever before has reached the forge, the gateway or an adapter; writes
to the legacy files are interrupted right before and right after their rename. What is left behind is compared with
the story that nobody disturbed.
"""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import unified_diff
from pathlib import Path
from typing import Any

import pytest
from stage import a_town, bot, records, told

from bot.model.record import Phase
from bot.sandbox.actions.runner import Finished
from bot.sandbox.story import BAD, GOOD, is_closed, open_pull
from bot.sandbox.town import Town

KILLED = -signal.SIGKILL
MOST_RUNS = 150
MOST_SPANS = 16
LASTING = ("/git/refs", "/pulls", "/merge", "/comments", "/deployments")
"""Writes that bring the story on. What is sent again under the same idempotency key (the gateway's patch, a sync)
is not among them: a run that was killed before it saw the answer may ask again."""

KILL_AT_RENAMES = """
import os, signal
from pathlib import Path

_replace, _marks = os.replace, Path(os.environ["POW_TEST_MARKS"])


def _once(name):
    mark = _marks / name
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def replace(source, target, **others):
    name = Path(target).name
    _once(f"before-{name}")
    _replace(source, target, **others)
    _once(f"after-{name}")


os.replace = replace
"""


@dataclass(kw_only=True)
class Assassin:
    """Kills the running command after each write that it has not seen yet, in the state in which it sees it.

    `environment` is that of a command which also dies around its renames.
    """

    environment: Mapping[str, str]
    running: "subprocess.Popen[str] | None" = None
    lasting: int = 0
    seen: set[tuple[int, str]] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, process: "subprocess.Popen[str]") -> None:
        self.running = process

    def on_forge_write(self, _: int, phase: str, what: str) -> None:
        self._strike(phase, what)

    def on_agency_write(self, phase: str, _: int, path: str) -> None:
        self._strike(phase, path)

    def _strike(self, phase: str, what: str) -> None:
        if phase != "after":
            return
        with self.lock:
            write = (self.lasting, what)
            if write in self.seen:
                return
            self.seen.add(write)
            self.lasting += any(part in what for part in LASTING)
            if self.running is not None:
                # The command runs in a session of its own, below a shell: kill -9 for all of it.
                os.killpg(self.running.pid, signal.SIGKILL)


@contextmanager
def a_dangerous_town(tmp_path: Path) -> Iterator[tuple[Town, Assassin]]:
    hooks, marks = tmp_path / "hooks", tmp_path / "marks"
    hooks.mkdir()
    marks.mkdir()
    (hooks / "sitecustomize.py").write_text(KILL_AT_RENAMES)
    assassin = Assassin(environment={"PYTHONPATH": str(hooks), "POW_TEST_MARKS": str(marks)})
    with a_town() as town:
        town.started = assassin.start
        yield town, assassin


def tell_good_story(town: Town, pass_once: Any) -> Mapping[str, Any]:
    """Propose, approve, deploy, wait and close; `pass_once` brings the bot to rest at one instant."""
    pass_once(town)
    number = open_pull(town, GOOD)
    pass_once(town)
    town.review(number, login="sam", event="APPROVE", body="")
    pass_once(town)
    pass_once(town)
    for days in (5, 5):
        town.advance(timedelta(days=days))
        pass_once(town)
    assert is_closed(town, GOOD)
    pass_once(town)
    return told(town)


def tell_bad_story(town: Town, pass_once: Any) -> Mapping[str, Any]:
    """After a good change, propose and approve one that does harm, take it back, and see whether that helped."""
    tell_good_story(town, in_peace)
    pass_once(town)
    town.review(open_pull(town, BAD), login="wei", event="APPROVE", body="")
    pass_once(town)
    for _ in range(MOST_SPANS):
        town.advance(timedelta(hours=6))
        pass_once(town)
        if is_closed(town, BAD):
            pass_once(town)
            return told(town)
    pytest.fail("the bad change is still open")


def in_peace(town: Town) -> None:
    """Let the bot run until a run leaves everything as it was.

    Who is killed runs again at the same instant, and what one run starts the next goes on with: a rollback that is
    opened and merged in one instant there would be merged six hours later here, were there one run only.
    """
    before, after = None, told(town)
    for _ in range(MOST_RUNS):
        if before == after:
            return
        finished = bot(town)
        assert finished.exit_code == 0, finished.output
        before, after = after, told(town)
    pytest.fail(f"{MOST_RUNS} runs in a row brought something new: the bot does not come to rest")


def differences(expected: Any, found: Any, place: str = "") -> Iterator[str]:
    """Say where two told states differ: the place, down to the single value, and what became of the lines there."""
    expected, found = _named(expected), _named(found)
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        for key in sorted({*expected, *found}):
            yield from differences(expected.get(key), found.get(key), f"{place}/{key}")
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for number, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from differences(one, other, f"{place}/{number}")
    elif expected != found:
        lines = unified_diff(_lines(expected), _lines(found), "in peace", "killed", lineterm="")
        yield "\n".join([f"{place or '/'}:", *lines])


def _named(state: Any) -> Any:
    """Call a pull request by its number and title instead of its place in a list."""
    if isinstance(state, list) and state and all(isinstance(one, Mapping) and "number" in one for one in state):
        return {f"#{one['number']} {one['title']}": one for one in state}
    return state


def _lines(value: Any) -> list[str]:
    """Lay a value out in lines: each item of a list below its number, a text as it was written."""
    if isinstance(value, list):
        return [line for number, one in enumerate(value) for line in (f"[{number}]", *_lines(one))]
    return value.splitlines() if isinstance(value, str) else [repr(value)]


def in_reach(town: Town, assassin: Assassin) -> Finished:
    """Run the bot once as a process that can be killed; what people do before and after is not struck."""
    kept = (town.warm, town.environment)
    town.warm, town.environment = None, assassin.environment
    town.forge.on_write, town.agency.on_write = assassin.on_forge_write, assassin.on_agency_write
    try:
        return bot(town)
    finally:
        town.forge.on_write = town.agency.on_write = None
        town.warm, town.environment = kept


def a_killer(assassin: Assassin, deaths: list[str]) -> Any:
    """Return a way to bring the bot to rest that kills it after every write."""

    def in_danger(town: Town) -> None:
        for _ in range(MOST_RUNS):
            finished = in_reach(town, assassin)
            if finished.exit_code not in {KILLED, 128 + signal.SIGKILL}:
                assert finished.exit_code == 0, finished.output
                return
            deaths.append(finished.output)
        pytest.fail(f"{MOST_RUNS} runs in a row were killed: some write is repeated for ever")

    return in_danger


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tell", "least"), [(tell_good_story, 60), (tell_bad_story, 60)], ids=["success", "rollback"]
)
def test_a_story_killed_after_every_write_ends_like_the_one_in_peace(tell: Any, least: int, tmp_path: Path):
    with a_town() as town:
        expected = tell(town, in_peace)
    deaths: list[str] = []
    with a_dangerous_town(tmp_path) as (town, assassin):
        found = tell(town, a_killer(assassin, deaths))
        reverted = [record for record in records(town) if record.phase is Phase.REVERTED]
    assert len(deaths) > least, "the story has more writes than that"
    assert len(reverted) == (tell is tell_bad_story), "at most one revert"
    apart = list(differences(expected, found))
    assert not apart, "\n\n".join(["the killed story ends otherwise:", *apart])
