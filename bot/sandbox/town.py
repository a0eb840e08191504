"""The whole sandbox in one place: a forge with people and a repository, an agency, and a machine for workflows.

Everything runs on one virtual clock on loopback. The bot never sees this module: it talks to the served addresses.
"""

import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from starlette.routing import Mount
from starlette.types import ASGIApp

from bot.model.clock import format_time
from bot.model.errors import BotError
from bot.sandbox.actions.events import started_by
from bot.sandbox.actions.runner import Finished, Happening, Machine, run_workflow
from bot.sandbox.actions.warm import Warm
from bot.sandbox.agency.agency import Agency
from bot.sandbox.agency.clock import VirtualClock
from bot.sandbox.agency.gateway import token as gateway_token
from bot.sandbox.agency.office import Situation
from bot.sandbox.agency.routes import routes as agency_routes
from bot.sandbox.forge.app import create_app
from bot.sandbox.forge.entities import Dispatch
from bot.sandbox.forge.serve import serve
from bot.sandbox.forge.state import ForgeState
from bot.sandbox.page.desk import Desk
from bot.sandbox.page.routes import page_routes

OWNER, NAME = "agency", "pow"
REPOSITORY = f"{OWNER}/{NAME}"
BOT_TOKEN = "ghs_sandbox_pow_bot"  # noqa: S105 -- a token of the sandbox, good for nothing elsewhere
BOT_LOGIN = "pow-bot[bot]"
SECRET = "the sandbox's gateway secret, 32 bytes or more"  # noqa: S105 -- likewise
START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
REQUESTS_PER_SECOND = 500
SEEDED = ("pow", "patches", ".github")

BOT_PERMISSIONS = {
    "actions": "write",
    "checks": "write",
    "contents": "write",
    "deployments": "write",
    "issues": "write",
    "members": "read",
    "metadata": "read",
    "pull_requests": "write",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with an account on the sandbox's forge."""

    login: str
    token: str
    role: str
    teams: tuple[str, ...] = ()


PEOPLE = (
    Person(login="maria", token="ghp_maria", role="maintain"),  # noqa: S106 -- the sandbox's tokens
    Person(login="sam", token="ghp_sam", role="write", teams=("supervisors",)),  # noqa: S106 -- likewise
    Person(login="wei", token="ghp_wei", role="write", teams=("supervisors",)),  # noqa: S106 -- likewise
    Person(login="cora", token="ghp_cora", role="write", teams=("security",)),  # noqa: S106 -- likewise
)


@dataclass(slots=True, kw_only=True)
class Town:
    """A running sandbox."""

    folder: Path
    clock: VirtualClock
    forge: ForgeState
    agency: Agency
    desk: Desk
    base_url: str
    environment: Mapping[str, str] = field(default_factory=dict)
    pending: list[tuple[str, Happening]] = field(default_factory=list)
    running: threading.Lock = field(default_factory=threading.Lock)
    warm: Warm | None = None
    started: Callable[["subprocess.Popen[str]"], None] = lambda _: None

    @property
    def api_url(self) -> str:
        """The forge's REST address."""
        return f"{self.base_url}/api/v3"

    @property
    def bare(self) -> Path:
        """The bare repository on disk."""
        return self.folder / "forge" / OWNER / f"{NAME}.git"

    def machine(self) -> Machine:
        """Return a runner at the present."""
        endpoints = {
            "POW_ENDPOINT_METRICS": f"{self.base_url}/agency",
            "POW_ENDPOINT_GATEWAY": f"{self.base_url}/agency/gateway",
            "POW_ENDPOINT_ADAPTER": f"{self.base_url}/agency/adapter",
            "POW_ENDPOINT_MAINFRAME": (self.folder / "mainframe").as_uri(),
            "POW_ENDPOINT_SHEETS": (self.folder / "sheets").as_uri(),
        }
        return Machine(
            clone_url=f"{self.base_url}/{REPOSITORY}.git",
            server_url=self.base_url,
            api_url=self.api_url,
            repository=REPOSITORY,
            token=BOT_TOKEN,
            login=BOT_LOGIN,
            variables=endpoints,
            secrets={"POW_GATEWAY_TOKEN": gateway_token(SECRET, self.clock.now())},
            environment={
                "POW_NOW": format_time(self.clock.now()),
                **self.environment,
            },
            read=self.read,
            warm=self.warm,
            started=self.started,
        )

    def read(self, path: str, *, at: str = "main") -> bytes:
        """Return a file of the repository as the forge has it."""
        return self.git("cat-file", "blob", f"{at}:{path}")

    def git(self, *arguments: str) -> bytes:
        """Run a git command that only reads on the bare repository."""
        done = subprocess.run(["git", "-C", str(self.bare), *arguments], check=False, capture_output=True)
        if done.returncode != 0:
            raise BotError(f"git {arguments[0]}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout

    def run(self, workflow: str, *, event: str = "schedule") -> Iterator[Finished]:
        """Run a workflow, then every workflow that it and its successors dispatched, one at a time."""
        with self.running:
            self.pending.append((workflow, Happening(name=event)))
            yield from self._drain()

    def run_pending(self) -> Iterator[Finished]:
        """Run what was dispatched, whoever did it, until nothing is left."""
        with self.running:
            yield from self._drain()

    def _drain(self) -> Iterator[Finished]:
        while self.pending:
            name, happening = self.pending.pop(0)
            yield from run_workflow(self.machine(), name, event=happening)

    def hear(self, dispatch: Dispatch) -> None:
        """Line up the workflows that a dispatch starts."""
        self.pending.extend(started_by(dispatch, self._workflows()))

    def _workflows(self) -> Mapping[str, bytes]:
        names = self.git("ls-tree", "--name-only", "main:.github/workflows").decode().split()
        return {name: self.read(f".github/workflows/{name}") for name in names}

    def end_commands(self) -> None:
        """End what runs on the warm machine; a command that starts later starts anew."""
        if self.warm is not None:
            self.warm.close()

    def advance(self, span: timedelta) -> None:
        """Let time pass; the agency moves with the clock."""
        self.clock.advance(span)

    def as_person(self, login: str) -> httpx.Client:
        """Return a client that acts on the forge as a person."""
        person = next((p for p in PEOPLE if p.login == login), None)
        if person is None:
            raise BotError(f"nobody called `{login}` lives here")
        return httpx.Client(
            base_url=f"{self.api_url}/repos/{REPOSITORY}/",
            headers={"Authorization": f"Bearer {person.token}", "Accept": "application/vnd.github+json"},
            trust_env=False,
            timeout=30,
        )

    def review(self, number: int, *, login: str, event: str, body: str) -> None:
        """Let a person review a pull request at its present head."""
        with self.as_person(login) as client:
            client.post(f"pulls/{number}/reviews", json={"event": event, "body": body}).raise_for_status()


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging:
    """How a sandbox differs from the story's: its chance, its size, its files, and who listens in.

    `warm` keeps one interpreter for all commands of the bot, instead of a new one for each.
    `files` are put over those of the checkout, `None` takes one away; `around` wraps the whole application.
    """

    seed: int = 14
    port: int = 0
    situation: Situation | None = None
    warm: bool = True
    files: Mapping[str, bytes | None] = field(default_factory=dict)
    around: Callable[[ASGIApp], ASGIApp] = lambda app: app


@contextmanager
def open_town(folder: Path, source: Path, staging: Staging | None = None) -> Iterator[Town]:
    """Build and serve a sandbox below `folder`, its repository seeded from the checkout at `source`."""
    staged = staging or Staging()
    clock = VirtualClock(START)
    forge = ForgeState.create(folder / "forge", clock)
    for name in ("mainframe", "sheets"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    agency = Agency.create(
        seed=staged.seed,
        clock=clock,
        secret=SECRET,
        mainframe_file=folder / "mainframe" / "status.txt",
        requests_per_second=REQUESTS_PER_SECOND,
        situation=staged.situation,
    )
    _settle(forge, _files(source, staged.files))
    desk = Desk()
    app = create_app(forge, beside=[*page_routes(desk), Mount("/agency", routes=agency_routes(agency))])
    with ExitStack() as stack:
        try:
            served = stack.enter_context(serve(staged.around(app), port=staged.port))
        except (OSError, OverflowError) as error:
            hint = "give another --port, or none for any free one"
            raise BotError(f"the sandbox cannot listen on port {staged.port}: {error}", hint=hint) from error
        warm = stack.enter_context(Warm()) if staged.warm else None
        town = Town(
            warm=warm, folder=folder, clock=clock, forge=forge, agency=agency, desk=desk, base_url=served.base_url
        )
        forge.on_dispatch = town.hear
        yield town


def _settle(forge: ForgeState, files: Mapping[str, bytes]) -> None:
    forge.add_organization(OWNER, name="Passport Agency")
    for person in PEOPLE:
        forge.add_user(person.login, token=person.token)
    for slug in ("supervisors", "security"):
        forge.add_team(OWNER, slug, members=[p.login for p in PEOPLE if slug in p.teams])
    forge.add_app("pow-bot", token=BOT_TOKEN, permissions=BOT_PERMISSIONS)
    forge.create_repository(OWNER, NAME, files)
    for person in PEOPLE:
        forge.grant(person.login, REPOSITORY, person.role)


def _files(source: Path, changed: Mapping[str, bytes | None]) -> dict[str, bytes]:
    found = {
        path.relative_to(source).as_posix(): path.read_bytes()
        for folder in SEEDED
        for path in sorted((source / folder).rglob("*"))
        if path.is_file()
    }
    files = {path: content for path, content in {**found, **changed}.items() if content is not None}
    if not files:
        raise BotError(
            f"no recipes in {source}", hint="run `pow demo` in a checkout of the bot, or with `--source DIR`"
        )
    return files
