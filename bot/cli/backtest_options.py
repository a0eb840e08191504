"""What `pow backtest` was asked for, where its data comes from, and what it says while it works."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.environment import Environment
from bot.cli.show import one_line
from bot.collect.gather import Collector
from bot.model.settings import Settings
from bot.rehearse.read_past import Asked

if TYPE_CHECKING:
    import httpx

_DEADLINE = timedelta(minutes=10)
_QUIET_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the command, as they were given."""

    since: datetime | None
    until: datetime | None
    data: Path | None
    against: str | None
    svg: Path | None
    markdown: bool
    pull: int | None
    pulls: bool
    post: bool
    as_json: bool

    def asked(self, now: datetime) -> Asked:
        """Return the span and the files that are asked for."""
        files = None if self.data is None else frozenset(path.name for path in self.data.iterdir())
        return Asked(since=self.since, until=self.until, now=now, files=files)

    @contextmanager
    def client(self) -> Iterator["httpx.Client | None"]:
        """Open what feeds are asked with; a folder of files needs nobody on the network, and no time for it."""
        if self.data is not None:
            yield None
            return
        from bot.collect.sources.http_json import feed_client

        with feed_client() as client:
            yield client

    def collector_of(
        self, environment: Environment, client: "httpx.Client | None"
    ) -> Callable[[Settings], Collector]:
        """Return what makes a collector for some settings, or for the folder of files in their place."""

        def collector(settings: Settings) -> Collector:
            endpoints: Mapping[str, str] = settings.targets.endpoints
            root = self.data or environment.root
            return Collector(endpoints=endpoints, root=root, client=client, deadline=_DEADLINE)

        return collector


def progress() -> Callable[[str], None]:
    """Return what says on stderr what is done next, once the command has taken more than two seconds."""
    began = time.monotonic()

    def tell(text: str) -> None:
        if time.monotonic() - began > _QUIET_SECONDS:
            click.echo(f"{one_line(text)} ...", err=True)

    return tell


def is_plain_terminal() -> bool:
    """Tell whether stdout cannot show more than ASCII."""
    return "utf" not in (sys.stdout.encoding or "").lower()
