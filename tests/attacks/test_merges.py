"""What merged without a valid gate is refused at deploy and opens one incident, however often both steps run."""

import re
from collections.abc import Callable

import pytest
from attacks.attack import EVIL, rows
from attacks.grounds import Grounds, Scene
from attacks.merges import BYPASSES, Bypass
from attacks.play import must_not_deploy, said
from propose.office import SERVICE, SERVICE_PATH

from bot.model.event import Mark
from bot.model.record import Phase


@pytest.mark.parametrize("bypass", rows(BYPASSES))
def test_a_merge_past_the_gate_never_goes_live_and_opens_one_incident(grounds: Grounds, bypass: Bypass) -> None:
    with grounds.scene(bypass.setting) as scene:
        bypass.does(scene)
        steps = [scene.gate, lambda: must_not_deploy(scene)]
        if BYPASSES.index(bypass) % 2:
            steps.reverse()
        reports = [step() for step in (*steps, *steps)]
        told = "\n".join(map(said, reports))
        assert bypass.says in told, told
        assert Phase.MERGED not in scene.phases()
        (incident,) = scene.incidents()
        assert (incident["user"]["login"], incident["state"]) == ("pow-bot[bot]", "open")
        assert [label["name"] for label in incident["labels"]] == ["pow:incident"]
        assert re.fullmatch(
            r"Merged without a valid gate: (change [0-9a-f]{16}|commit [0-9a-f]{12})", incident["title"]
        )
        assert "PHOTO_VALIDATOR" in incident["body"]
        assert "git revert" in incident["body"]
        assert f"see incident #{incident['number']}" in told


def by_a_pull_request(scene: Scene) -> None:
    """Let a person change the value in a pull request of their own, have it approved, and merge it."""
    scene.push({SERVICE_PATH: EVIL}, by="mallory", branch="mine")
    number = scene.ask("POST", "pulls", by="mallory", title="x", head="mine", base="main").json()["number"]
    scene.ask("POST", f"pulls/{number}/reviews", by="sam", event="APPROVE", body="Seen.")
    scene.gate()
    scene.ask("PUT", f"pulls/{number}/merge", by="root")


def by_a_push(scene: Scene) -> None:
    scene.push({SERVICE_PATH: EVIL}, by="root", branch="main", message="Just this once")


@pytest.mark.parametrize("sets", [by_a_push, pytest.param(by_a_pull_request, marks=pytest.mark.slow)])
def test_a_persons_own_value_never_goes_live_and_opens_one_incident(
    grounds: Grounds, sets: Callable[[Scene], None]
) -> None:
    with grounds.scene() as scene:
        sets(scene)
        for _ in range(2):
            (event,) = must_not_deploy(scene).events
            (incident,) = scene.incidents()
            assert event.sentence.endswith(f"max_blur_px is 12 there and 2 live; see incident #{incident['number']}")
            assert (incident["user"]["login"], incident["state"]) == ("pow-bot[bot]", "open")
            assert incident["title"] == f"Set by hand and not live: commit {scene.main()[:12]}"
            assert f"git revert {'-m 1 ' if sets is by_a_pull_request else ''}{scene.main()[:12]}" in incident["body"]
        scene.push({SERVICE_PATH: SERVICE}, by="root", branch="main", message="Revert it")
        assert [event.mark for event in must_not_deploy(scene).events] == [Mark.NOTE]
        assert [each["state"] for each in scene.incidents()] == ["closed"]
        assert must_not_deploy(scene).events == ()


@pytest.mark.slow
@pytest.mark.parametrize("deploy_first", [False, True])
@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_gate_and_deployment_see_the_same_incident(grounds: Grounds, method: str, *, deploy_first: bool) -> None:
    with grounds.scene() as scene:
        scene.merge(merge_method=method)
        first, second = (scene.deploy, scene.gate) if deploy_first else (scene.gate, scene.deploy)
        assert first().failed
        assert len(scene.incidents()) == 1
        assert second().failed
        assert len(scene.incidents()) == 1


def test_an_incident_that_was_closed_or_stripped_is_not_opened_again(grounds: Grounds) -> None:
    with grounds.scene() as scene:
        scene.merge()
        scene.gate()
        number = scene.incidents()[0]["number"]
        scene.ask("PATCH", f"issues/{number}", by="mallory", state="closed", labels=[])
        scene.gate()
        scene.deploy()
        assert max(scene.repository.issues) == number


def test_a_forged_marker_hides_no_incident(grounds: Grounds) -> None:
    with grounds.scene() as scene:
        change = scene.pull().head_ref.rpartition("/")[2]
        scene.ask("POST", "issues", by="mallory", title="x", body=f"<!-- pow:incident:{change} -->")
        scene.merge()
        scene.gate()
        (incident,) = scene.incidents()
        assert incident["user"]["login"] == "pow-bot[bot]"


def test_a_token_that_may_open_no_issue_says_so_and_deploys_nothing(grounds: Grounds) -> None:
    with grounds.scene() as scene:
        scene.merge()
        permissions = {**scene.state.apps["pow-bot"].permissions, "issues": "none", "pull_requests": "read"}
        scene.state.add_app("pow-bot", token="bot-token", permissions=permissions)
        (event,) = scene.gate().events
        assert "no incident could be opened: " in event.sentence
        assert "no incident could be opened: " in said(must_not_deploy(scene))


def test_once_it_is_undone_the_change_ends_and_the_bot_may_propose_again(grounds: Grounds) -> None:
    with grounds.scene() as scene:
        scene.merge()
        assert scene.gate().failed
        scene.push({SERVICE_PATH: SERVICE}, by="root", branch="main", message="Revert it")
        (event,) = scene.gate().events
        assert (event.mark, "that was undone" in event.sentence) == (Mark.NOTE, True)
        assert scene.phases() == [Phase.PROPOSED, Phase.CLOSED]
        assert scene.gate().events == ()
        assert "is settled and closed" in said(must_not_deploy(scene))
        assert [each["state"] for each in scene.incidents()] == ["closed"]
