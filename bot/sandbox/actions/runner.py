"""A small runner for thin workflows: a checkout, a set-up, one command.

What it knows of GitHub Actions: jobs with `if`, steps with `id`, `if`, `uses`, `with`, `run`, `env`, expressions,
and outputs. Of actions it knows the checkout and the repository's own set-up. Anything else that would change what
runs, `needs` or `matrix` or another action, is an error and never a guess.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bot.model.errors import BotError
from bot.model.json import Json
from bot.sandbox.actions.expressions import Context, is_true, substitute, to_text
from bot.sandbox.actions.warm import Warm, is_simple

_CHECKOUT = "actions/checkout"
_SETUP = "./.github/actions/setup"
_MINUTES = 10.0
_JOB = frozenset({"name", "runs-on", "timeout-minutes", "environment", "permissions", "concurrency", "if", "steps"})
_STEP = frozenset({"name", "id", "if", "uses", "with", "run", "env"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """One `run:` step that came to its end."""

    workflow: str
    job: str
    command: str
    exit_code: int
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """What started a workflow: the event's name, the account behind it, and what the event's file holds."""

    name: str
    actor: str = ""
    content: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What a hosted runner gives: the repository's address, the tokens, variables and secrets, and the time.

    `read` gives a file of the default branch. With `warm`, plain `pow` commands run on it; all others start
    cold, and `started` is told of their processes as they begin.
    """

    clone_url: str
    server_url: str
    api_url: str
    repository: str
    token: str = field(repr=False)
    login: str
    variables: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)
    environment: Mapping[str, str]
    read: Callable[[str], bytes]
    warm: Warm | None = None
    started: Callable[["subprocess.Popen[str]"], None] = lambda _: None


def run_workflow(machine: Machine, workflow: str, *, event: str | Happening) -> tuple[Finished, ...]:
    """Run a workflow of the default branch as an event would; a failing step ends its job."""
    happening = event if isinstance(event, Happening) else Happening(name=event)
    document = yaml.safe_load(machine.read(f".github/workflows/{workflow}"))
    jobs = document.get("jobs") if isinstance(document, dict) else None
    if not isinstance(jobs, dict) or not all(isinstance(job, dict) and "steps" in job for job in jobs.values()):
        raise BotError(f"{workflow} is no workflow with jobs of steps", hint=f"check .github/workflows/{workflow}")
    finished: list[Finished] = []
    for name, job in jobs.items():
        _refuse_unknown(job, _JOB, f"job `{name}` of {workflow}")
        context = _context(machine, happening)
        if _holds(job, context):
            finished += _run_job(machine, (workflow, name), job, context, happening)
    return tuple(finished)


def _refuse_unknown(mapping: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    if strange := sorted(str(key) for key in mapping.keys() - known):
        hint = "keep workflows thin: a checkout, a set-up, one command"
        raise BotError(f"the sandbox's runner does not know `{strange[0]}` in {where}", hint=hint)


def _holds(part: Mapping[str, Any], context: Context) -> bool:
    return is_true(_text(part.get("if", True)), context)


def _text(value: Any) -> str:
    """Write a YAML scalar as GitHub does."""
    return to_text(value) if isinstance(value, bool) or value is None else str(value)


def run_command(machine: Machine, command: str) -> Finished:
    """Run one command in a fresh checkout with everything that any workflow's job is given."""
    environment = {
        **machine.variables,
        **machine.secrets,
        "GITHUB_TOKEN": machine.token,
        "POW_BOT_LOGIN": machine.login,
    }
    with tempfile.TemporaryDirectory(prefix="pow-job-") as folder:
        workspace = Path(folder) / "workspace"
        _clone(machine, workspace)
        return _run_step(machine, ("", ""), command, _Place(workspace=workspace, environment=environment))


def _context(machine: Machine, happening: Happening) -> dict[str, Any]:
    return {
        "github": {
            "event_name": happening.name,
            "actor": happening.actor,
            "token": machine.token,
            "repository": machine.repository,
            "event": {**happening.content, "repository": {"default_branch": ""}},
        },
        "inputs": happening.content.get("inputs") or {},
        "vars": machine.variables,
        "secrets": machine.secrets,
        "steps": {},
    }


def _run_job(
    machine: Machine,
    name: tuple[str, str],
    job: Mapping[str, Any],
    context: dict[str, Any],
    happening: Happening,
) -> list[Finished]:
    finished: list[Finished] = []
    with tempfile.TemporaryDirectory(prefix="pow-job-") as folder:
        workspace = Path(folder) / "workspace"
        workspace.mkdir()
        started = _handed_over(happening, Path(folder) / "event.json")
        for step in job["steps"]:
            _refuse_unknown(step, _STEP, f"a step of job `{name[1]}` of {name[0]}")
            if not _holds(step, context):
                continue
            if "uses" in step:
                context["steps"][step.get("id", "")] = {"outputs": _use(machine, step["uses"], workspace)}
                continue
            own = {key: substitute(_text(value), context) for key, value in step.get("env", {}).items()}
            environment = {**started, **own}
            minutes = float(job.get("timeout-minutes", _MINUTES))
            place = _Place(workspace=workspace, environment=environment, seconds=minutes * 60)
            finished.append(_run_step(machine, name, substitute(step.get("run", ""), context), place))
            if finished[-1].exit_code != 0:
                break
    return finished


def _handed_over(happening: Happening, file: Path) -> dict[str, str]:
    """Write the event's file, as a hosted runner does, and say what the environment tells of the event."""
    file.write_text(json.dumps(happening.content))
    said = {"GITHUB_EVENT_NAME": happening.name, "GITHUB_EVENT_PATH": str(file)}
    if not happening.actor:
        return said
    return {**said, "GITHUB_ACTOR": happening.actor, "GITHUB_TRIGGERING_ACTOR": happening.actor}


def _use(machine: Machine, action: str, workspace: Path) -> Context:
    if action.partition("@")[0] == _CHECKOUT:
        _clone(machine, workspace)
        return {}
    if action == _SETUP:
        # The interpreter that runs the sandbox has the bot installed already.
        return {"token": machine.token, "login": machine.login}
    raise BotError(f"the sandbox's runner does not know the action `{action}`")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where and with what a step runs, and for how long at most."""

    workspace: Path
    environment: Mapping[str, str] = field(repr=False)
    seconds: float = _MINUTES * 60


def _run_step(machine: Machine, name: tuple[str, str], command: str, place: _Place) -> Finished:
    environment = _process_environment(machine, place.workspace) | dict(place.environment)
    if machine.warm is not None and is_simple(command):
        ended = machine.warm.run(command, folder=place.workspace, environment=environment)
        return Finished(
            workflow=name[0], job=name[1], command=command, exit_code=ended.exit_code, output=ended.output
        )
    shell = shutil.which("sh") or "/bin/sh"
    with subprocess.Popen(
        [shell, "-e", "-c", command],
        cwd=place.workspace,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as process:
        machine.started(process)
        try:
            output, _ = process.communicate(timeout=place.seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # a session of its own: its children end, too
            raise BotError(f"`{command}` did not end within {place.seconds / 60:g} minutes") from None
    return Finished(workflow=name[0], job=name[1], command=command, exit_code=process.returncode, output=output)


def _process_environment(machine: Machine, workspace: Path) -> dict[str, str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return {
        "PATH": path,
        "HOME": str(workspace.parent),
        "LANG": "C.UTF-8",
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": machine.api_url,
        "GITHUB_SERVER_URL": machine.server_url,
        "GITHUB_REPOSITORY": machine.repository,
        "GITHUB_WORKSPACE": str(workspace),
        **machine.environment,
    }


def _clone(machine: Machine, target: Path) -> None:
    header = f"Authorization: Bearer {machine.token}"
    done = subprocess.run(
        ["git", "clone", "--quiet", machine.clone_url, str(target)],
        check=False,
        capture_output=True,
        env={
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(target.parent),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.extraHeader",
            "GIT_CONFIG_VALUE_0": header,
        },
    )
    if done.returncode != 0:
        raise BotError(f"the checkout failed: {done.stderr.decode(errors='replace').strip()}")
