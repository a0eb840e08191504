"""The repository's workflows stay thin, pinned and least privileged, and name only commands that there are."""

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.approve import merging
from bot.cli.main import COMMANDS, cli
from bot.monitor import wake

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github" / "actions").glob("*/action.yml"))
NAMES = [path.name for path in WORKFLOWS]
PINNED = re.compile(r"- uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
PLAIN = re.compile(r"pow( (?:--)?[a-z][a-z.-]*)+( HEAD~1)?|make (?:test|budget)")

each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=NAMES)


def document(path: Path) -> Mapping[str, Any]:
    return yaml.safe_load(path.read_text())


def steps(path: Path) -> Iterator[Mapping[str, Any]]:
    for job in document(path)["jobs"].values():
        yield from job["steps"]


def commands() -> list[str]:
    return [step["run"] for path in WORKFLOWS for step in steps(path) if "run" in step]


def test_the_five_workflows_are_there():
    assert {"ci.yml", "deploy.yml", "detect.yml", "gate.yml", "monitor.yml"} <= set(NAMES)


@each_workflow
def test_every_job_is_a_checkout_a_set_up_and_one_command(path: Path):
    for name, job in document(path)["jobs"].items():
        kinds = ["run" if "run" in step else step["uses"].partition("@")[0] for step in job["steps"]]
        assert kinds[0] == "actions/checkout", name
        assert kinds.count("run") == 1, name
        assert kinds[-1] == "run", name


@pytest.mark.parametrize("command", commands())
def test_every_run_is_one_plain_command_that_there_is(command: str):
    assert PLAIN.fullmatch(command), "one command, no shell"
    program, *arguments = shlex.split(command)
    if program == "pow":
        assert arguments[0] in COMMANDS
        root = cli.make_context("pow", [], resilient_parsing=True)
        found = cli.get_command(root, arguments[0])
        assert found is not None
        found.make_context(arguments[0], arguments[1:], parent=root)  # a usage error would be raised here


@each_workflow
def test_no_job_has_rights_that_it_does_not_name(path: Path):
    content = document(path)
    assert content["permissions"] == {}
    for name, job in content["jobs"].items():
        assert isinstance(job["permissions"], dict), name
        assert "id-token" not in job["permissions"], name


@each_workflow
def test_every_right_says_what_it_is_for(path: Path):
    rights = re.findall(
        r"^ +(?:actions|checks|contents|deployments|pull-requests|statuses): .*$", path.read_text(), re.MULTILINE
    )
    assert rights
    assert [right for right in rights if " # " not in right] == []


@pytest.mark.parametrize("path", [*WORKFLOWS, *ACTIONS], ids=lambda path: path.parent.name + "/" + path.name)
def test_every_action_is_pinned_with_its_version_beside_it(path: Path):
    used = [line.strip() for line in path.read_text().splitlines() if re.search(r"\buses:", line)]
    foreign = [line if line.startswith("- ") else f"- {line}" for line in used if "uses: ./" not in line]
    assert [line for line in foreign if not PINNED.fullmatch(line)] == []


def test_one_action_has_one_version():
    text = "".join(path.read_text() for path in [*WORKFLOWS, *ACTIONS])
    pins = set(re.findall(r"uses: ([\w./-]+)@([0-9a-f]{40} # \S+)", text))
    assert len({name for name, _ in pins}) == len(pins)


@each_workflow
def test_no_expression_reaches_a_shell(path: Path):
    assert [step["run"] for step in steps(path) if "run" in step and "${{" in step["run"]] == []


@each_workflow
def test_no_event_runs_with_rights_that_strangers_may_borrow(path: Path):
    events = document(path)[True]  # YAML takes `on` for a truth value
    assert not {"pull_request_target", "workflow_run", "issue_comment"} & set(events)


@each_workflow
def test_every_checkout_leaves_no_token_behind(path: Path):
    checkouts = [step for step in steps(path) if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@pytest.mark.parametrize("name", ["deploy.yml", "detect.yml", "gate.yml", "monitor.yml"])
def test_a_schedule_heals_what_an_event_missed(name: str):
    events = document(ROOT / ".github" / "workflows" / name)[True]
    assert events["schedule"]
    assert "workflow_dispatch" in events


def test_what_the_bot_starts_is_there_and_may_be_started():
    for name in (wake.GATE, merging.DEPLOY, "monitor.yml"):
        assert "workflow_dispatch" in document(ROOT / ".github" / "workflows" / name)[True]


@each_workflow
def test_jobs_end_and_do_not_run_beside_themselves(path: Path):
    content = document(path)
    assert content["concurrency"]["group"]
    assert all(job["timeout-minutes"] <= 30 for job in content["jobs"].values())
