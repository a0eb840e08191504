import pytest
from github import GithubException
from sandbox_forge.forges import REPO, Forge, message


def test_comments_are_written_changed_and_deleted(forge: Forge):
    forge.pull("pow/x", {"a": b"1"})
    issue = forge.github().get_repo("agency/pow").get_issue(1)
    comment = issue.create_comment("First")
    forge.clock.advance(minutes=1)
    comment.edit("Changed")
    assert [(c.body, c.user.login) for c in issue.get_comments()] == [("Changed", "pow-bot[bot]")]
    assert list(issue.get_comments(since=forge.clock.at)) != []
    forge.clock.advance(minutes=1)
    assert list(issue.get_comments(since=forge.clock.at)) == []
    shown = forge.rest().get(f"{REPO}/issues/comments/{comment.id}").json()
    assert shown["performed_via_github_app"]["slug"] == "pow-bot"
    comment.delete()
    assert list(issue.get_comments()) == []
    assert forge.rest().get(f"{REPO}/issues/comments/{comment.id}").status_code == 404


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("", "Validation Failed: missing_field"),
        ("x" * 65_537, "Validation Failed: body is too long (maximum is 65536 characters)"),
    ],
)
def test_a_comment_of_no_or_too_great_length_is_refused(forge: Forge, body: str, text: str):
    forge.pull("pow/x", {"a": b"1"})
    answer = forge.rest().post(f"{REPO}/issues/1/comments", json={"body": body})
    assert (answer.status_code, message(answer)) == (422, text)


def test_anothers_comment_is_changed_by_writers_only(forge: Forge):
    forge.pull("pow/x", {"a": b"1"})
    made = forge.rest("read-token").post(f"{REPO}/issues/1/comments", json={"body": "mine"}).json()
    path = f"{REPO}/issues/comments/{made['id']}"
    assert forge.rest("triage-token").patch(path, json={"body": "x"}).status_code == 403
    assert forge.rest("write-token").patch(path, json={"body": "x"}).json()["body"] == "x"
    assert forge.rest("read-token").delete(path).status_code == 204


def test_labels_are_put_on_taken_off_and_tell_who_did_it(forge: Forge):
    forge.pull("pow/x", {"a": b"1"})
    repo = forge.github().get_repo("agency/pow")
    repo.create_label("pow", "00ff00", "From the bot")
    issue = repo.get_issue(1)
    issue.add_to_labels("pow", "hold")
    forge.rest("triage-token").post(f"{REPO}/issues/1/labels", json={"labels": ["Urgent", "POW"]})
    assert [label.name for label in repo.get_pull(1).labels] == ["pow", "hold", "Urgent"]
    assert [label.description for label in repo.get_pulls()[0].labels] == ["From the bot", None, None]
    assert {label.name: label.color for label in repo.get_labels()}["hold"] == "ededed"
    issue.remove_from_labels("hold")
    issue.set_labels("pow", "late")
    events = [(event.event, event.label.name, event.actor.login) for event in issue.get_events()]
    assert events == [
        ("labeled", "pow", "pow-bot[bot]"),
        ("labeled", "hold", "pow-bot[bot]"),
        ("labeled", "Urgent", "triage"),
        ("unlabeled", "hold", "pow-bot[bot]"),
        ("unlabeled", "Urgent", "pow-bot[bot]"),
        ("labeled", "late", "pow-bot[bot]"),
    ]
    with pytest.raises(GithubException, match="Label does not exist"):
        issue.remove_from_labels("hold")
    issue.delete_labels()
    assert list(issue.get_labels()) == []


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"name": "pow"}, "already_exists"),
        ({"name": "x" * 51}, "name is too long (maximum is 50 characters)"),
        ({"name": "x", "color": "#00ff00"}, "invalid"),
        ({"name": "x", "description": "x" * 101}, "description is too long (maximum is 100 characters)"),
    ],
)
def test_a_label_that_cannot_be_is_refused(forge: Forge, body: dict[str, str], text: str):
    rest = forge.rest()
    assert rest.post(f"{REPO}/labels", json={"name": "POW"}).status_code == 201
    answer = rest.post(f"{REPO}/labels", json=body)
    assert (answer.status_code, message(answer)) == (422, f"Validation Failed: {text}")
    assert rest.get(f"{REPO}/labels/pow").json()["name"] == "POW"
    assert rest.get(f"{REPO}/labels/none").status_code == 404


def test_an_issue_holds_a_hundred_labels_at_most(forge: Forge):
    forge.pull("pow/x", {"a": b"1"})
    rest = forge.rest()
    names = [f"label {number}" for number in range(100)]
    assert len(rest.post(f"{REPO}/issues/1/labels", json={"labels": names}).json()) == 100
    answer = rest.post(f"{REPO}/issues/1/labels", json={"labels": ["one more"]})
    assert (answer.status_code, message(answer)) == (422, "Issue cannot have more than 100 labels")


def test_issues_are_opened_listed_and_closed(forge: Forge):
    repo = forge.github().get_repo("agency/pow")
    issue = repo.create_issue("Queue grows", body="A lot", labels=["pow"])
    forge.pull("pow/x", {"a": b"1"})
    assert [(item.number, item.pull_request is not None) for item in repo.get_issues()] == [(2, True), (1, False)]
    assert [item.number for item in repo.get_issues(labels=["pow"])] == [1]
    assert [item.number for item in repo.get_issues(creator="pow-bot[bot]", state="all")] == [2, 1]
    issue.edit(title="Queue shrinks", assignees=["write"], state="closed", state_reason="not_planned")
    again = repo.get_issue(1)
    assert (again.title, again.state, again.state_reason) == ("Queue shrinks", "closed", "not_planned")
    assert again.closed_by.login == "pow-bot[bot]"
    assert [user.login for user in again.assignees] == ["write"]
    repo.get_issue(2).edit(state="closed", labels=["done"])
    assert repo.get_pull(2).state == "closed"
    assert forge.rest().get(f"{REPO}/issues/9").status_code == 404
