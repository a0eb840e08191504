"""A person at the page of a running sandbox: every click goes through the real forge, and the real bot answers."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from stage import SMALL, a_town

from bot.sandbox.page.routes import TOKEN_HEADER
from bot.sandbox.page.scene import Scene
from bot.sandbox.page.worker import at_work
from bot.sandbox.town import Staging, Town

_PATIENCE_SECONDS = 120
HOSTILE = "</script><img src=x onerror=alert(1)> **@everyone** [x](javascript:alert(1))"
WORKFLOW = ".github/workflows/detect.yml"
BROKEN = b"""
jobs:
  detect:
    steps:
      - uses: actions/checkout@main
      - run: echo the feed is gone; exit 4
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """What a person does with the page, without the drawing."""

    client: httpx.Client
    token: str

    def state(self) -> dict[str, Any]:
        """Return what is shown now."""
        shown = self.client.get("/state").json()["state"]
        return dict(shown or {})

    def until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until the page is at rest and shows what is expected; what it shows instead is told."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < end:
            state = self.state()
            if state.get("activity") and state["running"] is None and holds(state):
                return state
            time.sleep(0.2)
        raise AssertionError(json.dumps(self.state().get("activity"), indent=1))

    def act(self, **action: Any) -> None:
        """Press a button."""
        answer = self.client.post("/actions", json=action, headers={TOKEN_HEADER: self.token})
        assert answer.status_code == 202, answer.text


@contextmanager
def a_browser(town: Town) -> Iterator[Browser]:
    with at_work(town), httpx.Client(base_url=town.base_url, trust_env=False, timeout=20) as client:
        found = re.search(r'name="page-token" content="([^"]+)"', client.get("/").text)
        assert found
        yield Browser(client=client, token=found[1])


def did(state: dict[str, Any], *titles: str) -> bool:
    """Tell whether the newest entries of the log are these, oldest first."""
    return [entry["title"] for entry in reversed(state["activity"][: len(titles)])] == list(titles)


def counted(pull: dict[str, Any]) -> list[tuple[str, str]]:
    """Return whether each review counts, and why, as the gate's table says."""
    tables = [block for block in pull["check"]["summary"] if block["kind"] == "table"]
    texts = [["".join(span["text"] for span in cell) for cell in row] for table in tables for row in table["rows"]]
    return [(f"{row[0]} {row[1]}", row[3]) for row in texts if len(row) == 4]


def test_a_reviewer_is_refused_edits_and_approves_until_the_patch_is_live():
    with a_town(Staging(situation=SMALL)) as town, a_browser(town) as browser:
        state = browser.until(lambda s: did(s, "pow gate"))
        (pull,) = state["pulls"]
        assert (pull["state"], pull["check"]["state"], state["lit"]) == ("open", "in_progress", [4])
        assert pull["editable"] == [{"target": "PHOTO_VALIDATOR", "key": "max_blur_px", "before": 2, "after": 4}]

        browser.act(kind="approve", pull=pull["number"], head=pull["head"], login="cora")
        state = browser.until(lambda s: did(s, f"approves pull request 1 at {pull['head'][:12]}", "pow gate"))
        assert counted(state["pulls"][0]) == [("no cora", "this person is in no required team")]

        edit = {"target": "PHOTO_VALIDATOR", "key": "max_blur_px", "value": 3}
        browser.act(kind="edit", pull=pull["number"], login="sam", **edit)
        title = "sets max_blur_px to 3 in pull request 1 and approves it"
        (pull,) = browser.until(lambda s: did(s, title, "pow gate"))["pulls"]
        assert counted(pull)[1] == ("no sam", f"this person is an author of commit {pull['head'][:12]}")
        assert "+  max_blur_px: 3" in "\n".join(line for file in pull["files"] for line in file["lines"])

        browser.act(kind="approve", pull=pull["number"], head=pull["head"], login="wei")
        state = browser.until(lambda s: did(s, "pow gate", "pow deploy", "pow monitor"))
        assert (state["pulls"][0]["state"], state["gauges"]["blur_limit"], state["lit"]) == ("merged", 3, [7])
        assert [mark["kind"] for mark in state["marks"]] == ["merge", "deploy"]
        assert "Approved-By: wei" in state["history"][0]["body"]
        assert [r["phase"] for r in reversed(state["ledger"])][:5] == [
            "proposed",
            "decided",
            "merged",
            "deployed",
            "synced",
        ]
        assert not [entry for entry in state["activity"] if entry["failed"]]


@pytest.mark.slow
def test_a_rejected_pull_request_is_closed_and_remembered():
    with a_town(Staging(situation=SMALL)) as town, a_browser(town) as browser:
        (pull,) = browser.until(lambda s: did(s, "pow gate"))["pulls"]
        browser.act(kind="reject", pull=pull["number"], login="sam", reason=HOSTILE)
        state = browser.until(lambda s: did(s, "rejects pull request 1", "pow gate"))
        assert (state["pulls"][0]["state"], state["ledger"][0]["phase"]) == ("closed", "closed")
        assert [change["outcome"] for change in state["changes"]] == ["rejected"]
        assert state["activity"][1]["output"] == HOSTILE
        assert HOSTILE not in json.dumps(state["ledger"])

        browser.act(kind="reject", pull=pull["number"], login="sam", reason="twice")
        state = browser.until(lambda s: did(s, "this did not work"))
        assert "closed already" in state["activity"][0]["output"]


@pytest.mark.slow
def test_a_command_that_fails_is_shown_with_its_output_and_the_next_one_runs():
    staging = Staging(situation=SMALL, files={WORKFLOW: BROKEN})
    with a_town(staging) as town, a_browser(town) as browser:
        state = browser.until(lambda s: did(s, "pow gate"))
        failed = state["activity"][1]
        assert failed["title"].endswith("(exit code 4)")
        assert (failed["output"], failed["failed"]) == ("the feed is gone", True)

        browser.act(kind="approve", pull=77, head="a" * 40, login="mallory")
        state = browser.until(lambda s: did(s, "this did not work"))
        assert "mallory" in state["activity"][0]["output"]

        browser.act(kind="approve", pull=77, head="a" * 40, login="sam")
        state = browser.until(lambda s: "Not Found" in s["activity"][0]["output"])
        assert state["activity"][0]["failed"]


@pytest.mark.slow
def test_time_goes_on_past_a_workflow_that_is_missing():
    staging = Staging(situation=SMALL, files={WORKFLOW: None})
    with a_town(staging) as town, a_browser(town) as browser:
        state = browser.until(lambda s: did(s, "this did not work"))
        assert "detect.yml" in state["activity"][0]["output"]
        browser.act(kind="pass", hours=1)
        state = browser.until(lambda s: did(s, "1 hour later", "pow monitor", "this did not work"))
        assert state["now"] == "2026-01-05T10:00:00Z"


@pytest.fixture(scope="module")
def quiet_town() -> Iterator[Town]:
    with a_town(Staging(situation=SMALL)) as town:
        yield town


def test_what_strangers_write_is_shown_word_by_word(quiet_town):
    with quiet_town.as_person("maria") as maria:
        content = {"message": HOSTILE, "content": "aGk=", "branch": "pow/x"}
        tip = maria.get("git/ref/heads/main").json()["object"]["sha"]
        maria.post("git/refs", json={"ref": "refs/heads/pow/x", "sha": tip}).raise_for_status()
        maria.put("contents/notes.md", json=content).raise_for_status()
        pull = {"title": HOSTILE, "body": HOSTILE, "head": "pow/x", "base": "main"}
        maria.post("pulls", json=pull).raise_for_status()
        scene = Scene(quiet_town, maria)
        scene.look()
    state: Any = json.loads(json.dumps(scene.state(None)))
    assert state["problem"] == ""
    assert state["pulls"][0]["title"] == HOSTILE
    assert state["pulls"][0]["files"][0]["path"] == "notes.md"
    body = "".join(span["text"] for span in state["pulls"][0]["body"][0]["text"])
    assert "<img src=x onerror=alert(1)>" in body
    assert "javascript:" not in body


def test_no_complaint_and_no_citizen_reaches_the_page(quiet_town):
    with quiet_town.as_person("maria") as maria:
        scene = Scene(quiet_town, maria)
        scene.look()
    shown = json.dumps(scene.state(None), ensure_ascii=False)
    complaints = quiet_town.agency.office.complaints.newest(500)
    assert len(complaints) > 20
    for complaint in complaints:
        assert complaint.text.strip().split("\n")[0] not in shown
        assert complaint.citizen.ssn not in shown
        assert complaint.citizen.email not in shown


def test_the_charts_end_at_the_present_with_the_gauges_figures(quiet_town):
    with quiet_town.as_person("maria") as maria:
        scene = Scene(quiet_town, maria)
        scene.look()
        state: Any = json.loads(json.dumps(scene.state("pow deploy")))
        public = {
            "wait_days": httpx.get(f"{quiet_town.base_url}/agency/passport/wait/avg", trust_env=False).json()["days"],
            "error_percent": httpx.get(f"{quiet_town.base_url}/agency/passport/error", trust_env=False).json()["pct"],
        }
    assert [chart["name"] for chart in state["charts"]] == ["Wait", "Errors", "Complaints"]
    now = int(quiet_town.clock.now().timestamp())
    assert all(chart["points"][-1][0] == now and len(chart["points"]) > 20 for chart in state["charts"])
    assert state["charts"][0]["points"][-1][1] == pytest.approx(state["gauges"]["wait_days"], abs=1e-3)
    assert {name: state["gauges"][name] for name in public} == pytest.approx(public, abs=1e-4)
    assert [limit["value"] for limit in state["charts"][0]["limits"]] == [20, 7]
    assert state["lit"] == [5, 6]


def test_a_town_that_cannot_be_read_is_said_and_what_was_seen_stays(quiet_town):
    with quiet_town.as_person("maria") as maria:
        scene = Scene(quiet_town, maria)
        scene.look()
        fault = {"path": "/repos/*/pulls", "kind": "answer", "status": 502, "message": "Bad Gateway"}
        quiet_town.forge.faults.set([fault])
        scene.look()
        quiet_town.forge.faults.set([])
    state = scene.state(None)
    assert state["problem"] == "the forge answered 502: Bad Gateway"
    assert state["gauges"]
