import subprocess
from pathlib import Path

import httpx
import pytest
from sandbox_forge.forges import REPO, Forge, message

from bot.sandbox.forge.git import environment

MERGE = f"{REPO}/pulls/1/merge"


def merge(forge: Forge, **body: str) -> httpx.Response:
    return forge.rest("write-token").put(MERGE, json=body)


def test_a_merge_commit_joins_base_and_head_with_the_given_message(forge: Forge):
    head = forge.pull("pow/x", {"README.md": b"# Services\nmore\n"}).head_sha
    base = forge.branch("main", {"other": b"x"})
    assert forge.rest().get(MERGE).status_code == 404
    answer = merge(forge, sha=head, commit_title="Raise the limit", commit_message="Change-Id: 0123")
    assert answer.json()["message"] == "Pull Request successfully merged"
    git = forge.repository.git
    made = git.commit(answer.json()["sha"])
    assert git.branch("main") == made.sha
    assert made.parents == (base, head)
    assert made.message == "Raise the limit\n\nChange-Id: 0123"
    assert (made.author.name, made.committer.name) == ("Write", "GitHub")
    assert made.author.at == forge.clock.at
    assert forge.rest().get(MERGE).status_code == 204

    pull = forge.rest().get(f"{REPO}/pulls/1").json()
    assert (pull["merged"], pull["state"], pull["merge_commit_sha"]) == (True, "closed", made.sha)
    assert (pull["merged_by"]["login"], pull["merged_at"]) == ("write", "2026-03-02T09:00:00Z")
    assert (pull["mergeable"], pull["commits"], pull["changed_files"]) == (None, 1, 1)


def test_a_merge_without_texts_gets_githubs_own(forge: Forge):
    forge.pull("pow/x", {"a": b"1"})
    sha = merge(forge).json()["sha"]
    text = "Merge pull request #1 from agency/pow/x\n\nChange pow/x"
    assert forge.repository.git.commit(sha).message == text


def test_squash_makes_one_commit_of_all(forge: Forge):
    forge.pull("pow/x", {"a": b"1"})
    forge.branch("pow/x", {"b": b"1"}, message="Second\n\nWith a body")
    base = forge.branch("main", {"other": b"x"})
    sha = merge(forge, merge_method="squash").json()["sha"]
    made = forge.repository.git.commit(sha)
    assert made.parents == (base,)
    assert made.message == "Change pow/x (#1)\n\n* Change files\n\n* Second\n\nWith a body"
    assert {entry.path for entry in forge.repository.git.tree(sha)} >= {"a", "b", "other"}
    assert forge.repository.pulls[1].merge_commit_sha == sha


def test_squash_of_a_single_commit_takes_its_message(forge: Forge):
    forge.branch("pow/x", {"a": b"1"}, message="Raise it\n\nChange-Id: 0123")
    forge.rest().post(f"{REPO}/pulls", json={"head": "pow/x", "base": "main", "title": "Other"})
    sha = merge(forge, merge_method="squash").json()["sha"]
    assert forge.repository.git.commit(sha).message == "Raise it (#1)\n\nChange-Id: 0123"


def test_rebase_gives_the_trees_that_git_rebase_gives(forge: Forge, tmp_path: Path):
    lines = [f"line {number}\n" for number in range(20)]
    forge.branch("main", {"text": "".join(lines).encode()})
    forge.branch("pow/x", {"text": "".join(["first\n", *lines[1:]]).encode()}, message="One")
    forge.branch("pow/x", {"text": "".join(["first\n", *lines[1:], "last\n"]).encode()}, message="Two")
    base = forge.branch("main", {"text": "".join([*lines[:10], "middle\n", *lines[11:]]).encode()})
    forge.branch("pow/x", {"empty later": b"x"}, message="Three")
    git = forge.repository.git
    work = tmp_path / "work"
    settings = {key: value for key, value in environment(tmp_path).items() if key != "GIT_DIR"}
    person = {"GIT_COMMITTER_NAME": "n", "GIT_COMMITTER_EMAIL": "e"}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=work if work.exists() else tmp_path,
            env={**settings, **person},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    run("clone", "--quiet", str(git.directory), str(work))
    run("checkout", "--quiet", "pow/x")
    run("rebase", "--quiet", "origin/main")
    expected = run("log", "--reverse", "--format=%T %s %an", "origin/main..").splitlines()

    forge.rest().post(f"{REPO}/pulls", json={"head": "pow/x", "base": "main", "title": "t"})
    tip = merge(forge, merge_method="rebase").json()["sha"]
    commits = git.commits(git.rev_list("--reverse", tip, f"^{base}"))
    assert [f"{c.tree} {c.message.splitlines()[0]} {c.author.name}" for c in commits] == expected
    assert {c.committer.name for c in commits} == {"GitHub"}
    assert all(len(c.parents) == 1 for c in commits)


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_a_conflict_is_not_merged_by_any_method(forge: Forge, method: str):
    forge.pull("pow/x", {"README.md": b"one\n"})
    base = forge.branch("main", {"README.md": b"two\n"})
    answer = merge(forge, merge_method=method)
    assert (answer.status_code, message(answer)) == (405, "Pull Request is not mergeable")
    assert forge.repository.git.branch("main") == base
    assert forge.repository.issues[1].state == "open"


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_changes_to_different_lines_merge_by_every_method(forge: Forge, method: str):
    lines = [f"line {number}\n" for number in range(9)]
    forge.branch("main", {"text": "".join(lines).encode()})
    forge.pull("pow/x", {"text": "".join(["first\n", *lines[1:]]).encode()})
    forge.branch("main", {"text": "".join([*lines[:8], "last\n"]).encode()})
    sha = merge(forge, merge_method=method).json()["sha"]
    entry = forge.repository.git.entry(sha, "text")
    assert entry is not None
    assert forge.repository.git.blob(str(entry.sha)) == "".join(["first\n", *lines[1:8], "last\n"]).encode()


def test_a_merge_of_a_head_that_moved_is_refused(forge: Forge):
    reviewed = forge.pull("pow/x", {"a": b"1"}).head_sha
    forge.branch("pow/x", {"a": b"evil"})
    answer = merge(forge, sha=reviewed)
    assert answer.status_code == 409
    assert message(answer) == "Head branch was modified. Review and try the merge again."


def test_what_is_merged_closed_or_a_draft_is_not_merged(forge: Forge):
    forge.pull("pow/x", {"a": b"1"})
    assert merge(forge).status_code == 200
    assert message(merge(forge)) == "Pull Request is not mergeable"
    forge.branch("pow/y", {"b": b"1"})
    rest = forge.rest()
    rest.post(f"{REPO}/pulls", json={"head": "pow/y", "base": "main", "title": "t", "draft": True})
    draft = rest.put(f"{REPO}/pulls/2/merge", json={})
    assert (draft.status_code, message(draft)) == (405, "Pull Request is still a draft")
    assert message(rest.put(f"{REPO}/pulls/2/merge", json={"merge_method": "magic"})).startswith("Invalid request.")


@pytest.mark.parametrize(
    ("method", "setting", "text"),
    [
        ("merge", "merge_commits", "Merge commits are not allowed on this repository."),
        ("squash", "squash_merges", "Squash merges are not allowed on this repository."),
        ("rebase", "rebase_merges", "Rebase merges are not allowed on this repository."),
    ],
)
def test_a_method_that_the_repository_does_not_allow_is_refused(forge: Forge, method: str, setting: str, text: str):
    forge.pull("pow/x", {"a": b"1"})
    setattr(forge.repository.settings, setting, False)
    answer = merge(forge, merge_method=method)
    assert (answer.status_code, message(answer)) == (405, text)


def test_merging_one_pull_request_marks_another_with_the_same_head_as_merged(forge: Forge):
    forge.branch("release", {"r": b"1"})
    forge.pull("pow/x", {"a": b"1"})
    forge.rest().post(f"{REPO}/pulls", json={"head": "pow/x", "base": "release", "title": "t"})
    merge(forge)
    assert forge.repository.pulls[2].merged_at is None
    sha = forge.repository.git.branch("release")
    head = forge.repository.pulls[1].head_sha
    forge.rest().post(f"{REPO}/git/refs", json={"ref": "refs/heads/x", "sha": head})
    forge.rest().patch(f"{REPO}/git/refs/heads/release", json={"sha": head, "force": True})
    assert sha != head
    assert forge.repository.pulls[2].merge_commit_sha == head
    assert forge.repository.issues[2].state == "closed"


def test_a_merge_of_a_revert_restores_the_tree_before(forge: Forge, tmp_path: Path):
    before = str(forge.repository.git.branch("main"))
    forge.pull("pow/x", {"README.md": b"worse\n"})
    merged = merge(forge).json()["sha"]
    work = tmp_path / "work"
    settings = {key: value for key, value in environment(tmp_path).items() if key != "GIT_DIR"}
    names = dict.fromkeys(("GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"), "n")
    remote = forge.url.replace("http://", "http://x-access-token:bot-token@") + "/agency/pow.git"
    for arguments in (
        ("clone", "--quiet", remote, str(work)),
        ("-C", str(work), "revert", "--no-edit", "-m", "1", merged),
        ("-C", str(work), "push", "--quiet", "origin", "HEAD:refs/heads/pow/revert"),
    ):
        subprocess.run(["git", *arguments], env={**settings, **names}, check=True, capture_output=True)
    forge.rest().post(f"{REPO}/pulls", json={"head": "pow/revert", "base": "main", "title": "Revert"})
    done = forge.rest().put(f"{REPO}/pulls/2/merge", json={}).json()["sha"]
    git = forge.repository.git
    assert git.commit(done).tree == git.commit(before).tree
