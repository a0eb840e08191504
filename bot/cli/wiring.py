"""Builds what a command works with out of the environment: the adapters behind the ports, and the library at base."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.cli.agency import agency_client
from bot.cli.environment import Environment
from bot.forge.connection import Pacing
from bot.forge.git import GitRepository
from bot.forge.github import GithubForge
from bot.ledger.git_ledger import GitLedger
from bot.ledger.site import Site
from bot.ledger.switch import KillSwitch
from bot.model.errors import BotError, DiagnosticError
from bot.model.names import CommitSha, Login
from bot.model.settings import Settings
from bot.recipes.library import Library, load_library

if TYPE_CHECKING:
    import httpx

    from bot.collect.gather import Collector
    from bot.deploy.gateway import Gateway
    from bot.sync.port import Adapter


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A step's tools: the site, and recipes and settings as they stand on the base branch."""

    site: Site
    base: CommitSha
    library: Library
    settings: Settings
    environment: Environment
    client: "httpx.Client"

    @property
    def collector(self) -> "Collector":
        """Reads feeds."""
        from bot.collect.gather import Collector

        endpoints = self.settings.targets.endpoints
        return Collector(endpoints=endpoints, root=self.environment.root, client=self.client)

    @property
    def gateway(self) -> "Gateway":
        """Talks to the agency's gateway."""
        from bot.deploy.gateway import Gateway

        return Gateway(targets=self.settings.targets, client=agency_client(self.environment, self.client))

    @property
    def adapters(self) -> Mapping[str, "Adapter"]:
        """Talk to the external systems, by name."""
        from bot.sync.registry import build_adapters

        client = agency_client(self.environment, self.client)
        return build_adapters(self.settings.targets, client=client, now=self.site.now)


def _require_access(environment: Environment) -> None:
    """Raise a BotError without a repository or a token."""
    _ = environment.repo
    if not environment.token:
        raise BotError("GITHUB_TOKEN is not set", hint="in a workflow: `env: GITHUB_TOKEN: ${{ github.token }}`")


@contextmanager
def open_forge(environment: Environment, *, clone: GitRepository | None = None) -> Iterator[GithubForge]:
    """Connect to the forge, which is not asked for what a clone knows; BotError without a repository or a token."""
    _require_access(environment)
    with GithubForge.connect(
        environment.repo,
        base_url=environment.api_url,
        token=environment.token,
        identity_login=Login(environment.bot_login) if environment.bot_login else None,
        pacing=Pacing.off() if environment.is_local else Pacing.kind(),
        clone=clone,
    ) as forge:
        yield forge


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """The clone, the forge and the kill switch: what the steps of one cycle share, so that nothing is asked twice."""

    repository: GitRepository
    forge: GithubForge
    switch: KillSwitch


@contextmanager
def open_connection(environment: Environment) -> Iterator[Connection]:
    """Open the clone and connect to the forge; nothing is asked yet."""
    _require_access(environment)
    repository = GitRepository.open(environment.root, token=environment.token, server_url=environment.server_url)
    with open_forge(environment, clone=repository) as forge:
        switch = KillSwitch(forge=forge, repository=repository)
        yield Connection(repository=repository, forge=forge, switch=switch)


@contextmanager
def open_site(environment: Environment, *, connection: Connection | None = None) -> Iterator[Site]:
    """Open the repository, the forge and the ledger, all as of now, over a connection that may be shared."""
    with nullcontext(connection) if connection is not None else open_connection(environment) as shared:
        shared.repository.fetch()
        yield Site(
            repo=environment.repo,
            forge=shared.forge,
            repository=shared.repository,
            ledger=GitLedger(shared.repository, shared.forge),
            now=environment.now,
            run_url=environment.run_url,
            started_by=environment.started_by,
            shared_switch=shared.switch,
        )


@contextmanager
def open_work(environment: Environment, *, connection: Connection | None = None) -> Iterator[Work]:
    """Open the site with recipes and settings at base; DiagnosticError where the settings are broken."""
    from bot.collect.sources.http_json import feed_client

    with open_site(environment, connection=connection) as site, feed_client() as client:
        base = site.repository.head(site.repository.default_branch())
        if base is None:
            raise BotError("the repository has no base branch yet", hint="push a first commit")
        library = load_library(site.repository.read_many("pow/", base), endpoints=environment.endpoints)
        if library.settings is None:
            raise DiagnosticError(library.diagnostics)
        yield Work(
            site=site,
            base=base,
            library=library,
            settings=library.settings,
            environment=environment,
            client=client,
        )
