"""The forge's state without HTTP: accounts, tokens, teams and repositories, and how to fill it.

Everything that changes does so under `ForgeState.lock`; the seeding methods take it themselves.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.model.clock import Clock
from bot.sandbox.forge.entities import (
    Account,
    AccountType,
    App,
    CheckRun,
    Comment,
    Deployment,
    DeploymentStatus,
    Dispatch,
    Event,
    Identity,
    Issue,
    Label,
    Pull,
    Push,
    Review,
    Role,
    Status,
    Team,
)
from bot.sandbox.forge.faults import Faults
from bot.sandbox.forge.git import ABSENT, GitRepository, Signature, TreeEntry
from bot.sandbox.forge.quota import Quota

WriteHook = Callable[[int, str, str], None]
"""Called with the running number of a write, the phase (before, after) and `METHOD path`."""


@dataclass(slots=True, kw_only=True)
class Settings:
    """What a repository's administrators choose."""

    merge_commits: bool = True
    squash_merges: bool = True
    rebase_merges: bool = True
    actions_may_write_pulls: bool = True
    """Whether GITHUB_TOKEN (the App `github-actions`) may open and approve pull requests."""


@dataclass(slots=True, kw_only=True)
class Repository:
    """One repository: its Git data on disk and the tables of everything around it."""

    id: int
    owner: Account
    name: str
    default_branch: str
    private: bool
    git: GitRepository
    fork_of: str = ""
    """The key of the repository that this is a fork of."""
    settings: Settings = field(default_factory=Settings)
    grants: dict[str, Role] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    pulls: dict[int, Pull] = field(default_factory=dict)
    reviews: list[Review] = field(default_factory=list)
    comments: dict[int, Comment] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    checks: dict[int, CheckRun] = field(default_factory=dict)
    statuses: list[Status] = field(default_factory=list)
    deployments: dict[int, Deployment] = field(default_factory=dict)
    deployment_statuses: list[DeploymentStatus] = field(default_factory=list)
    pushes: list[Push] = field(default_factory=list)

    @property
    def full_name(self) -> str:
        """Return `owner/name`."""
        return f"{self.owner.login}/{self.name}"

    @property
    def key(self) -> str:
        """Return the full name in lower case: names are compared without case."""
        return self.full_name.casefold()

    def forget(self, gone: Account, *, ghost: Account) -> None:
        """Show what a deleted account did without it."""
        self.grants.pop(gone.login.casefold(), None)
        self.reviews[:] = [replace(r, author=None) if r.author == gone else r for r in self.reviews]
        self.pushes[:] = [replace(p, actor=None) if p.actor == gone else p for p in self.pushes]
        self.issues |= {n: replace(i, author=ghost) for n, i in self.issues.items() if i.author == gone}
        self.comments |= {n: replace(c, author=ghost) for n, c in self.comments.items() if c.author == gone}


class ForgeState:
    """Everything the forge knows; one lock guards it."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self.root = root
        self.clock = clock
        self.lock = threading.RLock()
        self.accounts: dict[str, Account] = {}
        self.apps: dict[str, App] = {}
        self.teams: dict[tuple[str, str], Team] = {}
        self.repositories: dict[str, Repository] = {}
        self.dispatches: list[Dispatch] = []
        self.faults = Faults()
        self.quota = Quota(clock)
        self.writes = 0
        self.on_write: WriteHook | None = None
        self.on_dispatch: Callable[[Dispatch], None] | None = None
        self._tokens: dict[str, Identity] = {}
        self._last_id = 1000
        self.web_flow = self._account("web-flow", AccountType.USER, name="GitHub", email="noreply@github.com")
        self.ghost = self._account("ghost", AccountType.USER)

    @classmethod
    def create(cls, root: Path, clock: Clock) -> "ForgeState":
        """Make an empty forge that keeps its bare repositories under `root`."""
        root.mkdir(parents=True, exist_ok=True)
        return cls(root, clock)

    def next_id(self) -> int:
        """Return a number that no other thing of this forge has."""
        with self.lock:
            self._last_id += 1
            return self._last_id

    # Seeding

    def add_user(self, login: str, *, token: str | None = None, name: str = "", email: str = "") -> Account:
        """Add a person; with a token, requests that carry it act as this person."""
        with self.lock:
            account = self._account(login, AccountType.USER, name=name, email=email)
            if token is not None:
                self._tokens[token] = Identity(account=account, token=token)
            return account

    def add_app(
        self,
        slug: str,
        *,
        token: str,
        permissions: Mapping[str, str],
        repositories: Iterable[str] | None = None,
    ) -> App:
        """Install an App under the login `slug[bot]`; the token stands for an installation token.

        `permissions` maps GitHub's names (`contents`, `pull_requests`, `members`...) to `read` or `write`.
        The slug `github-actions` stands for GITHUB_TOKEN. Calling again adds another token.
        """
        with self.lock:
            account = self.accounts.get(f"{slug}[bot]") or self._account(f"{slug}[bot]", AccountType.BOT)
            app = App(
                id=self.apps[slug].id if slug in self.apps else self.next_id(),
                slug=slug,
                account=account,
                permissions=dict(permissions),
                repositories=None if repositories is None else frozenset(n.casefold() for n in repositories),
            )
            self.apps[slug] = app
            self._tokens[token] = Identity(account=account, app=app, token=token)
            return app

    def add_organization(self, login: str, *, name: str = "") -> Account:
        """Add an organization."""
        with self.lock:
            return self._account(login, AccountType.ORGANIZATION, name=name)

    def add_team(
        self,
        organization: str,
        slug: str,
        *,
        name: str = "",
        members: Iterable[str] = (),
        repositories: Iterable[str] | None = None,
    ) -> Team:
        """Add a team with members to an organization, or replace it; without `repositories` it may see them all."""
        with self.lock:
            owner = self.account(organization)
            logins = tuple(self.account(login).login for login in members)
            team = Team(
                id=self.next_id(),
                organization=owner.login,
                slug=slug,
                name=name or slug,
                members=logins,
                repositories=None if repositories is None else frozenset(n.casefold() for n in repositories),
            )
            self.teams[owner.login.casefold(), slug.casefold()] = team
            return team

    def create_repository(
        self,
        owner: str,
        name: str,
        files: Mapping[str, bytes],
        *,
        default_branch: str = "main",
        private: bool = False,
    ) -> Repository:
        """Make a repository whose first commit holds the files; an unknown owner becomes an organization."""
        with self.lock:
            account = self.accounts.get(owner.casefold()) or self.add_organization(owner)
            git = GitRepository.create(self.root / account.login / f"{name}.git", default_branch)
            repository = Repository(
                id=self.next_id(),
                owner=account,
                name=name,
                default_branch=default_branch,
                private=private,
                git=git,
            )
            self._first_commit(repository, files)
            self.repositories[repository.key] = repository
            return repository

    def grant(self, login: str, repository: str, role: str) -> None:
        """Give a person a role (read, triage, write, maintain, admin, or none) in `owner/name`."""
        with self.lock:
            found = self.repositories[repository.casefold()]
            found.grants[self.account(login).login.casefold()] = Role[role.upper()]

    # What administrators do

    def rename_team(self, organization: str, slug: str, new_slug: str) -> None:
        """Rename a team: members and number stay, and nothing answers under the old slug any more.

        https://docs.github.com/en/organizations/organizing-members-into-teams/renaming-a-team
        """
        with self.lock:
            team = self.teams.pop((organization.casefold(), slug.casefold()))
            renamed = replace(team, slug=new_slug, name=new_slug)
            self.teams[team.organization.casefold(), new_slug.casefold()] = renamed

    def rename_user(self, login: str, new: str) -> None:
        """Rename a person: number, address, teams and rights stay, and the old login is free for anybody.

        https://docs.github.com/en/account-and-profile/concepts/account-management#username-changes; what the person
        did is shown under the new login.
        """
        with self.lock:
            old = self.accounts.pop(login.casefold())
            renamed = replace(old, login=new)
            self.accounts[new.casefold()] = renamed
            for token, who in self._tokens.items():
                if who.account == old:
                    self._tokens[token] = replace(who, account=renamed)
            for place, team in self.teams.items():
                members = tuple(new if member == old.login else member for member in team.members)
                self.teams[place] = replace(team, members=members)
            for repository in self.repositories.values():
                if (role := repository.grants.pop(login.casefold(), None)) is not None:
                    repository.grants[new.casefold()] = role

    def present(self, account: Account) -> Account:
        """Return an account as it is named now; as it was where it is gone."""
        known = (found for found in self.accounts.values() if found.id == account.id)
        return next(known, account)

    def delete_user(self, login: str) -> None:
        """Delete a person's account: what it did stays, with nobody as its author or with the ghost.

        https://docs.github.com/en/account-and-profile/concepts/account-management#account-deletion: issues, pull
        requests and comments are shown as the ghost user's. Reviews and pushes name nobody, as the API description
        allows; commits name nobody because no account has their address any more.
        """
        with self.lock:
            gone = self.accounts.pop(login.casefold())
            self._tokens = {token: who for token, who in self._tokens.items() if who.account != gone}
            for place, team in self.teams.items():
                members = tuple(member for member in team.members if member != gone.login)
                self.teams[place] = replace(team, members=members)
            for repository in self.repositories.values():
                repository.forget(gone, ghost=self.ghost)

    # Looking up

    def identity(self, token: str) -> Identity | None:
        """Return who a token belongs to."""
        return self._tokens.get(token)

    def account(self, login: str) -> Account:
        """Return an account by login; KeyError where there is none."""
        return self.accounts[login.casefold()]

    def repository(self, full_name: str) -> Repository:
        """Return a repository by `owner/name`; KeyError where there is none."""
        return self.repositories[full_name.casefold()]

    def organization_members(self, organization: str) -> frozenset[str]:
        """Return the logins, in lower case, of everyone in a team of the organization."""
        teams = (team for (owner, _), team in self.teams.items() if owner == organization.casefold())
        return frozenset(login.casefold() for team in teams for login in team.members)

    def account_by_email(self, email: str) -> Account | None:
        """Return the account that commits under an address."""
        wanted = email.casefold()
        return next((found for found in self.accounts.values() if found.email.casefold() == wanted), None)

    def signature(self, account: Account) -> Signature:
        """Return an account as author or committer of a commit made now."""
        return Signature(name=account.name, email=account.email, at=self.clock.now())

    # Inside

    def _account(self, login: str, kind: AccountType, *, name: str = "", email: str = "") -> Account:
        number = self.next_id()
        account = Account(
            id=number,
            login=login,
            name=name or login,
            email=email or f"{number}+{login}@users.noreply.github.com",
            type=kind,
            created_at=self.clock.now(),
        )
        self.accounts[login.casefold()] = account
        return account

    def _first_commit(self, repository: Repository, files: Mapping[str, bytes]) -> None:
        git = repository.git
        entries = [
            TreeEntry(path=path, mode="100644", type="blob", sha=git.write_blob(content))
            for path, content in files.items()
        ]
        author = self.signature(repository.owner)
        commit = git.write_commit(
            tree=git.write_tree(entries),
            parents=(),
            message="Initial commit\n",
            author=author,
            committer=author,
        )
        git.update_ref(f"refs/heads/{repository.default_branch}", new=commit, old=ABSENT)
