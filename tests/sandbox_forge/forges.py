"""A forge for one test, seeded with people and a repository, and clients to talk to it."""

import ssl
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from github import Auth, Github
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.sandbox.forge import state_pulls, state_refs
from bot.sandbox.forge.entities import Pull
from bot.sandbox.forge.git import ABSENT, TreeEntry
from bot.sandbox.forge.state import ForgeState, Repository
from bot.sandbox.forge.state_pulls import NewPull

REPO = "/repos/agency/pow"
BOT = "bot-token"
# Reading the machine's certificates takes 0.2 s for every client; on loopback there are none to check.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
FILES = {
    "README.md": b"# Services\n",
    "patches/services/PHOTO_VALIDATOR.yml": b"service: PHOTO_VALIDATOR\nchanges:\n  max_blur_px: 2\n",
    ".github/workflows/deploy.yml": (
        b"on:\n  push:\n  workflow_dispatch:\n    inputs:\n"
        b"      change: {required: true}\n      mode: {default: auto}\n"
    ),
    ".github/workflows/ci.yml": b"on: push\n",
}
WRITES = ("contents", "pull_requests", "issues", "checks", "statuses", "deployments", "actions")


class SteppedClock:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def advance(self, **span: float) -> None:
        self.at += timedelta(**span)


class Switch:
    """An app that stands for whichever app is the present one, so that all tests share one server."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        await self.app(scope, receive, send)


@dataclass(slots=True, kw_only=True)
class Forge:
    """One test's forge."""

    state: ForgeState
    clock: SteppedClock
    url: str
    violations: list[str]
    open: ExitStack = field(default_factory=ExitStack)

    @property
    def repository(self) -> Repository:
        return self.state.repository("agency/pow")

    def rest(self, token: str | None = BOT) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        client = httpx.Client(
            base_url=self.url + "/api/v3", headers=headers, trust_env=False, verify=NO_TLS, timeout=60
        )
        return self.open.enter_context(client)

    def github(self, token: str = BOT) -> Github:
        client = Github(
            base_url=self.url + "/api/v3",
            auth=Auth.Token(token),
            seconds_between_requests=None,
            seconds_between_writes=None,
            retry=None,
        )
        self.open.callback(client.close)
        return client

    def branch(
        self, name: str, files: Mapping[str, bytes | None], *, start: str = "main", message: str = "Change files"
    ) -> str:
        """Put a commit on a branch, making the branch at `start` where it is not there."""
        git = self.repository.git
        with self.state.lock:
            parent = git.branch(name) or git.resolve(start)
            assert parent
            entries = [
                TreeEntry(
                    path=path,
                    mode="100644",
                    type="blob",
                    sha=None if content is None else git.write_blob(content),
                )
                for path, content in files.items()
            ]
            author = self.state.signature(self.state.account("pow-bot[bot]"))
            sha = git.write_commit(
                tree=git.write_tree(entries, parent),
                parents=(parent,),
                message=message,
                author=author,
                committer=author,
            )
            moved = state_refs.Moved(before=git.branch(name) or ABSENT, after=sha)
            actor = self.state.account("pow-bot[bot]")
            assert state_refs.move(self.state, self.repository, f"refs/heads/{name}", actor, moved)
            return sha

    def pull(self, branch: str, files: Mapping[str, bytes | None], *, author: str = "pow-bot[bot]") -> Pull:
        """Open a pull request with one commit."""
        self.branch(branch, files)
        with self.state.lock:
            new = NewPull(head=branch, base="main", title=f"Change {branch}", body="Why")
            return state_pulls.create(self.state, self.repository, self.state.account(author), new)


def seed(state: ForgeState) -> None:
    """Fill a forge with an agency: a bot, GITHUB_TOKEN, people of every role, a team, a repository."""
    state.add_app("pow-bot", token="bot-token", permissions={**dict.fromkeys(WRITES, "write"), "members": "read"})
    state.add_app("github-actions", token="actions-token", permissions=dict.fromkeys(WRITES, "write"))
    state.add_app("reader", token="reader-token", permissions=dict.fromkeys(WRITES, "read"))
    for login in ("admin", "write", "triage", "read", "stranger"):
        state.add_user(login, token=f"{login}-token", name=login.title())
    state.create_repository("agency", "pow", FILES, private=True)
    for login in ("admin", "write", "triage", "read"):
        state.grant(login, "agency/pow", login)
    state.add_team("agency", "supervisors", name="Supervisors", members=["write", "admin"])


def message(answer: httpx.Response) -> str:
    """Return an error's sentence, or what it lists where the sentence is a general one."""
    content: dict[str, Any] = answer.json()
    errors = content.get("errors", [])
    texts = [error if isinstance(error, str) else error.get("message", error["code"]) for error in errors]
    return ": ".join([content["message"], *texts])
