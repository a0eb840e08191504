"""Who may do what: roles of users, permissions of Apps, and what stays unseen."""

from dataclasses import dataclass

from bot.sandbox.forge.entities import Identity, Role, Team
from bot.sandbox.forge.refusals import Refusal, not_found
from bot.sandbox.forge.state import Repository

_LEVELS = {"none": 0, "read": 1, "write": 2, "admin": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What an operation asks for: any one of an App's permissions (`name=level`), and a user's role."""

    permissions: tuple[str, ...]
    role: Role


def read(*names: str) -> Need:
    """Reading: any of the named permissions; any role."""
    return Need(permissions=tuple(f"{name}=read" for name in names), role=Role.READ)


def write(*names: str, role: Role = Role.WRITE) -> Need:
    """Writing: any of the named permissions; the given role."""
    return Need(permissions=tuple(f"{name}=write" for name in names), role=role)


def role_of(repository: Repository, login: str) -> Role:
    """Return a user's role in a repository: by grant, as its owner, or as anyone where it is public."""
    if login.casefold() == repository.owner.login.casefold():
        return Role.ADMIN
    floor = Role.NONE if repository.private else Role.READ
    return max(floor, repository.grants.get(login.casefold(), Role.NONE))


def has_access(team: Team, repository: Repository) -> bool:
    """Say whether a team of the repository's organization has any access to it."""
    own = team.organization.casefold() == repository.owner.login.casefold()
    return own and (team.repositories is None or repository.key in team.repositories)


def can_see(repository: Repository, who: Identity) -> bool:
    """Say whether a repository exists as far as the asker is concerned."""
    if who.app is not None:
        only = who.app.repositories
        return not repository.private or only is None or repository.key in only
    if who.account is None:
        return not repository.private
    return role_of(repository, who.account.login) >= Role.READ


def holds(who: Identity, permission: str) -> bool:
    """Say whether an App's token carries a permission (`name=level`)."""
    name, _, level = permission.partition("=")
    if who.app is None:
        return False
    held = "read" if name == "metadata" else who.app.permissions.get(name, "none")
    return _LEVELS[held] >= _LEVELS[level]


def allows(repository: Repository, who: Identity, need: Need) -> bool:
    """Say whether the asker may do what needs this."""
    if who.app is not None:
        only = who.app.repositories
        installed = only is None or repository.key in only
        reading = all(permission.endswith("=read") for permission in need.permissions)
        public = reading and not repository.private
        return public or (installed and any(holds(who, permission) for permission in need.permissions))
    if who.account is None:
        return need.role <= Role.READ and not repository.private
    return role_of(repository, who.account.login) >= need.role


def check(repository: Repository, who: Identity, need: Need) -> None:
    """Refuse what the asker may not do, in the words GitHub has for that kind of token."""
    if allows(repository, who, need):
        return
    accepted = {"X-Accepted-GitHub-Permissions": "; ".join(need.permissions)}
    if who.app is not None:
        raise Refusal(403, "Resource not accessible by integration", headers=accepted)
    if who.account is None:
        raise Refusal(401, "Requires authentication")
    if not can_see(repository, who):
        raise not_found()
    raise Refusal(403, "Resource not accessible by personal access token", headers=accepted)


def check_organization(who: Identity, need: str, organization: str, members: frozenset[str]) -> None:
    """Refuse an App without the organization's permission, and hide teams from those outside."""
    if who.app is not None:
        if not holds(who, need):
            headers = {"X-Accepted-GitHub-Permissions": need}
            raise Refusal(403, "Resource not accessible by integration", headers=headers)
        return
    outside = who.account is None or who.account.login.casefold() not in members
    if outside and not (who.account and who.account.login == organization):
        raise not_found()
