"""Pull requests: list, open, change, look at, merge."""

from bot.sandbox.forge import render_git, render_pulls, state_forks, state_issues, state_merges, state_pulls
from bot.sandbox.forge.entities import Pull, Role
from bot.sandbox.forge.exchange import Answer, Call, Operation
from bot.sandbox.forge.git_merge import MergeMethod
from bot.sandbox.forge.permissions import allows, read, write
from bot.sandbox.forge.refusals import Refusal, not_found, unprocessable
from bot.sandbox.forge.state_merges import MergeRequest
from bot.sandbox.forge.state_pulls import NewPull

_WRITE = write("pull_requests")


def _list(call: Call) -> Answer:
    repository = call.repository
    wanted, head, base = call.query.get("state", "open"), call.query.get("head"), call.query.get("base")
    pulls = [
        pull
        for pull in repository.pulls.values()
        if wanted in {"all", state_pulls.issue_of(repository, pull).state}
        and (head is None or head in {pull.head_ref, state_forks.label_of(repository, pull)})
        and (base is None or base == pull.base_ref)
    ]
    pulls.sort(key=lambda pull: _sort_key(call, pull), reverse=_is_descending(call))
    return call.listed(pulls, lambda pull: render_pulls.pull_listed(call.view, repository, pull))


def _sort_key(call: Call, pull: Pull) -> tuple[float, int]:
    issue = state_pulls.issue_of(call.repository, pull)
    if call.query.get("sort") == "updated":
        return issue.updated_at.timestamp(), pull.number
    if call.query.get("sort") in {"popularity", "long-running"}:
        return issue.created_at.timestamp(), pull.number
    return 0.0, pull.number


def _is_descending(call: Call) -> bool:
    default = "desc" if call.query.get("sort", "created") == "created" else "asc"
    return call.query.get("direction", default) == "desc"


def _create(call: Call) -> Answer:
    body, app = call.body, call.who.app
    barred = app is not None and app.slug == "github-actions"
    if barred and not call.repository.settings.actions_may_write_pulls:
        raise Refusal(403, "GitHub Actions is not permitted to create or approve pull requests.")
    new = NewPull(
        head=body.text("head"),
        base=body.text("base"),
        title=body.maybe_text("title") or "",
        body=body.maybe_text("body"),
        draft=body.flag("draft", default=False),
        head_repo=body.maybe_text("head_repo"),
    )
    pull = state_pulls.create(call.state, call.repository, call.account, new)
    rendered = render_pulls.pull(call.view, call.repository, pull, None)
    return Answer(status=201, content=rendered, headers={"Location": rendered["url"]})


def _pull(call: Call) -> Pull:
    return state_pulls.find(call.repository, call.number)


def _read(call: Call) -> Answer:
    test = state_pulls.late_test_merge(call.state, call.repository, _pull(call))
    return Answer(content=render_pulls.pull(call.view, call.repository, _pull(call), test))


def _update(call: Call) -> Answer:
    pull, body = _pull(call), call.body
    author = state_pulls.issue_of(call.repository, pull).author
    if author != call.account and not allows(call.repository, call.who, _WRITE):
        raise Refusal(403, "Resource not accessible by personal access token")
    title, text = body.maybe_text("title"), body.maybe_text("body")
    state_issues.check_texts(title, text)
    base, wanted = body.maybe_text("base"), body.maybe_text("state")
    if base is not None and base != pull.base_ref:
        pull = state_pulls.retarget(call.state, call.repository, pull, base)
    if wanted is not None:
        state_pulls.set_state(call.state, call.repository, pull, call.account, wanted)
    if title is not None or text is not None:
        state_issues.edit(call.state, call.repository, pull.number, call.account, title=title, body=text)
    test = state_pulls.known_test_merge(call.repository, _pull(call))
    return Answer(content=render_pulls.pull(call.view, call.repository, _pull(call), test))


def _files(call: Call) -> Answer:
    pull = _pull(call)
    files = state_pulls.files(call.repository, pull)
    return call.listed(
        files, lambda change: render_git.file_change(call.view, call.repository, change, pull.head_sha)
    )


def _commits(call: Call) -> Answer:
    commits = state_pulls.commits(call.repository, _pull(call))
    return call.listed(commits, lambda commit: render_git.commit(call.view, call.repository, commit))


def _is_merged(call: Call) -> Answer:
    if _pull(call).merged_at is None:
        raise not_found()
    return Answer(status=204)


def _merge(call: Call) -> Answer:
    body, pull = call.body, _pull(call)
    method = body.maybe_text("merge_method") or "merge"
    if method not in set(MergeMethod):
        raise unprocessable(f'Invalid request.\n\nInvalid property /merge_method: "{method}" is not possible.')
    request = MergeRequest(
        method=MergeMethod(method),
        sha=body.maybe_text("sha"),
        title=body.maybe_text("commit_title"),
        message=body.maybe_text("commit_message"),
    )
    sha = state_merges.merge_pull(call.state, call.repository, pull, call.account, request)
    content = {"sha": sha, "merged": True, "message": "Pull Request successfully merged"}
    return Answer(content=content)


def _update_branch(call: Call) -> Answer:
    expected = call.body.maybe_text("expected_head_sha")
    pull = _pull(call)
    state_merges.update_branch(call.state, call.repository, pull, call.account, expected)
    url = f"{call.view.html(call.repository)}/pull/{pull.number}"
    return Answer(status=202, content={"message": "Updating pull request branch.", "url": url})


_PULLS = "/repos/{owner}/{repo}/pulls"
_ONE = _PULLS + "/{number:int}"
_READ = read("pull_requests")
_MERGE = write("contents")
OPERATIONS = (
    Operation(method="GET", path=_PULLS, handler=_list, need=_READ),
    Operation(method="POST", path=_PULLS, handler=_create, need=write("pull_requests", role=Role.READ)),
    Operation(method="GET", path=_ONE, handler=_read, need=_READ),
    Operation(method="PATCH", path=_ONE, handler=_update, need=write("pull_requests", role=Role.READ)),
    Operation(method="GET", path=_ONE + "/files", handler=_files, need=_READ),
    Operation(method="GET", path=_ONE + "/commits", handler=_commits, need=_READ),
    Operation(method="GET", path=_ONE + "/merge", handler=_is_merged, need=_READ),
    Operation(method="PUT", path=_ONE + "/merge", handler=_merge, need=_MERGE),
    Operation(method="PUT", path=_ONE + "/update-branch", handler=_update_branch, need=_WRITE),
)
