"""`pow backtest` on a folder: what it prints and writes, its exit codes, and what it says of what is wrong."""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from bot.cli.main import cli

ROOT = Path(__file__).resolve().parents[2]
START = datetime(2026, 1, 5, tzinfo=UTC)
WAIT, ERRORS = "metrics.passport.wait_time", "metrics.passport.error_rate"


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    for name in ("GITHUB_TOKEN", "GITHUB_REPOSITORY", "GITHUB_STEP_SUMMARY", "POW_PULL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture
def folder(tmp_path) -> Path:
    shutil.copytree(ROOT / "pow", tmp_path / "pow")
    shutil.copytree(ROOT / "patches", tmp_path / "patches")
    data = tmp_path / "data"
    data.mkdir()
    times = [START + hour * timedelta(hours=1) for hour in range(24 * 10)]
    rows = [f"{at.isoformat()},{25 if hour >= 72 else 6}" for hour, at in enumerate(times)]
    (data / f"{WAIT}.csv").write_text("\n".join(["at,value", *rows, ""]))
    (data / f"{ERRORS}.csv").write_text("\n".join(["at,value,of", *(f"{at.isoformat()},1,100" for at in times), ""]))
    return tmp_path


def pow_backtest(folder: Path, *arguments: str) -> Result:
    command = ["backtest", "PASSPORT_BACKLOG", str(folder), "--data", str(folder / "data"), *arguments]
    return CliRunner().invoke(cli, command)


def test_it_prints_a_chart_and_a_table(folder):
    found = pow_backtest(folder)
    assert found.exit_code == 0, found.output
    assert "     fires │····" in found.output
    assert "Fired:                 once, 5 days in all" in found.output
    assert "fires 2026-01-09 00:00Z" in found.output
    assert "proposed 2026-01-09 00:00Z: still watching where the history ends" in found.output


def test_json_markdown_and_svg(folder):
    svg = folder / "chart.svg"
    value = json.loads(pow_backtest(folder, "--json", "--svg", str(svg)).stdout)
    assert value["recipe"] == "PASSPORT_BACKLOG@v1"
    assert len(value["episodes"]) == 1
    assert ET.parse(svg).getroot().tag.endswith("svg")  # noqa: S314 -- our own file
    assert "### Backtest of `PASSPORT_BACKLOG@v1`" in pow_backtest(folder, "--markdown").output


def test_a_span_is_given_as_days_or_times(folder):
    value = json.loads(
        pow_backtest(folder, "--json", "--since", "2026-01-06", "--until", "2026-01-08T12:00:00Z").stdout
    )
    assert (value["since"], value["until"]) == ("2026-01-06T00:00:00Z", "2026-01-08T12:00:00Z")
    assert value["undrawn"] == "the history is shorter than 7 days"
    assert pow_backtest(folder, "--since", "soon").exit_code == 2


def test_a_feed_without_a_file_is_named_and_fails(folder):
    (folder / "data" / f"{WAIT}.csv").unlink()
    command = ["backtest", "PASSPORT_BACKLOG", str(folder), "--data", str(folder / "data")]
    found = CliRunner().invoke(cli, command, standalone_mode=False)
    assert found.return_value == 1
    assert f"{WAIT} could not be read: there is no file {WAIT}.csv, .parquet or .json" in found.output
    assert "hint: write one with the columns at, value into the folder that --data names" in found.output


def test_a_file_with_other_columns_is_told_which_it_needs(folder):
    (folder / "data" / f"{WAIT}.csv").write_text("day,days\n2026-01-05,3\n")
    command = ["backtest", "PASSPORT_BACKLOG", str(folder), "--data", str(folder / "data")]
    found = CliRunner().invoke(cli, command, standalone_mode=False)
    assert found.return_value == 1
    assert f"hint: {WAIT}.csv needs the columns at, value\n" in found.output
    assert "feeds.yml" not in found.output


def test_a_chart_that_cannot_be_written_is_an_expected_failure(folder):
    missing = folder / "missing" / "chart.svg"
    found = CliRunner().invoke(
        cli,
        ["backtest", "PASSPORT_BACKLOG", str(folder), "--data", str(folder / "data"), "--svg", str(missing)],
    )
    assert "chart.svg cannot be written: No such file or directory" in str(found.exception)


def test_a_comment_needs_a_pull_request(folder):
    assert CliRunner().invoke(cli, ["backtest", "PASSPORT_BACKLOG", str(folder), "--post"]).exit_code == 2


def test_an_unknown_recipe_is_an_error_that_lists_what_is_there(folder):
    found = CliRunner().invoke(cli, ["backtest", "NOTHING", str(folder), "--data", str(folder / "data")])
    assert found.exit_code == 1
    assert "there is no recipe NOTHING" in str(found.exception)
    near = CliRunner().invoke(cli, ["backtest", "PASSPORT_BACKLGO", str(folder), "--data", str(folder / "data")])
    assert getattr(near.exception, "hint", "") == "did you mean `PASSPORT_BACKLOG`?"


def test_without_a_recipe_it_is_a_wrong_call(folder):
    assert CliRunner().invoke(cli, ["backtest", "--data", str(folder / "data")]).exit_code == 2


def test_broken_settings_are_an_error(folder):
    (folder / "pow/settings/feeds.yml").write_text("feeds: 3\n")
    assert pow_backtest(folder).exit_code == 1


def git(folder: Path, *arguments: str) -> None:
    identity = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **identity}
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, env=environment)


def test_the_recipe_at_a_commit_stands_beside_the_present_one(folder):
    recipe = folder / "pow/passport_backlog.yml"
    present = recipe.read_text()
    recipe.write_text(present.replace("20_days", "30_days"))
    for arguments in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-qm", "first")):
        git(folder, *arguments)
    recipe.write_text(present)
    both = json.loads(pow_backtest(folder, "--json", "--against", "HEAD").stdout)
    assert (len(both["before"]["episodes"]), len(both["after"]["episodes"])) == (0, 1)
    assert "before: `PASSPORT_BACKLOG@v1`" in pow_backtest(folder, "--markdown", "--against", "main").output
    assert "  before:              max(wait_time) > 30_days" in pow_backtest(folder, "--against", "main").output
    assert "`--help` is no commit" in str(pow_backtest(folder, "--against", "--help").exception)


def test_a_recipe_that_is_new_is_said_to_be(folder):
    recipe = folder / "pow/passport_backlog.yml"
    present = recipe.read_text()
    recipe.unlink()
    for arguments in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-qm", "first")):
        git(folder, *arguments)
    recipe.write_text(present)
    found = pow_backtest(folder, "--against", "HEAD")
    assert found.exit_code == 0
    assert "there is no PASSPORT_BACKLOG that loads at HEAD" in found.output


@pytest.mark.parametrize("text", ["x", "0", "-3"])
def test_a_pull_request_without_a_number_is_refused(monkeypatch, text):
    monkeypatch.setenv("POW_PULL", text)
    found = CliRunner().invoke(cli, ["backtest"])
    assert "POW_PULL is no number" in str(found.exception)
