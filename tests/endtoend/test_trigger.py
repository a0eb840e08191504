"""An agent asks for a detection over the forge's own event, and cannot approve what comes of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli.consoles import a_console, a_process
from stage import SMALL, a_town

from bot.sandbox.actions.runner import Finished
from bot.sandbox.town import REPOSITORY, Staging, Town

pytestmark = pytest.mark.slow
"""The pieces are in the quick run: `tests/propose/test_triggered.py`, `tests/sandbox_actions/test_runner.py`."""
AGENT, TOKEN = "photo-agent", "ghp_photo_agent"
GOOD = {"recipe": "PASSPORT_BACKLOG", "reason": "429s for an hour @sam $(id)", "by": "a2a"}


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    """A town in which an agent has an account, is a supervisor even, and may write."""
    with a_town(Staging(situation=SMALL)) as town:
        town.forge.add_user(AGENT, token=TOKEN)
        town.forge.grant(AGENT, REPOSITORY, "write")
        town.forge.add_team("agency", "supervisors", members=["sam", "wei", AGENT])
        yield town


def sent(town: Town, payload: dict[str, Any], *, event: str = "pow-trigger") -> list[Finished]:
    """Send an event as the agent, and run what it starts."""
    with town.as_person("sam") as client:
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        asked = {"event_type": event, "client_payload": payload}
        assert client.post("dispatches", json=asked).status_code == 204
    return list(town.run_pending())


def pulls(town: Town) -> list[Any]:
    with town.as_person("sam") as client:
        found: list[Any] = client.get("pulls", params={"state": "all"}).json()
        return found


def comments(town: Town) -> list[str]:
    with town.as_person("sam") as client:
        return [each["body"] for each in client.get("issues/1/comments").json()]


def reviewed(town: Town, *, token: str) -> None:
    with town.as_person("sam") as client:
        client.headers["Authorization"] = f"Bearer {token}"
        client.post("pulls/1/reviews", json={"event": "APPROVE", "body": ""}).raise_for_status()


HOSTILE = {
    "a command": {**GOOD, "recipe": "$(touch pwned)"},
    "a change": {**GOOD, "config": {"max_blur_px": 12}},
    "another trailer": {**GOOD, "by": "x\nStarted-By: nobody"},
    "nothing": {},
}


@pytest.mark.parametrize(
    "payload",
    HOSTILE.values(),
    ids=HOSTILE,
)
def test_a_payload_that_does_not_fit_starts_nothing_and_is_not_repeated(town: Town, payload: dict[str, Any]) -> None:
    before = pulls(town)
    (finished,) = sent(town, payload)

    assert (finished.command, finished.exit_code) == ("pow detect", 1)
    assert "payload is refused" in finished.output
    assert not {"touch", "12", "nobody"} & set(finished.output.split())
    assert pulls(town) == before


def test_another_event_starts_no_workflow(town: Town) -> None:
    assert sent(town, GOOD, event="deploy") == []


def test_an_agent_triggers_and_somebody_else_approves(town: Town) -> None:
    detect, *_, gate = sent(town, GOOD)
    assert (detect.command, detect.exit_code) == ("pow detect", 0), detect.output
    assert "a2a asked for a detection of PASSPORT_BACKLOG, through the account photo-agent" in detect.output
    assert "429s" not in detect.output
    assert "waits for 1 approval of supervisors" in gate.output
    (pull,) = pulls(town)
    message = town.git("log", "-1", "--format=%B", pull["head"]["ref"]).decode()
    assert "Started-By: photo-agent\nStarted-By: a2a\n" in message
    assert any("asked for the detection" in each and "@sam" not in each for each in comments(town))

    reviewed(town, token=TOKEN)
    list(town.run("gate.yml"))
    barred = "| no | `photo-agent` | `APPROVED` | this person is the one who started the run that proposed it |"
    assert any(barred in each for each in comments(town))
    assert not pulls(town)[0]["merged_at"]


def test_the_command_asks_once_in_a_window_and_the_run_knows_as_well(town: Town, tmp_path: Path) -> None:
    console = a_console(town, tmp_path / "clone")
    environment = {**console.environment, "GITHUB_TOKEN": TOKEN}
    arguments = ("trigger", "PASSPORT_MANUAL_CHECKS", "--reason", "a look, please", "--by", "a2a")
    asked = a_process(*arguments, folder=console.clone, environment=environment)
    assert (asked.returncode, asked.stdout) == (
        0,
        b"asked for a detection of PASSPORT_MANUAL_CHECKS; the workflow detect takes it up\n",
    ), asked.stderr
    first, *_ = town.run_pending()
    assert (first.exit_code, "asked for a detection of PASSPORT_MANUAL_CHECKS" in first.output) == (0, True)

    again = a_process(*arguments, "--json", folder=console.clone, environment=environment)
    answer = json.loads(again.stdout)
    assert (again.returncode, answer["sent"], answer["same_as"]["by"]) == (0, False, "a2a"), again.stderr
    assert "already; a further trigger within 1 hour is the same one" in answer["sentence"]
    assert list(town.run_pending()) == []

    outside = {**environment, "GITHUB_WORKSPACE": str(tmp_path)}
    unknowing = a_process(*arguments, "--json", folder=tmp_path, environment=outside)
    assert json.loads(unknowing.stdout)["sent"], unknowing.stderr
    second, *_ = town.run_pending()
    assert (second.exit_code, "already; a further trigger within 1 hour" in second.output) == (0, True), second.output
