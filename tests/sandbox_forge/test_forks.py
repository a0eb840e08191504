"""Pull requests from forks: whose branch they follow, what of them can be read, what a deleted fork leaves."""

import pytest
from github import GithubException
from sandbox_forge.forges import REPO, Forge, message

from bot.sandbox.forge import state_forks
from bot.sandbox.forge.state import Repository

PULLS = f"{REPO}/pulls"
FORK = "/repos/stranger/pow"
STRANGER = "stranger-token"


def forked(forge: Forge, owner: str = "stranger", *, name: str = "") -> Repository:
    forge.state.grant("stranger", "agency/pow", "read")
    return state_forks.fork(forge.state, forge.repository, owner, name=name)


def commit(forge: Forge, repo: str = FORK, *, branch: str = "pow/x", text: str = "1") -> str:
    """Let the fork's owner commit on a branch of it."""
    rest = forge.rest(STRANGER)
    found = rest.get(f"{repo}/git/ref/heads/{branch}")
    tip = found if found.status_code == 200 else rest.get(f"{repo}/git/ref/heads/main")
    parent = tip.json()["object"]["sha"]
    entry = {"path": "a", "mode": "100644", "type": "blob", "content": text}
    tree = rest.post(f"{repo}/git/trees", json={"base_tree": parent, "tree": [entry]}).json()["sha"]
    sent = {"message": "Change a", "tree": tree, "parents": [parent]}
    sha = str(rest.post(f"{repo}/git/commits", json=sent).json()["sha"])
    if found.status_code == 200:
        assert rest.patch(f"{repo}/git/refs/heads/{branch}", json={"sha": sha}).status_code == 200
    else:
        assert rest.post(f"{repo}/git/refs", json={"ref": f"refs/heads/{branch}", "sha": sha}).status_code == 201
    return sha


def opened(forge: Forge, **fields: str) -> int:
    sent = {"head": "stranger:pow/x", "base": "main", "title": "Mine", **fields}
    answer = forge.rest(STRANGER).post(PULLS, json=sent)
    assert answer.status_code == 201, message(answer)
    return int(answer.json()["number"])


def test_a_forks_pull_request_names_the_fork_and_its_commits_are_no_branch_here(forge: Forge):
    fork = forked(forge)
    sha = commit(forge)
    number = opened(forge)
    pull = forge.github().get_repo("agency/pow").get_pull(number)
    assert (pull.head.label, pull.head.ref, pull.head.sha) == ("stranger:pow/x", "pow/x", sha)
    assert (pull.head.repo.id, pull.head.repo.fork, pull.base.repo.fork) == (fork.id, True, False)
    assert (pull.user.login, [each.filename for each in pull.get_files()]) == ("stranger", ["a"])
    assert forge.repository.git.ref(f"refs/pull/{number}/head") == sha
    assert forge.rest().get(f"{REPO}/git/ref/heads/pow/x").status_code == 404
    assert forge.rest().get(f"{REPO}/pulls?head=stranger:pow/x").json()[0]["number"] == number
    assert forge.rest().get(f"{REPO}/pulls?head=agency:pow/x").json() == []
    again = forge.rest(STRANGER).post(PULLS, json={"head": "stranger:pow/x", "base": "main", "title": "t"})
    assert message(again) == "Validation Failed: A pull request already exists for stranger:pow/x."


def test_it_follows_the_forks_branch_and_no_branch_of_the_same_name(forge: Forge):
    forked(forge)
    commit(forge)
    number = opened(forge)
    forge.branch("pow/x", {"b": b"1"})
    pulls = forge.github().get_repo("agency/pow")
    second = commit(forge, text="2")
    assert (pulls.get_pull(number).head.sha, pulls.get_pull(number).commits) == (second, 2)
    own = forge.github().get_repo("agency/pow").create_pull(base="main", head="pow/x", title="Ours")
    forge.branch("pow/x", {"b": b"2"})
    assert pulls.get_pull(number).head.sha == second
    forge.rest(STRANGER).delete(f"{FORK}/git/refs/heads/pow/x")
    assert (pulls.get_pull(number).state, pulls.get_pull(own.number).state) == ("closed", "open")
    with pytest.raises(GithubException, match="branch has been deleted"):
        pulls.get_pull(number).edit(state="open")


def test_of_a_deleted_fork_no_repository_is_shown_and_it_can_still_be_merged(forge: Forge):
    fork = forked(forge)
    sha = commit(forge)
    number = opened(forge)
    state_forks.delete(forge.state, fork)
    head = forge.rest().get(f"{PULLS}/{number}").json()["head"]
    assert (head["repo"], head["label"], head["user"]["login"]) == (None, "stranger:pow/x", "stranger")
    assert forge.rest().put(f"{PULLS}/{number}/update-branch", json={}).status_code == 403
    merged = forge.rest().put(f"{PULLS}/{number}/merge", json={}).json()["sha"]
    made = forge.repository.git.commit(merged)
    assert (made.parents[1], made.message.splitlines()[0]) == (
        sha,
        f"Merge pull request #{number} from stranger/pow/x",
    )
    forge.violations.clear()  # the description forgot that GitHub shows null here


def test_a_fork_of_the_same_owner_is_told_apart_by_its_name_only(forge: Forge):
    forked(forge, "agency", name="pow-2")
    forge.state.grant("stranger", "agency/pow-2", "write")
    commit(forge, "/repos/agency/pow-2")
    refused = forge.rest(STRANGER).post(PULLS, json={"head": "agency:pow/x", "base": "main", "title": "t"})
    assert refused.status_code == 422
    number = opened(forge, head="agency:pow/x", head_repo="pow-2")
    listed = forge.rest().get(f"{REPO}/pulls?head=agency:pow/x").json()
    assert [(each["number"], each["head"]["repo"]["name"]) for each in listed] == [(number, "pow-2")]
    check = {"name": "x", "head_sha": listed[0]["head"]["sha"]}
    assert forge.rest().post(f"{REPO}/check-runs", json=check).json()["pull_requests"] == []
