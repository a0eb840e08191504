"""`pow explain`: whoever asks gets sentences that fit the terminal, and today's numbers if there are any."""

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from cli.consoles import FORGOTTEN
from cli.test_main import on_a_terminal
from recipes.repository_files import FEEDS, FILES, RECIPE

from bot.cli.main import EXPECTED, run

FROM_FILES = """\
feeds:
  metrics.passport.wait_time:
    source: csv
    path: data/wait.csv
    columns: {at: at, value: days}
    unit: days
  metrics.passport.error_rate:
    source: csv
    path: data/errors.csv
    columns: {at: at, value: errors, of: requests}
    window: 5min
  events.passport:
    shape: events
    source: csv
    path: data/log.csv
    columns: {case: case, activity: activity, end: end}
"""
DATA = {
    "data/wait.csv": "at,days\n" + "".join(f"2026-01-04T{hour:02}:30:00Z,27\n" for hour in range(10, 24)),
    "data/errors.csv": "at,errors,requests\n"
    + "".join(f"2026-01-05T08:{minute:02}:00Z,1,100\n" for minute in range(0, 60, 5)),
    "data/log.csv": "case,activity,end\n1,apply,2026-01-01\n1,check,2026-01-03\n",
}


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a checkout whose feeds are files, at a fixed time, on eighty columns."""
    for name in os.environ:
        if name.startswith(FORGOTTEN):
            monkeypatch.delenv(name)
    monkeypatch.setenv("POW_NOW", "2026-01-05T09:00:00Z")
    monkeypatch.setenv("COLUMNS", "80")
    for path, text in {**FILES, "pow/settings/feeds.yml": FROM_FILES, **DATA}.items():
        file = tmp_path / "agency" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.chdir(tmp_path / "agency")
    return tmp_path / "agency"


def as_json(*arguments: str, capsys: pytest.CaptureFixture[str]) -> Any:
    assert run(["explain", *arguments, "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.out.isascii()
    return json.loads(printed.out)


GOLDEN = """\
PASSPORT_BACKLOG@v1  pow/passport_backlog.yml

What it watches
  - metrics.passport.wait_time: a metric in days, looked at over 1 day, from
    data/wait.csv
  - metrics.passport.error_rate: a share, looked at over 5 minutes, from
    data/errors.csv
  - events.passport: the process log of 30 days, in which waiting is ranked,
    from data/log.csv

When it fires
  max(wait_time) > 20_days
  It fires when the largest wait_time of the last day is more than 20 days.
"""
TODAY = """\
Today, 2026-01-05T09:00:00Z
  - It fires: max(wait_time) is 27 days (n=14) over 1 day to 2026-01-05T09:00Z;
    needs > 20 days
"""


def test_sentences_come_in_sections(capsys: pytest.CaptureFixture[str]):
    assert run(["explain", "PASSPORT_BACKLOG"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.startswith(GOLDEN)
    assert TODAY in printed.out
    assert "    -  max_blur_px: 2\n    +  max_blur_px: 4\n" in printed.out
    assert "  - most time is lost at apply → check: 100.0% of all waiting" in printed.out
    assert "\x1b" not in printed.out


@pytest.mark.parametrize(("columns", "width"), [("20", 40), ("64", 64), ("300", 100)])
def test_lines_fit_the_terminal(
    columns: str, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    run(["explain", "PASSPORT_BACKLOG", "--offline"])
    usual = capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", columns)
    run(["explain", "PASSPORT_BACKLOG", "--offline"])
    shown = capsys.readouterr().out
    words = [line for line in shown.splitlines()[1:] if not line.startswith("    ") and " " in line.strip()]
    assert max(len(line) for line in words) <= width
    assert shown.split() == usual.split(), "only the line ends differ"


@pytest.mark.parametrize(
    "arguments",
    [
        ["passport_backlog"],
        ["Passport_Backlog", "."],
        ["pow/passport_backlog.yml"],
        ["pow/passport_backlog.yml", "."],
        ["./pow/passport_backlog.yml"],
    ],
    ids=" ".join,
)
def test_a_recipe_is_named_by_id_or_by_file(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    assert as_json(*arguments, "--offline", capsys=capsys)["recipe"] == "PASSPORT_BACKLOG"


def test_a_files_path_alone_is_enough_from_anywhere(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    said = as_json("agency/pow/passport_backlog.yml", capsys=capsys)
    assert said["recipe"] == "PASSPORT_BACKLOG"
    assert said["today"]["failures"] == [], "files are looked for in the recipe's own checkout"
    assert (
        as_json("PASSPORT_BACKLOG", str(checkout), "--offline", capsys=capsys)["file"] == "pow/passport_backlog.yml"
    )


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("PASPORT_BACKLOG", "did you mean `PASSPORT_BACKLOG`?"),
        ("pow/passport_backlogs.yml", "did you mean `PASSPORT_BACKLOG`?"),
        ("pow/settings/feeds.yml", "known: PASSPORT_BACKLOG"),
        ("", "known: PASSPORT_BACKLOG"),
        ("\x1b[2J", "known: PASSPORT_BACKLOG"),
    ],
)
def test_an_unknown_recipe_gets_help(name: str, hint: str, capsys: pytest.CaptureFixture[str]):
    assert run(["explain", name]) == EXPECTED
    error = capsys.readouterr().err
    assert error.startswith("error: there is no recipe `")
    assert hint in error
    assert "\x1b" not in error


def test_what_can_be_no_path_is_no_recipe(checkout: Path):
    (checkout / "circle").symlink_to("circle")
    for name in (f"pow/{'x' * 400}", "circle/pow/x.yml", "/etc/passwd", "../../x"):
        assert run(["explain", name]) == EXPECTED


def test_a_folder_without_recipes_says_where_they_would_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "empty").mkdir()
    assert run(["explain", "PASSPORT_BACKLOG", str(tmp_path / "empty")]) == EXPECTED
    assert "hint: recipes are " in capsys.readouterr().err


def test_a_broken_recipe_is_shown_with_its_places(checkout: Path, capsys: pytest.CaptureFixture[str]):
    (checkout / "pow/passport_backlog.yml").write_text(RECIPE.replace("20_days", "20%"))
    assert run(["explain", "PASSPORT_BACKLOG"]) == EXPECTED
    error = capsys.readouterr().err
    assert "pow/passport_backlog.yml:3:36: error[rule-unit-mismatch]" in error


def test_another_recipe_that_is_broken_does_not_matter(checkout: Path):
    (checkout / "pow/other.yml").write_text("id: OTHER\nwhat: ever\n")
    assert run(["explain", "PASSPORT_BACKLOG", "--offline"]) == 0


def test_an_id_of_two_files_is_none(checkout: Path, capsys: pytest.CaptureFixture[str]):
    (checkout / "pow/twin.yml").write_text(RECIPE)
    assert run(["explain", "PASSPORT_BACKLOG", "--offline"]) == EXPECTED
    assert "error[POW031]" in capsys.readouterr().err


def test_broken_settings_are_shown_with_their_places(checkout: Path, capsys: pytest.CaptureFixture[str]):
    (checkout / "pow/settings/policy.yml").write_text("approvals: 3\n")
    assert run(["explain", "PASSPORT_BACKLOG"]) == EXPECTED
    assert "pow/settings/policy.yml:1:12: error[" in capsys.readouterr().err


# Feeds


def test_offline_asks_nobody(checkout: Path, capsys: pytest.CaptureFixture[str]):
    (checkout / "pow/settings/feeds.yml").write_text(FEEDS)
    assert as_json("PASSPORT_BACKLOG", "--offline", capsys=capsys)["today"] is None


def test_a_feed_that_fails_is_told_and_is_no_failure(checkout: Path, capsys: pytest.CaptureFixture[str]):
    (checkout / "data/wait.csv").unlink()
    assert run(["explain", "PASSPORT_BACKLOG"]) == 0
    shown = capsys.readouterr().out
    assert "metrics.passport.wait_time gave nothing: there is no file" in " ".join(shown.split())
    assert "The rollback rule does not hold" in shown


def test_a_slow_feed_is_waited_for_aloud(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (checkout / "pow/settings/feeds.yml").write_text(
        FEEDS.replace("endpoint: metrics", "endpoint: metrics\n    timeout: 3_s")
    )
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("POW_ENDPOINT_METRICS", f"http://127.0.0.1:{silent.getsockname()[1]}")
        code = run(["explain", "PASSPORT_BACKLOG", "--json"])
    printed = capsys.readouterr()
    assert code == 0
    assert printed.err == "reading 3 feeds ...\n"
    failures = {each["feed"]: each["kind"] for each in json.loads(printed.out)["today"]["failures"]}
    assert failures["metrics.passport.wait_time"] == failures["metrics.passport.error_rate"] == "timeout"


def test_headings_are_bold_on_a_terminal_that_wants_it(checkout: Path):
    shown = on_a_terminal(checkout, "explain", "PASSPORT_BACKLOG", "--offline")
    assert "\x1b[1mWhat it watches\x1b[0m" in shown
    assert "\x1b[32m+  max_blur_px: 4\x1b[0m" in shown
    assert "\x1b" not in on_a_terminal(checkout, "explain", "PASSPORT_BACKLOG", "--offline", NO_COLOR="1")
