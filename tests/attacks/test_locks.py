"""Attacks on the lock of a target, and on reminders."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from attacks.attack import EVIL
from attacks.grounds import Grounds, Scene
from fakes.builders import START
from propose.office import SERVICE_PATH

from bot.approve import step as gate
from bot.model.decision import WaitStep
from bot.model.names import ChangeId
from bot.report.reminder import reminder_marker

MINE = "mine"


def my_pull(scene: Scene, base: str = "main") -> int:
    """Let somebody open a pull request of their own on the target of the bot's, and have it approved."""
    scene.push({SERVICE_PATH: EVIL}, by="mallory", branch=MINE)
    number = int(scene.ask("POST", "pulls", by="mallory", title="x", head=MINE, base=base).json()["number"])
    scene.ask("POST", f"pulls/{number}/reviews", by="sam", event="APPROVE", body="Seen.")
    return number


def later(scene: Scene) -> int:
    return my_pull(scene)


def behind_a_draft(scene: Scene) -> int:
    """Turn the bot's pull request into a draft, let the gate look, and turn it back."""
    number = my_pull(scene)
    scene.repository.pulls[1] = replace(scene.pull(), draft=True)
    scene.gate()
    scene.repository.pulls[1] = replace(scene.pull(), draft=False)
    return number


def through_another_base(scene: Scene) -> int:
    """Open it for another branch, where nothing locks, let the gate look, and bring it to main."""
    scene.point("release", scene.main(), by="mallory")
    number = my_pull(scene, base="release")
    scene.gate()
    scene.ask("PATCH", f"pulls/{number}", by="mallory", base="main")
    return number


@pytest.mark.parametrize(
    "evades",
    [
        later,
        pytest.param(behind_a_draft, marks=pytest.mark.slow),
        pytest.param(through_another_base, marks=pytest.mark.slow),
    ],
)
def test_a_lock_is_not_evaded(grounds: Grounds, evades: Callable[[Scene], int]) -> None:
    with grounds.scene() as scene:
        number = evades(scene)
        told = {event.data.get("pull"): event for event in scene.gate().events}
        assert "locked by #1 of pow-bot[bot]" in told[number].sentence
        head = scene.repository.pulls[number].head_sha
        runs = sorted(scene.repository.checks.values(), key=lambda run: run.id)
        newest = {run.name: run.conclusion for run in runs if run.head_sha == head}
        assert newest == {"pow/gate": None, "pow/governance": None}


def test_a_later_pull_request_does_not_lock_the_bots(grounds: Grounds) -> None:
    with grounds.scene() as scene:
        my_pull(scene)
        scene.review("sam")
        scene.gate()
        assert scene.pull().merged_at is not None


def test_a_forged_reminder_does_not_keep_the_bot_silent(grounds: Grounds) -> None:
    with grounds.scene() as scene:
        change = ChangeId(scene.pull().head_ref.rpartition("/")[2])
        for step in WaitStep:
            body = f"Nothing to see.\n\n{reminder_marker(change, step)}"
            scene.ask("POST", "issues/1/comments", by="mallory", body=body)
        for _ in range(2):
            site = replace(scene.site(fetched=False), now=START + timedelta(days=2))
            gate.run(site, library=scene.library(), base=scene.main())
            texts = [each.body for each in scene.repository.comments.values() if each.author.login == "pow-bot[bot]"]
            assert len([text for text in texts if "<!-- pow:wait:" in text]) == 1
