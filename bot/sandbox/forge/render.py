"""JSON for people, teams, Apps, repositories and labels, in the shape of GitHub's API description."""

import base64
from datetime import datetime
from typing import Any
from urllib.parse import quote

from bot.model.clock import format_time
from bot.sandbox.forge.entities import Account, App, Label, Role, Team
from bot.sandbox.forge.exchange import View
from bot.sandbox.forge.permissions import role_of
from bot.sandbox.forge.state import Repository

Rendered = dict[str, Any]

_USER_URLS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
_REPOSITORY_URLS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}
_NOTHING = (
    "forks",
    "forks_count",
    "network_count",
    "stargazers_count",
    "subscribers_count",
    "watchers",
    "watchers_count",
    "size",
)
_ABSENT_FEATURES = ("has_projects", "has_wiki", "has_pages", "has_discussions", "archived", "disabled")


def node_id(kind: str, number: int | str) -> str:
    """Return an opaque identifier, as the GraphQL interface would want it."""
    return base64.b64encode(f"{kind}:{number}".encode()).decode()


def stamp(moment: datetime | None) -> str | None:
    """Render a time, or null."""
    return None if moment is None else format_time(moment)


def user(view: View, account: Account) -> Rendered:
    """Render an account as it appears inside other things, under the login that it has now."""
    account = view.state.present(account)
    url = f"{view.api}/users/{account.login}"
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node_id(account.type.value, account.id),
        "avatar_url": f"{view.root}/avatars/{account.id}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{view.root}/{account.login}",
        "type": account.type.value,
        "site_admin": False,
        **{name: url + tail for name, tail in _USER_URLS.items()},
    }


def maybe_user(view: View, account: Account | None) -> Rendered | None:
    """Render an account, or null."""
    return None if account is None else user(view, account)


def profile(view: View, account: Account) -> Rendered:
    """Render an account on its own."""
    moment = format_time(account.created_at)
    unset = ("company", "location", "email", "hireable", "bio", "twitter_username")
    return {
        **user(view, account),
        "name": account.name,
        "blog": "",
        **dict.fromkeys(unset),
        "public_repos": sum(r.owner == account for r in view.state.repositories.values()),
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": moment,
        "updated_at": moment,
    }


def app(view: View, installed: App | None) -> Rendered | None:
    """Render an App, or null."""
    if installed is None:
        return None
    moment = format_time(installed.account.created_at)
    return {
        "id": installed.id,
        "slug": installed.slug,
        "node_id": node_id("App", installed.id),
        "owner": user(view, installed.account),
        "name": installed.slug,
        "description": "",
        "external_url": f"{view.root}/apps/{installed.slug}",
        "html_url": f"{view.root}/apps/{installed.slug}",
        "created_at": moment,
        "updated_at": moment,
        "permissions": {"metadata": "read", **installed.permissions},
        "events": [],
    }


def team(view: View, found: Team) -> Rendered:
    """Render a team."""
    url = f"{view.api}/orgs/{found.organization}/teams/{found.slug}"
    return {
        "id": found.id,
        "node_id": node_id("Team", found.id),
        "name": found.name,
        "slug": found.slug,
        "description": None,
        "privacy": "closed",
        "notification_setting": "notifications_enabled",
        "permission": "pull",
        "url": url,
        "html_url": f"{view.root}/orgs/{found.organization}/teams/{found.slug}",
        "members_url": url + "/members{/member}",
        "repositories_url": url + "/repos",
        "type": "organization",
        "organization_id": view.state.account(found.organization).id,
        "parent": None,
    }


def label(view: View, repository: Repository, found: Label) -> Rendered:
    """Render a label."""
    return {
        "id": found.id,
        "node_id": node_id("Label", found.id),
        "url": f"{view.repository(repository)}/labels/{quote(found.name)}",
        "name": found.name,
        "description": found.description,
        "color": found.color,
        "default": False,
    }


def repository_brief(view: View, repository: Repository) -> Rendered:
    """Render a repository's names and addresses alone."""
    url = view.repository(repository)
    return {
        "id": repository.id,
        "node_id": node_id("Repository", repository.id),
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
        "owner": user(view, repository.owner),
        "html_url": view.html(repository),
        "description": None,
        "fork": bool(repository.fork_of),
        "url": url,
        **{name: url + tail for name, tail in _REPOSITORY_URLS.items()},
    }


def repository_inside(view: View, repository: Repository) -> Rendered:
    """Render a repository as it appears inside a pull request."""
    html = view.html(repository)
    created = format_time(repository.owner.created_at)
    pushed = format_time(repository.pushes[-1].at) if repository.pushes else created
    open_issues = sum(issue.state == "open" for issue in repository.issues.values())
    return {
        **repository_brief(view, repository),
        "git_url": f"{html}.git",
        "ssh_url": f"{html}.git",
        "clone_url": f"{html}.git",
        "svn_url": html,
        "mirror_url": None,
        "homepage": None,
        "language": None,
        "license": None,
        "default_branch": repository.default_branch,
        "visibility": "private" if repository.private else "public",
        "open_issues": open_issues,
        "open_issues_count": open_issues,
        "has_issues": True,
        "has_downloads": False,
        "is_template": False,
        "topics": [],
        "pushed_at": pushed,
        "created_at": created,
        "updated_at": pushed,
        **dict.fromkeys(_ABSENT_FEATURES, False),
        **{name: 0 for name in _NOTHING if name not in {"network_count", "subscribers_count"}},
    }


def repository(view: View, found: Repository, role: Role) -> Rendered:
    """Render a repository on its own, with what the asker may do in it."""
    settings = found.settings
    return {
        **repository_inside(view, found),
        "network_count": 0,
        "subscribers_count": 0,
        "permissions": permissions(role),
        "allow_merge_commit": settings.merge_commits,
        "allow_squash_merge": settings.squash_merges,
        "allow_rebase_merge": settings.rebase_merges,
        "allow_auto_merge": False,
        "delete_branch_on_merge": False,
        "allow_forking": False,
        "web_commit_signoff_required": False,
    }


def permissions(role: Role) -> Rendered:
    """Render a role as the five older permissions."""
    return {
        "admin": role >= Role.ADMIN,
        "maintain": role >= Role.MAINTAIN,
        "push": role >= Role.WRITE,
        "triage": role >= Role.TRIAGE,
        "pull": role >= Role.READ,
    }


def association(view: View, found: Repository, account: Account | None) -> str:
    """Return how an account relates to a repository, in GitHub's coarse words."""
    if account is None:
        return "NONE"
    login = account.login.casefold()
    if login == found.owner.login.casefold():
        return "OWNER"
    if login in view.state.organization_members(found.owner.login):
        return "MEMBER"
    if role_of(found, login) > Role.READ:
        return "COLLABORATOR"
    return "NONE"
