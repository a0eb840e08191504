"""Shared files: where they may lie, and that a killed writer leaves the former file or the new one."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.model.errors import TargetError
from bot.sync import files
from bot.sync.files import locate, rewrite


@pytest.mark.parametrize("path", ["status.txt", "/status.txt", "sub/status.txt"])
def test_a_path_is_found_below_its_endpoint(tmp_path: Path, path: str):
    assert locate(tmp_path.as_uri(), path) == tmp_path / path.lstrip("/")


def test_a_folder_with_spaces_is_found(tmp_path: Path):
    folder = tmp_path / "the share"
    folder.mkdir()
    assert locate(folder.as_uri(), "a.txt") == folder / "a.txt"


@pytest.mark.parametrize("path", ["../x", "a/../../x", "", "/", "/../etc/passwd"])
def test_a_path_that_leads_elsewhere_is_refused(tmp_path: Path, path: str):
    with pytest.raises(TargetError, match="not a path below"):
        locate(tmp_path.as_uri(), path)


def test_a_link_that_leads_out_of_the_folder_is_refused(tmp_path: Path):
    (tmp_path / "share").mkdir()
    (tmp_path / "share" / "link").symlink_to(tmp_path / "outside.txt")
    with pytest.raises(TargetError, match="leads out of"):
        locate((tmp_path / "share").as_uri(), "link")


@pytest.mark.parametrize("endpoint", ["", "https://share/x", "file://server/share", "file:relative", "/srv/share"])
def test_an_endpoint_that_is_no_folder_of_this_machine_is_refused(endpoint: str):
    with pytest.raises(TargetError, match="not a folder of this machine") as caught:
        locate(endpoint, "a.txt")
    assert "file:///" in caught.value.hint


def test_an_edit_that_returns_none_or_the_same_touches_nothing(tmp_path: Path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"same")
    before = path.stat()
    assert rewrite(path, lambda _: None) == b"same"
    assert rewrite(path, lambda content: content) == b"same"
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_missing_file_that_is_not_written_reads_as_empty(tmp_path: Path):
    assert rewrite(tmp_path / "a.txt", lambda _: None) == b""
    assert list(tmp_path.iterdir()) == []


def test_a_new_file_and_nothing_else_is_left(tmp_path: Path):
    assert rewrite(tmp_path / "a.txt", lambda _: b"new") == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_the_mode_of_a_file_stays(tmp_path: Path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    path.chmod(0o640)
    rewrite(path, lambda _: b"new")
    assert path.stat().st_mode & 0o777 == 0o640


def test_what_is_no_regular_file_is_refused(tmp_path: Path):
    (tmp_path / "a").mkdir()
    with pytest.raises(TargetError, match="is not a regular file"):
        rewrite(tmp_path / "a", lambda _: b"new")


def test_a_file_that_is_too_large_is_refused(tmp_path: Path):
    path = tmp_path / "a"
    with path.open("wb") as file:
        file.truncate(files.MAX_BYTES + 1)
    with pytest.raises(TargetError, match="is larger than"):
        rewrite(path, lambda _: b"new")


def test_a_missing_folder_is_an_error_with_a_hint(tmp_path: Path):
    with pytest.raises(TargetError, match="No such file or directory") as caught:
        rewrite(tmp_path / "share" / "a.txt", lambda _: b"new")
    assert "mounted" in caught.value.hint


def test_a_full_or_broken_disk_is_an_error_and_the_file_is_as_before(tmp_path: Path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")

    def fail(_: bytes | None) -> bytes:
        raise OSError(28, "No space left on device")

    with pytest.raises(TargetError, match="No space left on device"):
        rewrite(path, fail)
    assert path.read_bytes() == b"old"


def test_a_run_waits_for_the_lock_and_gives_up_in_the_end(tmp_path: Path):
    holder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    with pytest.raises(TargetError, match="is locked by another run"):
        rewrite(tmp_path / "a.txt", lambda _: b"new", lock_seconds=0.05)
    os.close(holder)
    assert rewrite(tmp_path / "a.txt", lambda _: b"new") == b"new"


_KILLED_AT = """
import os, signal, sys
from pathlib import Path
from bot.sync.files import rewrite

def watch(event, args):
    if event == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)

def edit(content):
    sys.addaudithook(watch)
    return b"new"

rewrite(Path(sys.argv[1]), edit)
"""


@pytest.mark.parametrize("event", ["open", "os.rename"])
def test_a_writer_killed_before_the_rename_leaves_the_former_file(tmp_path: Path, event: str):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", _KILLED_AT, str(path), event], check=False, cwd=Path.cwd())
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    assert rewrite(path, lambda _: b"newer") == b"newer"
    assert [found.name for found in tmp_path.iterdir()] == ["a.txt"]
