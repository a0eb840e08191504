import pytest
from sandbox_forge.forges import REPO, Forge, message

from bot.sandbox.forge.entities import Dispatch

DEPLOYMENTS = f"{REPO}/deployments"
DEPLOY = f"{REPO}/actions/workflows/deploy.yml/dispatches"


def test_a_deployment_is_made_reported_on_and_found(forge: Forge):
    repo = forge.github().get_repo("agency/pow")
    sha = str(forge.repository.git.branch("main"))
    made = repo.create_deployment(
        sha, auto_merge=False, required_contexts=[], payload={"change_id": "0123"}, environment="production"
    )
    assert (made.sha, made.payload, made.production_environment) == (sha, {"change_id": "0123"}, True)
    made.create_status("in_progress", description="Sent", environment_url="https://gov.example.org")
    made.create_status("success", auto_inactive=False)
    assert [(s.state, s.creator.login) for s in made.get_statuses()] == [
        ("success", "pow-bot[bot]"),
        ("in_progress", "pow-bot[bot]"),
    ]
    assert [d.id for d in repo.get_deployments(sha=sha, environment="production")] == [made.id]
    assert list(repo.get_deployments(environment="staging")) == []
    assert repo.get_deployment(made.id).environment == "production"


def test_without_auto_merge_false_a_branch_that_is_behind_is_merged_instead_of_deployed(forge: Forge):
    forge.branch("pow/x", {"a": b"1"})
    forge.branch("main", {"b": b"1"})
    rest = forge.rest()
    answer = rest.post(DEPLOYMENTS, json={"ref": "pow/x"})
    assert (answer.status_code, answer.json()["message"]) == (
        202,
        "Auto-merged main into pow/x on deployment.",
    )
    tip = str(forge.repository.git.branch("pow/x"))
    assert len(forge.repository.git.commit(tip).parents) == 2
    assert rest.post(DEPLOYMENTS, json={"ref": "pow/x"}).json()["sha"] == tip
    forge.branch("main", {"a": b"2"})
    conflict = rest.post(DEPLOYMENTS, json={"ref": "pow/x"})
    assert (conflict.status_code, message(conflict)) == (409, "Conflict merging main into pow/x.")


def test_everything_reported_must_be_a_success_unless_told_otherwise(forge: Forge):
    rest, sha = forge.rest(), forge.repository.git.branch("main")
    rest.post(f"{REPO}/statuses/{sha}", json={"state": "success", "context": "ci"})
    rest.post(f"{REPO}/check-runs", json={"name": "lint", "head_sha": sha, "status": "in_progress"})

    def deploy(**more: list[str]) -> tuple[int, list[str]]:
        answer = rest.post(DEPLOYMENTS, json={"ref": "main", **more})
        contexts = answer.json().get("errors", [{"contexts": []}])[0]["contexts"]
        return answer.status_code, [f"{item['context']} {item['state']}" for item in contexts]

    assert deploy() == (409, ["lint pending", "ci success"])
    assert deploy(required_contexts=["ci"]) == (201, [])
    assert deploy(required_contexts=["ci", "never"]) == (409, ["ci success", "never pending"])
    assert deploy(required_contexts=[]) == (201, [])


def test_a_success_retires_earlier_deployments_outside_production_only(forge: Forge):
    repo = forge.github().get_repo("agency/pow")

    def states(environment: str) -> list[list[str]]:
        made = [repo.create_deployment("main", environment=environment) for _ in range(2)]
        for deployment in made:
            deployment.create_status("success")
        return [[status.state for status in deployment.get_statuses()] for deployment in made]

    assert states("staging") == [["inactive", "success"], ["success"]]
    assert states("production") == [["success"], ["success"]]


@pytest.mark.parametrize(
    ("path", "body", "status", "text"),
    [
        (DEPLOYMENTS, {"ref": "none"}, 422, "No ref found for: none"),
        (f"{DEPLOYMENTS}/7/statuses", {"state": "success"}, 404, "Not Found"),
    ],
)
def test_a_deployment_that_cannot_be_is_refused(
    forge: Forge, path: str, body: dict[str, str], status: int, text: str
):
    answer = forge.rest().post(path, json=body)
    assert (answer.status_code, message(answer)) == (status, text)


def test_a_report_of_an_unknown_state_or_too_great_length_is_refused(forge: Forge):
    rest = forge.rest()
    number = rest.post(DEPLOYMENTS, json={"ref": "main"}).json()["id"]
    path = f"{DEPLOYMENTS}/{number}/statuses"
    assert message(rest.post(path, json={"state": "done"})) == "Validation Failed: invalid"
    long = rest.post(path, json={"state": "success", "description": "d" * 141})
    assert message(long) == "Validation Failed: description is too long (maximum is 140 characters)"


# Dispatches


def test_a_workflow_dispatch_is_recorded_with_its_inputs_and_handed_over(forge: Forge):
    handed: list[Dispatch] = []
    forge.state.on_dispatch = handed.append
    assert forge.rest().post(DEPLOY, json={"ref": "main", "inputs": {"change": "0123"}}).status_code == 204
    (made,) = forge.state.dispatches
    assert handed == [made]
    assert (made.workflow, made.ref, made.inputs) == ("deploy.yml", "main", {"change": "0123", "mode": "auto"})
    assert (made.sender.login, made.at, made.repository) == ("pow-bot[bot]", forge.clock.at, "agency/pow")


def test_whoever_runs_a_dispatch_may_talk_to_the_forge_at_once(forge: Forge):
    seen: list[int] = []
    rest = forge.rest("write-token")
    forge.state.on_dispatch = lambda _: seen.append(rest.get(REPO).status_code)
    forge.rest().post(f"{REPO}/dispatches", json={"event_type": "merged"})
    assert seen == [200]


def test_a_dispatch_returns_the_run_when_asked(forge: Forge):
    body = {"ref": "main", "inputs": {"change": "1"}, "return_run_details": True}
    answer = forge.rest().post(DEPLOY, json=body)
    assert answer.status_code == 200
    assert answer.json()["workflow_run_id"] == forge.state.dispatches[0].id


def test_pygithub_dispatches_to_the_repository(forge: Forge):
    repo = forge.github().get_repo("agency/pow")
    assert repo.create_repository_dispatch("change-merged", {"pull": 7})
    (made,) = forge.state.dispatches
    assert (made.event_type, made.client_payload) == ("change-merged", {"pull": 7})


@pytest.mark.parametrize(
    ("workflow", "body", "status", "text"),
    [
        ("none.yml", {"ref": "main"}, 404, "Not Found"),
        ("deploy.yml", {"ref": "none"}, 422, "No ref found for: none"),
        ("ci.yml", {"ref": "main"}, 422, "Workflow does not have 'workflow_dispatch' trigger"),
        ("deploy.yml", {"ref": "main"}, 422, "Required input 'change' not provided"),
        (
            "deploy.yml",
            {"ref": "main", "inputs": {"change": "1", "x": "1"}},
            422,
            'Unexpected inputs provided: ["x"]',
        ),
        (
            "deploy.yml",
            {"ref": "main", "inputs": {str(n): "1" for n in range(26)}},
            422,
            "No more than 25 inputs are allowed",
        ),
    ],
)
def test_a_workflow_that_cannot_be_dispatched_is_refused(
    forge: Forge, workflow: str, body: dict[str, str], status: int, text: str
):
    answer = forge.rest().post(f"{REPO}/actions/workflows/{workflow}/dispatches", json=body)
    assert (answer.status_code, message(answer)) == (status, text)
    assert forge.state.dispatches == []


@pytest.mark.parametrize(
    "body",
    [
        {"event_type": "e" * 101},
        {"event_type": ""},
        {"event_type": "e", "client_payload": {str(n): n for n in range(11)}},
    ],
)
def test_a_repository_dispatch_beyond_the_limits_is_refused(forge: Forge, body: dict[str, str]):
    answer = forge.rest().post(f"{REPO}/dispatches", json=body)
    assert (answer.status_code, forge.state.dispatches) == (422, [])
