import pytest
from sandbox_forge.forges import REPO, Forge, message

PAT = "Resource not accessible by personal access token"
APP = "Resource not accessible by integration"
TEAM = "/orgs/agency/teams/supervisors"


@pytest.mark.parametrize(
    ("token", "status", "text"),
    [
        ("nobody-has-this", 401, "Bad credentials"),
        (None, 404, "Not Found"),
        ("stranger-token", 404, "Not Found"),
    ],
)
def test_a_private_repository_does_not_exist_for_outsiders(forge: Forge, token: str | None, status: int, text: str):
    answer = forge.rest(token).get(REPO)
    assert (answer.status_code, message(answer)) == (status, text)


@pytest.mark.parametrize("header", ["token bot-token", "Bearer bot-token", "Basic eDpib3QtdG9rZW4="])
def test_a_token_comes_in_three_ways(forge: Forge, header: str):
    assert forge.rest(None).get(REPO, headers={"Authorization": header}).status_code == 200


@pytest.mark.parametrize("header", ["Basic !!", "Digest x", "Bearer", "Basic eDp5"])
def test_what_is_no_token_is_refused(forge: Forge, header: str):
    assert forge.rest(None).get(REPO, headers={"Authorization": header}).status_code == 401


WRITES = {
    "ref": ("POST", "/git/refs", {"ref": "refs/heads/x", "sha": "MAIN"}, "contents=write"),
    "merge": ("PUT", "/pulls/1/merge", {}, "contents=write"),
    "label": ("POST", "/issues/1/labels", {"labels": ["x"]}, "issues=write; pull_requests=write"),
    "comment": ("POST", "/issues/1/comments", {"body": "x"}, "issues=write; pull_requests=write"),
    "review": ("POST", "/pulls/1/reviews", {"event": "COMMENT", "body": "x"}, "pull_requests=write"),
    "status": ("POST", "/statuses/MAIN", {"state": "success"}, "statuses=write"),
    "deployment": ("POST", "/deployments", {"ref": "main"}, "deployments=write"),
}
LEAST_ROLE = {
    "ref": "write",
    "merge": "write",
    "label": "triage",
    "comment": "read",
    "review": "read",
    "status": "write",
    "deployment": "write",
}


@pytest.mark.parametrize("role", ["read", "triage", "write", "admin"])
@pytest.mark.parametrize("name", WRITES)
def test_a_write_needs_its_role(forge: Forge, name: str, role: str):
    forge.pull("pow/x", {"a": b"1"})
    method, path, body, permissions = WRITES[name]
    main = str(forge.repository.git.branch("main"))
    sent = {key: main if value == "MAIN" else value for key, value in body.items()}
    answer = forge.rest(f"{role}-token").request(method, REPO + path.replace("MAIN", main), json=sent)
    roles = ["read", "triage", "write", "admin"]
    if roles.index(role) >= roles.index(LEAST_ROLE[name]):
        assert answer.is_success
    else:
        assert (answer.status_code, message(answer)) == (403, PAT)
        assert answer.headers["x-accepted-github-permissions"] == permissions


@pytest.mark.parametrize("name", WRITES)
def test_an_app_needs_the_permission_and_is_told_which(forge: Forge, name: str):
    forge.pull("pow/x", {"a": b"1"})
    method, path, body, permissions = WRITES[name]
    answer = forge.rest("reader-token").request(method, REPO + path, json=body)
    assert (answer.status_code, message(answer)) == (403, APP)
    assert answer.headers["x-accepted-github-permissions"] == permissions


def test_an_app_sees_only_the_repositories_it_is_installed_on(forge: Forge):
    forge.state.add_app("other", token="other-token", permissions={"contents": "write"}, repositories=["agency/x"])
    assert forge.rest("other-token").get(REPO).status_code == 404
    forge.state.add_app("other", token="other-token", permissions={"contents": "write"}, repositories=["Agency/POW"])
    assert forge.rest("other-token").get(REPO).json()["permissions"]["push"] is True


def test_a_public_repository_is_read_by_everyone_and_written_by_few(forge: Forge):
    forge.repository.private = False
    nobody = forge.rest(None)
    assert nobody.get(f"{REPO}/contents/README.md").status_code == 200
    refused = nobody.post(f"{REPO}/issues", json={"title": "x"})
    assert (refused.status_code, message(refused)) == (401, "Requires authentication")
    answer = forge.rest("stranger-token").put(f"{REPO}/pulls/1/merge", json={})
    assert (answer.status_code, message(answer)) == (403, PAT)


def test_an_author_without_write_access_changes_the_own_pull_request_only(forge: Forge):
    forge.pull("pow/x", {"a": b"1"}, author="read")
    forge.pull("pow/y", {"b": b"1"})
    rest = forge.rest("read-token")
    assert rest.patch(f"{REPO}/pulls/1", json={"title": "mine"}).status_code == 200
    assert rest.patch(f"{REPO}/pulls/2", json={"title": "yours"}).status_code == 403
    assert rest.patch(f"{REPO}/issues/2", json={"state": "closed"}).status_code == 403
    assert forge.rest("triage-token").patch(f"{REPO}/issues/2", json={"state": "closed"}).status_code == 200


@pytest.mark.parametrize(
    ("login", "permission", "role"),
    [
        ("admin", "admin", "admin"),
        ("WRITE", "write", "write"),
        ("triage", "read", "triage"),
        ("read", "read", "read"),
        ("stranger", "none", "none"),
        ("pow-bot[bot]", "none", "none"),
    ],
)
def test_a_collaborators_permission_is_told_in_old_and_new_words(
    forge: Forge, login: str, permission: str, role: str
):
    found = forge.rest().get(f"{REPO}/collaborators/{login}/permission").json()
    assert (found["permission"], found["role_name"]) == (permission, role)


def test_nobodys_permission_is_not_found(forge: Forge):
    answer = forge.rest().get(f"{REPO}/collaborators/nobody-here/permission")
    assert (answer.status_code, message(answer)) == (404, "nobody-here is not a user")


def test_teams_are_seen_by_members_and_apps_that_may(forge: Forge):
    rest = forge.rest()
    assert rest.get(f"{TEAM}/memberships/write").json()["state"] == "active"
    assert rest.get(f"{TEAM}/memberships/read").status_code == 404
    assert [member["login"] for member in rest.get(f"{TEAM}/members").json()] == ["write", "admin"]
    assert forge.rest("write-token").get(f"{TEAM}/memberships/admin").status_code == 200
    assert forge.rest("read-token").get(f"{TEAM}/memberships/admin").status_code == 404
    assert rest.get("/orgs/agency/teams/none/members").status_code == 404
    for tail in ("/members", "/memberships/write"):
        answer = forge.rest("actions-token").get(TEAM + tail)
        assert (answer.status_code, message(answer)) == (403, APP)
        assert answer.headers["x-accepted-github-permissions"] == "members=read"


def test_pygithub_asks_about_people(forge: Forge):
    client = forge.github("write-token")
    assert client.get_user().login == "write"
    assert client.get_user("pow-bot[bot]").type == "Bot"
    assert client.get_repo("AGENCY/Pow").get_collaborator_permission("write") == "write"
    assert forge.rest().get("/user").status_code == 403
    assert forge.rest().get("/users/nobody-here").status_code == 404
    assert forge.rest(None).get("/user").status_code == 401
