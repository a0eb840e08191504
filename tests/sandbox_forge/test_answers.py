import httpx
import pytest
from github import RateLimitExceededException
from sandbox_forge.forges import NO_TLS, REPO, Forge, message


def comment(forge: Forge, count: int) -> str:
    forge.pull("pow/x", {"a": b"1"})
    rest = forge.rest()
    for number in range(count):
        rest.post(f"{REPO}/issues/1/comments", json={"body": str(number)})
    return f"{REPO}/issues/1/comments"


def test_lists_come_in_pages_linked_to_each_other(forge: Forge):
    path, rest = comment(forge, 7), forge.rest()
    first = rest.get(path, params={"per_page": 3})
    assert [item["body"] for item in first.json()] == ["0", "1", "2"]
    assert set(first.links) == {"next", "last"}
    assert first.links["last"]["url"] == f"{forge.url}/api/v3{path}?per_page=3&page=3"
    last = rest.get(first.links["last"]["url"])
    assert [item["body"] for item in last.json()] == ["6"]
    assert set(last.links) == {"prev", "first"}
    assert set(rest.get(path, params={"per_page": 3, "page": 2}).links) == {"prev", "first", "next", "last"}
    beyond = rest.get(path, params={"per_page": 3, "page": 9})
    assert beyond.json() == []
    assert beyond.links["prev"]["url"].endswith("page=3")


def test_a_single_page_has_no_link_header(forge: Forge):
    answer = forge.rest().get(comment(forge, 2))
    assert "link" not in answer.headers


def test_pygithub_walks_the_pages(forge: Forge):
    comment(forge, 5)
    client = forge.github()
    client.per_page = 2
    comments = client.get_repo("agency/pow").get_issue(1).get_comments()
    assert [item.body for item in comments] == ["0", "1", "2", "3", "4"]


def test_a_page_holds_a_hundred_at_most(forge: Forge):
    for number in range(101):
        forge.state.add_user(f"u{number}")
    forge.state.add_team("agency", "all", members=[f"u{number}" for number in range(101)])
    members = forge.rest().get("/orgs/agency/teams/all/members?per_page=200").json()
    assert len(members) == 100
    assert forge.violations == ["GET /orgs/{org}/teams/{team_slug}/members: per_page=200 is not between 1 and 100"]
    forge.violations.clear()


def test_an_unchanged_thing_is_answered_with_304_and_costs_nothing(forge: Forge):
    forge.pull("pow/x", {"a": b"1"})
    rest = forge.rest()
    rest.get(f"{REPO}/pulls/1")
    known = rest.get(f"{REPO}/pulls/1")
    again = rest.get(f"{REPO}/pulls/1", headers={"If-None-Match": f'"x", {known.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["x-ratelimit-remaining"] == known.headers["x-ratelimit-remaining"]
    rest.patch(f"{REPO}/pulls/1", json={"title": "other"})
    changed = rest.get(f"{REPO}/pulls/1", headers={"If-None-Match": known.headers["etag"]})
    assert changed.status_code == 200
    pull = forge.github().get_repo("agency/pow").get_pull(1)
    assert pull.update() is False


def test_every_answer_tells_the_rate_limit(forge: Forge):
    rest = forge.rest()
    first, second = rest.get(REPO), rest.get(f"{REPO}/none")
    assert (first.headers["x-ratelimit-limit"], first.headers["x-ratelimit-remaining"]) == ("5000", "4999")
    assert second.headers["x-ratelimit-used"] == "2"
    assert second.headers["x-ratelimit-resource"] == "core"
    assert first.headers["x-github-request-id"] != second.headers["x-github-request-id"]
    core = forge.github().get_rate_limit().resources.core
    assert (core.limit, core.remaining) == (5000, 4998)


def test_at_the_end_of_the_hour_the_limit_starts_anew(forge: Forge):
    forge.state.quota.limit = 2
    rest = forge.rest()
    assert [rest.get(REPO).status_code for _ in range(3)] == [200, 200, 403]
    with pytest.raises(RateLimitExceededException, match="API rate limit exceeded"):
        forge.github().get_repo("agency/pow")
    assert forge.rest("write-token").get(REPO).status_code == 200
    assert rest.get("/rate_limit").json()["rate"]["remaining"] == 0
    forge.clock.advance(hours=1)
    assert rest.get(REPO).status_code == 200


@pytest.mark.parametrize(
    ("content", "status", "text"),
    [
        (b"{", 400, "Problems parsing JSON"),
        (b"[]", 400, "Body should be a JSON object"),
        (b'{"body": 3}', 422, "Invalid request.\n\nFor 'properties/body', 3 is not a string."),
        (b"{}", 422, 'Invalid request.\n\n"body" wasn\'t supplied.'),
    ],
)
def test_a_body_that_is_not_what_it_should_be_is_refused(forge: Forge, content: bytes, status: int, text: str):
    answer = forge.rest().post(comment(forge, 0), content=content)
    assert (answer.status_code, message(answer)) == (status, text)
    assert answer.json()["status"] == str(status)
    assert answer.json()["documentation_url"].startswith("https://docs.github.com/")


@pytest.mark.parametrize("path", ["/none", f"{REPO}/pulls/x", f"{REPO}/pulls/9", f"{REPO}/git/blobs/{'1' * 40}"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_what_is_not_there_is_not_found(forge: Forge, method: str, path: str):
    answer = forge.rest().request(method, path)
    assert (answer.status_code, answer.json()["message"]) == (404, "Not Found")


def test_addresses_in_answers_lead_back_to_the_server_that_was_asked(forge: Forge):
    rest = forge.rest()
    pull = forge.pull("pow/x", {"a": b"1"})
    shown = rest.get(f"{REPO}/pulls/{pull.number}").json()
    for key in ("url", "issue_url", "comments_url", "commits_url"):
        assert rest.get(shown[key]).status_code == 200
    other = httpx.get(
        forge.url.replace("127.0.0.1", "localhost") + f"/api/v3{REPO}", headers=rest.headers, verify=NO_TLS
    )
    assert other.json()["url"].startswith("http://localhost:")


def test_the_hook_sees_every_write_before_and_after_it_is_handled(forge: Forge):
    seen: list[tuple[int, str, str, int]] = []

    def hook(number: int, phase: str, target: str) -> None:
        seen.append((number, phase, target, len(forge.repository.issues)))

    forge.state.on_write = hook
    rest = forge.rest()
    rest.get(REPO)
    rest.post(f"{REPO}/issues", json={"title": "x"})
    rest.post(f"{REPO}/labels", json={"name": ""})
    assert seen == [
        (1, "before", f"POST /api/v3{REPO}/issues", 0),
        (1, "after", f"POST /api/v3{REPO}/issues", 1),
        (2, "before", f"POST /api/v3{REPO}/labels", 1),
        (2, "after", f"POST /api/v3{REPO}/labels", 1),
    ]
