"""One recipe, three targets, a computed value: one pull request, deployed together and taken back together."""

from datetime import timedelta

import pytest
from stage import ROOT, SMALL, a_town, bot

from bot.sandbox.town import Staging, Town

RECIPE = (ROOT / "pow/passport_manual_checks.yml").read_text()
FIX = """\
fix_recipe:
  journey_patch: [journeys/passport_renewal@v2]
  service_patch:
    - {service: PHOTO_VALIDATOR, config: {max_blur_px: {add: 7}}}
    - service: PASSPORT_PRINTER
      config:
        prints_per_hour: {add: 10%}
hitl_threshold"""
POLICY = (ROOT / "pow/settings/policy.yml").read_text()
VALIDATOR, PRINTER = "patches/services/PHOTO_VALIDATOR.yml", "patches/services/PASSPORT_PRINTER.yml"
JOURNEY = "patches/journeys/passport_renewal.yml"
BEFORE = {
    VALIDATOR: b"# since May\nservice: PHOTO_VALIDATOR\nchanges:\n  max_blur_px: 2      # pixels\n",
    PRINTER: b"service: PASSPORT_PRINTER\nchanges: {rate_limit_rps: 50, prints_per_hour: 900}  # both presses\n",
    JOURNEY: b'journey: passport_renewal\r\nversion: "v1"  # of two\r\n',
}
AFTER = {
    VALIDATOR: BEFORE[VALIDATOR].replace(b"max_blur_px: 2 ", b"max_blur_px: 9 "),
    PRINTER: BEFORE[PRINTER].replace(b"prints_per_hour: 900", b"prints_per_hour: 990"),
    JOURNEY: BEFORE[JOURNEY].replace(b"v1", b"v2"),
}
GOVERNANCE = (ROOT / "pow/governance/PHOTO_VALIDATOR.yml").read_text()
FILES: dict[str, bytes | None] = {
    **BEFORE,
    "pow/governance/PASSPORT_PRINTER.yml": GOVERNANCE.replace("PHOTO_VALIDATOR", "PASSPORT_PRINTER").encode(),
    "pow/passport_backlog.yml": None,
    "pow/passport_manual_checks.yml": (
        RECIPE[: RECIPE.index("fix_recipe:")] + FIX + RECIPE.partition("hitl_threshold")[2]
    ).encode(),
    "pow/settings/policy.yml": POLICY.replace(
        "ranges: ", "ranges:\n  prints_per_hour: {minimum: 300, maximum: 1200}\n#"
    ).encode(),
}


def done(town: Town, command: str) -> str:
    finished = bot(town, f"pow {command}")
    assert finished.exit_code == 0, finished.output
    return finished.output


def live(town: Town) -> tuple[object, object, str]:
    services = town.agency.management
    return (
        services.service("PHOTO_VALIDATOR").config["max_blur_px"],
        services.service("PASSPORT_PRINTER").config["prints_per_hour"],
        services.journey("passport_renewal").version,
    )


@pytest.mark.slow
def test_three_targets_go_live_together_and_come_back_byte_for_byte() -> None:
    with a_town(Staging(situation=SMALL, files=FILES)) as town:
        assert "PHOTO_VALIDATOR max_blur_px from 2 to 9 and 2 more" in done(town, "detect")
        with town.as_person("maria") as client:
            pull = client.get("pulls/1").json()
            names = [file["filename"] for file in client.get("pulls/1/files").json()]
        assert "`prints_per_hour` of `PASSPORT_PRINTER`: 900 + 10% = 990" in pull["body"]
        assert set(BEFORE) < set(names)
        assert len(names) == 4

        for person in ("sam", "cora"):
            town.review(1, login=person, event="APPROVE", body="")
        done(town, "gate")
        assert {path: town.read(path) for path in AFTER} == AFTER
        done(town, "deploy")
        assert live(town) == (9, 990, "v2")

        town.advance(timedelta(hours=3))
        assert "rollback is pull request 2" in done(town, "monitor")
        done(town, "gate")
        done(town, "deploy")
        assert {path: town.read(path) for path in BEFORE} == BEFORE
        assert live(town) == (2, 900, "v1")
