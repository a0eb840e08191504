"""`pow govern` on a checkout: what is shipped is governed, and every gap is named with its place."""

import json
import shutil
from pathlib import Path

import pytest
from recipes.repository_files import ROOT

from bot.cli.main import run

SERVICE = "patches/services/PHOTO_VALIDATOR.yml"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for folder in ("pow", "patches"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def governed(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = run(["govern", str(folder)])
    printed = capsys.readouterr()
    return code, printed.out + printed.err


def test_what_is_shipped_is_governed(capsys: pytest.CaptureFixture[str]) -> None:
    assert governed(ROOT, capsys) == (0, "governance: nothing found\n")


def test_a_target_without_a_file_is_named_as_the_policy_has_it(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "pow/governance/PHOTO_VALIDATOR.yml").unlink()
    code, said = governed(checkout, capsys)
    told = "error[POW020]: PHOTO_VALIDATOR has no pow/governance/PHOTO_VALIDATOR.yml"
    assert (code, told in said) == (1, True), said
    policy = checkout / "pow/settings/policy.yml"
    text = policy.read_text()
    policy.write_text(text.replace("governance: required", "governance: warn"))
    code, said = governed(checkout, capsys)
    assert (code, "warning[POW020]" in said) == (0, True)
    policy.write_text(text.replace("governance: required", "governance: off"))
    assert governed(checkout, capsys) == (0, "governance: nothing found\n")
    policy.write_text("[")
    code, said = governed(checkout, capsys)
    assert (code, "warning[POW020]" in said) == (1, True)


@pytest.mark.parametrize(
    ("path", "old", "new", "said"),
    [
        ("pow/governance/PHOTO_VALIDATOR.yml", "privacy:", "secrecy:", "`privacy` is missing"),
        (SERVICE, "max_blur_px: 2", "max_blur_px: 99", "POW044"),
        (SERVICE, "service:", "servise:", "`service` is missing"),
        ("patches/journeys/passport_renewal.yml", "version: v1", "version: one", "`version`"),
    ],
)
def test_what_is_wrong_is_named(
    checkout: Path, path: str, old: str, new: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = checkout / path
    file.write_text(file.read_text().replace(old, new))
    code, output = governed(checkout, capsys)
    assert (code, said in output) == (1, True), output


def test_json_has_the_same_faults(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / "pow/governance/journeys/passport_renewal.yml").unlink()
    assert run(["govern", str(checkout), "--json"]) == 1
    assert "journeys/passport_renewal" in json.dumps(json.loads(capsys.readouterr().out))
