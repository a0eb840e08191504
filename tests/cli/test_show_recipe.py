"""`pow show PASSPORT_BACKLOG@v3`: one text, or loudly two."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from cli.consoles import FORGOTTEN
from forge.branches import Checkout, a_checkout
from recipes.repository_files import RECIPE

from bot.cli.main import EXPECTED, run
from bot.model.json import digest_of

PATH = "pow/passport_backlog.yml"
USAGE = 2


def text(version: int = 1, days: int = 20, comment: str = "") -> str:
    return f"version: {version}\n" + RECIPE.replace("20_days", f"{days}_days") + (f"# {comment}\n" if comment else "")


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """Work in an empty repository, with nothing of this machine's environment."""
    for name in os.environ:
        if name.startswith(FORGOTTEN):
            monkeypatch.delenv(name)
    made = a_checkout(tmp_path / "agency")
    monkeypatch.chdir(made.folder)
    return made


def as_json(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, Any]:
    code = run(["show", *arguments, "--json"])
    printed = capsys.readouterr()
    assert printed.out.isascii()
    return code, json.loads(printed.out)


def test_a_version_is_shown_with_its_file_commit_and_date(checkout: Checkout, capsys: pytest.CaptureFixture[str]):
    checkout.commit({PATH: text(1)})
    second = checkout.commit({PATH: text(2, days=21)})
    checkout.commit({PATH: text(3, days=22)})
    assert run(["show", "PASSPORT_BACKLOG@v2"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out == (
        "# PASSPORT_BACKLOG@v2\n"
        "# file    pow/passport_backlog.yml\n"
        f"# commit  {second}  2026-01-06T09:00:00Z\n"
        f"# digest  {digest_of(text(2, days=21).encode())}\n"
        "\n" + text(2, days=21)
    )


def test_what_is_shown_is_the_recipe_again(checkout: Checkout, capsys: pytest.CaptureFixture[str]):
    checkout.commit({PATH: text(1)})
    for name in ("PASSPORT_BACKLOG@v1", "passport_backlog@1", "PASSPORT_BACKLOG"):
        assert run(["show", name]) == 0
        assert yaml.safe_load(capsys.readouterr().out) == yaml.safe_load(text(1))


def test_without_a_version_all_are_listed(checkout: Checkout, capsys: pytest.CaptureFixture[str]):
    first = checkout.commit({PATH: text(1)})
    second = checkout.commit({PATH: None, "pow/renamed.yml": text(2, days=21)})
    assert run(["show", "PASSPORT_BACKLOG"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "# PASSPORT_BACKLOG@v2, the present text"
    assert lines[5:8] == [
        "# version  since                 commit        file",
        f"# v2       2026-01-06T09:00:00Z  {second[:12]}  pow/renamed.yml",
        f"# v1       2026-01-05T09:00:00Z  {first[:12]}  pow/passport_backlog.yml",
    ]


def test_other_layouts_of_one_meaning_are_named(checkout: Checkout, capsys: pytest.CaptureFixture[str]):
    first = checkout.commit({PATH: text(1)})
    checkout.commit({PATH: text(1, comment="as agreed")})
    assert run(["show", "PASSPORT_BACKLOG@v1"]) == 0
    shown = capsys.readouterr().out
    assert f"# other layout, same meaning: {first[:12]}  2026-01-05T09:00:00Z  {PATH}\n" in shown
    assert shown.endswith("# as agreed\n")


def test_a_name_with_two_meanings_is_told_loudly(checkout: Checkout, capsys: pytest.CaptureFixture[str]):
    first = checkout.commit({PATH: text(1)})
    second = checkout.commit({PATH: text(1, days=30)})
    assert run(["show", "PASSPORT_BACKLOG@v1"]) == EXPECTED
    printed = capsys.readouterr()
    assert printed.err.startswith("error: PASSPORT_BACKLOG@v1 names 2 texts that mean different things: ")
    assert "hint: raise `version`" in printed.err
    for commit in (first, second):
        assert commit in printed.out
        assert commit[:12] in printed.err
    assert '    -bottleneck_rule: "max(wait_time) > 20_days"\n' in printed.out
    assert '    +bottleneck_rule: "max(wait_time) > 30_days"\n' in printed.out
    assert run(["show", "PASSPORT_BACKLOG"]) == EXPECTED
    assert "(2 MEANINGS)" in capsys.readouterr().out
    code, said = as_json("PASSPORT_BACKLOG@v1", capsys=capsys)
    assert (code, said["ambiguous"], said["versions"][0]["meanings"]) == (EXPECTED, True, 2)


def test_a_deleted_recipe_is_still_there_for_an_auditor(checkout: Checkout, capsys: pytest.CaptureFixture[str]):
    checkout.commit({PATH: text(3)})
    gone = checkout.commit({PATH: None})
    for name in ("PASSPORT_BACKLOG@v3", "PASSPORT_BACKLOG"):
        assert run(["show", name]) == 0
        assert f"# removed {gone}  2026-01-06T09:00:00Z\n" in capsys.readouterr().out
    code, said = as_json("PASSPORT_BACKLOG", capsys=capsys)
    assert (code, said["present"], said["removed"]["commit"]) == (0, None, gone)


def test_json_has_every_text(checkout: Checkout, capsys: pytest.CaptureFixture[str]):
    commit = checkout.commit({PATH: text(1, comment="\u202eevil")})
    code, said = as_json("PASSPORT_BACKLOG@v1", capsys=capsys)
    assert code == 0
    assert {name: said[name] for name in ("recipe", "present", "removed", "whole_history", "ambiguous")} == {
        "recipe": "PASSPORT_BACKLOG",
        "present": 1,
        "removed": None,
        "whole_history": True,
        "ambiguous": False,
    }
    (shown,) = said["versions"][0]["texts"]
    assert (shown["file"], shown["commit"], shown["at"]) == (PATH, commit, "2026-01-05T09:00:00Z")
    assert shown["fault"]
    assert shown["text"] == text(1, comment="\u202eevil")


def test_a_text_that_cannot_be_read_is_shown_with_a_warning(checkout: Checkout, capsys: pytest.CaptureFixture[str]):
    broken = text(2).replace("hitl_threshold: MEDIUM", "hitl_threshold: \x1b[2JNEVER")
    commit = checkout.commit({PATH: broken})
    assert run(["show", "PASSPORT_BACKLOG@v2"]) == 0
    printed = capsys.readouterr()
    assert printed.err.startswith(f"warning: the text of PASSPORT_BACKLOG@v2 in {commit[:12]} cannot be read: ")
    assert "\x1b" not in printed.out + printed.err
    checkout.commit({PATH: text(2)})
    assert run(["show", "PASSPORT_BACKLOG@v2"]) == 0
    assert f"# unreadable: {commit[:12]}  " in capsys.readouterr().out


def test_a_version_that_was_only_on_a_merged_branch_is_found_there(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
):
    checkout.commit({PATH: text(1)})
    checkout.git("switch", "--quiet", "--create", "side")
    draft = checkout.commit({PATH: text(2, days=21)})
    checkout.commit({PATH: text(3, days=22)})
    checkout.git("switch", "--quiet", "main")
    merge = checkout.merge("side")
    assert run(["show", "PASSPORT_BACKLOG@v2"]) == 0
    assert f"# commit  {draft}" in capsys.readouterr().out
    assert run(["show", "PASSPORT_BACKLOG@v3"]) == 0
    assert f"# commit  {merge}" in capsys.readouterr().out


def test_drafts_on_a_merged_branch_make_no_name_ambiguous(checkout: Checkout):
    checkout.commit({PATH: text(1)})
    checkout.git("switch", "--quiet", "--create", "side")
    checkout.commit({PATH: text(2, days=21)})
    checkout.commit({PATH: text(2, days=22)})
    checkout.git("switch", "--quiet", "main")
    checkout.merge("side")
    assert run(["show", "PASSPORT_BACKLOG@v2"]) == 0


def test_an_unknown_name_gets_help(checkout: Checkout, capsys: pytest.CaptureFixture[str]):
    checkout.commit({PATH: text(1)})
    assert run(["show", "PASSPORT_BACKLOGG"]) == EXPECTED
    assert capsys.readouterr().err == (
        "error: no commit of this branch has a recipe PASSPORT_BACKLOGG\nhint: did you mean `PASSPORT_BACKLOG`?\n"
    )
    assert run(["show", "PASSPORT_BACKLOG@v9"]) == EXPECTED
    assert capsys.readouterr().err == (
        "error: PASSPORT_BACKLOG never had a version 9 in this history\nhint: it had @v1\n"
    )


def test_a_repository_without_recipes_says_where_they_would_be(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
):
    checkout.commit({"README.md": "x"})
    assert run(["show", "PASSPORT_BACKLOG"]) == EXPECTED
    assert "hint: recipes are pow/NAME.yml" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", "a b", "PASSPORT@3@4", "PASSPORT@v0", "PASSPORT@vx", "../etc", "--json"])
def test_what_is_no_name_is_a_usage_error(name: str):
    assert run(["show", name]) == USAGE


def test_a_folder_that_is_no_repository_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["show", "PASSPORT_BACKLOG", str(tmp_path)]) == EXPECTED
    assert "error: not a Git repository" in capsys.readouterr().err


def test_a_shallow_clone_warns(checkout: Checkout, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    checkout.commit({PATH: text(1)})
    checkout.commit({PATH: text(1, days=30)})
    shallow = tmp_path / "shallow"
    command = ["git", "clone", "--quiet", "--depth", "1", checkout.folder.as_uri(), str(shallow)]
    subprocess.run(command, check=True, capture_output=True, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)})
    assert run(["show", "PASSPORT_BACKLOG@v1", str(shallow)]) == 0
    assert "warning: the clone is shallow" in capsys.readouterr().err


def test_a_long_history_is_read_whole(checkout: Checkout, capsys: pytest.CaptureFixture[str]):
    stream = []
    for number in range(1, 501):
        body = text(1 + number // 100, days=20 + number // 100, comment=str(number)).encode()
        stream.append(
            b"commit refs/heads/main\nmark :%d\ncommitter M <m@example.org> %d +0000\ndata 0\n%sM 100644 inline %s\n"
            b"data %d\n%s\n"
            % (
                number,
                1_767_600_000 + number,
                b"from :%d\n" % (number - 1) if number > 1 else b"",
                PATH.encode(),
                len(body),
                body,
            )
        )
    subprocess.run(["git", "-C", str(checkout.folder), "fast-import", "--quiet"], input=b"".join(stream), check=True)
    code, said = as_json("PASSPORT_BACKLOG", capsys=capsys)
    assert code == 0
    assert [len(version["texts"]) for version in said["versions"]] == [99, 100, 100, 100, 100, 1]
