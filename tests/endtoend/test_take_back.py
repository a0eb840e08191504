"""A change that does harm on the sandbox: taken back, held, brought back anew; and people who interfere."""

import re
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from stage import SMALL, a_town, bot, records

from bot.model.record import Phase, Record
from bot.sandbox.actions.runner import Finished
from bot.sandbox.agency.gateway import Caller
from bot.sandbox.story import BAD, open_pull
from bot.sandbox.town import Staging, Town

TARGET = "PHOTO_VALIDATOR"
WITHOUT_BACKLOG: dict[str, bytes | None] = {"pow/passport_backlog.yml": None}


@pytest.fixture
def town() -> Iterator[Town]:
    """A town whose one recipe does harm."""
    with a_town(Staging(situation=SMALL, files=WITHOUT_BACKLOG)) as opened:
        yield opened


def step(town: Town, *commands: str) -> str:
    said = ""
    for command in commands:
        finished = bot(town, command)
        said += finished.output
    return said


def do_harm(town: Town) -> int:
    """Let the bot propose the change, people approve it, and its harm show; returns the pull request."""
    step(town, "pow detect")
    number = open_pull(town, BAD)
    approve_and_harm(town, number)
    return number


def approve_and_harm(town: Town, number: int) -> None:
    for person in ("sam", "cora"):
        town.review(number, login=person, event="APPROVE", body="Evidence looks right.")
    step(town, "pow gate", "pow deploy")
    town.advance(timedelta(hours=3))


def of(town: Town, phase: Phase) -> list[Record]:
    return [record for record in records(town) if record.phase is phase]


def pulls(town: Town) -> list[dict[str, Any]]:
    with town.as_person("maria") as client:
        found: list[dict[str, Any]] = client.get("pulls", params={"state": "all"}).json()
    return found


def start(town: Town, workflow: str, **inputs: str) -> list[Finished]:
    """Let Maria start a workflow on the forge, and run it as her."""
    with town.as_person("maria") as client:
        body = {"ref": "main", "inputs": inputs}
        client.post(f"actions/workflows/{workflow}/dispatches", json=body).raise_for_status()
    return list(town.run_pending())


@pytest.mark.slow
def test_after_a_rollback_the_service_rests_until_a_person_says_so_and_then_the_change_is_a_new_one(town: Town):
    first = do_harm(town)
    step(town, "pow monitor", "pow gate", "pow deploy")
    town.advance(timedelta(hours=3))
    assert "recovered" in step(town, "pow monitor")
    old = of(town, Phase.MERGED)[0]
    assert f"{TARGET} rests since" in step(town, "pow detect")
    assert "on hold" in step(town, "pow status")

    (lifted,) = start(town, "resume.yml", target=TARGET, reason="the figures were looked at; $(id) `id`")
    assert lifted.exit_code == 0, lifted.output
    (record,) = of(town, Phase.RESUMED)
    assert record.facts["by"] == "maria"
    (again,) = start(town, "resume.yml", target=TARGET, reason="the figures were looked at again")
    assert "already" in again.output
    (refused,) = start(town, "resume.yml", target="PHOTO", reason="the figures were looked at again")
    assert refused.exit_code == 1

    assert "proposed in pull request" in step(town, "pow detect")
    new = open_pull(town, BAD)
    assert new != first
    proposed = of(town, Phase.PROPOSED)[-1]
    assert proposed.change != old.change
    for person in ("sam", "cora"):
        town.review(new, login=person, event="APPROVE", body="Once more.")
    step(town, "pow gate")
    merged = of(town, Phase.MERGED)[-1]
    assert merged.change == proposed.change
    changed = town.git("diff", "--name-only", f"{merged.facts['merge']}^1", str(merged.facts["merge"])).decode()
    assert f"patches/services/{TARGET}.yml" in changed, "the values really came back"
    behind = town.git("rev-list", "--count", f"{old.facts['head']}", f"^{merged.facts['merge']}^1").decode().strip()
    assert behind == "0", "merging the old branch again would have been no merge at all"


@pytest.mark.slow
def test_a_revert_by_the_forges_own_button_is_supported_and_its_merge_ends_the_watch(town: Town):
    number = do_harm(town)
    merge = str(of(town, Phase.MERGED)[0].facts["merge"])
    theirs = revert_by_button(town, number, merge)
    assert f"pull request {theirs} of maria takes it back already" in step(town, "pow monitor")
    assert not of(town, Phase.REVERTED)
    with town.as_person("maria") as client:
        said = client.get(f"issues/{theirs}/comments").json()
        assert any("The figures ask for this" in comment["body"] for comment in said)
        client.put(f"pulls/{theirs}/merge", json={}).raise_for_status()
    assert "taken back by hand" in step(town, "pow monitor")
    assert [record.facts["outcome"] for record in of(town, Phase.CLOSED)] == ["rolled_back"]


@pytest.mark.slow
def test_what_was_not_the_cause_is_brought_back_by_one_comment(town: Town):
    number = do_harm(town)
    harm = live(town)["max_blur_px"]
    step(town, "pow monitor", "pow gate", "pow deploy")
    before = live(town)["max_blur_px"]
    set_past_everybody(town, harm)
    town.advance(timedelta(days=2, hours=5))
    assert live(town)["max_blur_px"] == harm
    said = step(town, "pow monitor")
    for _ in range(8):
        if "not recovered, so the change was not the cause" in said:
            break
        town.advance(timedelta(hours=1))
        said = step(town, "pow monitor")
    assert "not recovered, so the change was not the cause" in said
    rollback = next(int(str(pull["number"])) for pull in pulls(town) if str(pull["title"]).startswith("Revert #"))
    town.advance(timedelta(minutes=1))
    with town.as_person("maria") as client:
        offer = [each["body"] for each in client.get(f"issues/{rollback}/comments").json()]
        assert any("comment `/bring-back` here" in body for body in offer)
        client.post(f"issues/{rollback}/comments", json={"body": "/bring-back\nmended"}).raise_for_status()
    assert f"maria wants it back: {TARGET} may go on" in step(town, "pow monitor")
    (record,) = of(town, Phase.RESUMED)
    assert (record.facts["by"], record.facts["reason"]) == ("maria", f"/bring-back on pull request {rollback}")
    assert "wants it back" not in step(town, "pow monitor")
    assert "does not fire" in step(town, "pow detect"), "nothing is proposed without its bottleneck"
    set_past_everybody(town, before)
    town.advance(timedelta(days=1, hours=2))
    assert "proposed in pull request" in step(town, "pow detect")
    new = open_pull(town, BAD)
    assert new not in {number, rollback}
    assert len({pull["head"]["ref"] for pull in pulls(town)}) == 3


@pytest.mark.slow
def test_a_persons_revert_goes_live_through_the_gate(town: Town):
    number = do_harm(town)
    merge = str(of(town, Phase.MERGED)[0].facts["merge"])
    before = live(town)
    theirs = revert_by_button(town, number, merge)
    assert "waits for" in step(town, "pow gate")
    approve(town, theirs)
    assert f"pull request {theirs}: Approved by people" in step(town, "pow gate")
    merge_as_maria(town, theirs)
    assert "will be deployed" in step(town, "pow gate")
    step(town, "pow deploy")
    assert live(town) != before
    back = of(town, Phase.DEPLOYED)[-1]
    (proposed,) = [record for record in of(town, Phase.PROPOSED) if record.change == back.change]
    assert (proposed.facts["rollback_of"], proposed.facts["pull"]) == (of(town, Phase.MERGED)[0].change, theirs)
    assert {review["login"] for review in of(town, Phase.DECIDED)[-1].facts["reviews"]} == {"sam", "cora"}
    assert back.change in {record.change for record in of(town, Phase.SYNCED)}
    town.advance(timedelta(hours=3))
    assert "recovered" in step(town, "pow monitor")
    assert [record.facts["recovery"] for record in of(town, Phase.CLOSED)] == ["RECOVERED", "RECOVERED"]


@pytest.mark.slow
def test_a_persons_revert_that_was_merged_past_the_gate_goes_live_once_it_is_approved(town: Town):
    number = do_harm(town)
    merge = str(of(town, Phase.MERGED)[0].facts["merge"])
    before = live(town)
    theirs = revert_by_button(town, number, merge)
    merge_as_maria(town, theirs)
    assert f"approve pull request {theirs}" in step(town, "pow gate")
    assert "taken back by hand" in step(town, "pow monitor")
    assert "was set by hand on the base branch and is not live" in step(town, "pow deploy")
    assert live(town) == before
    with town.as_person("maria") as client:
        comments = [each["body"] for each in client.get(f"issues/{theirs}/comments").json()]
        incident = client.get("issues", params={"labels": "pow:incident"}).json()[0]["body"]
    assert any("approve this pull request" in body for body in comments)
    assert "approve the pull request" in incident
    approve(town, theirs)
    assert "will be deployed" in step(town, "pow gate")
    assert step(town, "pow gate").count("will be deployed") == 0, "once"
    step(town, "pow deploy")
    assert live(town) != before
    town.advance(timedelta(hours=3))
    assert "recovered" in step(town, "pow monitor")


@pytest.mark.slow
def test_a_revert_that_was_closed_is_a_veto_also_right_before_ours_merges(town: Town):
    number = do_harm(town)
    merge = str(of(town, Phase.MERGED)[0].facts["merge"])
    assert "an exact inverse" in step(town, "pow monitor")
    theirs = revert_by_button(town, number, merge)
    with town.as_person("maria") as client:
        client.patch(f"pulls/{theirs}", json={"state": "closed"}).raise_for_status()
    step(town, "pow gate")
    assert len(of(town, Phase.MERGED)) == 1
    ours = next(pull["number"] for pull in pulls(town) if str(pull["title"]).startswith(f"Revert #{number}: "))
    with town.as_person("maria") as client:
        said = client.get(f"issues/{ours}/comments").json()
    assert any("this rollback cannot be proved" in each["body"] and "a veto" in each["body"] for each in said)


@pytest.mark.slow
def test_a_label_of_a_person_who_may_write_makes_a_draft_that_asks_for_reviews(town: Town):
    step(town, "pow detect")
    number = open_pull(town, BAD)
    with town.as_person("maria") as client:
        client.post(f"issues/{number}/labels", json={"labels": ["pow-ask-first"]}).raise_for_status()
    approve_and_harm(town, number)
    assert "draft, a person must look" in step(town, "pow monitor")
    draft = next(pull for pull in pulls(town) if pull["draft"])
    assert "maria asked to be asked first" in str(draft["body"])
    with town.as_person("maria") as client:
        asked = client.get(f"pulls/{draft['number']}/requested_reviewers").json()
    assert {team["slug"] for team in asked["teams"]} == {"supervisors", "security"}, "its impact is HIGH"


@pytest.mark.slow
def test_where_lines_conflict_the_draft_puts_the_value_back_and_the_commands_on_it_work(town: Town, tmp_path: Path):
    do_harm(town)
    path = f"patches/services/{TARGET}.yml"
    merge = str(of(town, Phase.MERGED)[0].facts["merge"])
    before = town.read(path, at=f"{merge}^1").decode()
    present = town.read(path).decode()
    (line,) = [new for new, old in zip(present.splitlines(), before.splitlines(), strict=True) if new != old]
    clone = tmp_path / "clone"
    clone_of(town, clone)
    (clone / path).write_text(present.replace(line, f"{line}  # counted by hand"))
    in_clone(clone, "commit", "-qam", "Say how it was counted")
    in_clone(clone, "push", "-q", "origin", "HEAD:main")
    assert "draft, a person must look" in step(town, "pow monitor")
    draft = next(pull for pull in pulls(town) if pull["draft"])
    body = str(draft["body"])
    assert "git cannot revert it by itself: conflict in" in body.replace("\\", "")
    (commands,) = re.findall(r"```console\n(.*?)\n```", body, re.DOTALL)
    *prepare, revert = commands.splitlines()
    for command in prepare:
        in_clone(clone, *command.split()[1:])
    assert "# counted by hand" in (clone / path).read_text()
    assert line not in (clone / path).read_text()
    done = subprocess.run(["git", "-C", str(clone), *revert.split()[1:]], capture_output=True, check=False, text=True)
    assert "CONFLICT" in done.stdout, "git shows the conflict that a person is to solve"


def set_past_everybody(town: Town, value: object) -> None:
    """Let operations set a live value at the gateway, of which Git knows nothing."""
    patch = {"service": TARGET, "changes": {"max_blur_px": value}}
    ops = Caller(subject="ops", role="release_manager")
    town.agency.management.submit(patch, key=f"ops {value}", caller=ops, now=town.clock.now())


def live(town: Town) -> dict[str, object]:
    return dict(town.agency.management.service(TARGET).config)


def approve(town: Town, number: int) -> None:
    for person in ("sam", "cora"):
        town.review(number, login=person, event="APPROVE", body="It goes back.")


def merge_as_maria(town: Town, number: int) -> None:
    with town.as_person("maria") as client:
        client.put(f"pulls/{number}/merge", json={}).raise_for_status()


def revert_by_button(town: Town, number: int, merge: str) -> int:
    """Do what the forge's *Revert* button does: a branch `revert-N-...` with git's own revert, and its words."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        clone_of(town, clone)
        branch = f"revert-{number}-pow"
        in_clone(clone, "switch", "-qc", branch)
        in_clone(clone, "revert", "--no-edit", "-m", "1", merge)
        in_clone(clone, "push", "-q", "origin", branch)
    with town.as_person("maria") as client:
        body = {"title": 'Revert "x"', "head": branch, "base": "main", "body": f"Reverts agency/pow#{number}"}
        answer = client.post("pulls", json=body)
        answer.raise_for_status()
        return int(answer.json()["number"])


def clone_of(town: Town, clone: Path) -> None:
    """Clone the repository as Maria."""
    host = town.base_url.removeprefix("http://")
    url = f"http://maria:ghp_maria@{host}/{town.machine().repository}.git"
    subprocess.run(["git", "clone", "-q", url, str(clone)], check=True, capture_output=True)
    in_clone(clone, "config", "user.name", "maria")
    in_clone(clone, "config", "user.email", "1004+maria@users.noreply.github.com")


def in_clone(clone: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(clone), *arguments], check=True, capture_output=True)
