"""Users, the asker itself, the rate limit, and teams."""

from bot.sandbox.forge import render
from bot.sandbox.forge.entities import Role, Team
from bot.sandbox.forge.exchange import Answer, Call, Operation
from bot.sandbox.forge.permissions import check_organization, has_access, read, role_of
from bot.sandbox.forge.quota import Usage
from bot.sandbox.forge.refusals import Refusal, not_found

_OLD_NAMES = {
    Role.NONE: "none",
    Role.READ: "read",
    Role.TRIAGE: "read",
    Role.WRITE: "write",
    Role.MAINTAIN: "write",
    Role.ADMIN: "admin",
}


def _me(call: Call) -> Answer:
    if call.who.app is not None:
        raise Refusal(403, "Resource not accessible by integration")
    return Answer(content=render.profile(call.view, call.account))


def _user(call: Call) -> Answer:
    account = call.state.accounts.get(call.path["login"].casefold())
    if account is None:
        raise not_found()
    return Answer(content=render.profile(call.view, account))


def _rate_limit(call: Call) -> Answer:
    usage = call.state.quota.usage(call.who.token)
    core = _usage(usage)
    return Answer(content={"resources": {"core": core, "search": core}, "rate": core})


def _usage(usage: Usage) -> render.Rendered:
    return {
        "limit": usage.limit,
        "used": usage.used,
        "remaining": usage.remaining,
        "reset": int(usage.reset.timestamp()),
    }


def _team(call: Call) -> Team:
    organization = call.path["org"]
    members = call.state.organization_members(organization)
    check_organization(call.who, "members=read", organization, members)
    team = call.state.teams.get((organization.casefold(), call.path["slug"].casefold()))
    if team is None:
        raise not_found()
    return team


def _membership(call: Call) -> Answer:
    team = _team(call)
    login = call.path["login"]
    if login.casefold() not in {member.casefold() for member in team.members}:
        raise not_found()
    url = f"{call.view.api}/orgs/{team.organization}/teams/{team.slug}/memberships/{login}"
    return Answer(content={"url": url, "role": "member", "state": "active"})


def _members(call: Call) -> Answer:
    accounts = [call.state.account(login) for login in _team(call).members]
    return call.listed(accounts, lambda account: render.user(call.view, account))


def _team_repository(call: Call) -> Answer:
    """Answer 204 where the team has access to the repository.

    https://docs.github.com/en/rest/teams/teams#check-team-permissions-for-a-repository
    """
    team = _team(call)
    found = call.state.repositories.get(f"{call.path['owner']}/{call.path['repo']}".casefold())
    if found is None or not has_access(team, found):
        raise not_found()
    return Answer(status=204)


def _permission(call: Call) -> Answer:
    account = call.state.accounts.get(call.path["login"].casefold())
    if account is None:
        raise Refusal(404, f"{call.path['login']} is not a user")
    role = role_of(call.repository, account.login)
    user = {
        **render.user(call.view, account),
        "permissions": render.permissions(role),
        "role_name": role.name.lower(),
    }
    content = {"permission": _OLD_NAMES[role], "role_name": role.name.lower(), "user": user}
    return Answer(content=content)


_ORG = "/orgs/{org}/teams/{slug}"
OPERATIONS = (
    Operation(method="GET", path="/user", handler=_me),
    Operation(method="GET", path="/users/{login}", handler=_user),
    Operation(method="GET", path="/rate_limit", handler=_rate_limit),
    Operation(method="GET", path=_ORG + "/memberships/{login}", handler=_membership),
    Operation(method="GET", path=_ORG + "/members", handler=_members),
    Operation(method="GET", path=_ORG + "/repos/{owner}/{repo}", handler=_team_repository),
    Operation(
        method="GET",
        path="/repos/{owner}/{repo}/collaborators/{login}/permission",
        handler=_permission,
        need=read("metadata"),
    ),
)
