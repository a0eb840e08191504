"""The repository itself, its branches, commits, comparisons and recent activity."""

from collections.abc import Callable
from urllib.parse import urlencode

from bot.model.names import CommitSha
from bot.sandbox.forge import render, render_checks, render_git, render_pulls, state_pulls
from bot.sandbox.forge.entities import Push, Role
from bot.sandbox.forge.exchange import Answer, Call, Operation
from bot.sandbox.forge.git import Commit
from bot.sandbox.forge.git_diff import EMPTY_TREE, changes
from bot.sandbox.forge.permissions import read, role_of
from bot.sandbox.forge.refusals import Refusal, not_found, unprocessable
from bot.sandbox.forge.render import Rendered

_COMPARED = 250


def _repository(call: Call) -> Answer:
    account = call.who.account
    role = Role.READ
    if call.who.app is not None:
        role = Role.WRITE if call.who.app.permissions.get("contents") == "write" else Role.READ
    elif account is not None:
        role = role_of(call.repository, account.login)
    return Answer(content=render.repository(call.view, call.repository, role))


# Branches


def _branches(call: Call) -> Answer:
    tips = call.repository.git.refs("refs/heads/")
    names = [] if call.query.get("protected") == "true" else list(tips)
    url = call.view.repository(call.repository)

    def brief(ref: str) -> Rendered:
        sha = tips[ref]
        commit = {"sha": sha, "url": f"{url}/commits/{sha}"}
        return {"name": ref.removeprefix("refs/heads/"), "commit": commit, "protected": False}

    return call.listed(names, brief)


def _branch(call: Call) -> Answer:
    git, name = call.repository.git, call.path["branch"]
    sha = git.branch(name)
    if sha is None:
        raise Refusal(404, "Branch not found")
    url = f"{call.view.repository(call.repository)}/branches/{name}"
    html = f"{call.view.html(call.repository)}/tree/{name}"
    content = {
        "name": name,
        "commit": render_git.commit(call.view, call.repository, git.commit(sha)),
        "_links": {"self": url, "html": html},
        "protected": False,
        "protection": {
            "enabled": False,
            "required_status_checks": {
                "enforcement_level": "off",
                "contexts": [],
                "checks": [],
            },
        },
        "protection_url": f"{url}/protection",
    }
    return Answer(content=content)


# Commits


def commit_named(call: Call, name: str) -> CommitSha:
    """Return the commit that a branch, tag or object name stands for, or refuse as GitHub does."""
    sha = call.repository.git.resolve(name)
    if sha is None:
        raise unprocessable(f"No commit found for SHA: {name}")
    return sha


def _rendered_commit(call: Call) -> Callable[[Commit], Rendered]:
    return lambda commit: render_git.commit(call.view, call.repository, commit)


def _commits(call: Call) -> Answer:
    git = call.repository.git
    start = git.resolve(call.query.get("sha") or call.repository.default_branch)
    if start is None:
        raise not_found()
    shas = git.history(start, call.query.get("path"))
    page, size = call.paging
    if not call.query.keys() & {"since", "until", "author", "committer"}:
        commits = git.commits(shas[(page - 1) * size : page * size])
        rendered = [render_git.commit(call.view, call.repository, commit) for commit in commits]
        return Answer(content=rendered, headers=call.link(len(shas)))
    wanted = [commit for commit in git.commits(shas) if _is_wanted(call, commit)]
    return call.listed(wanted, _rendered_commit(call))


def _is_wanted(call: Call, commit: Commit) -> bool:
    since, until = call.moment("since"), call.moment("until")
    at = commit.committer.at
    in_time = (since is None or at >= since) and (until is None or at <= until)
    people = ((commit.author, "author"), (commit.committer, "committer"))
    return in_time and all(_is_by(call, who.email, call.query.get(role)) for who, role in people)


def _is_by(call: Call, email: str, wanted: str | None) -> bool:
    if wanted is None or wanted.casefold() == email.casefold():
        return True
    account = call.state.account_by_email(email)
    return account is not None and account.login.casefold() == wanted.casefold()


def _commit(call: Call) -> Answer:
    git = call.repository.git
    commit = git.commit(commit_named(call, call.path["ref"]))
    before = commit.parents[0] if commit.parents else EMPTY_TREE
    files = changes(git, before, commit.sha)
    return Answer(content=render_git.commit_with_files(call.view, call.repository, commit, files))


def _commit_pulls(call: Call) -> Answer:
    sha = commit_named(call, call.path["ref"])
    pulls = state_pulls.containing(call.repository, sha)
    return call.listed(pulls, lambda pull: render_pulls.pull_listed(call.view, call.repository, pull))


def _compare(call: Call) -> Answer:
    git = call.repository.git
    base_name, dots, head_name = call.path["basehead"].partition("...")
    base, head = _side(call, base_name), _side(call, head_name)
    if not dots or base is None or head is None:
        raise not_found()
    fork_point = git.merge_base(base, head)
    if fork_point is None:
        raise Refusal(404, f"No common ancestor between {base_name} and {head_name}.")
    ahead, behind = git.divergence(base, head)
    shas = git.rev_list("--reverse", "--topo-order", head, f"^{base}")
    page, size = call.paging if call.query.keys() & {"page", "per_page"} else (1, _COMPARED)
    shown = git.commits(shas[(page - 1) * size : page * size])
    url = f"{call.view.repository(call.repository)}/compare/{base_name}...{head_name}"
    html = f"{call.view.html(call.repository)}/compare/{base_name}...{head_name}"
    one = _rendered_commit(call)
    content = {
        "url": url,
        "html_url": html,
        "permalink_url": html,
        "diff_url": f"{html}.diff",
        "patch_url": f"{html}.patch",
        "base_commit": one(git.commit(base)),
        "merge_base_commit": one(git.commit(fork_point)),
        "status": _relation(ahead, behind),
        "ahead_by": ahead,
        "behind_by": behind,
        "total_commits": len(shas),
        "commits": [one(commit) for commit in shown],
        "files": [
            render_git.file_change(call.view, call.repository, change, head)
            for change in changes(git, fork_point, head)
        ],
    }
    return Answer(content=content)


def _side(call: Call, name: str) -> CommitSha | None:
    branch = state_pulls.own_branch(call.repository, name)
    return call.repository.git.resolve(branch) if branch else None


def _relation(ahead: int, behind: int) -> str:
    if ahead and behind:
        return "diverged"
    if ahead:
        return "ahead"
    return "behind" if behind else "identical"


def _activity(call: Call) -> Answer:
    ref, actor = call.query.get("ref"), call.query.get("actor")
    pushes = [
        push
        for push in reversed(call.repository.pushes)
        if (ref is None or push.ref in {ref, f"refs/heads/{ref}"})
        and (actor is None or (push.actor is not None and push.actor.login.casefold() == actor.casefold()))
    ]
    return _after_cursor(call, pushes)


def _after_cursor(call: Call, pushes: list[Push]) -> Answer:
    """Answer with what follows the `after` cursor: the activity has no numbered pages.

    https://docs.github.com/en/rest/repos/repos#list-repository-activities
    """
    cursor = call.query.get("after", "")
    start = next((n + 1 for n, push in enumerate(pushes) if str(push.id) == cursor), 0)
    _, size = call.paging
    shown = pushes[start : start + size]
    headers = {}
    if start + size < len(pushes):
        query = urlencode({**call.query, "after": shown[-1].id})
        headers["Link"] = f'<{call.url}?{query}>; rel="next"'
    return Answer(content=[render_checks.push(call.view, push) for push in shown], headers=headers)


_REPO = "/repos/{owner}/{repo}"
_READ = read("contents")
OPERATIONS = (
    Operation(method="GET", path=_REPO, handler=_repository, need=read("metadata")),
    Operation(method="GET", path=_REPO + "/activity", handler=_activity, need=_READ),
    Operation(method="GET", path=_REPO + "/branches", handler=_branches, need=_READ),
    Operation(method="GET", path=_REPO + "/branches/{branch:path}", handler=_branch, need=_READ),
    Operation(method="GET", path=_REPO + "/commits", handler=_commits, need=_READ),
    Operation(
        method="GET",
        path=_REPO + "/commits/{ref:path}/pulls",
        handler=_commit_pulls,
        need=read("pull_requests"),
    ),
    # `routes` keeps this one last: every longer path under /commits matches it too.
    Operation(method="GET", path=_REPO + "/commits/{ref:path}", handler=_commit, need=_READ),
    Operation(method="GET", path=_REPO + "/compare/{basehead:path}", handler=_compare, need=_READ),
)
