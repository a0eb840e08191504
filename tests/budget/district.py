"""A district of many recipes on the sandbox, one pass of `pow run` over it, and every API request that it sends.

What git itself fetches is no API request. The forge is served over HTTP, the clone is real, the command runs in this
process as a scheduled run would, and time passes only where a test says so.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
from fakes.builders import START
from forge.stands import PERMISSIONS
from propose.office import FEEDS, POLICY, RECIPE, SERVICE, TARGETS
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.cli.main import run
from bot.model.clock import format_time
from bot.sandbox.forge.app import create_app
from bot.sandbox.forge.serve import serve
from bot.sandbox.forge.state import ForgeState, Repository

TOKEN, LOGIN = "bot-token", "pow-bot[bot]"
API = "/api/v3"
PEOPLE = ("sam", "ada", "mallory")
WORKFLOWS = {f".github/workflows/{name}.yml": b"on: workflow_dispatch\n" for name in ("gate", "deploy", "monitor")}
LIMITS = b"proposals_per_run: 100\nopen_proposals: {automatic: 100, people: 100}\n"
_NUMBERS = re.compile(r"/\d+(?=/|$)|/[0-9a-f]{40}(?=/|$)|(?<=/heads/).*$")


@dataclass(slots=True)
class MovingClock:
    """Stands still until it is set."""

    at: datetime

    def now(self) -> datetime:
        return self.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What one run asked the API, and what it said."""

    asked: tuple[str, ...]
    report: Mapping[str, Any]

    @property
    def kinds(self) -> dict[str, int]:
        """How often each kind of request was sent."""
        shown = [_NUMBERS.sub("/_", each.partition("?")[0]) for each in self.asked]
        return {kind: shown.count(kind) for kind in dict.fromkeys(shown)}

    @property
    def costs(self) -> dict[str, tuple[int, int]]:
        """How many requests, and writes among them, each step says that it cost."""
        return {each["step"]: (each["cost"]["requests"], each["cost"]["writes"]) for each in self.report["steps"]}

    @property
    def sentences(self) -> list[str]:
        """Everything it said."""
        return [event["sentence"] for step in self.report["steps"] for event in step["events"]]


@dataclass(slots=True, kw_only=True)
class District:
    """The forge, a clone, and the bot's environment."""

    state: ForgeState
    clock: MovingClock
    repository: Repository
    base_url: str
    clone: Path
    log: list[str] = field(default_factory=list)

    def cycle(self, *, after: timedelta = timedelta(minutes=15), command: Sequence[str] = ("run",)) -> Pass:
        """Let time pass, then run a command once; it must not fail."""
        self.clock.at += after
        self.write_waits()
        self.log.clear()
        output = StringIO()
        with patch.dict(os.environ, self._environment(), clear=True), redirect_stdout(output):
            code = run([*command, "--json"])
        assert code == 0, output.getvalue()
        report = json.loads(output.getvalue())
        found = Pass(asked=tuple(self.log), report=report if "steps" in report else {"steps": [report]})
        writes = sum(not request.startswith("GET ") for request in found.asked)
        counted = [sum(column) for column in zip(*found.costs.values(), strict=True)]
        assert counted == [len(found.asked), writes], "what the bot counts is what was sent"
        return found

    def write_waits(self) -> None:
        """Write what the district measures: a wait of 26 days an hour ago."""
        folder = self.clone / "data"
        folder.mkdir(exist_ok=True)
        rows = [{"closed_at": (self.clock.at - timedelta(hours=n)).isoformat(), "days": 26.3} for n in range(1, 6)]
        (folder / "waits.json").write_text(json.dumps(rows))
        complaint = {"at": (self.clock.at - timedelta(hours=2)).isoformat(), "topic": "delay", "text": "slow"}
        (folder / "complaints.json").write_text(json.dumps([complaint]))

    def ask(self, method: str, path: str, *, by: str = "sam", **body: Any) -> Any:
        """Send one request as a person."""
        headers = {"Authorization": f"Bearer token-{by}"}
        url = f"{self.base_url}{API}/repos/agency/pow/{path}"
        answer = httpx.request(method, url, headers=headers, json=body, trust_env=False)
        answer.raise_for_status()
        return answer.json()

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return {
            **kept,
            "GITHUB_SERVER_URL": self.base_url,
            "GITHUB_API_URL": f"{self.base_url}{API}",
            "GITHUB_REPOSITORY": "agency/pow",
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_WORKSPACE": str(self.clone),
            "POW_BOT_LOGIN": LOGIN,
            "POW_GATEWAY_TOKEN": "never-used",
            "POW_NOW": format_time(self.clock.at),
        }


def files_of(recipes: int, firing: int) -> dict[str, bytes]:
    """So many recipes, each for a service of its own; the first ones fire, the others do not."""
    files: dict[str, bytes] = {
        "pow/settings/feeds.yml": FEEDS,
        "pow/settings/targets.yml": TARGETS,
        "pow/settings/policy.yml": POLICY + LIMITS,
        **WORKFLOWS,
    }
    for number in range(recipes):
        recipe = RECIPE.replace(b"PASSPORT_BACKLOG", b"BACKLOG_%04d" % number)
        if number >= firing:
            recipe = recipe.replace(b"> 20_days", b"> 90_days")
        files[f"pow/backlog_{number:04}.yml"] = recipe.replace(b"PHOTO_VALIDATOR", b"SERVICE_%04d" % number)
        service = SERVICE.replace(b"PHOTO_VALIDATOR", b"SERVICE_%04d" % number)
        files[f"patches/services/SERVICE_{number:04}.yml"] = service
    return files


@contextmanager
def a_district(root: Path, *, recipes: int, firing: int) -> Iterator[District]:
    """Serve a district in which the bot has not run yet."""
    clock = MovingClock(START)
    state = ForgeState.create(root / "forge", clock)
    state.add_organization("agency")
    for login in PEOPLE:
        state.add_user(login, token=f"token-{login}")
    state.add_team("agency", "supervisors", members=["sam", "ada"])
    state.add_team("agency", "security", members=["ada"])
    state.add_app("pow-bot", token=TOKEN, permissions=PERMISSIONS)
    repository = state.create_repository("agency", "pow", files_of(recipes, firing), private=True)
    for login in PEOPLE:
        state.grant(login, repository.full_name, "write")
    log: list[str] = []
    clone = root / "clone"
    with serve(logged(create_app(state), log)) as served:
        url = f"{served.base_url.replace('://', f'://x-access-token:{TOKEN}@')}/agency/pow.git"
        subprocess.run(["git", "clone", "--quiet", url, str(clone)], check=True, capture_output=True)
        yield District(
            state=state,
            clock=clock,
            repository=repository,
            base_url=served.base_url,
            clone=clone,
            log=log,
        )


def logged(app: ASGIApp, log: list[str]) -> ASGIApp:
    """Note every API request as it comes in, whatever becomes of it."""

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(API):
            query = scope["query_string"].decode()
            path = scope["path"].removeprefix(API).removeprefix("/repos/agency/pow") or "/"
            log.append(f"{scope['method']} {path}{'?' if query else ''}{query}")
        await app(scope, receive, send)

    return noting
