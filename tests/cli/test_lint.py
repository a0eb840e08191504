"""`pow lint` with a base branch, with the feeds, and its explanations."""

import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from cli.consoles import FORGOTTEN
from forge.branches import Checkout, a_checkout
from recipes.repository_files import FILES, RECIPE

from bot.cli.main import EXPECTED, run

PATH = "pow/passport_backlog.yml"
USAGE = 2


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """Work in a repository with one right recipe, with nothing of this machine's environment."""
    for name in os.environ:
        if name.startswith(FORGOTTEN):
            monkeypatch.delenv(name)
    made = a_checkout(tmp_path / "agency")
    monkeypatch.chdir(made.folder)
    made.commit(FILES)
    return made


def linted(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str], str]:
    """Run it; returns the exit code, the ids, and what stands on stderr."""
    code = run(["lint", *arguments, "--json"])
    printed = capsys.readouterr()
    faults: list[dict[str, Any]] = json.loads(printed.out)
    return code, [fault["id"] for fault in faults], printed.err


def write(text: str, path: str = PATH) -> None:
    Path(path).write_text(text)


CHANGED = RECIPE.replace("error_rate > 5%", "error_rate > 4%")


def test_another_meaning_under_the_same_version_is_an_error_against_the_base(capsys: pytest.CaptureFixture[str]):
    write(CHANGED)

    assert linted(capsys=capsys)[:2] == (0, [])
    assert linted("--base", "main", capsys=capsys)[:2] == (EXPECTED, ["POW064"])
    write(f"version: 2\n{CHANGED}")
    assert linted("--base", "main", capsys=capsys)[:2] == (0, [])


def test_a_recipe_behind_a_link_is_said_not_to_count(checkout: Checkout, capsys: pytest.CaptureFixture[str]):
    (checkout.folder / "pow/linked.yml").symlink_to(checkout.folder / PATH)
    assert linted(capsys=capsys)[:2] == (0, ["POW049"])


def test_a_comment_and_another_file_name_are_free(checkout: Checkout, capsys: pytest.CaptureFixture[str]):
    write(f"# a comment\n{RECIPE}", "pow/renamed.yml")
    (checkout.folder / PATH).unlink()

    assert linted("--base", "main", capsys=capsys)[:2] == (0, [])


def test_a_version_of_history_is_not_taken_again(checkout: Checkout, capsys: pytest.CaptureFixture[str]):
    checkout.commit({PATH: f"version: 2\n{CHANGED}"})
    checkout.commit({PATH: RECIPE})
    write(f"version: 2\n{RECIPE.replace('5%', '3%')}")

    assert linted("--base", "main", capsys=capsys)[:2] == (EXPECTED, ["POW065"])


def test_what_a_branch_tried_before_it_is_merged_counts_for_nothing(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
):
    checkout.git("switch", "--quiet", "--create", "side")
    checkout.commit({PATH: f"version: 2\n{RECIPE.replace('5%', '3%')}"})
    checkout.commit({PATH: f"version: 2\n{CHANGED}"})

    assert linted("--base", "main", capsys=capsys)[:2] == (0, [])


def test_a_folder_of_a_repository_is_compared_with_the_same_folder(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
):
    checkout.commit({f"docs/example/{path}": text for path, text in FILES.items()})
    write(CHANGED, f"docs/example/{PATH}")

    assert linted("docs/example", "--base", "main", capsys=capsys)[:2] == (EXPECTED, ["POW064"])
    assert linted("--base", "main", capsys=capsys)[:2] == (0, [])


def test_a_base_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]):
    assert run(["lint", "--base", "origin/main"]) == EXPECTED
    assert "the clone has no commit `origin/main`" in capsys.readouterr().err


def test_verbose_says_what_was_left_out(capsys: pytest.CaptureFixture[str]):
    assert linted("-v", capsys=capsys)[2].endswith("nothing found; 2 checks need --base, 2 checks need --observe\n")
    assert linted("-v", "--base", "main", capsys=capsys)[2].endswith("nothing found; 2 checks need --observe\n")
    assert linted(capsys=capsys)[2].endswith("nothing found\n")


# With the feeds


def history(folder: Path, *, requests: int, errors: float, waits: int) -> Path:
    """Write three days of errors in windows of five minutes, and 30 days with so many waits each."""
    chance = random.Random(1)
    folder.mkdir()
    lines = ["at,value,of"]
    for window in range(864):
        hits = sum(chance.random() < errors for _ in range(requests))
        lines.append(
            f"2026-01-{1 + window // 288:02}T{window % 288 // 12:02}:{window % 12 * 5:02}:00Z,{hits},{requests}"
        )
    (folder / "metrics.passport.error_rate.csv").write_text("\n".join(lines) + "\n")
    days = [f"2026-01-{1 + day:02}T{hour:02}:30:00Z,9" for day in range(3) for hour in range(waits)]
    (folder / "metrics.passport.wait_time.csv").write_text("\n".join(["at,value", *days]) + "\n")
    return folder


@pytest.mark.parametrize(
    ("requests", "errors", "waits", "expected"),
    [
        (20, 0.02, 8, []),
        (2, 0.02, 8, ["POW052"]),
        (20, 0.047, 8, ["POW053"]),
        (20, 0.08, 8, ["POW053"]),
        (20, 0.02, 2, ["POW052", "POW052"]),
    ],
)
def test_the_traffic_is_observed_in_files(
    requests: int, errors: float, waits: int, expected: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder = history(tmp_path / "data", requests=requests, errors=errors, waits=waits)

    assert linted("--observe", "--data", str(folder), capsys=capsys)[:2] == (0, expected)
    assert linted(capsys=capsys)[:2] == (0, [])


def test_what_is_observed_can_be_silenced(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = history(tmp_path / "data", requests=2, errors=0.02, waits=8)
    write(f"{RECIPE}lint: {{ignore: [{{id: POW052, reason: a pilot with few citizens}}]}}\n")

    assert linted("--observe", "--data", str(folder), capsys=capsys)[:2] == (0, [])


def test_the_traffic_is_observed_in_the_feeds_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    folder = history(tmp_path / "data", requests=2, errors=0.02, waits=8)
    shutil.copy(folder / "metrics.passport.error_rate.csv", "errors.csv")
    write(
        FILES["pow/settings/feeds.yml"].replace(
            "http_json\n    endpoint: metrics\n    path: /passport/error\n    rows: windows\n"
            "    columns: {at: at, value: errors, of: requests}",
            "csv\n    path: errors.csv\n    history: 3_days\n    columns: {at: at, value: value, of: of}",
        ),
        "pow/settings/feeds.yml",
    )
    monkeypatch.setenv("POW_NOW", "2026-01-04T00:00:00Z")
    monkeypatch.setenv("POW_ENDPOINT_METRICS", "http://127.0.0.1:9")

    code, ids, talk = linted("--observe", capsys=capsys)

    assert (code, ids) == (0, ["POW052"])
    assert "not observed: metrics.passport.wait_time: " in talk


def test_without_settings_nothing_is_observed(capsys: pytest.CaptureFixture[str]):
    Path("pow/settings/policy.yml").unlink()

    assert linted("--observe", capsys=capsys)[:2] == (EXPECTED, ["POW020"])


def test_data_alone_is_a_slip(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["lint", "--data", str(tmp_path)]) == USAGE
    assert "--data needs --observe" in capsys.readouterr().err


# Explanations


def test_a_check_is_explained(capsys: pytest.CaptureFixture[str]):
    assert run(["lint", "--explain", "pow055"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("POW055: ")
    assert printed.err == ""


def test_a_check_is_explained_to_programs(capsys: pytest.CaptureFixture[str]):
    assert run(["lint", "--explain", "POW055", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == "POW055"


def test_an_unknown_check_is_told(capsys: pytest.CaptureFixture[str]):
    assert run(["lint", "--explain", "POW999"]) == EXPECTED
    assert "there is no check `POW999`" in capsys.readouterr().err
