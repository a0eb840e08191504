"""Check runs and commit statuses."""

from bot.sandbox.forge import render_checks, state_checks
from bot.sandbox.forge.entities import CheckRun, Role
from bot.sandbox.forge.exchange import Answer, Call, Operation
from bot.sandbox.forge.permissions import read, write
from bot.sandbox.forge.routes.repository import commit_named
from bot.sandbox.forge.state_checks import CheckReport, StatusReport


def _rendered(call: Call, check: CheckRun, status: int = 200) -> Answer:
    content = render_checks.check_run(call.view, call.repository, check)
    return Answer(status=status, content=content)


def _report(call: Call) -> CheckReport:
    body, output = call.body, call.body.inner("output")
    return CheckReport(
        name=body.maybe_text("name"),
        status=body.maybe_text("status"),
        conclusion=body.maybe_text("conclusion"),
        external_id=body.maybe_text("external_id"),
        details_url=body.maybe_text("details_url"),
        started_at=body.moment("started_at"),
        completed_at=body.moment("completed_at"),
        title=output.maybe_text("title") if output else None,
        summary=output.maybe_text("summary") if output else None,
        text=output.maybe_text("text") if output else None,
        annotations=len(output.objects("annotations") or []) if output else 0,
    )


def _create(call: Call) -> Answer:
    app = state_checks.app_of(call.who)
    sha = call.body.text("head_sha")
    return _rendered(call, state_checks.create_check(call.state, call.repository, app, sha, _report(call)), 201)


def _update(call: Call) -> Answer:
    app = state_checks.app_of(call.who)
    return _rendered(call, state_checks.update_check(call.state, call.repository, app, call.number, _report(call)))


def _read(call: Call) -> Answer:
    return _rendered(call, state_checks.find_check(call.repository, call.number))


def _list(call: Call) -> Answer:
    query = call.query
    checks = state_checks.checks_on(call.repository, commit_named(call, call.path["ref"]))
    if query.get("filter", "latest") == "latest":
        checks = state_checks.latest_checks(checks)
    wanted = [
        check
        for check in checks
        if query.get("check_name", check.name) == check.name
        and query.get("status", check.status) == check.status
        and query.get("app_id", str(check.app.id)) == str(check.app.id)
    ]
    return call.listed(
        wanted,
        lambda check: render_checks.check_run(call.view, call.repository, check),
        envelope="check_runs",
    )


def _create_status(call: Call) -> Answer:
    body = call.body
    report = StatusReport(
        state=body.text("state"),
        context=body.maybe_text("context") or "default",
        description=body.maybe_text("description"),
        target_url=body.maybe_text("target_url"),
    )
    sha = call.path["sha"]
    status = state_checks.create_status(call.state, call.repository, call.account, sha, report)
    content = render_checks.status(call.view, call.repository, status)
    return Answer(status=201, content=content, headers={"Location": content["url"]})


def _statuses(call: Call) -> Answer:
    statuses = state_checks.statuses_on(call.repository, commit_named(call, call.path["ref"]))
    return call.listed(statuses, lambda status: render_checks.status(call.view, call.repository, status))


def _combined(call: Call) -> Answer:
    sha = commit_named(call, call.path["ref"])
    statuses = state_checks.latest_statuses(call.repository, sha)
    page, size = call.paging
    shown = statuses[(page - 1) * size : page * size]
    content = render_checks.combined_status(call.view, call.repository, sha, shown, statuses)
    return Answer(content=content, headers=call.link(len(statuses)))


_REPO = "/repos/{owner}/{repo}"
_RUN = _REPO + "/check-runs/{number:int}"
_CHECK = write("checks", role=Role.READ)
OPERATIONS = (
    Operation(method="POST", path=_REPO + "/check-runs", handler=_create, need=_CHECK),
    Operation(method="GET", path=_RUN, handler=_read, need=read("checks")),
    Operation(method="PATCH", path=_RUN, handler=_update, need=_CHECK),
    Operation(method="GET", path=_REPO + "/commits/{ref:path}/check-runs", handler=_list, need=read("checks")),
    Operation(method="POST", path=_REPO + "/statuses/{sha}", handler=_create_status, need=write("statuses")),
    Operation(method="GET", path=_REPO + "/commits/{ref:path}/statuses", handler=_statuses, need=read("statuses")),
    # The older path of the same list, at which PyGithub still asks.
    Operation(method="GET", path=_REPO + "/statuses/{ref:path}", handler=_statuses, need=read("statuses")),
    Operation(method="GET", path=_REPO + "/commits/{ref:path}/status", handler=_combined, need=read("statuses")),
)
