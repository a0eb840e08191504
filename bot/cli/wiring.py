"""Builds what a command works with out of the environment: the adapters behind the ports, and the library at base."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from bot.cli.environment import Environment
from bot.collect.gather import Collector
from bot.deploy.gateway import Gateway
from bot.forge.git import GitRepository
from bot.forge.github import GithubForge, Pacing
from bot.ledger.git_ledger import GitLedger
from bot.ledger.site import Site
from bot.model.errors import BotError, DiagnosticError, Severity
from bot.model.event import Event, Mark, Step
from bot.model.names import CommitSha
from bot.model.settings import Settings
from bot.recipes.library import Library, load_library

_TIMEOUT = httpx.Timeout(10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A step's tools: the site, and recipes and settings as they stand on the base branch."""

    site: Site
    base: CommitSha
    library: Library
    settings: Settings
    environment: Environment
    client: httpx.Client

    @property
    def collector(self) -> Collector:
        """Reads feeds."""
        return Collector(endpoints=self.settings.targets.endpoints, root=self.environment.root, client=self.client)

    @property
    def gateway(self) -> Gateway:
        """Talks to the agency's gateway; BotError without a token for it."""
        if not self.environment.gateway_token:
            raise BotError(
                "POW_GATEWAY_TOKEN is not set: the gateway takes nothing without it",
                hint="put a token of role release_manager into the environment's secret POW_GATEWAY_TOKEN",
            )
        return Gateway(client=self.client, targets=self.settings.targets, token=self.environment.gateway_token)


@contextmanager
def open_work(environment: Environment) -> Iterator[Work]:
    """Open the repository, the forge and the ledger; DiagnosticError where the settings are broken."""
    repo = environment.repo
    if not environment.token:
        raise BotError("GITHUB_TOKEN is not set", hint="in a workflow: `env: GITHUB_TOKEN: ${{ github.token }}`")
    repository = GitRepository.open(environment.root, token=environment.token, server_url=environment.server_url)
    repository.fetch()
    forge = GithubForge.connect(
        repo,
        base_url=environment.api_url,
        token=environment.token,
        identity_login=environment.bot_login,
        pacing=Pacing.off() if environment.is_local else Pacing.kind(),
    )
    base = repository.head(repository.default_branch())
    if base is None:
        raise BotError("the repository has no base branch yet", hint="push a first commit")
    library = load_library(repository.read_many("pow/", base), endpoints=environment.endpoints)
    if library.settings is None:
        raise DiagnosticError(library.diagnostics)
    site = Site(
        repo=repo,
        forge=forge,
        repository=repository,
        ledger=GitLedger(repository, forge),
        now=environment.now,
        run_url=environment.run_url,
    )
    with httpx.Client(timeout=_TIMEOUT, trust_env=False) as client:
        yield Work(
            site=site,
            base=base,
            library=library,
            settings=library.settings,
            environment=environment,
            client=client,
        )


def broken_recipes(library: Library, step: Step) -> tuple[Event, ...]:
    """Return an event for every fault in a recipe: the others go on, but nobody may miss it."""
    return tuple(
        Event(
            step=step,
            mark=Mark.FAILURE,
            subject=f"{fault.path}:{fault.line}:{fault.column}",
            sentence=fault.message,
            hint=fault.hint or "run `pow lint`",
        )
        for fault in library.diagnostics
        if fault.severity is Severity.ERROR
    )


def overridden(endpoints: Mapping[str, str]) -> str:
    """Say which endpoints the environment replaces, for the log."""
    return ", ".join(f"{name}={url}" for name, url in sorted(endpoints.items()))
