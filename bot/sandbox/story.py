"""The passport story on the sandbox, told in beats: what people and time do; all else the bot does by itself.

Two chapters: a change that helps and closes its loop, and one that makes things worse and is taken back.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx

from bot.ledger.envelope import unseal
from bot.model.change import LEDGER_BRANCH
from bot.model.clock import format_time
from bot.model.errors import BotError
from bot.sandbox.actions.runner import Finished
from bot.sandbox.town import REPOSITORY, Town

GOOD, BAD = "PASSPORT_BACKLOG", "PASSPORT_MANUAL_CHECKS"
_PATIENCE_DAYS = 21
PULLS = "pulls"
"""The folder of the written pull requests, below the sandbox's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauges:
    """The passport office at one moment; `wait_days` and `error_percent` as the tutorial's endpoints give them."""

    at: str
    wait_days: float
    error_percent: float
    complaints: int
    blur_limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """Something that happened: in which of the seven steps (none: people or time), and what there is to say."""

    steps: tuple[int, ...]
    title: str
    lines: tuple[str, ...] = ()
    gauges: Gauges | None = None
    failed: bool = False


_STEPS = {"detect.yml": (1, 2, 3), "gate.yml": (4,), "deploy.yml": (5, 6), "monitor.yml": (7,)}


def tell(town: Town) -> Iterator[Beat]:
    """Tell both chapters, beat by beat; BotError if the story does not come to its end."""
    yield _listen(town)
    yield from _propose_and_approve(town, GOOD, login="sam")
    yield from _wait_for_end(town, GOOD, first=timedelta(days=5), step=timedelta(days=1))
    yield Beat(steps=(), title="The belt goes on: the next recipe fires")
    yield from _propose_and_approve(town, BAD, login="wei")
    yield from _wait_for_end(town, BAD, first=timedelta(hours=6), step=timedelta(hours=6))


def _listen(town: Town) -> Beat:
    gauges = read_gauges(town)
    return Beat(
        steps=(1,),
        title="Complaints and wait times arrive",
        lines=(
            f"{gauges.complaints} complaints in the last day",
            f"mean wait {gauges.wait_days:.1f} days, {gauges.error_percent:.1f}% of photos end in an error",
        ),
        gauges=gauges,
    )


def _propose_and_approve(town: Town, recipe: str, *, login: str) -> Iterator[Beat]:
    yield from _run(town, "detect.yml")
    number = open_pull(town, recipe)
    town.review(number, login=login, event="APPROVE", body="Evidence looks right.")
    yield Beat(steps=(4,), title=f"{login} (supervisor) approves pull request {number}", gauges=read_gauges(town))
    yield from _run(town, "gate.yml")


def _wait_for_end(town: Town, recipe: str, *, first: timedelta, step: timedelta) -> Iterator[Beat]:
    """Let time pass, the monitor looking at the end of every span, until nothing of the recipe is open."""
    end = town.clock.now() + timedelta(days=_PATIENCE_DAYS)
    span = first
    while town.clock.now() < end:
        town.advance(span)
        yield Beat(steps=(), title=f"{_span(span)} later", gauges=read_gauges(town))
        span = step
        yield from _run(town, "monitor.yml")
        if is_closed(town, recipe):
            return
    raise BotError(f"{recipe} is still open after {_PATIENCE_DAYS} days")


def _run(town: Town, workflow: str) -> Iterator[Beat]:
    for finished in town.run(workflow):
        yield _beat(finished, town)


def _beat(finished: Finished, town: Town) -> Beat:
    return Beat(
        steps=_STEPS.get(finished.workflow, ()),
        title=f"{finished.command}",
        lines=tuple(line for line in finished.output.splitlines() if line.strip()),
        gauges=read_gauges(town),
        failed=finished.exit_code != 0,
    )


def read_gauges(town: Town) -> Gauges:
    """Read the office's public figures, as anybody could."""
    now = town.clock.now()
    day = {"since": format_time(now - timedelta(days=1)), "until": format_time(now)}
    with httpx.Client(base_url=f"{town.base_url}/agency", trust_env=False, timeout=30) as client:
        return Gauges(
            at=format_time(now),
            wait_days=client.get("/passport/wait/avg").json()["days"] or 0.0,
            error_percent=client.get("/passport/error").json()["pct"] or 0.0,
            complaints=len(client.get("/complaints/passport", params=day).json()),
            blur_limit=float(town.agency.management.service("PHOTO_VALIDATOR").config["max_blur_px"]),
        )


def open_pull(town: Town, recipe: str) -> int:
    """Return the number of the recipe's open pull request; BotError if there is none."""
    with town.as_person("maria") as client:
        pulls = client.get("pulls", params={"state": "open"}).json()
    number = next((p["number"] for p in pulls if p["head"]["ref"].startswith(f"pow/{recipe.lower()}/")), None)
    if number is None:
        raise BotError(f"no open pull request of {recipe} in {REPOSITORY}")
    return int(number)


def write_pulls(town: Town) -> tuple[Path, ...]:
    """Write every pull request with its comments to a file, for reading once the sandbox has closed; oldest first."""
    folder = town.folder / PULLS
    folder.mkdir(exist_ok=True)
    written = []
    with town.as_person("maria") as client:
        for pull in client.get("pulls", params={"state": "all", "direction": "asc"}).json():
            comments = client.get(f"issues/{pull['number']}/comments").json()
            said = [f"*{each['user']['login']}:*\n\n{each['body']}" for each in comments]
            path = folder / f"{pull['number']}.md"
            path.write_text("\n\n---\n\n".join([f"# {pull['title']}\n\n{pull['body']}", *said]))
            written.append(path)
    return tuple(written)


def is_closed(town: Town, recipe: str) -> bool:
    """Tell whether every change of a recipe that the ledger knows is closed."""
    names = town.git("ls-tree", "-r", "--name-only", LEDGER_BRANCH).decode().split()
    changes = {name.split("/")[1] for name in names}
    own = {change for change in changes if _recipe_of(town, change, names) == recipe}
    return bool(own) and all(any(n.startswith(f"records/{c}/") and "closed" in n for n in names) for c in own)


def _recipe_of(town: Town, change: str, names: list[str]) -> str:
    path = next(name for name in names if name.startswith(f"records/{change}/") and "proposed" in name)
    return str(unseal(town.read(path, at=LEDGER_BRANCH), path=path).facts["recipe"])


def _span(step: timedelta) -> str:
    hours = step.total_seconds() / 3600
    return f"{hours / 24:g} day{'s' if hours > 24 else ''}" if hours % 24 == 0 else f"{hours:g} hours"
