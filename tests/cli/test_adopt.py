"""`pow adopt` against the sandbox's agency: what is live gets into the file, whole or not at all."""

import json
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cli.consoles import FORGOTTEN
from recipes.repository_files import FILES
from sync.samples import NOW

from bot.cli.main import EXPECTED, run
from bot.cli.write_file import write_file
from bot.deploy.desired import parse_desired
from bot.model.change import FileEdit
from bot.model.errors import BotError
from bot.recipes.files import read_files
from bot.recipes.lint import lint
from bot.sandbox.agency.agency import Agency
from bot.sandbox.agency.clock import VirtualClock
from bot.sandbox.agency.faults import Down, WrongShape
from bot.sandbox.agency.gateway import token
from bot.sandbox.agency.routes import create_app
from bot.sandbox.forge.serve import serve

SECRET = "a secret of the sandbox, thirty-two bytes"
PHOTO, JOURNEY = "patches/services/PHOTO_VALIDATOR.yml", "patches/journeys/passport_renewal.yml"
USAGE = 2


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A running agency and a checkout to adopt into."""

    agency: Agency
    url: str


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    agency = Agency.create(
        seed=7,
        clock=VirtualClock(NOW),
        secret=SECRET,
        mainframe_file=tmp_path_factory.mktemp("mainframe") / "status.txt",
        requests_per_second=10_000,
    )
    with serve(create_app(agency)) as served:
        yield Ground(agency=agency, url=f"{served.base_url}/gateway")


@pytest.fixture(autouse=True)
def checkout(ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a checkout of a small repository whose gateway is the agency's."""
    for name in os.environ:
        if name.startswith(FORGOTTEN):
            monkeypatch.delenv(name)
    ground.agency.faults.clear()
    monkeypatch.setenv("POW_ENDPOINT_GATEWAY", ground.url)
    monkeypatch.setenv("POW_GATEWAY_TOKEN", token(SECRET, NOW))
    for path, text in FILES.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def as_json(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, Any]:
    code = run(["adopt", *arguments, "--json"])
    printed = capsys.readouterr()
    assert printed.out.isascii()
    return code, json.loads(printed.out)


def errors(checkout: Path) -> list[str]:
    return [fault.id for fault in lint(read_files(checkout), endpoints={}) if fault.severity == "error"]


def bytes_of(checkout: Path) -> dict[str, bytes]:
    return {p.relative_to(checkout).as_posix(): p.read_bytes() for p in checkout.rglob("*") if p.is_file()}


# From nothing to a recipe that can be proposed


def test_a_recipe_that_is_not_adopted_is_adopted_by_the_command_that_lint_names(
    checkout: Path, capsys: pytest.CaptureFixture[str]
):
    (checkout / PHOTO).unlink()
    (checkout / JOURNEY).unlink()
    faults = [fault for fault in lint(read_files(checkout), endpoints={}) if fault.severity == "error"]
    commands = [fault.hint.split("`")[1].split() for fault in faults]
    assert [command[:2] for command in commands] == [
        ["pow", "adopt"],
        ["pow", "adopt"],
    ]
    for command in commands:
        assert run(command[1:]) == 0
    assert (checkout / PHOTO).read_text() == "service: PHOTO_VALIDATOR\nchanges:\n  max_blur_px: 2\n"
    assert (checkout / JOURNEY).read_text() == "journey: passport_renewal\nversion: v1\n"
    assert errors(checkout) == []
    assert "+  max_blur_px: 2" in capsys.readouterr().out


def test_keys_that_recipes_patch_need_no_naming(checkout: Path, capsys: pytest.CaptureFixture[str]):
    (checkout / PHOTO).write_text("service: PHOTO_VALIDATOR\nchanges:\n  rate_limit_rps: 50  # fair use\n")
    assert run(["adopt", "PHOTO_VALIDATOR"]) == 0
    expected = "service: PHOTO_VALIDATOR\nchanges:\n  rate_limit_rps: 50  # fair use\n  max_blur_px: 2\n"
    assert (checkout / PHOTO).read_text() == expected
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out == (
        f"adopted 1 live value of PHOTO_VALIDATOR into {PHOTO}\n"
        f"    --- a/{PHOTO}\n"
        f"    +++ b/{PHOTO}\n"
        "    @@ -1,3 +1,4 @@\n"
        "     service: PHOTO_VALIDATOR\n"
        "     changes:\n"
        "       rate_limit_rps: 50  # fair use\n"
        "    +  max_blur_px: 2\n"
    )


def test_a_dry_run_shows_the_same_and_writes_nothing(checkout: Path, capsys: pytest.CaptureFixture[str]):
    before = bytes_of(checkout)
    assert run(["adopt", "PASSPORT_PRINTER", "--all", "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("would adopt 2 live values of PASSPORT_PRINTER into ")
    assert "    +  prints_per_hour: 900\n" in printed
    assert bytes_of(checkout) == before


def test_a_second_time_there_is_nothing_to_write(checkout: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["adopt", "PASSPORT_PRINTER", "prints_per_hour"]) == 0
    before = bytes_of(checkout)
    capsys.readouterr()
    assert run(["adopt", "PASSPORT_PRINTER"]) == 0
    said = "patches/services/PASSPORT_PRINTER.yml: nothing to write; live already: prints_per_hour\n"
    assert capsys.readouterr().out == said
    assert bytes_of(checkout) == before


def test_a_folder_elsewhere_is_written_into(checkout: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert run(["adopt", "PASSPORT_PRINTER", "--all", "--folder", str(checkout)]) == 0
    assert (checkout / "patches/services/PASSPORT_PRINTER.yml").exists()


def test_an_endpoint_may_be_named(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("POW_ENDPOINT_GATEWAY", "https://gateway.invalid")
    assert run(["adopt", "PASSPORT_PRINTER", "--all", "--endpoint", ground.url]) == 0
    for url in ("http://gateway.invalid", "file:///etc", "https://user:secret@gateway.invalid"):
        assert run(["adopt", "PASSPORT_PRINTER", "--all", "--endpoint", url]) == EXPECTED
        error = capsys.readouterr().err
        assert "error: --endpoint" in error
        assert "secret@" not in error


# Drift


def test_a_value_that_is_not_live_stays_until_update(checkout: Path, capsys: pytest.CaptureFixture[str]):
    file = checkout / PHOTO
    file.write_text("service: PHOTO_VALIDATOR\nchanges:\n  max_blur_px: 4  # as merged\n")
    assert run(["adopt", "PHOTO_VALIDATOR"]) == EXPECTED
    assert "max_blur_px: 4  # as merged" in file.read_text()
    printed = capsys.readouterr()
    assert "  max_blur_px: desired 4, live 2\n" in printed.out
    assert "`pow adopt PHOTO_VALIDATOR max_blur_px --update`" in printed.err
    code, said = as_json("PHOTO_VALIDATOR", "max_blur_px", "--update", capsys=capsys)
    assert (code, said["updated"]) == (0, [{"key": "max_blur_px", "before": 4, "after": 2}])
    assert said["written"]
    assert "max_blur_px: 2  # as merged" in file.read_text()


def test_json_tells_everything(capsys: pytest.CaptureFixture[str]):
    code, said = as_json("PHOTO_VALIDATOR", capsys=capsys)
    assert code == EXPECTED, "mode and retry stand in the file and are not live"
    assert said == {
        "target": "PHOTO_VALIDATOR",
        "file": PHOTO,
        "written": False,
        "added": {},
        "updated": [],
        "drifted": [
            {"key": "mode", "desired": "strict", "live": None},
            {"key": "retry", "desired": True, "live": None},
        ],
        "unchanged": ["max_blur_px"],
        "redline": "",
    }


# What goes wrong leaves every file as it was


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["NO_SUCH_SERVICE", "--all"], "the gateway knows no service NO_SUCH_SERVICE"),
        (["journeys/no_such_journey"], "the gateway knows no journey no_such_journey"),
        (["PHOTO_VALIDATOR", "max_blur"], "shows no plain value `max_blur`"),
        (["PASSPORT_PRINTER"], "no recipe patches PASSPORT_PRINTER"),
    ],
)
def test_what_the_agency_does_not_have_is_told(
    arguments: list[str], said: str, checkout: Path, capsys: pytest.CaptureFixture[str]
):
    before = bytes_of(checkout)
    assert run(["adopt", *arguments]) == EXPECTED
    error = capsys.readouterr().err
    assert said in error
    assert "\nhint: " in error
    assert bytes_of(checkout) == before


@pytest.mark.parametrize("fault", [Down(), Down(status=429), WrongShape(), WrongShape(body="<html>")])
def test_a_gateway_that_is_out_of_order_is_told(
    fault: Down | WrongShape, ground: Ground, checkout: Path, capsys: pytest.CaptureFixture[str]
):
    before = bytes_of(checkout)
    ground.agency.faults["/gateway/*"] = fault
    assert run(["adopt", "PHOTO_VALIDATOR"]) == EXPECTED
    assert "\nhint: " in capsys.readouterr().err
    assert bytes_of(checkout) == before


def test_a_gateway_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("POW_ENDPOINT_GATEWAY", "http://127.0.0.1:1")
    assert run(["adopt", "PHOTO_VALIDATOR"]) == EXPECTED
    assert "no connection" in capsys.readouterr().err


TOKENS = [("", "POW_GATEWAY_TOKEN is not set"), ("T0PSECRET", "was refused")]


@pytest.mark.parametrize(("value", "said"), [*TOKENS, (token(SECRET, NOW - timedelta(hours=1)), "expired")])
def test_without_a_good_token_nothing_is_read(
    value: str, said: str, checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    before = bytes_of(checkout)
    monkeypatch.setenv("POW_GATEWAY_TOKEN", value)
    assert run(["adopt", "PHOTO_VALIDATOR"]) == EXPECTED
    error = capsys.readouterr().err
    assert said in error
    assert "POW_GATEWAY_TOKEN" in error
    assert not value or value not in error
    assert bytes_of(checkout) == before


@pytest.mark.parametrize(
    "target", ["photo_validator", "../../etc", "journeys/../x", "journeys/", "A/B", "PHOTO_VALIDATOR\n", ""]
)
def test_what_is_no_target_is_a_usage_error(target: str):
    assert run(["adopt", target]) == USAGE


def test_broken_settings_are_shown_with_their_places(checkout: Path, capsys: pytest.CaptureFixture[str]):
    (checkout / "pow/settings/targets.yml").write_text("endpoints: {}\n")
    assert run(["adopt", "PHOTO_VALIDATOR"]) == EXPECTED
    assert "pow/settings/targets.yml:1:1: error[" in capsys.readouterr().err


# Writing


def test_a_file_is_replaced_whole_with_its_mode(tmp_path: Path):
    path = tmp_path / "patches/services/A.yml"
    write_file(tmp_path, FileEdit(path="patches/services/A.yml", before=None, after=b"one"))
    assert path.stat().st_mode & 0o777 == 0o644
    path.chmod(0o600)
    write_file(tmp_path, FileEdit(path="patches/services/A.yml", before=b"one", after=b"two"))
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"two", 0o600)
    assert [each.name for each in path.parent.iterdir() if each.name.endswith("A.yml")] == ["A.yml"]


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path):
    (tmp_path / "A.yml").write_bytes(b"somebody else's")
    for before in (b"one", None):
        with pytest.raises(BotError, match="changed while it was worked on"):
            write_file(tmp_path, FileEdit(path="A.yml", before=before, after=b"two"))
    assert (tmp_path / "A.yml").read_bytes() == b"somebody else's"


def test_nothing_is_written_through_a_link(tmp_path: Path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "in").mkdir()
    (tmp_path / "in/patches").symlink_to(tmp_path / "outside")
    (tmp_path / "in/A.yml").symlink_to(tmp_path / "outside/A.yml")
    for path in ("patches/A.yml", "A.yml"):
        with pytest.raises(BotError, match="is a symbolic link"):
            write_file(tmp_path / "in", FileEdit(path=path, before=None, after=b"x"))
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_place_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path):
    folder = tmp_path / "folder"
    (folder / "A.yml").mkdir(parents=True)
    (folder / "file").write_text("x")
    for path in ("A.yml", "file/B.yml"):
        with pytest.raises(BotError, match="cannot write"):
            write_file(folder, FileEdit(path=path, before=None, after=b"x"))
    assert sorted(each.name for each in folder.iterdir()) == ["A.yml", "file"]


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file grow beyond some bytes, as a full disk does; no fixture: pytest writes to files, too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_write_that_breaks_off_leaves_the_old_bytes(tmp_path: Path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "A.yml").write_bytes(b"old")
    with pytest.raises(BotError, match=r"cannot write A\.yml: File too large"), full_disk():
        write_file(folder, FileEdit(path="A.yml", before=b"old", after=b"n" * 100))
    assert [(each.name, each.read_bytes()) for each in folder.iterdir()] == [("A.yml", b"old")]


def test_what_was_adopted_is_what_a_deployment_would_find(checkout: Path):
    run(["adopt", "PASSPORT_PRINTER", "--all"])
    path = "patches/services/PASSPORT_PRINTER.yml"
    values = parse_desired(path, (checkout / path).read_bytes()).values
    assert dict(values) == {"prints_per_hour": 900, "rate_limit_rps": 50}
