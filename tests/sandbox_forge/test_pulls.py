import pytest
from github import GithubException
from sandbox_forge.forges import REPO, Forge, message

PULLS = f"{REPO}/pulls"


def test_a_pull_request_is_opened_read_changed_and_closed(forge: Forge):
    forge.branch("pow/x", {"README.md": b"# Services\nmore\n"})
    repo = forge.github().get_repo("agency/pow")
    pull = repo.create_pull(base="main", head="agency:pow/x", title="Raise the limit", body="Why", draft=True)
    assert (pull.number, pull.state, pull.draft, pull.user.login) == (1, "open", True, "pow-bot[bot]")
    assert pull.user.type == "Bot"
    assert (pull.commits, pull.additions, pull.deletions, pull.changed_files) == (1, 1, 0, 1)
    assert [item.filename for item in pull.get_files()] == ["README.md"]
    assert [commit.sha for commit in pull.get_commits()] == [pull.head.sha]
    assert forge.repository.git.ref("refs/pull/1/head") == pull.head.sha

    pull.edit(title="Raise it", body="Because", state="closed")
    again = repo.get_pull(1)
    assert (again.title, again.body, again.state, again.merged) == ("Raise it", "Because", "closed", False)
    again.edit(state="open")
    assert repo.get_pull(1).closed_at is None
    assert [event.event for event in again.as_issue().get_events()] == ["closed", "renamed", "reopened"]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"head": "pow/x", "base": "main", "title": "t"}, "A pull request already exists for agency:pow/x."),
        ({"head": "same", "base": "main", "title": "t"}, "No commits between main and same"),
        ({"head": "none", "base": "main", "title": "t"}, "invalid"),
        ({"head": "other:pow/x", "base": "main", "title": "t"}, "invalid"),
        ({"head": "pow/y", "base": "none", "title": "t"}, "invalid"),
        ({"head": "pow/y", "base": "main"}, "missing_field"),
        (
            {"head": "pow/y", "base": "main", "title": "t", "body": "b" * 65_537},
            "body is too long (maximum is 65536 characters)",
        ),
        (
            {"head": "pow/y", "base": "main", "title": "t" * 257},
            "title is too long (maximum is 256 characters)",
        ),
    ],
)
def test_a_pull_request_that_cannot_be_is_refused(forge: Forge, body: dict[str, str], text: str):
    forge.pull("pow/x", {"a": b"1"})
    forge.branch("pow/y", {"a": b"2"})
    main = forge.repository.git.branch("main")
    forge.rest().post(f"{REPO}/git/refs", json={"ref": "refs/heads/same", "sha": main})
    answer = forge.rest().post(PULLS, json=body)
    assert (answer.status_code, message(answer)) == (422, f"Validation Failed: {text}")
    assert len(forge.repository.pulls) == 1


def test_a_body_of_exactly_the_greatest_length_is_kept(forge: Forge):
    forge.branch("pow/x", {"a": b"1"})
    body = "é" * 65_536
    answer = forge.rest().post(PULLS, json={"head": "pow/x", "base": "main", "title": "t", "body": body})
    assert answer.json()["body"] == body


def test_pull_requests_are_listed_by_state_head_and_base(forge: Forge):
    for name in ("a", "b", "c"):
        forge.pull(name, {name: b"1"})
    forge.branch("release", {"r": b"1"})
    repo = forge.github().get_repo("agency/pow")
    repo.get_pull(2).edit(state="closed")
    repo.get_pull(3).edit(base="release")
    assert [pull.number for pull in repo.get_pulls()] == [3, 1]
    assert [pull.number for pull in repo.get_pulls(state="all", direction="asc")] == [1, 2, 3]
    assert [pull.number for pull in repo.get_pulls(state="closed")] == [2]
    assert [pull.number for pull in repo.get_pulls(head="agency:a", state="all")] == [1]
    assert [pull.number for pull in repo.get_pulls(base="release")] == [3]


def test_mergeable_is_unknown_on_the_first_read_after_a_change_and_known_on_the_next(forge: Forge):
    forge.pull("pow/x", {"README.md": b"one\n"})
    repo = forge.github().get_repo("agency/pow")

    def read_twice() -> list[tuple[bool | None, str]]:
        return [(pull.mergeable, pull.mergeable_state) for pull in (repo.get_pull(1), repo.get_pull(1))]

    assert read_twice() == [(None, "unknown"), (True, "clean")]
    forge.branch("main", {"README.md": b"other\n"})
    assert read_twice() == [(None, "unknown"), (False, "dirty")]
    forge.branch("pow/x", {"README.md": b"# Services\n", "new": b"x"})
    assert read_twice() == [(None, "unknown"), (True, "clean")]
    test_merge = repo.get_pull(1).merge_commit_sha
    assert len(forge.repository.git.commit(test_merge).parents) == 2
    assert forge.repository.git.ref("refs/pull/1/merge") == test_merge


def test_the_head_follows_its_branch_and_the_pull_request_closes_with_it(forge: Forge):
    first = forge.pull("pow/x", {"a": b"1"}).head_sha
    repo = forge.github().get_repo("agency/pow")
    second = forge.branch("pow/x", {"a": b"2"})
    assert repo.get_pull(1).head.sha == second
    repo.get_git_ref("heads/pow/x").edit(first, force=True)
    assert repo.get_pull(1).head.sha == first
    repo.get_git_ref("heads/pow/x").delete()
    assert repo.get_pull(1).state == "closed"
    assert [event.event for event in repo.get_issue(1).get_events()] == [
        "head_ref_force_pushed",
        "head_ref_deleted",
        "closed",
    ]
    with pytest.raises(GithubException, match="branch has been deleted"):
        repo.get_pull(1).edit(state="open")


def test_a_pull_request_reopens_only_where_it_still_makes_sense(forge: Forge):
    forge.pull("pow/x", {"a": b"1"})
    repo = forge.github().get_repo("agency/pow")
    repo.get_pull(1).edit(state="closed")
    repo.create_pull(base="main", head="pow/x", title="Second")
    with pytest.raises(GithubException, match="already an open pull request"):
        repo.get_pull(1).edit(state="open")
    repo.get_pull(2).merge()
    with pytest.raises(GithubException, match="already merged"):
        repo.get_pull(2).edit(state="open")
    with pytest.raises(GithubException, match="no new commits"):
        repo.get_pull(1).edit(state="open")


def test_commits_know_their_pull_requests(forge: Forge):
    pull = forge.pull("pow/x", {"a": b"1"})
    repo = forge.github().get_repo("agency/pow")
    assert [found.number for found in repo.get_commit(pull.head_sha).get_pulls()] == [1]
    merged = repo.get_pull(1).merge()
    assert [found.number for found in repo.get_commit(merged.sha).get_pulls()] == [1]
    assert list(repo.get_commit(forge.repository.git.commit(merged.sha).parents[0]).get_pulls()) == []


def test_the_branch_of_a_pull_request_is_brought_up_to_date(forge: Forge):
    forge.pull("pow/x", {"a": b"1"})
    rest = forge.rest()

    def update(**body: str) -> tuple[int, str]:
        answer = rest.put(f"{PULLS}/1/update-branch", json=body)
        return answer.status_code, message(answer)

    assert update() == (422, "There are no new commits on the base branch.")
    forge.branch("main", {"b": b"1"})
    status, text = update(expected_head_sha="1" * 40)
    assert (status, text.startswith("expected head sha")) == (422, True)
    assert update() == (202, "Updating pull request branch.")
    pull = forge.github().get_repo("agency/pow").get_pull(1)
    assert len(forge.repository.git.commit(pull.head.sha).parents) == 2
    assert [item.filename for item in pull.get_files()] == ["a"]
    forge.branch("main", {"a": b"2"})
    assert update() == (422, "merge conflict between base and head")


def test_github_actions_opens_pull_requests_only_where_that_is_allowed(forge: Forge):
    forge.branch("pow/x", {"a": b"1"})
    body = {"head": "pow/x", "base": "main", "title": "t"}
    forge.repository.settings.actions_may_write_pulls = False
    answer = forge.rest("actions-token").post(PULLS, json=body)
    assert answer.status_code == 403
    assert message(answer) == "GitHub Actions is not permitted to create or approve pull requests."
    forge.repository.settings.actions_may_write_pulls = True
    assert forge.rest("actions-token").post(PULLS, json=body).status_code == 201
