import subprocess
from pathlib import Path

import pytest
from sandbox_forge.forges import BOT, REPO, Forge

from bot.sandbox.forge.git import environment


class Clone:
    """A work tree, and git in it without anything of the machine's settings."""

    def __init__(self, forge: Forge, folder: Path, *, token: str = BOT) -> None:
        self.folder = folder
        self.remote = forge.url.replace("http://", f"http://x-access-token:{token}@") + "/agency/pow.git"
        people = ("GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL")
        self._environment = {**environment(folder.parent), **dict.fromkeys(people, "n")}
        del self._environment["GIT_DIR"]

    def clone(self, *options: str) -> subprocess.CompletedProcess[str]:
        return self._run(["git", "clone", "--quiet", *options, self.remote, str(self.folder)])

    def git(self, *arguments: str) -> str:
        done = self.attempt(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._run(["git", "-C", str(self.folder), *arguments])

    def commit(self, path: str, content: str) -> str:
        (self.folder / path).write_text(content)
        self.git("add", path)
        self.git("commit", "--quiet", "-m", f"Write {path}")
        return self.git("rev-parse", "HEAD")

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)


@pytest.fixture
def clone(forge: Forge, tmp_path: Path) -> Clone:
    made = Clone(forge, tmp_path / "work")
    done = made.clone()
    assert done.returncode == 0, done.stderr
    return made


def test_a_push_opens_the_way_for_a_pull_request_and_moves_its_head(forge: Forge, clone: Clone):
    clone.git("checkout", "--quiet", "-b", "pow/x")
    first = clone.commit("a", "1")
    clone.git("push", "--quiet", "origin", "pow/x")
    assert forge.repository.git.branch("pow/x") == first
    rest = forge.rest()
    rest.post(f"{REPO}/pulls", json={"head": "pow/x", "base": "main", "title": "t"})
    second = clone.commit("a", "2")
    clone.git("push", "--quiet", "origin", "pow/x")
    assert rest.get(f"{REPO}/pulls/1").json()["head"]["sha"] == second
    clone.git("reset", "--quiet", "--hard", first)
    clone.git("push", "--quiet", "--force", "origin", "pow/x")
    assert rest.get(f"{REPO}/pulls/1").json()["head"]["sha"] == first
    activity = rest.get(f"{REPO}/activity", params={"ref": "pow/x"}).json()
    assert [(item["activity_type"], item["actor"]["login"]) for item in activity] == [
        ("force_push", "pow-bot[bot]"),
        ("push", "pow-bot[bot]"),
        ("branch_creation", "pow-bot[bot]"),
    ]


def test_a_fetch_brings_what_was_merged_by_rest(forge: Forge, clone: Clone):
    head = forge.pull("pow/x", {"a": b"1"}).head_sha
    merged = forge.rest().put(f"{REPO}/pulls/1/merge", json={"sha": head}).json()["sha"]
    clone.git("fetch", "--quiet", "origin", "+refs/pull/1/head:refs/remotes/origin/pr/1")
    clone.git("pull", "--quiet", "--ff-only")
    assert clone.git("rev-parse", "HEAD") == merged
    assert clone.git("rev-parse", "origin/pr/1") == head


def test_a_push_that_brings_a_head_into_its_base_counts_as_a_merge_by_the_pusher(forge: Forge, tmp_path: Path):
    forge.pull("pow/x", {"a": b"1"})
    human = Clone(forge, tmp_path / "human", token="write-token")
    human.clone()
    human.commit("other", "1")
    human.git("merge", "--quiet", "--no-ff", "-m", "By hand", "origin/pow/x")
    merge = human.git("rev-parse", "HEAD")
    human.commit("later", "1")
    human.git("push", "--quiet", "origin", "main", ":pow/x")
    pull = forge.rest().get(f"{REPO}/pulls/1").json()
    assert (pull["merged"], pull["merge_commit_sha"], pull["merged_by"]["login"]) == (True, merge, "write")


def test_a_shallow_clone_of_a_single_commit_works(forge: Forge, tmp_path: Path):
    forge.branch("main", {"a": b"1"})
    shallow = Clone(forge, tmp_path / "shallow")
    assert shallow.clone("--depth=1", "--filter=blob:none").returncode == 0
    assert shallow.git("rev-list", "--count", "HEAD") == "1"


def test_a_push_that_is_not_a_fast_forward_is_rejected_without_force(forge: Forge, clone: Clone):
    forge.branch("main", {"a": b"1"})
    clone.commit("b", "1")
    done = clone.attempt("push", "origin", "main")
    assert done.returncode == 1
    assert "rejected" in done.stderr


def test_the_default_branch_and_pull_refs_are_not_to_be_pushed_away(forge: Forge, clone: Clone):
    forge.pull("pow/x", {"a": b"1"})
    assert clone.attempt("push", "origin", ":main").returncode == 1
    assert clone.attempt("push", "origin", "HEAD:refs/pull/1/head").returncode == 1
    assert forge.repository.git.ref("refs/pull/1/head") == forge.repository.pulls[1].head_sha


@pytest.mark.parametrize(
    ("token", "text"),
    [
        ("reader-token", "The requested URL returned error: 403"),
        ("read-token", "The requested URL returned error: 403"),
    ],
)
def test_a_push_needs_write_access_to_the_contents(forge: Forge, tmp_path: Path, token: str, text: str):
    reader = Clone(forge, tmp_path / "reader", token=token)
    assert reader.clone().returncode == 0
    reader.commit("a", "1")
    done = reader.attempt("push", "origin", "HEAD:refs/heads/x")
    assert done.returncode != 0
    assert text in done.stderr
    assert forge.repository.git.branch("x") is None


@pytest.mark.parametrize(
    ("token", "text"),
    [
        ("nobody-has-this", "Authentication failed"),
        ("stranger-token", "not found"),
    ],
)
def test_a_private_repository_is_not_cloned_by_outsiders(forge: Forge, tmp_path: Path, token: str, text: str):
    done = Clone(forge, tmp_path / "outside", token=token).clone()
    assert done.returncode != 0
    assert text in done.stderr


def test_a_large_push_arrives_whole(forge: Forge, clone: Clone):
    clone.git("config", "http.postBuffer", "1000")  # forces the chunked form of a push
    sha = clone.commit("big", "".join(f"{number * 7919}\n" for number in range(60_000)))
    clone.git("push", "--quiet", "origin", "main")
    assert forge.repository.git.branch("main") == sha


def test_a_push_is_a_write_like_any_other(forge: Forge, clone: Clone):
    seen: list[str] = []
    forge.state.on_write = lambda number, phase, target: seen.append(f"{number} {phase} {target}")
    clone.commit("a", "1")
    clone.git("push", "--quiet", "origin", "main")
    target = "POST /agency/pow.git/git-receive-pack"
    assert seen == [f"1 before {target}", f"1 after {target}"]
