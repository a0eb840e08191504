"""Deployments, reports on them, and dispatches."""

from collections.abc import Mapping
from functools import partial

from bot.model.json import Json
from bot.sandbox.forge import render_checks, state_deployments, state_dispatches
from bot.sandbox.forge.entities import Dispatch
from bot.sandbox.forge.exchange import Answer, Call, Operation
from bot.sandbox.forge.permissions import read, write
from bot.sandbox.forge.refusals import unprocessable
from bot.sandbox.forge.state_deployments import AutoMerged, DeploymentReport, DeploymentRequest


def _list(call: Call) -> Answer:
    query = call.query
    found = [
        deployment
        for deployment in reversed(call.repository.deployments.values())
        if query.get("sha", deployment.sha) == deployment.sha
        and query.get("ref", deployment.ref) == deployment.ref
        and query.get("task", deployment.task) == deployment.task
        and query.get("environment", deployment.environment) == deployment.environment
    ]
    return call.listed(found, lambda item: render_checks.deployment(call.view, call.repository, item))


def _create(call: Call) -> Answer:
    body = call.body
    request = DeploymentRequest(
        ref=body.text("ref"),
        task=body.maybe_text("task") or "deploy",
        auto_merge=body.flag("auto_merge", default=True),
        required_contexts=body.texts("required_contexts"),
        payload=_payload(call),
        environment=body.maybe_text("environment") or "production",
        description=body.maybe_text("description"),
        transient=body.flag("transient_environment", default=False),
        production=(
            body.flag("production_environment", default=False) if body.has("production_environment") else None
        ),
    )
    made = state_deployments.create(call.state, call.repository, call.who, request)
    if isinstance(made, AutoMerged):
        return Answer(status=202, content={"message": made.message})
    content = render_checks.deployment(call.view, call.repository, made)
    return Answer(status=201, content=content, headers={"Location": content["url"]})


def _payload(call: Call) -> Json:
    payload: Json = call.body.value.get("payload") if call.body.has("payload") else None
    if payload is None:
        return {}
    if not isinstance(payload, str | Mapping):
        raise unprocessable("Invalid request.\n\nFor 'properties/payload', it is neither an object nor a string.")
    return payload


def _read(call: Call) -> Answer:
    found = state_deployments.find(call.repository, call.number)
    return Answer(content=render_checks.deployment(call.view, call.repository, found))


def _statuses(call: Call) -> Answer:
    deployment = state_deployments.find(call.repository, call.number)
    found = state_deployments.statuses_of(call.repository, deployment)
    return call.listed(found, lambda item: render_checks.deployment_status(call.view, call.repository, item))


def _add_status(call: Call) -> Answer:
    body = call.body
    deployment = state_deployments.find(call.repository, call.number)
    report = DeploymentReport(
        state=body.text("state"),
        description=body.maybe_text("description") or "",
        environment=body.maybe_text("environment"),
        environment_url=body.maybe_text("environment_url") or "",
        log_url=body.maybe_text("log_url") or body.maybe_text("target_url") or "",
        auto_inactive=body.flag("auto_inactive", default=True),
    )
    made = state_deployments.add_status(call.state, call.repository, deployment, call.who, report)
    content = render_checks.deployment_status(call.view, call.repository, made)
    return Answer(status=201, content=content, headers={"Location": content["url"]})


# Dispatches


def _dispatch_workflow(call: Call) -> Answer:
    inputs = {name: _input(value) for name, value in call.body.mapping("inputs").items()}
    made = state_dispatches.dispatch_workflow(
        call.state,
        call.repository,
        call.account,
        workflow=call.path["workflow"],
        ref=call.body.text("ref"),
        inputs=inputs,
    )
    _hand_over(call, made)
    if not call.body.flag("return_run_details", default=False):
        return Answer(status=204)
    path = f"{call.repository.full_name}/actions/runs/{made.id}"
    content = {
        "workflow_run_id": made.id,
        "run_url": f"{call.view.api}/repos/{path}",
        "html_url": f"{call.view.root}/{path}",
    }
    return Answer(content=content)


def _input(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise unprocessable(
            "Invalid request.\n\nFor 'properties/inputs', a value is not a string, number or boolean."
        )
    return str(value)


def _dispatch_repository(call: Call) -> Answer:
    made = state_dispatches.dispatch_repository(
        call.state,
        call.repository,
        call.account,
        event_type=call.body.text("event_type"),
        client_payload=call.body.mapping("client_payload"),
    )
    _hand_over(call, made)
    return Answer(status=204)


def _hand_over(call: Call, made: Dispatch) -> None:
    if call.state.on_dispatch is not None:
        call.afterwards.append(partial(call.state.on_dispatch, made))


_REPO = "/repos/{owner}/{repo}"
_DEPLOYMENTS = _REPO + "/deployments"
_ONE = _DEPLOYMENTS + "/{number:int}"
_READ, _WRITE = read("deployments"), write("deployments")
OPERATIONS = (
    Operation(method="GET", path=_DEPLOYMENTS, handler=_list, need=_READ),
    Operation(method="POST", path=_DEPLOYMENTS, handler=_create, need=_WRITE),
    Operation(method="GET", path=_ONE, handler=_read, need=_READ),
    Operation(method="GET", path=_ONE + "/statuses", handler=_statuses, need=_READ),
    Operation(method="POST", path=_ONE + "/statuses", handler=_add_status, need=_WRITE),
    Operation(
        method="POST",
        path=_REPO + "/actions/workflows/{workflow}/dispatches",
        handler=_dispatch_workflow,
        need=write("actions"),
    ),
    Operation(method="POST", path=_REPO + "/dispatches", handler=_dispatch_repository, need=write("contents")),
)
