"""What only real git must do: shallow clones, other people's settings, tokens, and no trace left behind."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from forge.clones import FILES, MAIN, GitClone, git, numbered
from forge.stands import APP_TOKEN, SandboxStand

from bot.forge.git import GitRepository
from bot.forge.git_command import GitCommand
from bot.forge.port import RevertConflict, Reverted
from bot.model.errors import UnavailableError, WorkspaceError
from bot.model.forge import FileStatus
from bot.model.names import BranchName, CommitSha

PHOTO = "patches/PHOTO.yml"
SECRET = "ghs_very_secret_token"


@pytest.fixture
def clone(tmp_path: Path) -> GitClone:
    return GitClone(tmp_path / "bare.git", tmp_path / "clone")


def base_of(repository: GitRepository) -> CommitSha:
    head = repository.head(MAIN)
    assert head is not None
    return head


def merge_photo(clone: GitClone, **lines: str) -> CommitSha:
    start = base_of(clone.repository)
    change = {PHOTO: numbered(**lines)}
    merge = clone.commit(start, clone.commit(start, files=change), files=change)
    clone.point("main", merge)
    clone.repository.fetch()
    return merge


def state_of(clone: GitClone) -> tuple[str, ...]:
    """Return everything of the caller's that a run must not touch."""
    index = (clone.root / ".git" / "index").read_bytes().hex()
    asked = (("status", "--porcelain"), ("for-each-ref",), ("worktree", "list"), ("stash", "list"))
    return (index, (clone.root / ".git" / "HEAD").read_text(), *(git(*each, cwd=clone.root) for each in asked))


def test_a_revert_leaves_work_tree_index_and_refs_alone(clone: GitClone) -> None:
    merge = merge_photo(clone, line_2="two")
    later = merge_photo(clone, line_2="TWO")
    (clone.root / PHOTO).write_bytes(b"half written by a person\n")
    (clone.root / "untracked").write_bytes(b"mine\n")
    before = state_of(clone)
    assert isinstance(clone.repository.revert(later, onto=later), Reverted)
    assert isinstance(clone.repository.revert(merge, onto=later), RevertConflict)
    assert state_of(clone) == before
    assert (clone.root / PHOTO).read_bytes() == b"half written by a person\n"


def test_reads_come_from_the_remotes_branches_and_never_from_the_work_tree(clone: GitClone) -> None:
    (clone.root / "README.md").write_bytes(b"edited, not committed\n")
    git("commit", "--quiet", "--all", "--message=local", cwd=clone.root)
    head = base_of(clone.repository)
    assert clone.repository.read("README.md", head) == FILES["README.md"]


def test_the_leftovers_of_a_killed_run_are_cleared(clone: GitClone, tmp_path: Path) -> None:
    merge = merge_photo(clone, line_2="two")
    killed = run_and_kill_in_revert(clone, merge, tmp_path)
    assert "pow-revert-" in git("worktree", "list", cwd=clone.root)
    assert isinstance(clone.repository.revert(merge, onto=merge), Reverted)
    assert "pow-revert-" not in git("worktree", "list", cwd=clone.root)
    assert not list(killed.glob("pow-revert-*"))


def run_and_kill_in_revert(clone: GitClone, merge: CommitSha, tmp_path: Path) -> Path:
    """Kill -9 a process in the middle of a revert, once its scratch tree stands; returns where that was."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    real = subprocess.run(["which", "git"], capture_output=True, check=True, text=True).stdout.strip()
    slow.write_text(f'#!/bin/sh\n[ "$1" = revert ] && touch {scratch}/reached && exec sleep 60\nexec {real} "$@"\n')
    slow.chmod(0o755)
    program = textwrap.dedent(f"""
        from pathlib import Path
        from bot.forge.git import GitRepository
        GitRepository.open(Path({str(clone.root)!r})).revert({merge!r}, onto={merge!r})
    """)
    environment = {**os.environ, "PATH": f"{slow.parent}:{os.environ['PATH']}", "TMPDIR": str(scratch)}
    with subprocess.Popen([sys.executable, "-c", program], env=environment, start_new_session=True) as process:
        deadline = time.monotonic() + 20
        while not (scratch / "reached").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
    return scratch


def test_a_shallow_clone_is_completed(clone: GitClone, tmp_path: Path) -> None:
    first = base_of(clone.repository)
    merge = merge_photo(clone, line_2="two")
    git("clone", "--quiet", "--depth=1", f"file://{clone.bare}", str(tmp_path / "shallow"))
    shallow = GitRepository.open(tmp_path / "shallow")
    shallow.fetch()
    assert [commit.sha for commit in shallow.history(merge)] == [merge, first]
    shallow.fetch()


def test_a_checkout_of_one_branch_sees_all_of_them(clone: GitClone, tmp_path: Path) -> None:
    clone.point("pow-ledger", clone.commit(files={"records/1.json": b"{}"}))
    git("clone", "--quiet", "--single-branch", f"file://{clone.bare}", str(tmp_path / "single"))
    single = GitRepository.open(tmp_path / "single")
    assert single.head(BranchName("pow-ledger")) is None
    single.fetch()
    assert single.head(BranchName("pow-ledger")) is not None


def test_the_default_branch_is_asked_for_where_the_clone_does_not_know_it(clone: GitClone) -> None:
    git("remote", "set-head", "origin", "--delete", cwd=clone.root)
    assert GitRepository.open(clone.root).default_branch() == MAIN


def test_links_and_executables_are_not_taken_for_plain_files(clone: GitClone) -> None:
    before = base_of(clone.repository)
    blob = git("hash-object", "-w", "--stdin", cwd=clone.bare, stdin=b"/etc/passwd")
    lines = f"120000 blob {blob}\tlink\n100755 blob {blob}\tprogram\n160000 commit {before}\tmodule\n"
    tree = git("mktree", "--missing", cwd=clone.bare, stdin=lines.encode())
    after = clone.commit_tree(tree, (before,), "Odd things")
    clone.point("main", after)
    clone.repository.fetch()
    assert clone.repository.read("link", after) is None
    assert clone.repository.tree_names("link", [after]) == {after: blob}, "a link shows by its name"
    assert clone.repository.read("module", after) is None
    assert clone.repository.read_many("", after) == {"program": b"/etc/passwd"}
    kinds = {each.path: each.status for each in clone.repository.changed(before, after)}
    assert (kinds["link"], kinds["module"]) == (FileStatus.OTHER, FileStatus.OTHER)
    assert kinds["program"] is FileStatus.ADDED


def test_a_changed_mode_is_no_plain_modification(clone: GitClone) -> None:
    before = base_of(clone.repository)
    blob = git("rev-parse", f"{before}:README.md", cwd=clone.bare)
    tree = git("mktree", cwd=clone.bare, stdin=f"100755 blob {blob}\tREADME.md\n".encode())
    after = clone.commit_tree(tree, (before,), "Make it run")
    clone.point("main", after)
    clone.repository.fetch()
    assert {each.path: each.status for each in clone.repository.changed(before, after)}["README.md"] == "other"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("core.hooksPath", "{root}/evil"),
        ("core.fsmonitor", "{root}/evil/post-checkout"),
        ("log.showSignature", "true"),
        ("diff.renames", "copies"),
        ("core.quotePath", "true"),
        ("commit.gpgSign", "true"),
        ("user.useConfigOnly", "true"),
    ],
)
def test_a_clones_own_settings_decide_nothing(clone: GitClone, key: str, value: str) -> None:
    hook = clone.root / "evil" / "post-checkout"
    hook.parent.mkdir()
    hook.write_text(f"#!/bin/sh\ntouch {clone.root}/ran\n")
    hook.chmod(0o755)
    git("config", key, value.format(root=clone.root), cwd=clone.root)
    merge = merge_photo(clone, line_2="two")
    reverted = clone.repository.revert(merge, onto=merge)
    assert isinstance(reverted, Reverted)
    assert [commit.sha for commit in clone.repository.history(merge, limit=1)] == [merge]
    assert not (clone.root / "ran").exists()


def test_replaced_objects_are_not_believed(clone: GitClone) -> None:
    merge = merge_photo(clone, line_2="two")
    git("replace", merge, git("rev-parse", f"{merge}^1", cwd=clone.root), cwd=clone.root)
    assert len(GitRepository.open(clone.root).commit(merge).parents) == 2


def test_a_folder_that_is_no_clone_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="not a Git repository") as refused:
        GitRepository.open(tmp_path)
    assert "git clone" in refused.value.hint
    git("init", "--quiet", str(tmp_path / "alone"))
    with pytest.raises(WorkspaceError, match="no remote origin"):
        GitRepository.open(tmp_path / "alone")


def test_a_remote_that_is_gone_is_unavailable(clone: GitClone) -> None:
    clone.bare.rename(clone.bare.with_suffix(".gone"))
    with pytest.raises(UnavailableError, match="cannot fetch"):
        clone.repository.fetch()


# The token


def test_the_token_fetches_a_private_repository_over_http(on_sandbox: SandboxStand, tmp_path: Path) -> None:
    root = clone_over_http(on_sandbox, tmp_path)
    repository = GitRepository.open(root, token=APP_TOKEN, server_url=on_sandbox.base_url)
    on_sandbox.push("main", {"a.yml": b"a: 1\n"})
    repository.fetch()
    assert repository.read("a.yml", base_of(repository)) == b"a: 1\n"
    assert APP_TOKEN not in (root / ".git" / "config").read_text()


def test_a_token_left_in_the_clones_settings_is_not_sent_beside_ours(
    on_sandbox: SandboxStand, tmp_path: Path
) -> None:
    root = clone_over_http(on_sandbox, tmp_path)
    git("config", f"http.{on_sandbox.base_url}/.extraHeader", "Authorization: Basic d3Jvbmc=", cwd=root)
    GitRepository.open(root, token=APP_TOKEN, server_url=on_sandbox.base_url).fetch()


@pytest.mark.parametrize("token", [None, SECRET])
def test_without_the_right_token_the_hint_says_so_and_no_message_holds_it(
    on_sandbox: SandboxStand, tmp_path: Path, token: str | None
) -> None:
    root = clone_over_http(on_sandbox, tmp_path)
    repository = GitRepository.open(root, token=token, server_url=on_sandbox.base_url)
    with pytest.raises(UnavailableError) as refused:
        repository.fetch()
    assert "GITHUB_TOKEN" in refused.value.hint
    assert SECRET not in refused.value.message


def test_the_token_is_in_no_argument_and_in_no_local_commands_environment(tmp_path: Path) -> None:
    seen = tmp_path / "bin" / "git"
    seen.parent.mkdir()
    seen.write_text('#!/bin/sh\necho "$@"; env\n')
    seen.chmod(0o755)
    command = GitCommand(root=tmp_path, token=SECRET, server_url="https://github.com")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{seen.parent}:{os.environ['PATH']}")
        local = command.run("status").decode()
        remote = command.attempt("fetch", "origin", remote=True).output.decode()
    assert "Authorization" not in local
    assert "Authorization: Basic" in remote
    assert SECRET not in local + remote + repr(command)
    assert remote.splitlines()[0] == "fetch origin"


def test_the_token_is_not_sent_to_another_server(on_sandbox: SandboxStand, tmp_path: Path) -> None:
    root = clone_over_http(on_sandbox, tmp_path)
    repository = GitRepository.open(root, token=APP_TOKEN, server_url="https://github.example")
    with pytest.raises(UnavailableError):
        repository.fetch()


def clone_over_http(stand: SandboxStand, tmp_path: Path) -> Path:
    """Make a clone without credentials, as `actions/checkout` with persist-credentials: false leaves it."""
    root = tmp_path / "checkout"
    git("init", "--quiet", "--initial-branch=main", str(root))
    git("remote", "add", "origin", f"{stand.base_url}/agency/{stand.name}.git", cwd=root)
    return root
