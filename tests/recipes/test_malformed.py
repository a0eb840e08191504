import json
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from typing import NoReturn

import pytest
from recipes.malformed import RECIPE_PATH, corpus
from recipes.repository_files import FILES

from bot.cli.main import EXPECTED, run
from bot.recipes.lint import lint
from bot.recipes.outcome import MAX_REFUSALS

CORPUS = corpus()
IDS = sorted(CORPUS)
PAGE = 200
"""Lines that a person is shown of one file at most."""
LARGE = [name for name in IDS if CORPUS[name][0] == RECIPE_PATH and len(CORPUS[name][1]) > 50_000]
BY_PROCESS = [
    "the file: a bomb of 9 levels",
    "the file: 10,000 brackets",
    "the file: every byte",
    "the file: byte order mark",
    "the file: 10 MB",
    "the rule: 10,000 parentheses",
    "the rule: 100 KB of ands",
    "Python object",
    "right-to-left override",
    "cut off after 200 bytes",
]


@pytest.fixture(autouse=True)
def _guard() -> Iterator[None]:
    """End a test that hangs; what is bounded is counted below, not timed."""

    def stop(_: int, __: object) -> NoReturn:
        raise TimeoutError("this took a minute")

    former = signal.signal(signal.SIGALRM, stop)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, former)


@pytest.fixture
def repository(tmp_path):
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def broken(repository, name):
    path, content = CORPUS[name]
    (repository / path).write_bytes(content)
    return path


def test_the_corpus_is_large():
    assert sum(path == RECIPE_PATH for path, _ in CORPUS.values()) >= 200
    assert sum(path != RECIPE_PATH for path, _ in CORPUS.values()) >= 36


@pytest.mark.parametrize("name", IDS)
def test_what_nobody_can_mean_is_told_with_place_and_hint(name, repository, capsys):
    path = broken(repository, name)
    assert run(["lint", str(repository), "--json"]) == EXPECTED
    output = capsys.readouterr()
    faults = [fault for fault in json.loads(output.out) if fault["path"] == path and fault["severity"] == "error"]
    assert 1 <= len(faults) <= MAX_REFUSALS
    lines = CORPUS[name][1].count(b"\n") + CORPUS[name][1].count(b"\r") + 1
    assert all(1 <= fault["line"] <= lines and fault["column"] >= 1 for fault in faults)
    assert all(fault["id"] and fault["message"].isprintable() and len(fault["message"]) < 500 for fault in faults)
    assert all(len(fault["hint"]) < 1000 for fault in faults)
    assert any(fault["hint"] for fault in faults)
    assert "Traceback" not in output.err


@pytest.mark.parametrize("name", LARGE)
def test_a_person_is_shown_a_page_of_it_at_most(name, repository, capsys):
    broken(repository, name)
    assert run(["lint", str(repository)]) == EXPECTED
    output = capsys.readouterr().out
    assert output.count("\n") <= PAGE
    assert all(len(line) < 1500 for line in output.splitlines())
    assert all(line.isprintable() for line in output.splitlines())


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_a_large_one_takes_little_memory(name):
    path, content = CORPUS[name]
    files = {other: text.encode() for other, text in FILES.items()} | {path: content}
    tracemalloc.start()
    try:
        assert lint(files, endpoints={})
        assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", BY_PROCESS)
def test_the_command_itself_ends_cleanly(name, repository):
    broken(repository, name)
    command = [sys.executable, "-m", "bot.cli.main", "lint", str(repository)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == EXPECTED
    assert "Traceback" not in ended.stderr
    assert "error[" in ended.stdout
