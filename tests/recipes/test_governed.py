"""Whether a whole checkout is governed: a file for every target, and values in the policy's ranges."""

from collections.abc import Mapping

import pytest
from recipes.repository_files import FILES, files

from bot.model.errors import Severity
from bot.model.settings import GovernanceMode, Settings
from bot.recipes.governed import governance_faults, ungoverned
from bot.recipes.library import load_library

SERVICE, JOURNEY = "patches/services/PHOTO_VALIDATOR.yml", "patches/journeys/passport_renewal.yml"


def settings_of(checkout: Mapping[str, bytes]) -> Settings:
    settings = load_library(checkout, endpoints={}).settings
    assert settings is not None
    return settings


def told(checkout: Mapping[str, bytes], settings: Settings | None) -> list[str]:
    return [f"{each.path}: {each.message}" for each in governance_faults(checkout, settings)]


MODES = {
    GovernanceMode.REQUIRED: [(SERVICE, Severity.ERROR), (JOURNEY, Severity.ERROR)],
    GovernanceMode.WARN: [(SERVICE, Severity.WARNING), (JOURNEY, Severity.WARNING)],
    GovernanceMode.OFF: [],
}


@pytest.mark.parametrize(("mode", "expected"), MODES.items(), ids=MODES)
def test_a_target_without_its_file_is_told_as_policy_asks(
    mode: GovernanceMode, expected: list[tuple[str, Severity]]
) -> None:
    checkout = {SERVICE: FILES[SERVICE].encode(), JOURNEY: FILES[JOURNEY].encode(), "patches/services/README.md": b""}
    assert [(fault.path, fault.severity) for fault in ungoverned(checkout, mode)] == expected


def test_without_settings_it_is_a_warning_and_no_range_is_known() -> None:
    checkout = {SERVICE: b"service: PHOTO_VALIDATOR\nchanges: {max_blur_px: 99}\n"}
    (fault,) = governance_faults(checkout, None)
    assert (fault.path, fault.severity) == (SERVICE, Severity.WARNING)


def test_a_value_beyond_its_range_and_a_file_that_cannot_be_read_are_told_with_the_rest() -> None:
    checkout = dict(files())
    settings = settings_of(checkout)
    before = told(checkout, settings)
    checkout[SERVICE] = checkout[SERVICE].replace(b"max_blur_px: 2", b"max_blur_px: 99")
    checkout[JOURNEY] = b"journey: [\n"
    new = [each for each in told(checkout, settings) if each not in before]
    assert len(new) == 2
    assert new[0].startswith(f"{SERVICE}: ")
    assert "12" in new[0]
    assert new[1].startswith(f"{JOURNEY}: ")
