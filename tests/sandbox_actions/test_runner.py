"""The runner does what GitHub does with a thin workflow, and refuses what it does not understand."""

import os
import stat
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from stage import ROOT, SMALL, a_town

from bot.model.errors import BotError
from bot.sandbox.actions.events import started_by
from bot.sandbox.actions.runner import Finished, Happening, Machine, run_command, run_workflow
from bot.sandbox.actions.warm import Warm
from bot.sandbox.forge.entities import Account, AccountType, Dispatch, DispatchKind
from bot.sandbox.town import BOT_TOKEN, SECRET, START, Staging

TOKEN = "ghs_very_secret"


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with one file."""
    folder = tmp_path_factory.mktemp("origin")
    (folder / "file.txt").write_text("content\n")
    git = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for arguments in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "First"]):
        subprocess.run([*git, *arguments], check=True, capture_output=True)
    return folder


def a_machine(origin: Path, workflow: str, **fields: object) -> Machine:
    defaults: dict[str, object] = {
        "clone_url": str(origin),
        "server_url": "http://127.0.0.1:1",
        "api_url": "http://127.0.0.1:1/api/v3",
        "repository": "agency/pow",
        "token": TOKEN,
        "login": "pow-bot[bot]",
        "variables": {"GREETING": "hello", "YES": "yes"},
        "secrets": {"KEY": "k3y"},
        "environment": {"POW_NOW": "2026-01-05T09:00:00Z"},
        "read": lambda _: workflow.encode(),
    }
    return Machine(**{**defaults, **fields})  # type: ignore[arg-type]


def run(origin: Path, jobs: str, *, event: str = "schedule") -> tuple[Finished, ...]:
    return run_workflow(a_machine(origin, f"name: t\non: push\njobs:\n{jobs}"), "t.yml", event=event)


def a_job(*steps: str, head: str = "") -> str:
    listed = "".join(f"      - {step}\n" for step in steps)
    return f"  job:\n    runs-on: ubuntu-24.04\n{head}    steps:\n{listed}"


CHECKOUT = "uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"


def test_steps_run_in_order_in_a_checkout(origin: Path):
    first, second = run(origin, a_job(CHECKOUT, "run: cat file.txt", "run: echo two"))
    assert (first.workflow, first.job, first.command) == ("t.yml", "job", "cat file.txt")
    assert (first.exit_code, first.output) == (0, "content\n")
    assert second.output == "two\n"


def test_a_step_is_told_of_the_event_and_finds_its_content_in_a_file(origin: Path):
    happening = Happening(name="repository_dispatch", actor="agent", content={"action": "pow-trigger"})
    job = a_job('run: echo "$GITHUB_EVENT_NAME $GITHUB_ACTOR"; cat "$GITHUB_EVENT_PATH"')
    (finished,) = run_workflow(a_machine(origin, f"on: push\njobs:\n{job}"), "t.yml", event=happening)
    assert finished.output == 'repository_dispatch agent\n{"action": "pow-trigger"}'
    (plain,) = run(origin, a_job('run: echo "$GITHUB_EVENT_NAME-${GITHUB_ACTOR:-nobody}"; cat "$GITHUB_EVENT_PATH"'))
    assert plain.output == "schedule-nobody\n{}"


LISTENING = b"on:\n  repository_dispatch:\n    types: [pow-trigger, other]\n"
WORKFLOWS = {
    "detect.yml": LISTENING,
    "one.yml": b"on:\n  repository_dispatch: {types: pow-trigger}\n",
    "all.yml": b"on: [push]\n",
    "any.yml": b"on:\n  schedule: []\n",
    "broken.yml": b"[]\n",
}


def test_an_event_starts_the_workflows_that_listen_for_its_type():
    sent: dict[str, Any] = {
        "id": 1,
        "repository": "a/b",
        "at": START,
        "inputs": {},
        "client_payload": {"recipe": "R0"},
    }
    sender = Account(id=1, login="agent", name="", email="", type=AccountType.USER, created_at=START)
    event = Dispatch(kind=DispatchKind.REPOSITORY, sender=sender, event_type="pow-trigger", **sent)
    started = dict(started_by(event, WORKFLOWS))
    assert sorted(started) == ["detect.yml", "one.yml"]
    assert (started["detect.yml"].name, started["detect.yml"].actor) == ("repository_dispatch", "agent")
    assert started["detect.yml"].content["client_payload"] == {"recipe": "R0"}
    named = Dispatch(kind=DispatchKind.WORKFLOW, sender=sender, workflow="gate.yml", **sent)
    assert [(name, each.name) for name, each in started_by(named, WORKFLOWS)] == [("gate.yml", "workflow_dispatch")]


def test_without_a_checkout_there_is_nothing(origin: Path):
    (finished,) = run(origin, a_job("run: ls"))
    assert finished.output == ""


def test_a_step_that_fails_ends_its_job_and_no_other(origin: Path):
    jobs = a_job("run: echo a; exit 3", "run: echo never") + a_job("run: echo b").replace("  job:", "  other:")
    first, other = run(origin, jobs)
    assert (first.exit_code, first.output) == (3, "a\n")
    assert (other.job, other.exit_code, other.output) == ("other", 0, "b\n")


def test_a_command_that_fails_in_the_middle_of_a_step_ends_it(origin: Path):
    (finished,) = run(origin, a_job("run: 'false\n\n          echo never'"))
    assert (finished.exit_code, finished.output) == (1, "")


IFS = [
    ("github.event_name == 'schedule'", True),
    ("github.event_name == 'push'", False),
    ("true", True),
    ("false", False),
    ("vars.YES", True),
    ("vars.MISSING", False),
    ("${{ vars.YES == 'yes' }}", True),
]


@pytest.mark.parametrize(("condition", "expected"), IFS)
def test_if_decides_on_jobs_and_on_steps(origin: Path, condition: str, *, expected: bool):
    assert bool(run(origin, a_job("run: echo x", head=f"    if: {condition}\n"))) is expected
    assert bool(run(origin, a_job(f'{{if: "{condition}", run: echo x}}'))) is expected


def test_the_environment_is_the_steps_own_and_a_bare_machines(origin: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FROM_OUTSIDE", "leaks")
    step = "{run: env, env: {A: '${{ vars.GREETING }} there', B: '${{ secrets.KEY }}', C: '${{ vars.NO }}', D: true}}"
    (finished,) = run(origin, a_job(step))
    seen = dict(line.split("=", 1) for line in finished.output.splitlines() if "=" in line)
    assert (seen["A"], seen["B"], seen["C"], seen["D"]) == ("hello there", "k3y", "", "true")
    assert (seen["GITHUB_ACTIONS"], seen["GITHUB_REPOSITORY"]) == ("true", "agency/pow")
    assert seen["POW_NOW"] == "2026-01-05T09:00:00Z"
    assert seen["HOME"] == str(Path(seen["GITHUB_WORKSPACE"]).parent)
    assert "FROM_OUTSIDE" not in seen
    assert TOKEN not in finished.output, "a step sees the token only where its `env` names it"


def test_the_setup_gives_its_outputs(origin: Path):
    steps = (
        "{id: setup, uses: ./.github/actions/setup}",
        "{run: 'echo $LOGIN', env: {LOGIN: '${{ steps.setup.outputs.login }}'}}",
    )
    (finished,) = run(origin, a_job(*steps))
    assert finished.output == "pow-bot[bot]\n"


UNKNOWN: dict[str, tuple[str, str]] = {
    "an action": (a_job("uses: evil/action@v1"), "evil/action"),
    "an action that begins like one": (a_job("uses: actions/checkout-evil@v1"), "checkout-evil"),
    "a key of a job": (a_job("run: echo x", head="    needs: other\n"), "needs"),
    "a matrix": (a_job("run: echo x", head="    strategy: {matrix: {a: [1]}}\n"), "strategy"),
    "a key of a step": (a_job("{run: echo x, continue-on-error: true}"), "continue-on-error"),
    "a shell": (a_job("{run: echo x, shell: python}"), "shell"),
    "an expression": (a_job("{run: echo x, if: always()}"), "always"),
}


@pytest.mark.parametrize(("jobs", "word"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_the_runner_does_not_know_is_an_error_and_not_a_guess(origin: Path, jobs: str, word: str):
    with pytest.raises(BotError, match=word):
        run(origin, jobs)


@pytest.mark.parametrize("text", ["", "[]", "jobs: 3", "jobs: {a: 3}", "jobs: {a: {runs-on: x}}"])
def test_what_is_no_workflow_is_told_by_name(origin: Path, text: str):
    with pytest.raises(BotError, match=r"t\.yml"):
        run_workflow(a_machine(origin, text), "t.yml", event="push")


def test_a_checkout_that_fails_says_why(origin: Path, tmp_path: Path):
    workflow = f"on: push\njobs:\n{a_job(CHECKOUT)}"
    with pytest.raises(BotError, match="checkout failed"):
        run_workflow(a_machine(origin, workflow, clone_url=str(tmp_path / "gone")), "t.yml", event="push")


def test_a_step_that_does_not_end_is_ended_with_its_children(origin: Path):
    started: list[subprocess.Popen[str]] = []
    workflow = f"on: push\njobs:\n{a_job('run: sleep 60 & sleep 60', head='    timeout-minutes: 0.01' + chr(10))}"
    with pytest.raises(BotError, match="did not end"):
        run_workflow(a_machine(origin, workflow, started=started.append), "t.yml", event="push")
    (process,) = started
    assert process.returncode == -9
    _gone(process.pid)


def _gone(leader: int) -> None:
    """Wait until a session has no living process: whoever is killed may take a moment to go."""
    for _ in range(500):
        if not _session(leader):
            return
        time.sleep(0.01)
    raise AssertionError(_session(leader))


def _session(leader: int) -> list[int]:
    """Return the living processes of a session (fields after the last bracket: state, parent, group, session)."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session, *_ = entry.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(session) == leader and state != "Z":
            found.append(int(entry.parent.name))
    return found


def test_output_that_is_no_text_does_not_stop_the_runner(origin: Path):
    (finished,) = run(origin, a_job(r"run: printf '\377ok'"))
    assert finished.output == "\ufffdok"


def test_no_token_stands_in_a_machines_text(origin: Path):
    assert TOKEN not in repr(a_machine(origin, ""))
    assert "k3y" not in repr(a_machine(origin, ""))


# In a town


def a_recording_git(folder: Path) -> Path:
    """Put a `git` first on PATH that notes its arguments and then does what git does."""
    real = subprocess.run(["sh", "-c", "command -v git"], check=True, capture_output=True, text=True).stdout.strip()
    notes, tools = folder / "notes", folder / "tools"
    tools.mkdir()
    script = tools / "git"
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {notes}\nexec {real} "$@"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return notes


def test_no_secret_is_ever_an_argument_or_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    notes = a_recording_git(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path / 'tools'}{os.pathsep}{os.environ['PATH']}")
    lines: list[bytes] = []

    def look(process: "subprocess.Popen[str]") -> None:
        lines.append(Path(f"/proc/{process.pid}/cmdline").read_bytes())

    with a_town(Staging(situation=SMALL)) as town:
        town.started = look
        machine = town.machine()
        secrets = (BOT_TOKEN, SECRET, machine.secrets["POW_GATEWAY_TOKEN"])
        outputs = [each.output for each in run_workflow(machine, "detect.yml", event="schedule")]
        outputs.append(run_command(machine, "pow status").output)
        failed = run_command(machine, "pow nonsense")
        told = [*outputs, failed.output]
    assert failed.exit_code == 2
    arguments = notes.read_text()
    assert "clone --quiet" in arguments
    assert "fetch" in arguments, "the bot's own git is noted as well"
    for secret in secrets:
        assert secret not in arguments
        assert all(secret.encode() not in line for line in lines)
        assert all(secret not in text for text in told)


def test_a_failing_command_ends_the_job_of_the_repositorys_own_workflow():
    path = ".github/workflows/detect.yml"
    text = (ROOT / path).read_bytes()
    broken = text.replace(b"pow detect", b"pow no-such-command") + b"      - run: pow status\n"
    with a_town(Staging(situation=SMALL, files={path: broken})) as town:
        (finished,) = town.run("detect.yml")
    assert finished.exit_code == 2
    assert "No such command" in finished.output


def test_a_warm_machine_that_died_says_so(tmp_path: Path):
    with Warm() as warm:
        assert warm.run("pow --version", folder=tmp_path, environment={"PATH": os.environ["PATH"]}).exit_code == 0
        warm._process.kill()  # noqa: SLF001 - what the system does when memory runs out
        with pytest.raises(BotError, match="died"):
            warm.run("pow --version", folder=tmp_path, environment={"PATH": os.environ["PATH"]})
