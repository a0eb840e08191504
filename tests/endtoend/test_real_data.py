"""Real public data, from the file to a pull request on the sandbox whose evidence holds the data's true figures.

The figures are those of the data's own description, computed independently of this program.
"""

import json
from collections.abc import Mapping
from typing import Any

import pytest
import realdata
from stage import ROOT, SMALL, bot
from stage import a_town as any_town

from bot.sandbox.town import Staging

DAY = 86_400.0
EXAMPLES = ROOT / "docs" / "examples"
CASES = {
    "receipt": ("receipt/receipt.parquet", "2012-02-01T00:00:00Z"),
    "ca_dmv": ("ca_dmv/ca_dmv_waits.parquet", "2025-05-01T00:00:00Z"),
    "foia": ("foia/foia_annual_2008_2019.csv", "2019-06-01T00:00:00Z"),
    "nyc_311": ("nyc_311/nyc_311_1000.csv", "2018-11-01T00:00:00Z"),
    "cfpb": ("cfpb/cfpb_220_labelled.json", "2026-01-05T00:00:00Z"),
}


def evidence_of(name: str) -> Mapping[str, Any]:
    """Run `pow detect` for an example on a sandbox and return the evidence of the pull request that it opens."""
    file, moment = CASES[name]
    data = realdata.path(file).parents[1]
    source = EXAMPLES / name
    ours: dict[str, bytes | None] = {path: None for folder in ("pow", "patches") for path in _paths(folder)}
    theirs = {path.relative_to(source).as_posix(): path.read_bytes() for path in source.rglob("*") if path.is_file()}
    with any_town(Staging(situation=SMALL, files=ours | theirs)) as town:
        town.environment = {"POW_NOW": moment, "POW_ENDPOINT_DATA": data.as_uri()}
        finished = bot(town, "pow detect")
        assert finished.exit_code == 0, finished.output
        with town.as_person("maria") as client:
            (pull,) = client.get("pulls").json()
        branch = pull["head"]["ref"]
        change = branch.rpartition("/")[2]
        evidence: Mapping[str, Any] = json.loads(town.read(f"patches/evidence/{change}.json", at=branch))
        return evidence


def _paths(folder: str) -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if path.is_file()]


def test_the_permit_log_ranks_its_hand_overs_by_total_waiting():
    ranking = evidence_of("receipt")["ranking"]
    assert (ranking["cases"], ranking["events"], ranking["activities"]) == (1_434, 8_577, 27)
    assert ranking["total_seconds"] / DAY == pytest.approx(7_755.28, abs=0.005)
    first, second, third = ranking["hand_overs"][:3]
    assert first["source"].startswith("T05")
    assert first["target"].startswith("T06")
    assert first["passages"] == 791
    assert first["total_seconds"] / DAY == pytest.approx(2_422.14, abs=0.005)
    assert first["share"] == pytest.approx(0.312, abs=0.0005)
    assert first["mean_seconds"] / DAY == pytest.approx(3.062, abs=0.0005)
    assert first["median_seconds"] == pytest.approx(37.5, abs=0.05)
    assert first["p95_seconds"] / DAY == pytest.approx(14.08, abs=0.005)
    assert (second["passages"], round(second["total_seconds"] / DAY, 2)) == (1_079, 901.21)
    assert (third["passages"], round(third["total_seconds"] / DAY, 2)) == (1_177, 758.01)


def test_the_waiting_rooms_evidence_shows_the_rise():
    evidence = evidence_of("ca_dmv")
    last_month = [value for day, value in evidence["daily"]["values"] if day.startswith("2025-04")]
    assert evidence["daily"]["unit"] == "minutes"
    assert sum(last_month) / len(last_month) == pytest.approx(61, abs=1.5)


@pytest.mark.slow
def test_the_backlog_is_that_of_the_yearly_reports():
    evidence = evidence_of("foia")
    assert evidence["observed"].startswith("14.0")
    assert evidence["observed"].endswith("%")


@pytest.mark.parametrize("name", [pytest.param("nyc_311", marks=pytest.mark.slow), "cfpb"])
def test_complaints_are_counted_and_their_texts_stay_where_they_are(name: str):
    evidence = evidence_of(name)
    counts = evidence["complaints"]
    assert counts["total"] == sum(counts["topics"].values()) > 0
    if name == "cfpb":
        assert counts["total"] == 220
        assert set(counts["topics"].values()) == {20}
        narratives = [row for row in json.loads(realdata.path(CASES[name][0]).read_text()) if isinstance(row, dict)]
        longest = max((str(value) for row in narratives for value in row.values()), key=len)
        assert longest[:60] not in json.dumps(evidence)
