import pytest
from github import GithubException
from sandbox_forge.forges import REPO, Forge, message

from bot.sandbox.forge import state_reviews

REVIEWS = f"{REPO}/pulls/1/reviews"
ASKED = f"{REPO}/pulls/1/requested_reviewers"


def test_reviews_are_kept_in_order_with_the_commit_they_speak_of(forge: Forge):
    first = forge.pull("pow/x", {"a": b"1"}).head_sha
    second = forge.branch("pow/x", {"a": b"2"})
    pull = forge.github("write-token").get_repo("agency/pow").get_pull(1)
    pull.create_review(event="REQUEST_CHANGES", body="No")
    forge.clock.advance(minutes=5)
    old = forge.rest("admin-token").post(REVIEWS, json={"event": "APPROVE", "commit_id": first})
    assert old.json()["commit_id"] == first
    listed = [(r.state, r.user.login, r.commit_id, r.submitted_at) for r in pull.get_reviews()]
    assert listed[0][:3] == ("CHANGES_REQUESTED", "write", second)
    assert listed[1] == ("APPROVED", "admin", first, forge.clock.at)


@pytest.mark.parametrize(
    ("token", "body", "text"),
    [
        ("bot-token", {"event": "APPROVE"}, "Can not approve your own pull request"),
        ("bot-token", {"event": "REQUEST_CHANGES", "body": "x"}, "Can not request changes on your own pull request"),
        (
            "write-token",
            {"event": "REQUEST_CHANGES"},
            "You need to leave a comment indicating the requested changes.",
        ),
        (
            "write-token",
            {"event": "APPROVE", "commit_id": "1" * 40},
            "The commit_id is not part of the pull request",
        ),
    ],
)
def test_a_review_that_cannot_be_given_is_refused(forge: Forge, token: str, body: dict[str, str], text: str):
    forge.pull("pow/x", {"a": b"1"})
    answer = forge.rest(token).post(REVIEWS, json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [text]
    assert answer.json()["message"] == "Unprocessable Entity"


def test_an_unknown_event_and_comments_on_lines_are_refused(forge: Forge):
    forge.pull("pow/x", {"a": b"1"})
    rest = forge.rest("write-token")
    assert rest.post(REVIEWS, json={"event": "LIKE"}).status_code == 422
    lines = [{"path": "a", "position": 1, "body": "x"}]
    assert rest.post(REVIEWS, json={"event": "COMMENT", "body": "x", "comments": lines}).status_code == 422


def test_github_actions_approves_only_where_that_is_allowed(forge: Forge):
    forge.pull("pow/x", {"a": b"1"})
    forge.repository.settings.actions_may_write_pulls = False
    answer = forge.rest("actions-token").post(REVIEWS, json={"event": "APPROVE"})
    assert answer.json()["errors"] == ["GitHub Actions is not permitted to approve pull requests."]


def test_a_review_without_an_event_is_pending_and_its_authors_alone(forge: Forge):
    forge.pull("pow/x", {"a": b"1"})
    mine, other = forge.rest("write-token"), forge.rest("admin-token")
    made = mine.post(REVIEWS, json={"body": "later"}).json()
    assert made["state"] == "PENDING"
    assert "submitted_at" not in made
    assert [review["id"] for review in mine.get(REVIEWS).json()] == [made["id"]]
    assert other.get(REVIEWS).json() == []
    assert other.get(f"{REVIEWS}/{made['id']}").status_code == 404
    again = mine.post(REVIEWS, json={"body": "later"})
    assert again.json()["errors"] == ["User can only have one pending review per pull request"]
    done = mine.post(f"{REVIEWS}/{made['id']}/events", json={"event": "APPROVE"}).json()
    assert (done["state"], done["body"]) == ("APPROVED", "later")
    assert [review["state"] for review in other.get(REVIEWS).json()] == ["APPROVED"]
    assert mine.post(f"{REVIEWS}/{made['id']}/events", json={"event": "APPROVE"}).status_code == 422


def test_an_approval_is_dismissed_once(forge: Forge):
    forge.pull("pow/x", {"a": b"1"})
    pull = forge.github("write-token").get_repo("agency/pow").get_pull(1)
    review = pull.create_review(event="APPROVE")
    review.dismiss("stale")
    assert pull.get_review(review.id).state == "DISMISSED"
    with pytest.raises(GithubException, match="Can not dismiss a dismissed pull request review"):
        review.dismiss("again")
    event = forge.rest().get(f"{REPO}/issues/1/events").json()[-1]
    assert event["dismissed_review"]["dismissal_message"] == "stale"


def test_people_and_teams_are_asked_and_an_answer_takes_the_person_off_the_list(forge: Forge):
    forge.pull("pow/x", {"a": b"1"})
    pull = forge.github().get_repo("agency/pow").get_pull(1)
    pull.create_review_request(reviewers=["write", "admin"], team_reviewers=["supervisors"])
    forge.rest("write-token").post(REVIEWS, json={"event": "APPROVE"})
    users, teams = pull.get_review_requests()
    assert [user.login for user in users] == ["admin"]
    assert [team.slug for team in teams] == ["supervisors"]
    pull.delete_review_request(reviewers=["admin"], team_reviewers=["supervisors"])
    assert forge.rest().get(ASKED).json() == {"users": [], "teams": []}
    names = [event["event"] for event in forge.rest().get(f"{REPO}/issues/1/events").json()]
    assert names == ["review_requested"] * 3 + ["review_request_removed"] * 2


@pytest.mark.parametrize("body", [{"reviewers": ["stranger"]}, {"reviewers": ["x"]}, {"team_reviewers": ["x"]}])
def test_strangers_cannot_be_asked(forge: Forge, body: dict[str, list[str]]):
    forge.pull("pow/x", {"a": b"1"})
    answer = forge.rest().post(ASKED, json=body)
    assert answer.status_code == 422
    assert message(answer).startswith("Reviews may only be requested from collaborators.")


def test_the_author_cannot_be_asked(forge: Forge):
    forge.pull("pow/x", {"a": b"1"}, author="write")
    answer = forge.rest().post(ASKED, json={"reviewers": ["write"]})
    assert message(answer) == "Review cannot be requested from pull request author."


def test_only_the_author_edits_a_review_and_only_its_text(forge: Forge):
    forge.pull("pow/x", {"a": b"1"})
    review = forge.rest("write-token").post(REVIEWS, json={"event": "APPROVE", "body": "Yes"}).json()
    place = f"{REVIEWS}/{review['id']}"
    assert forge.rest("admin-token").put(place, json={"body": "No"}).status_code == 404
    forge.clock.advance(minutes=5)
    assert forge.rest("write-token").put(place, json={"body": "No"}).json() == {**review, "body": "No"}


def test_a_collected_commit_and_a_deleted_account_leave_null_behind(forge: Forge):
    head = forge.pull("pow/x", {"a": b"1"}).head_sha
    forge.rest("write-token").post(REVIEWS, json={"event": "APPROVE"})
    forge.rest("write-token").post(f"{REPO}/issues/1/comments", json={"body": "Hm."})
    forge.rest("write-token").post(f"{REPO}/issues", json={"title": "Mine"})
    forge.rest("write-token").post(f"{REPO}/git/refs", json={"ref": "refs/heads/mine", "sha": head})
    state_reviews.forget_commit(forge.repository, head)
    forge.state.delete_user("write")
    rest = forge.rest("admin-token")
    (review,) = rest.get(REVIEWS).json()
    assert (review["user"], review["commit_id"], review["author_association"]) == (None, None, "NONE")
    assert [each["user"]["login"] for each in rest.get(f"{REPO}/issues/1/comments").json()] == ["ghost"]
    assert rest.get(f"{REPO}/issues/2").json()["user"]["login"] == "ghost"
    (push,) = rest.get(f"{REPO}/activity", params={"ref": "mine"}).json()
    assert push["actor"] is None
    assert rest.get(f"{REPO}/activity", params={"ref": "mine", "actor": "write"}).json() == []
    assert forge.rest("write-token").get(REPO).status_code == 401


def test_a_renamed_team_answers_under_its_new_name_only_and_access_is_given_apart(forge: Forge):
    forge.state.add_team("agency", "old", members=["write"], repositories=["agency/pow"])
    forge.state.rename_team("agency", "old", "new")
    rest = forge.rest()
    assert rest.get("/orgs/agency/teams/old/members").status_code == 404
    assert [each["login"] for each in rest.get("/orgs/agency/teams/new/members").json()] == ["write"]
    assert rest.get("/orgs/agency/teams/new/repos/agency/pow").status_code == 204
    assert rest.get("/orgs/agency/teams/new/repos/agency/none").status_code == 404
    forge.state.add_team("agency", "old", members=["write"], repositories=[])
    assert rest.get("/orgs/agency/teams/old/repos/agency/pow").status_code == 404
    forge.pull("pow/x", {"a": b"1"})
    assert rest.post(ASKED, json={"team_reviewers": ["old"]}).status_code == 422


def test_activity_goes_on_after_a_cursor(forge: Forge):
    for number in range(3):
        forge.branch("pow/x", {"a": str(number).encode()})
    github = forge.rest()
    first = github.get(f"{REPO}/activity", params={"ref": "refs/heads/pow/x", "per_page": 2})
    rest = github.get(first.links["next"]["url"])
    assert (len(first.json()), len(rest.json()), "next" in rest.links) == (2, 1, False)
    assert first.json()[0]["after"] == forge.repository.git.branch("pow/x")


def test_issues_are_listed_since_a_time(forge: Forge):
    rest = forge.rest("write-token")
    rest.post(f"{REPO}/issues", json={"title": "old"})
    forge.clock.advance(days=1)
    rest.post(f"{REPO}/issues", json={"title": "new"})
    found = rest.get(f"{REPO}/issues", params={"since": "2026-03-02T10:00:00Z"}).json()
    assert [issue["title"] for issue in found] == ["new"]
