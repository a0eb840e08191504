"""`pow demo --serve` as a person starts and ends it: in a process of its own, with a terminal's signal."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "bot.cli.main", "demo", "--serve", "--folder", str(folder), *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("seconds_later", [pytest.param(0.0, marks=pytest.mark.slow), 1.5])
def test_an_interrupt_ends_it_cleanly_whatever_runs(tmp_path, seconds_later):
    with serving(tmp_path / "demo") as process:
        assert process.stdout is not None
        address = process.stdout.readline().split("open ")[1].split("/ ")[0]
        exports = [process.stdout.readline().strip()]
        while not exports[-1].startswith("export POW_GATEWAY_TOKEN="):
            exports.append(process.stdout.readline().strip())
        assert f"export GITHUB_API_URL={address}/api/v3" in exports
        assert httpx.get(address, trust_env=False).status_code == 200
        time.sleep(seconds_later)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    assert out == "the sandbox is closed\n"


def test_a_port_that_is_taken_is_an_error_with_a_hint(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with serving(tmp_path / "demo", "--port", str(port)) as process:
            out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (1, "")
    assert f"error: the sandbox cannot listen on port {port}" in err
    assert "hint: give another --port" in err
