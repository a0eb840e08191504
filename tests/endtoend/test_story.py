"""The passport story, from complaints to success and from harm to recovery, on the repository's own workflows."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.consoles import a_process
from openapi.conformance import conforming
from stage import a_clone, a_town, records
from starlette.types import ASGIApp

from bot.ledger.envelope import path_of, seal
from bot.model.record import Draft, Phase, Record
from bot.sandbox.agency.mainframe import JobStatus
from bot.sandbox.story import BAD, GOOD, Beat, tell, write_pulls
from bot.sandbox.town import Staging, Town


class Told:
    """A story that was told to its end, with the exchanges that broke GitHub's description."""

    def __init__(self) -> None:
        self.beats: list[Beat] = []
        self.violations: list[object] = []

    def around(self, app: ASGIApp) -> ASGIApp:
        wrapped, violations = conforming(app)
        self.violations = violations
        return wrapped


@pytest.fixture(scope="module")
def story() -> Iterator[tuple[Town, Told]]:
    told = Told()
    with a_town(Staging(around=told.around)) as town:
        told.beats = list(tell(town))
        yield town, told


def of(town: Town, recipe: str, phase: Phase) -> list[Record]:
    changes = {r.change for r in records(town) if r.phase is Phase.PROPOSED and r.facts["recipe"] == recipe}
    return [r for r in records(town) if r.change in changes and r.phase is phase]


def test_no_command_failed(story):
    _, told = story
    assert [beat.title for beat in told.beats if beat.failed] == []


def test_every_exchange_fits_githubs_own_description(story):
    _, told = story
    assert told.violations == []


def test_the_good_change_closes_its_loop(story):
    town, _ = story
    closed = of(town, GOOD, Phase.CLOSED)
    assert [record.facts["outcome"] for record in closed] == ["success"]
    phases = [r.phase for r in records(town) if r.change == closed[0].change]
    order = [Phase.PROPOSED, Phase.DECIDED, Phase.MERGED, Phase.DEPLOYED, Phase.SYNCED, Phase.MEASURED, Phase.CLOSED]
    assert list(dict.fromkeys(phases)) == order


def test_the_bad_change_is_taken_back_by_a_revert_of_its_merge(story):
    town, _ = story
    merged, reverted = of(town, BAD, Phase.MERGED), of(town, BAD, Phase.REVERTED)
    assert len(merged) == 2
    assert len(reverted) == 1
    message = town.git("log", "-1", "--format=%B", f"{merged[1].facts['merge']}^2").decode()
    assert f"This reverts commit {merged[0].facts['merge']}" in message
    assert {r.facts["recovery"] for r in of(town, BAD, Phase.CLOSED)} == {"RECOVERED"}
    before = town.git("rev-parse", f"{merged[0].facts['merge']}^1:patches").strip()
    assert town.git("rev-parse", f"{merged[1].facts['merge']}:patches").strip() == before


def test_everything_shows_the_same_value_in_the_end(story):
    town, _ = story
    assert b"max_blur_px: 4" in town.read("patches/services/PHOTO_VALIDATOR.yml")
    assert town.agency.management.service("PHOTO_VALIDATOR").config["max_blur_px"] == 4
    assert town.agency.management.journey("passport_renewal").version == "v2"
    (row,) = [line for line in (town.folder / "mainframe" / "status.txt").read_text().splitlines() if line.strip()]
    assert re.match(r"PHOTO_VALIDATOR +max_blur_px +4", row)
    loaded = town.agency.mainframe.state
    assert (loaded.status, [each.value for each in loaded.records]) == (JobStatus.LOADED, ["4"])


def test_history_reads_as_a_story(story):
    town, _ = story
    log = town.git("log", "--first-parent", "--format=%(trailers:key=Decision,valueonly,unfold)|%s", "main").decode()
    decisions = [line.split("|")[0] for line in log.split("\n") if "|" in line]
    assert [each for each in log.split() if each in {"approved", "rollback"}] == ["rollback", "approved", "approved"]
    assert decisions


def test_a_persons_approval_is_named_in_the_merge(story):
    town, _ = story
    approved = town.git("log", "--format=%(trailers:key=Approved-By,valueonly)", "main").decode()
    assert "sam <" in approved
    assert "wei <" in approved


def falsify(clone: Path, told: tuple[Record, ...]) -> None:
    """Put another ledger in its place, in which the first decision was nobody's and all digests fit."""
    sealed: list[Record] = []
    for each in told:
        auto = {"result": "auto"} if each.phase is Phase.DECIDED and each.facts["result"] == "approved" else {}
        draft = Draft(change=each.change, phase=each.phase, at=each.at, facts={**each.facts, **auto}, key=each.key)
        previous = sealed[-1].digest if sealed else None
        record, content = seal(draft, index=each.index, sequence=each.sequence, previous=previous)
        sealed.append(record)
        path = clone / path_of(record)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for words in (
        ("checkout", "-q", "--orphan", "forged"),
        ("rm", "-rq", "--cached", "."),
        ("add", "records"),
        ("commit", "-qm", f"ledger: forged\n\nRecord-Index: {len(told)}"),
        ("update-ref", "refs/remotes/origin/pow-ledger", "HEAD"),
    ):
        who = ("-c", "user.name=eve", "-c", "user.email=eve@example.org")
        subprocess.run(["git", "-C", str(clone), *who, *words], check=True, capture_output=True)


def test_an_auditor_replays_every_decision_in_a_clone_without_a_forge(story, tmp_path):
    town, _ = story
    clone = a_clone(town, tmp_path / "audit")
    subprocess.run(["git", "-C", str(clone), "remote", "set-url", "origin", "https://127.0.0.1:1/"], check=True)

    said = a_process("audit", "replay", "--all", folder=clone)
    assert (said.returncode, said.stderr) == (0, b"")
    assert said.stdout.decode().splitlines()[-1] == "3 decisions: 3 as their facts say"

    falsify(clone, records(town))
    found = a_process("audit", "replay", "--json", folder=clone)
    (first, *_, last) = json.loads(found.stdout)["decisions"]
    assert found.returncode == 1
    assert {"what": "result", "recorded": '"auto"', "replayed": '"approved"'} in first["differences"]
    assert (first["outcome"], last["outcome"], last["result"]) == ("differs", "follows", "rollback")


def test_no_personal_data_reaches_git_or_the_forge(story):
    """The simulated complaints hold numbers, addresses and mentions; none may come out anywhere."""
    town, told = story
    texts = {complaint.text for complaint in town.agency.office.complaints.between(None, None)}
    secrets = {
        match for text in texts for match in re.findall(r"9\d\d-\d\d-\d{4}|[\w.]+@example\.org|202-555-01\d\d", text)
    }
    assert secrets, "the complaints must hold something worth hiding"
    everything = town.git("log", "--all", "-p", "--format=%B").decode()
    with town.as_person("maria") as client:
        everything += client.get("pulls", params={"state": "all"}).text
        everything += "".join(client.get(f"issues/{number}/comments").text for number in (1, 2, 3))
    everything += "\n".join(line for beat in told.beats for line in beat.lines)
    assert [secret for secret in secrets if secret in everything] == []


def test_the_pull_requests_can_be_read_when_the_sandbox_has_closed(story):
    town, _ = story
    written = write_pulls(town)
    assert [path.name for path in written] == ["1.md", "2.md", "3.md"]
    first, third = written[0].read_text(), written[2].read_text()
    assert "+  max_blur_px: 4" in first
    assert "Photo check | Manual photo review" in first
    assert "it worked: the loop is closed" in first
    assert "git revert -m 1" in third
    assert "The rollback helped" in third
