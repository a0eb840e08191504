"""`pow test`: what it prints for people and for programs, and how it ends."""

import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from recipes.repository_files import ROOT
from rehearse.trial_golden import FOLDER, NAMES, printed, repository

from bot.cli.main import EXPECTED, run
from bot.recipes.files import read_files
from bot.recipes.recipe_tests_index import tested_recipes as recipes_with_tests

PASSING = """\
recipe: PASSPORT_BACKLOG
tests:
  - name: calm
    series:
      wait_time: {every: 1_h, values: 12x24}
  - name: "<fires> & says \\"so\\""
    series:
      wait_time: {every: 1_h, values: 24x24}
    expect:
      - {at: 1_day, fires: true}
"""


@pytest.fixture(autouse=True)
def _no_setting_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_SERVER_URL", "GITHUB_API_URL", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("POW_NOW", "2026-05-01T09:00:00Z")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The small repository with one file of tests, which pass."""
    repository(tmp_path)
    for name in NAMES:
        (tmp_path / "pow" / "tests" / f"{name}.yml").unlink()
    (tmp_path / "pow" / "tests" / "good.yml").write_text(PASSING)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_must_fail_says_why(name: str, tmp_path: Path):
    assert printed(name, repository(tmp_path)) == (FOLDER / f"{name}.txt").read_text()


@pytest.mark.usefixtures("root")
def test_tests_that_pass_are_a_line_each(capsys: pytest.CaptureFixture[str]):
    assert run(["test"]) == 0
    said = capsys.readouterr()
    assert said.out == '✔ PASSPORT_BACKLOG: calm\n✔ PASSPORT_BACKLOG: <fires> & says "so"\n'
    assert said.err == "2 tests: 2 passed\n"


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(("wanted", "count"), [("CALM", 1), ("passport", 2), ("fires", 1)])
def test_a_filter_looks_at_names_and_recipes(wanted: str, count: int, capsys: pytest.CaptureFixture[str]):
    assert run(["test", "--filter", wanted]) == 0
    assert len(capsys.readouterr().out.splitlines()) == count


@pytest.mark.usefixtures("root")
def test_a_filter_that_nothing_passes_is_an_error(capsys: pytest.CaptureFixture[str]):
    assert run(["test", "--filter", "nothing"]) == EXPECTED
    assert "no test has `nothing` in its name or recipe" in capsys.readouterr().err


def test_a_repository_without_tests_is_told_so_and_fails_nothing(root: Path, capsys: pytest.CaptureFixture[str]):
    (root / "pow" / "tests" / "good.yml").unlink()
    assert run(["test"]) == 0
    assert capsys.readouterr().err == "warning: there is no test in pow/tests/, so nothing was tested\n"


def test_files_and_folders_may_be_named_and_the_repository_be_elsewhere(
    root: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    (elsewhere / "own.yml").write_text(PASSING)
    assert run(["test", "--folder", str(root), "own.yml"]) == 0
    assert run(["test", "--folder", str(root), str(root / "pow" / "tests")]) == 0
    assert run(["test", "--folder", str(root)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 6


def test_broken_settings_are_told_and_nothing_is_played(root: Path, capsys: pytest.CaptureFixture[str]):
    (root / "pow" / "settings" / "policy.yml").write_text("approvals: [\n")
    assert run(["test"]) == EXPECTED
    said = capsys.readouterr()
    assert said.out == ""
    assert "pow/settings/policy.yml:" in said.err


def test_a_folder_with_the_name_of_a_file_cannot_be_read(root: Path, capsys: pytest.CaptureFixture[str]):
    (root / "more" / "odd.yml").mkdir(parents=True)
    assert run(["test", "more"]) == EXPECTED
    assert "more/odd.yml cannot be read: Is a directory" in capsys.readouterr().err


def test_a_file_larger_than_any_test_is_refused(root: Path, capsys: pytest.CaptureFixture[str]):
    (root / "big.yml").write_bytes(b"#" * 300_000)
    assert run(["test", "big.yml"]) == EXPECTED
    assert "big.yml:1:1: error[POW007]" in capsys.readouterr().err


@pytest.mark.usefixtures("root")
def test_a_file_that_is_not_there_is_wrong_usage():
    assert run(["test", "nosuch.yml"]) == 2


def test_json_has_everything_that_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(repository(tmp_path))
    assert run(["test", "--json"]) == EXPECTED
    said = capsys.readouterr()
    answer = json.loads(said.out)
    assert said.out.isascii()
    assert answer["broken"] == 4
    failed = {test["name"]: test for test in answer["tests"] if not test["passed"]}
    first = failed["a firing too early"]
    assert (first["path"], first["line"], first["recipe"]) == ("pow/tests/firing.yml", 8, "PASSPORT_BACKLOG")
    missed, surprise = first["misses"]
    assert (missed["line"], missed["after"], missed["until"]) == (12, 2 * 86_400, None)
    assert (missed["aspect"], missed["expected"], missed["came"]) == ("fires", ["true"], ["false"])
    assert (surprise["aspect"], surprise["expected"], surprise["until"]) == ("fires", [], None)
    assert len(failed) == 9


SUITE = {"id", "name", "package", "timestamp", "hostname", "tests", "failures", "errors", "skipped", "time"}
"""What the schemas of JUnit's XML ask of a suite, or allow."""


def test_junit_has_the_elements_that_its_schemas_ask_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(repository(tmp_path))
    assert run(["test", "--junit", "out.xml"]) == EXPECTED
    root = ET.fromstring((tmp_path / "out.xml").read_text())  # noqa: S314 -- the bot's own output
    assert root.tag == "testsuites"
    assert [suite.get("name") for suite in root] == [f"pow/tests/{name}.yml" for name in NAMES]
    for suite in root:
        assert set(suite.attrib) == SUITE
        assert suite.get("timestamp") == "2026-05-01T09:00:00"
        tags = [child.tag for child in suite]
        assert tags == ["properties", *["testcase"] * (len(tags) - 3), "system-out", "system-err"]
        cases = suite.findall("testcase")
        assert all(set(case.attrib) == {"name", "classname", "time"} for case in cases)
        assert len(cases) == int(suite.get("tests", ""))
        assert len(suite.findall("testcase/failure")) == int(suite.get("failures", ""))
        assert len(suite.findall("testcase/error")) == int(suite.get("errors", ""))
    (failure,) = (case[0] for case in root.iter("testcase") if case.get("name") == "a quiet month that was none")
    assert failure.get("message") == "2 differences, the first about fires"
    assert "pow/tests/unexpected.yml:3" in (failure.text or "")


def test_junit_of_tests_that_pass_has_no_failure_and_escapes_names(root: Path):
    assert run(["test", "--junit", "out.xml"]) == 0
    text = (root / "out.xml").read_text()
    suites = ET.fromstring(text)  # noqa: S314 -- the bot's own output
    assert [case.get("name") for case in suites.iter("testcase")] == ["calm", '<fires> & says "so"']
    assert list(suites.iter("failure")) == []
    assert "&lt;fires&gt; &amp; says &quot;so&quot;" in text


@pytest.mark.usefixtures("root")
def test_junit_that_cannot_be_written_is_told(capsys: pytest.CaptureFixture[str]):
    assert run(["test", "--junit", "no/such/folder.xml"]) == EXPECTED
    assert "no/such/folder.xml cannot be written: No such file or directory" in capsys.readouterr().err


def test_the_recipes_of_this_repository_do_what_their_tests_say(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(ROOT)
    assert run(["test"]) == 0, capsys.readouterr().out
    assert recipes_with_tests(read_files(ROOT)) == {"PASSPORT_BACKLOG", "PASSPORT_MANUAL_CHECKS"}


@pytest.mark.parametrize(
    "name", sorted(path.name for path in (ROOT / "docs" / "examples").iterdir() if path.is_dir())
)
def test_the_recipes_of_the_examples_do_what_their_tests_say(name: str, capsys: pytest.CaptureFixture[str]):
    folder = ROOT / "docs" / "examples" / name
    assert run(["test", "--folder", str(folder)]) == 0, capsys.readouterr().out
    assert recipes_with_tests(read_files(folder))
