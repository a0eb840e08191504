"""Every command line ends with the right exit code, and says what is wrong and what helps."""

import json
import os
import pty
import re
import select
import shlex
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import click
import duckdb
import pytest
from cli.consoles import FORGOTTEN, POW, a_process, bare

from bot.cli.main import BUG, COMMANDS, EXPECTED, INTERRUPT, cli, run
from bot.model.errors import BotError, Diagnostic, DiagnosticError

USAGE = 2
NOWHERE = "http://127.0.0.1:1"
GOOD = {"GITHUB_REPOSITORY": "agency/pow", "GITHUB_TOKEN": "ghs_secret", "GITHUB_API_URL": NOWHERE}
LOG = "case,activity,end\n1,a,2026-01-01\n1,b,2026-01-03\n"


@pytest.fixture(autouse=True)
def empty_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Forget what the machine of the test says; work in an empty folder."""
    for name in os.environ:
        if name.startswith(FORGOTTEN):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


# Help and usage


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]):
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    assert [name for name in COMMANDS if f"\n  {name} " not in shown] == []


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_explains_itself(name: str, option: str, capsys: pytest.CaptureFixture[str]):
    assert run([name, option]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"Usage: pow {name} ")
    assert "--help" in shown


def test_the_version_is_one_line(capsys: pytest.CaptureFixture[str]):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("pow, version ")


USAGES = [
    [],
    ["nonsense"],
    ["detect", "--nonsense"],
    ["status", "surplus"],
    ["wake"],
    ["wake", "../../../evil"],
    ["wake", "gate.yml?x=1"],
    ["diagnose"],
    ["diagnose", "--log", "missing.csv"],
    ["diagnose", "--log", "log.csv", "--top", "0"],
    ["diagnose", "--log", "log.csv", "--basis", "guess"],
    ["lint", "--format", "poem"],
    ["lint", "missing"],
]


@pytest.mark.parametrize("arguments", USAGES, ids=" ".join)
def test_a_wrong_call_is_a_usage_error_on_stderr(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    Path("log.csv").write_text(LOG)
    assert run(arguments) == USAGE
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Usage: pow" in printed.err


def test_the_list_of_commands_cuts_no_sentence(capsys: pytest.CaptureFixture[str]):
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    assert "..." not in shown.partition("Commands:")[2]
    assert "Exit codes: 0 done;" in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_every_example_in_the_help_is_a_call_that_is_right(name: str, capsys: pytest.CaptureFixture[str]):
    for path in ("history/file", "pow/tests/passport_backlog.yml", "events.csv"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text("")
    assert run([name, "--help"]) == 0
    examples = re.findall(r"^    pow (.+)$", capsys.readouterr().out, re.MULTILINE)
    for example in examples:
        words = shlex.split(example)
        assert words[0] == name
        root = cli.make_context("pow", [], resilient_parsing=True)
        assert cli.get_command(root, name).make_context(name, words[1:], parent=root)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let Ctrl-C interrupt, as it does in a terminal: who runs tests in processes of their own ignores it there."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_while_a_query_runs_is_an_interrupt_and_no_bug(capsys: pytest.CaptureFixture[str]):
    @click.command()
    def long() -> None:
        stop = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
        with duckdb.connect() as connection:
            stop.start()
            connection.execute("SELECT sum(a.range * b.range) FROM range(1000000) a, range(30000) b").fetchall()

    assert run([], command=long) == INTERRUPT
    assert capsys.readouterr().err == "interrupted\n"


NEAR = [("lnit", "lint"), ("Explain", "explain"), ("back-test", "backtest"), ("moniter", "monitor")]


@pytest.mark.parametrize(("word", "meant"), NEAR)
def test_a_command_that_is_misspelt_is_told_which_was_meant(word, meant, capsys: pytest.CaptureFixture[str]):
    assert run([word]) == USAGE
    assert f"No such command '{word}'. Did you mean '{meant}'?" in capsys.readouterr().err
    assert run(["frobnicate"]) == USAGE
    assert "mean" not in capsys.readouterr().err


# What is expected to fail


def test_a_file_that_may_not_be_read_is_named_and_is_no_bug(capsys: pytest.CaptureFixture[str]):
    @click.command()
    def forbidden() -> None:
        raise PermissionError(13, "Permission denied", "pow/tests")

    assert run([], command=forbidden) == EXPECTED
    assert capsys.readouterr().err == (
        "error: pow/tests: Permission denied\nhint: check its permissions, and as whom the command runs\n"
    )


IN_NO_REPOSITORY = [
    ["lint"],
    ["govern"],
    ["test"],
    ["backtest", "PASSPORT_BACKLOG"],
    ["adopt", "PHOTO_VALIDATOR", "--dry-run"],
]


@pytest.mark.parametrize("arguments", IN_NO_REPOSITORY, ids=" ".join)
def test_a_folder_that_is_no_repository_is_one_diagnostic(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("POW_GATEWAY_TOKEN", "secret")
    assert run(arguments) == EXPECTED
    printed = capsys.readouterr()
    shown = printed.out + printed.err
    assert shown.count("error[") == 1
    assert "there is no folder pow/ here" in shown
    assert "hint: run it in the top folder of the repository" in shown


ENVIRONMENTS = [
    ("no repository", {"GITHUB_REPOSITORY": ""}, "GITHUB_REPOSITORY"),
    ("half a repository", {"GITHUB_REPOSITORY": "agency"}, "GITHUB_REPOSITORY"),
    ("a repository and more", {"GITHUB_REPOSITORY": "agency/pow/../x"}, "GITHUB_REPOSITORY"),
    ("a repository with a line feed", {"GITHUB_REPOSITORY": "agency/pow\n"}, "GITHUB_REPOSITORY"),
    ("no token", {"GITHUB_TOKEN": ""}, "GITHUB_TOKEN"),
    ("an address that is none", {"GITHUB_API_URL": "http://["}, "GITHUB_API_URL"),
    ("an address without a scheme", {"GITHUB_API_URL": "api.github.com"}, "GITHUB_API_URL"),
    ("an address without a host", {"GITHUB_API_URL": "https://"}, "GITHUB_API_URL"),
    ("a port that is none", {"GITHUB_API_URL": "http://127.0.0.1:port"}, "GITHUB_API_URL"),
    ("a server that is none", {"GITHUB_SERVER_URL": "file:///etc"}, "GITHUB_SERVER_URL"),
    ("a time that is none", {"POW_NOW": "yesterday"}, "POW_NOW"),
    ("a time without an offset", {"POW_NOW": "2026-01-05T09:00:00"}, "POW_NOW"),
    ("no clone", {}, "not a Git repository"),
]


@pytest.mark.parametrize(("changed", "word"), [each[1:] for each in ENVIRONMENTS], ids=[e[0] for e in ENVIRONMENTS])
@pytest.mark.parametrize("command", ["status", "detect", "gate", "deploy", "monitor", "run"])
def test_a_senseless_environment_is_one_sentence_and_a_hint(
    command: str,
    changed: dict[str, str],
    word: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    for name, value in (GOOD | changed).items():
        monkeypatch.setenv(name, value)
    assert run([command]) == EXPECTED
    printed = capsys.readouterr()
    assert printed.out == ""
    assert word in printed.err
    assert "\nhint: " in printed.err
    assert "Traceback" not in printed.err
    assert "ghs_secret" not in printed.err


def test_a_forge_that_does_not_answer_is_an_expected_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    assert run(["wake", "gate.yml"]) == EXPECTED
    error, hint = capsys.readouterr().err.splitlines()
    assert error.startswith("error: cannot start the workflow gate.yml")
    assert hint.startswith("hint: ")


def test_all_faults_of_recipes_are_shown_with_their_places(capsys: pytest.CaptureFixture[str]):
    @click.command()
    def broken() -> None:
        raise DiagnosticError(
            (
                Diagnostic(
                    path="pow/a.yml", line=3, column=7, id="POW001", message="no\x1b[2Jsuch feed", hint="add it"
                ),
            )
        )

    assert run([], command=broken) == EXPECTED
    shown = capsys.readouterr().err
    assert "pow/a.yml:3:7: error[POW001]: no\ufffd[2Jsuch feed" in shown
    assert shown.endswith("error: 1 error in recipes or settings\nhint: run `pow lint`\n")


def test_what_a_server_says_in_an_error_stays_on_its_line(capsys: pytest.CaptureFixture[str]):
    @click.command()
    def refused() -> None:
        raise BotError("it says: \x1b]0;owned\x07 no\n::error::forged\r✔ gate merged", hint="try\n##[stop-commands]x")

    assert run([], command=refused) == EXPECTED
    error, hint = capsys.readouterr().err.splitlines()
    assert error == "error: it says: \ufffd]0;owned\ufffd no ::error::forged ✔ gate merged"
    assert hint == "hint: try ## [stop-commands]x"


# What must never happen


def test_a_bug_is_told_as_one_with_everything_to_report(capsys: pytest.CaptureFixture[str]):
    @click.command()
    @click.argument("word")
    def buggy(word: str) -> None:
        raise RuntimeError(f"lost: {word}\n\x1b[31m::error::forged")

    assert run(["two words"], command=buggy) == BUG
    printed = capsys.readouterr()
    lines = printed.err.splitlines()
    assert printed.out == ""
    assert lines[0] == "Traceback (most recent call last):"
    assert "RuntimeError: lost: two words" in lines
    assert lines[-2] == "this is a bug in the bot: `pow 'two words'` must never end like this"
    assert lines[-1].startswith("hint: report the lines above")
    assert "\x1b" not in printed.err


@pytest.mark.parametrize("error", [KeyboardInterrupt, click.Abort])
def test_an_interrupt_is_no_bug(error: type[BaseException], capsys: pytest.CaptureFixture[str]):
    @click.command()
    def interrupted() -> None:
        raise error

    assert run([], command=interrupted) == INTERRUPT
    assert capsys.readouterr().err.strip() == "interrupted"


def test_a_command_that_returns_nothing_is_done():
    @click.command()
    def quiet() -> None:
        pass

    assert run([], command=quiet) == 0


# As processes


def test_ctrl_c_ends_a_waiting_command_with_130(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        environment = GOOD | {"GITHUB_API_URL": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        with subprocess.Popen(
            [*POW, "wake", "gate.yml"],
            env=bare(tmp_path, environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            connection, _ = silent.accept()
            with connection:
                process.send_signal(signal.SIGINT)
                _, error = process.communicate(timeout=30)
    assert process.returncode == INTERRUPT
    assert error.decode().strip() == "interrupted"


@pytest.mark.parametrize(
    "arguments", [["--help"], ["diagnose", "--log", "log.csv"], ["diagnose", "--log", "log.csv", "--json"]]
)
def test_a_reader_that_goes_away_is_no_traceback(arguments: list[str], tmp_path: Path):
    rows = "".join(f"{n},{a}{n % 50},2026-01-{1 + n % 28:02}\n" for n in range(500) for a in "ab")
    (tmp_path / "log.csv").write_text("case,activity,end\n" + rows)
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*POW, *arguments],
            cwd=tmp_path,
            env=bare(tmp_path),
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    finally:
        os.close(writing)
    assert done.returncode == EXPECTED
    assert done.stderr == b""


def test_a_terminal_without_utf_8_gets_signs_that_it_can_show(tmp_path: Path):
    (tmp_path / "log.csv").write_text("case,activity,end\n1,prüfen →,2026-01-01\n1,b,2026-01-03\n")
    done = a_process("diagnose", "--log", "log.csv", folder=tmp_path, environment={"PYTHONIOENCODING": "latin-1"})
    assert done.returncode == 0, done.stderr
    assert b"pr\xfcfen \\u2192" in done.stdout


def on_a_terminal(tmp_path: Path, *arguments: str, **environment: str) -> str:
    """Run a command with a terminal for everything that it prints."""
    master, slave = pty.openpty()
    with subprocess.Popen(  # its end is the end of what it prints
        [*POW, *arguments],
        cwd=tmp_path,
        env=bare(tmp_path, {"TERM": "xterm", **environment}),
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
    ):
        os.close(slave)
        printed = b""
        while select.select([master], [], [], 60)[0]:
            try:
                chunk = os.read(master, 65536)
            except OSError:  # so Linux says that nobody holds the other end any more
                break
            printed += chunk
            if not chunk:
                break
    os.close(master)
    return printed.decode()


def test_only_a_terminal_that_wants_colour_gets_it(tmp_path: Path):
    assert "\x1b[31merror\x1b[0m: GITHUB_REPOSITORY" in on_a_terminal(tmp_path, "status")
    assert on_a_terminal(tmp_path, "status", NO_COLOR="1").startswith("error: GITHUB_REPOSITORY")
    assert "\x1b[31m" in on_a_terminal(tmp_path, "status", NO_COLOR=""), "an empty NO_COLOR does not count"
    assert b"\x1b" not in a_process("status", folder=tmp_path).stderr


# Commands that need no forge


def test_diagnose_ranks_a_log(capsys: pytest.CaptureFixture[str]):
    Path("log.csv").write_text(LOG)
    assert run(["diagnose", "--log", "log.csv"]) == 0
    printed = capsys.readouterr()
    assert "2 events, 2 activities: 2.00 days of waiting" in printed.out
    assert printed.err == ""


def test_diagnose_as_json_is_json_in_seconds_and_nothing_else(capsys: pytest.CaptureFixture[str]):
    Path("log.csv").write_text(LOG.replace("1,a", "1,\x1b[31ma\u202e"))
    assert run(["diagnose", "--log", "log.csv", "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["total"] == 2 * 86_400
    assert json.loads(printed.out)["hand_overs"][0]["source"] == "\x1b[31ma\u202e"
    assert printed.out.isascii()
    assert all(char == "\n" or char.isprintable() for char in printed.out)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"a,b\n1,2\n", b"case,activity,end\n1,a,noon\n"])
def test_a_log_that_cannot_be_read_is_an_expected_failure(content: bytes, capsys: pytest.CaptureFixture[str]):
    Path("log.csv").write_bytes(content)
    assert run(["diagnose", "--log", "log.csv"]) == EXPECTED
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "log.csv" in printed.err
    assert "hint: " in printed.err
