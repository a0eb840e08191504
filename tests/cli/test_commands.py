"""The commands in a town: what they print for people, and what for programs."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from cli.consoles import FORGOTTEN, POW, Console, a_console, a_process, bare
from stage import ROOT, SMALL, a_town

from bot.cli.main import EXPECTED, run
from bot.sandbox.town import Staging


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """A town in which one look has proposed what there is to propose."""
    with a_town(Staging(situation=SMALL)) as town:
        console = a_console(town, tmp_path_factory.mktemp("console") / "clone")
        done = a_process("detect", folder=console.clone, environment=console.environment)
        assert done.returncode == 0, done.stderr
        yield console


@pytest.fixture(autouse=True)
def at_the_console(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in the clone with a job's environment and nothing else of this machine's."""
    for name in os.environ:
        if name.startswith(FORGOTTEN):
            monkeypatch.delenv(name)
    for name, value in console.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(console.clone)


def as_json(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, Mapping[str, Any]]:
    """Run a command that must print one JSON document and nothing else."""
    code = run([*arguments, "--json"])
    printed = capsys.readouterr()
    assert printed.out.isascii()
    return code, json.loads(printed.out)


def test_status_is_a_table(capsys: pytest.CaptureFixture[str]):
    assert run(["status"]) == 0
    table, _, below = capsys.readouterr().out.partition("\n· ")
    head, *rows = table.splitlines()
    assert "waits for 1 approval of supervisors since" in below
    assert "closed at" in below
    assert (
        "… PASSPORT_MANUAL_CHECKS waits until another change of the same target is closed since 2026-01-05" in below
    )
    assert head.split() == ["change", "recipe", "stage", "outcome", "pull", "since"]
    assert [row.split()[1:5] for row in rows] == [["PASSPORT_BACKLOG", "proposed", "-", "1"]]
    assert head.index("recipe") == rows[0].index("PASSPORT"), "columns stand below each other"
    assert "\x1b" not in head


def test_one_recipe_can_be_looked_at_alone(capsys: pytest.CaptureFixture[str]):
    assert run(["detect", "--dry-run", "--recipe", "PASSPORT_MANUAL_CHECKS"]) == 0
    subjects = {line.split()[2] for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")}
    assert subjects == {"PASSPORT_MANUAL_CHECKS:"}
    assert run(["detect", "--dry-run", "--recipe", "PASSPORT_BACKLOGS"]) == EXPECTED
    assert "did you mean `PASSPORT_BACKLOG`?" in capsys.readouterr().err


def test_status_as_json_has_the_same_changes(capsys: pytest.CaptureFixture[str]):
    run(["status"])
    rows = capsys.readouterr().out.partition("\n· ")[0].splitlines()[1:]
    code, said = as_json(["status"], capsys)
    assert "waits for 1 approval of supervisors since" in said["changes"][0]["waits"]
    assert code == 0
    assert [change["change"] for change in said["changes"]] == [row.split()[0] for row in rows]
    assert {"recipe", "targets", "stage", "pull", "opened_at", "updated_at"} <= said["changes"][0].keys()
    assert said["limits"] == []
    (waiting,) = said["queue"]["waiting"]
    assert (waiting["recipe"], waiting["waits_for"]) == ("PASSPORT_MANUAL_CHECKS", "target")
    assert (said["queue"]["counts"]["target"], said["queue"]["sentences"]) == (1, [])
    assert as_json(["status", "--all"], capsys)[1] == said, "nothing is closed yet"


@pytest.mark.parametrize("step", ["gate", "monitor", "deploy"])
def test_a_step_as_json_is_json_and_nothing_else(step: str, capsys: pytest.CaptureFixture[str]):
    code, said = as_json([step], capsys)
    assert (code, said["step"], said["failed"]) == (0, step, False)
    assert all({"mark", "sentence", "hint", "data"} <= event.keys() for event in said["events"])


def test_an_audit_of_what_is_not_there_says_so(capsys: pytest.CaptureFixture[str]):
    code, said = as_json(["audit", "replay"], capsys)
    assert (code, said["all_follow"], said["decisions"]) == (0, True, [])
    assert run(["audit", "replay", "--all"]) == 0
    assert capsys.readouterr().out == "no decision of the gate is recorded\n"
    assert run(["audit", "replay", "0" * 16]) == EXPECTED
    assert "has no change 0000000000000000" in capsys.readouterr().err
    assert run(["audit", "replay", "0" * 16, "--all"]) == 2


def test_a_dry_run_as_json_shows_the_events_and_writes_nothing(console: Console, capsys: pytest.CaptureFixture[str]):
    before = console.town.git("for-each-ref")
    code, said = as_json(["detect", "--dry-run"], capsys)
    assert (code, said["step"]) == (0, "detect")
    assert console.town.git("for-each-ref") == before


def test_run_as_json_has_all_four_steps(capsys: pytest.CaptureFixture[str]):
    code, said = as_json(["run"], capsys)
    assert code == 0
    assert [step["step"] for step in said["steps"]] == ["detect", "gate", "deploy", "monitor"]
    assert (said["failed"], said["errors"]) == (False, [])


def test_run_goes_on_when_one_step_cannot_start(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("POW_GATEWAY_TOKEN", "")
    code = run(["run", "--json"])
    printed = capsys.readouterr()
    said = json.loads(printed.out)
    assert code == EXPECTED
    assert "POW_GATEWAY_TOKEN" in printed.err
    assert [error["message"] for error in said["errors"]] == [printed.err.splitlines()[0].removeprefix("error: ")]
    assert [step["step"] for step in said["steps"]] == ["detect", "gate", "monitor"]


def test_wake_starts_a_workflow(console: Console, capsys: pytest.CaptureFixture[str]):
    console.town.pending.clear()
    assert run(["wake", "gate.yml"]) == 0
    assert capsys.readouterr().out == "started gate.yml\n"
    assert [name for name, _ in console.town.pending] == ["gate.yml"]


def test_wake_of_what_is_not_there_says_so(capsys: pytest.CaptureFixture[str]):
    assert run(["wake", "nosuch.yml"]) == EXPECTED
    assert "nosuch.yml" in capsys.readouterr().err


def test_no_secret_is_ever_printed(console: Console, capsys: pytest.CaptureFixture[str]):
    secrets = [console.environment["GITHUB_TOKEN"], console.environment["POW_GATEWAY_TOKEN"]]
    for arguments in (["status"], ["gate"], ["wake", "nosuch.yml"]):
        run(arguments)
        printed = capsys.readouterr()
        assert [secret for secret in secrets if secret in printed.out + printed.err] == []


def test_status_shows_what_is_stopped_and_what_does_not_count(console: Console, capsys: pytest.CaptureFixture[str]):
    with console.town.as_person("maria") as maria, console.town.as_person("sam") as sam:
        opened = [sam.post("issues", json={"title": "Stop"}).json()["number"] for _ in range(2)]
        maria.post(f"issues/{opened[0]}/labels", json={"labels": ["pow-stop", "pow-stop-rollback"]})
        assert run(["status"]) == 0
        said = capsys.readouterr().out.splitlines()[0]
        assert said == f"! rollbacks without people are stopped by issue #{opened[0]}"
        code, document = as_json(["status"], capsys)
        assert (code, document["switch"]["ignored"]) == (0, [])
        assert [(each["reach"], each["known"]) for each in document["switch"]["stops"]] == [("rollback", True)]
        sam.patch(f"issues/{opened[0]}", json={"state": "closed"})
        assert as_json(["status"], capsys)[1]["switch"]["stops"] == []


# lint


def test_lint_of_this_repository_finds_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(ROOT)
    assert run(["lint"]) == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.endswith("files: nothing found\n")


def a_copy(target: Path) -> Path:
    subprocess.run(["cp", "-r", str(ROOT / "pow"), str(ROOT / "patches"), str(target)], check=True)
    recipe = target / "pow" / "passport_backlog.yml"
    recipe.write_bytes(recipe.read_bytes().replace(b"20_days", b"20%"))
    return target


def test_lint_shows_each_fault_with_line_caret_and_hint(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["lint", str(a_copy(tmp_path))]) == EXPECTED
    place, source, caret, *_ = capsys.readouterr().out.splitlines()
    assert place.startswith("pow/passport_backlog.yml:4:")
    assert source.strip().startswith("bottleneck_rule:")
    assert set(caret.strip()) == {"^"}


@pytest.mark.parametrize("option", [["--json"], ["--format", "json"], ["--format", "sarif"]])
def test_lint_for_programs_is_json_and_nothing_else(
    option: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert run(["lint", str(a_copy(tmp_path)), *option]) == EXPECTED
    printed = capsys.readouterr()
    assert json.loads(printed.out)
    assert "1 error" in printed.err


def test_lint_into_a_reader_that_takes_one_line(tmp_path: Path):
    line = " ".join([*POW, "lint", str(a_copy(tmp_path)), "| head -1"])
    done = subprocess.run(line, shell=True, cwd=tmp_path, env=bare(tmp_path), capture_output=True, check=False)  # noqa: S602 - the pipe is the matter
    assert len(done.stdout.splitlines()) == 1
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr


def test_explain_ends_with_what_the_feeds_say_now(capsys: pytest.CaptureFixture[str]):
    code, said = as_json(["explain", "PASSPORT_BACKLOG"], capsys)
    assert code == 0
    assert said["today"]["fires"]["outcome"] == "HOLDS"
    assert said["today"]["failures"] == []
    assert len(said["today"]["told"]) == 2, "complaints, and where the time goes"


def test_adopt_finds_in_the_town_what_the_repository_says(capsys: pytest.CaptureFixture[str]):
    code, said = as_json(["adopt", "PHOTO_VALIDATOR"], capsys)
    assert (code, said["unchanged"], said["written"]) == (0, ["max_blur_px"], False)


def test_what_is_not_on_hold_cannot_be_resumed(capsys: pytest.CaptureFixture[str]):
    assert run(["resume", "PHOTO_VALIDATOR", "--reason", "nothing is wrong with it"]) == EXPECTED
    assert "nothing holds `PHOTO_VALIDATOR`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"), [([], "name a TARGET"), (["PHOTO_VALIDATOR"], "give a reason")], ids=["target", "reason"]
)
def test_a_resume_without_target_or_reason_is_a_wrong_usage(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
):
    assert run(["resume", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_the_workflow_gives_target_and_reason_through_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("POW_RESUME_TARGET", "PRINTER; echo $GITHUB_TOKEN")
    monkeypatch.setenv("POW_RESUME_REASON", "nothing is wrong with it")
    assert run(["resume"]) == EXPECTED
    assert "nothing holds `PRINTER; echo $GITHUB_TOKEN`" in capsys.readouterr().err
