import pytest
from sandbox_forge.forges import REPO, Forge, message


def main_of(forge: Forge) -> str:
    return str(forge.repository.git.branch("main"))


def test_a_check_run_goes_from_queued_to_completed(forge: Forge):
    head = forge.pull("pow/x", {"a": b"1"}).head_sha
    repo = forge.github().get_repo("agency/pow")
    check = repo.create_check_run("gate", head, external_id="0123")
    assert (check.status, check.conclusion, check.started_at) == ("queued", None, forge.clock.at)
    check.edit(status="in_progress")
    forge.clock.advance(minutes=1)
    check.edit(conclusion="success", output={"title": "Passed", "summary": "One approval"})
    again = repo.get_check_run(check.id)
    assert (again.status, again.conclusion, again.completed_at) == ("completed", "success", forge.clock.at)
    assert (again.external_id, again.output.title, again.app.slug) == ("0123", "Passed", "pow-bot")
    assert [pull.number for pull in again.pull_requests] == [1]


def test_check_runs_of_a_commit_are_the_newest_of_each_name(forge: Forge):
    sha = main_of(forge)
    repo = forge.github().get_repo("agency/pow")
    repo.create_check_run("gate", sha, conclusion="failure", status="completed")
    repo.create_check_run("gate", sha, conclusion="success", status="completed")
    repo.create_check_run("lint", sha)
    commit = repo.get_commit(sha)
    assert [(c.name, c.conclusion) for c in commit.get_check_runs()] == [("lint", None), ("gate", "success")]
    assert commit.get_check_runs(filter="all").totalCount == 3
    assert [c.name for c in commit.get_check_runs(status="queued")] == ["lint"]
    assert [c.conclusion for c in commit.get_check_runs(check_name="gate")] == ["success"]
    other = forge.rest().get(f"{REPO}/commits/{sha}/check-runs", params={"app_id": 1})
    assert other.json() == {"total_count": 0, "check_runs": []}


@pytest.mark.parametrize(
    ("token", "status", "text"),
    [
        ("write-token", 403, "You must authenticate via a GitHub App."),
        ("reader-token", 403, "Resource not accessible by integration"),
    ],
)
def test_check_runs_are_for_apps_that_may_write_them(forge: Forge, token: str, status: int, text: str):
    answer = forge.rest(token).post(f"{REPO}/check-runs", json={"name": "gate", "head_sha": main_of(forge)})
    assert (answer.status_code, message(answer)) == (status, text)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"name": "g", "head_sha": "1" * 40}, f"No commit found for SHA: {'1' * 40}"),
        ({"name": "", "head_sha": "MAIN"}, "Validation Failed: missing_field"),
        ({"name": "g", "head_sha": "MAIN", "status": "done"}, "Validation Failed: invalid"),
        ({"name": "g", "head_sha": "MAIN", "status": "completed"}, "Validation Failed: missing_field"),
        ({"name": "g", "head_sha": "MAIN", "conclusion": "fine"}, "Validation Failed: invalid"),
        (
            {"name": "g", "head_sha": "MAIN", "output": {"title": "t", "summary": "s" * 65_536}},
            "Validation Failed: summary is too long (maximum is 65535 characters)",
        ),
        ({"name": "g", "head_sha": "MAIN", "output": {"summary": "s"}}, "Validation Failed: missing_field"),
        (
            {"name": "g", "head_sha": "MAIN", "started_at": "yesterday"},
            "Invalid request.\n\nstarted_at is not a valid time: 'yesterday'",
        ),
    ],
)
def test_a_check_run_that_cannot_be_is_refused(forge: Forge, body: dict[str, str], text: str):
    sent = {key: main_of(forge) if value == "MAIN" else value for key, value in body.items()}
    answer = forge.rest().post(f"{REPO}/check-runs", json=sent)
    assert (answer.status_code, message(answer)) == (422, text)


def test_a_check_run_is_changed_only_by_the_app_that_made_it(forge: Forge):
    made = forge.rest().post(f"{REPO}/check-runs", json={"name": "gate", "head_sha": main_of(forge)}).json()
    answer = forge.rest("actions-token").patch(f"{REPO}/check-runs/{made['id']}", json={"conclusion": "success"})
    assert answer.status_code == 403
    assert message(answer).endswith("check run can only be modified by the GitHub App that created it.")
    assert forge.rest().get(f"{REPO}/check-runs/1").status_code == 404


def test_statuses_combine_by_the_newest_of_each_context(forge: Forge):
    repo = forge.github("write-token").get_repo("agency/pow")
    commit = repo.get_commit("main")
    assert commit.get_combined_status().state == "pending"
    commit.create_status("failure", context="ci", description="1 of 2", target_url="https://ci.example.org/1")
    commit.create_status("success", context="lint")
    assert commit.get_combined_status().state == "failure"
    commit.create_status("success", context="ci")
    combined = commit.get_combined_status()
    assert (combined.state, combined.total_count) == ("success", 2)
    commit.create_status("pending")
    assert commit.get_combined_status().state == "pending"
    assert [(s.context, s.state, s.creator.login) for s in commit.get_statuses()] == [
        ("default", "pending", "write"),
        ("ci", "success", "write"),
        ("lint", "success", "write"),
        ("ci", "failure", "write"),
    ]


@pytest.mark.parametrize(
    ("sha", "body", "text"),
    [
        ("MAIN", {"state": "great"}, "Validation Failed: invalid"),
        ("1" * 40, {"state": "success"}, f"No commit found for SHA: {'1' * 40}"),
        (
            "MAIN",
            {"state": "success", "description": "d" * 141},
            "Validation Failed: description is too long (maximum is 140 characters)",
        ),
    ],
)
def test_a_status_that_cannot_be_is_refused(forge: Forge, sha: str, body: dict[str, str], text: str):
    place = main_of(forge) if sha == "MAIN" else sha
    answer = forge.rest().post(f"{REPO}/statuses/{place}", json=body)
    assert (answer.status_code, message(answer)) == (422, text)


def test_a_failing_check_makes_a_pull_request_unstable(forge: Forge):
    head = forge.pull("pow/x", {"a": b"1"}).head_sha
    forge.rest().post(f"{REPO}/check-runs", json={"name": "gate", "head_sha": head, "conclusion": "failure"})
    repo = forge.github().get_repo("agency/pow")
    repo.get_pull(1)
    assert repo.get_pull(1).mergeable_state == "unstable"
