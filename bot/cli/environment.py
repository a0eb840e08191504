"""What the environment says, read once: GitHub's own variables, and a few of ours."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.model.clock import SystemClock, parse_time
from bot.model.errors import BotError
from bot.model.names import Login

if TYPE_CHECKING:
    from bot.model.forge import RepoRef

_ENDPOINT = "POW_ENDPOINT_"
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Where the bot runs and as whom; secrets never show in its text."""

    root: Path
    now: datetime
    api_url: str
    server_url: str
    repository: str
    bot_login: str
    run_url: str
    started_by: tuple[Login, ...]
    endpoints: Mapping[str, str]
    token: str = field(repr=False)
    gateway_token: str = field(repr=False)
    summary: str = ""
    pull: int | None = None
    event_name: str = ""
    event_path: str = ""
    resume_target: str = ""
    resume_reason: str = ""

    @property
    def repo(self) -> "RepoRef":
        """The repository to work on; a BotError where the environment does not name one."""
        from bot.model.forge import RepoRef

        owner, _, name = self.repository.partition("/")
        if not _REPOSITORY.fullmatch(self.repository):
            named = f"does not name a repository: `{self.repository}`" if self.repository else "is not set"
            raise BotError(
                f"GITHUB_REPOSITORY {named}",
                hint="run in a GitHub workflow, or `export GITHUB_REPOSITORY=owner/name GITHUB_TOKEN=...`",
            )
        return RepoRef(owner=owner, name=name)

    @property
    def is_local(self) -> bool:
        """Whether the forge is on this machine: then there is no rate limit to be kind to."""
        return urlsplit(self.api_url).hostname in {"127.0.0.1", "localhost", "::1"}


def read_environment(variables: Mapping[str, str] | None = None) -> Environment:
    """Read the environment; BotError where a variable makes no sense."""
    given = os.environ if variables is None else variables
    server = _url(given, "GITHUB_SERVER_URL", "https://github.com")
    repository = given.get("GITHUB_REPOSITORY", "")
    run = given.get("GITHUB_RUN_ID", "")
    return Environment(
        root=Path(given.get("GITHUB_WORKSPACE") or Path.cwd()),
        now=_now(given.get("POW_NOW", "")),
        api_url=_url(given, "GITHUB_API_URL", "https://api.github.com"),
        server_url=server,
        repository=repository,
        bot_login=given.get("POW_BOT_LOGIN", ""),
        run_url=f"{server}/{repository}/actions/runs/{run}" if run else "",
        started_by=_started_by(given),
        endpoints={
            name.removeprefix(_ENDPOINT).lower(): url.rstrip("/")
            for name, url in given.items()
            if name.startswith(_ENDPOINT) and url
        },
        token=given.get("GITHUB_TOKEN", ""),
        gateway_token=given.get("POW_GATEWAY_TOKEN", ""),
        summary=given.get("GITHUB_STEP_SUMMARY", ""),
        pull=_pull(given.get("POW_PULL", "")),
        event_name=given.get("GITHUB_EVENT_NAME", ""),
        event_path=given.get("GITHUB_EVENT_PATH", ""),
        resume_target=given.get("POW_RESUME_TARGET", ""),
        resume_reason=given.get("POW_RESUME_REASON", ""),
    )


def _started_by(given: Mapping[str, str]) -> tuple[Login, ...]:
    """Name who asked for this run: by a dispatch, or by running it once more; a schedule asks for nobody."""
    dispatched = given.get("GITHUB_EVENT_NAME", "") in {"workflow_dispatch", "repository_dispatch"}
    repeated = given.get("GITHUB_RUN_ATTEMPT", "1") != "1"
    names = ("GITHUB_ACTOR",) * dispatched + ("GITHUB_TRIGGERING_ACTOR",) * (dispatched or repeated)
    return tuple(dict.fromkeys(Login(given[name]) for name in names if given.get(name)))


def _url(given: Mapping[str, str], name: str, default: str) -> str:
    url = (given.get(name) or default).rstrip("/")
    try:
        parts = urlsplit(url)
        fits = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits:
        raise BotError(f"{name} is not an address: `{url}`", hint=f"write it as {default}")
    return url


def _pull(text: str) -> int | None:
    if text and not re.fullmatch(r"[1-9][0-9]{0,9}", text):
        raise BotError(f"POW_PULL is no number of a pull request: `{text}`", hint="write it as 12")
    return int(text) if text else None


def _now(text: str) -> datetime:
    if not text:
        return SystemClock().now()
    try:
        return parse_time(text)
    except ValueError as error:
        raise BotError(f"POW_NOW is not a time: {error}", hint="write it as 2026-01-05T09:00:00Z") from error
