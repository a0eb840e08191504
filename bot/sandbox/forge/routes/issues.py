"""Issues (pull requests among them), comments, labels and events."""

from typing import Any

from bot.sandbox.forge import render, render_issues, state_issues, state_pulls
from bot.sandbox.forge.entities import Account, Comment, Issue, Label, Role
from bot.sandbox.forge.exchange import Answer, Call, Operation
from bot.sandbox.forge.permissions import allows, read, write
from bot.sandbox.forge.refusals import Refusal, not_found, unprocessable

_READ = read("issues", "pull_requests")
_COMMENT = write("issues", "pull_requests", role=Role.READ)
_TRIAGE = write("issues", "pull_requests", role=Role.TRIAGE)
_WRITE = write("issues", "pull_requests")


def _issue(call: Call) -> Issue:
    return state_issues.find(call.repository, call.number)


def _rendered(call: Call, status: int = 200) -> Answer:
    content = render_issues.issue(call.view, call.repository, _issue(call))
    return Answer(status=status, content=content)


def _list(call: Call) -> Answer:
    wanted = call.query.get("state", "open")
    labels = {name for name in call.query.get("labels", "").casefold().split(",") if name}
    creator, since = call.query.get("creator", "").casefold(), call.moment("since")
    issues = [
        issue
        for issue in reversed(call.repository.issues.values())
        if wanted in {"all", issue.state}
        and labels <= {name.casefold() for name in issue.labels}
        and creator in {"", issue.author.login.casefold()}
        and (since is None or issue.updated_at >= since)
    ]
    return call.listed(issues, lambda issue: render_issues.issue(call.view, call.repository, issue))


def _create(call: Call) -> Answer:
    body = call.body
    issue = state_issues.create(
        call.state, call.repository, call.account, title=body.text("title"), body=body.maybe_text("body")
    )
    labels = _label_names(body.value.get("labels", []))
    if labels and allows(call.repository, call.who, _TRIAGE):
        state_issues.add_labels(call.state, call.repository, issue.number, call.account, labels)
    shown = render_issues.issue(call.view, call.repository, call.repository.issues[issue.number])
    return Answer(status=201, content=shown)


def _update(call: Call) -> Answer:
    body, issue = call.body, _issue(call)
    if issue.author != call.account and not allows(call.repository, call.who, _TRIAGE):
        raise Refusal(403, "Resource not accessible by personal access token")
    state, repository, number, actor = call.state, call.repository, call.number, call.account
    title, text = body.maybe_text("title"), body.maybe_text("body")
    state_issues.edit(state, repository, number, actor, title=title, body=text)
    if body.has("labels"):
        names = _label_names(body.value["labels"])
        state_issues.set_labels(state, repository, number, actor, names)
    if (assignees := body.texts("assignees")) is not None:
        state_issues.assign(state, repository, number, [_account(call, login) for login in assignees])
    if wanted := body.maybe_text("state"):
        _set_state(call, wanted)
    return _rendered(call)


def _set_state(call: Call, wanted: str) -> None:
    if call.number in call.repository.pulls:
        pull = call.repository.pulls[call.number]
        state_pulls.set_state(call.state, call.repository, pull, call.account, wanted)
        return
    if wanted not in {"open", "closed"}:
        raise unprocessable(f'Invalid request.\n\n"{wanted}" is not a state.')
    reason = call.body.maybe_text("state_reason")
    state_issues.set_state(call.state, call.repository, call.number, call.account, wanted, reason=reason)


def _account(call: Call, login: str) -> Account:
    account = call.state.accounts.get(login.casefold())
    if account is None:
        raise unprocessable(f"{login} cannot be assigned")
    return account


def _events(call: Call) -> Answer:
    number = _issue(call).number
    events = [event for event in call.repository.events if event.issue == number]
    return call.listed(events, lambda event: render_issues.event(call.view, call.repository, event))


# Comments


def _comments(call: Call) -> Answer:
    number, since = _issue(call).number, call.moment("since")
    found = [
        comment
        for comment in call.repository.comments.values()
        if comment.issue == number and (since is None or comment.updated_at >= since)
    ]
    return call.listed(found, lambda item: render_issues.comment(call.view, call.repository, item))


def _add_comment(call: Call) -> Answer:
    comment = state_issues.add_comment(
        call.state, call.repository, call.number, call.account, call.body.text("body"), call.who.app
    )
    shown = render_issues.comment(call.view, call.repository, comment)
    return Answer(status=201, content=shown, headers={"Location": shown["url"]})


def _comment(call: Call) -> Comment:
    return state_issues.find_comment(call.repository, call.number)


def _own_comment(call: Call) -> Comment:
    comment = _comment(call)
    if comment.author != call.account and not allows(call.repository, call.who, _WRITE):
        raise Refusal(403, "Must have admin rights to Repository.")
    return comment


def _read_comment(call: Call) -> Answer:
    return Answer(content=render_issues.comment(call.view, call.repository, _comment(call)))


def _edit_comment(call: Call) -> Answer:
    text = call.body.text("body")
    comment = state_issues.edit_comment(call.state, call.repository, _own_comment(call).id, text)
    return Answer(content=render_issues.comment(call.view, call.repository, comment))


def _delete_comment(call: Call) -> Answer:
    del call.repository.comments[_own_comment(call).id]
    return Answer(status=204)


# Labels


def _label_names(value: Any) -> list[str]:
    """Read the three forms that GitHub takes: a list of names, of objects, or an object that holds one."""
    listed = value.get("labels") if isinstance(value, dict) else value
    found = [item.get("name") if isinstance(item, dict) else item for item in listed or []]
    names = [name for name in found if isinstance(name, str)]
    if len(names) < len(found):
        raise unprocessable("Invalid request.\n\nFor 'properties/labels', not every item names a label.")
    return names


def _labels_answer(call: Call, labels: list[Label]) -> Answer:
    return call.listed(labels, lambda label: render.label(call.view, call.repository, label))


def _issue_labels(call: Call) -> Answer:
    return _labels_answer(call, state_issues.labels_of(call.repository, _issue(call)))


def _all_labels(call: Call) -> Answer:
    labels = state_issues.labels_of(call.repository, _issue(call))
    return Answer(content=[render.label(call.view, call.repository, label) for label in labels])


def _add_labels(call: Call) -> Answer:
    names = _label_names(call.body.value)
    state_issues.add_labels(call.state, call.repository, _issue(call).number, call.account, names)
    return _all_labels(call)


def _set_labels(call: Call) -> Answer:
    names = _label_names(call.body.value)
    state_issues.set_labels(call.state, call.repository, _issue(call).number, call.account, names)
    return _all_labels(call)


def _clear_labels(call: Call) -> Answer:
    state_issues.set_labels(call.state, call.repository, _issue(call).number, call.account, [])
    return Answer(status=204)


def _remove_label(call: Call) -> Answer:
    name = call.path["name"]
    state_issues.remove_label(call.state, call.repository, call.number, call.account, name)
    return _all_labels(call)


def _labels(call: Call) -> Answer:
    return _labels_answer(call, list(call.repository.labels.values()))


def _label(call: Call) -> Answer:
    label = call.repository.labels.get(call.path["name"].casefold())
    if label is None:
        raise not_found()
    return Answer(content=render.label(call.view, call.repository, label))


def _create_label(call: Call) -> Answer:
    label = state_issues.create_label(
        call.state,
        call.repository,
        name=call.body.text("name"),
        color=call.body.maybe_text("color") or "ededed",
        description=call.body.maybe_text("description"),
    )
    shown = render.label(call.view, call.repository, label)
    return Answer(status=201, content=shown, headers={"Location": shown["url"]})


_REPO = "/repos/{owner}/{repo}"
_ISSUES = _REPO + "/issues"
_ONE = _ISSUES + "/{number:int}"
_COMMENT_PATH = _ISSUES + "/comments/{number:int}"
OPERATIONS = (
    Operation(method="GET", path=_ISSUES, handler=_list, need=_READ),
    Operation(method="POST", path=_ISSUES, handler=_create, need=write("issues", role=Role.READ)),
    Operation(method="GET", path=_COMMENT_PATH, handler=_read_comment, need=_READ),
    Operation(method="PATCH", path=_COMMENT_PATH, handler=_edit_comment, need=_COMMENT),
    Operation(method="DELETE", path=_COMMENT_PATH, handler=_delete_comment, need=_COMMENT),
    Operation(method="GET", path=_ONE, handler=_rendered, need=_READ),
    Operation(method="PATCH", path=_ONE, handler=_update, need=_COMMENT),
    Operation(method="GET", path=_ONE + "/events", handler=_events, need=_READ),
    Operation(method="GET", path=_ONE + "/comments", handler=_comments, need=_READ),
    Operation(method="POST", path=_ONE + "/comments", handler=_add_comment, need=_COMMENT),
    Operation(method="GET", path=_ONE + "/labels", handler=_issue_labels, need=_READ),
    Operation(method="POST", path=_ONE + "/labels", handler=_add_labels, need=_TRIAGE),
    Operation(method="PUT", path=_ONE + "/labels", handler=_set_labels, need=_TRIAGE),
    Operation(method="DELETE", path=_ONE + "/labels", handler=_clear_labels, need=_TRIAGE),
    Operation(method="DELETE", path=_ONE + "/labels/{name:path}", handler=_remove_label, need=_TRIAGE),
    Operation(method="GET", path=_REPO + "/labels", handler=_labels, need=_READ),
    Operation(method="POST", path=_REPO + "/labels", handler=_create_label, need=_TRIAGE),
    Operation(method="GET", path=_REPO + "/labels/{name:path}", handler=_label, need=_READ),
)
