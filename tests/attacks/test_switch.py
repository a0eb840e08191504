"""Attacks on the kill switch: who may stop the bot, who may not, and that nobody gets past a stop."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from attacks.attack import rows
from attacks.grounds import Grounds, Scene
from attacks.play import dispatched, must_merge, must_not_deploy, said
from attacks.pushes import before_the_merge

from bot.model.record import Phase
from bot.sandbox.forge import state_issues

STOPPED = "everything is stopped by issue #2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What somebody does to the switch, and whether the approved change is merged after it."""

    id: str
    does: Callable[[Scene], object]
    says: str = ""


def an_issue(scene: Scene, by: str) -> int:
    return int(scene.ask("POST", "issues", by=by, title="Please look", body="recipe:OTHER\n/unstop").json()["number"])


def label(scene: Scene, by: str, *labels: str, number: int = 2) -> None:
    scene.ask("POST", f"issues/{number}/labels", by=by, labels=list(labels))


def stop(scene: Scene, *, opened_by: str = "rita", labelled_by: str = "rita") -> None:
    label(scene, labelled_by, "pow-stop", number=an_issue(scene, opened_by))


def template(scene: Scene) -> None:
    """Open an issue from a template that labels it: GitHub does that in the name of whoever opens it."""
    number = an_issue(scene, "eve")
    eve = scene.state.accounts["eve"]
    state_issues.add_labels(scene.state, scene.repository, number, eve, ["pow-stop"])


def lost_access(scene: Scene) -> None:
    stop(scene, labelled_by="mallory")
    scene.state.grant("mallory", scene.repository.full_name, "read")


def narrowed(scene: Scene) -> None:
    stop(scene)
    label(scene, "tim", "pow-stop-recipe:OTHER")


def swapped(scene: Scene) -> None:
    """Take a stranger's label off and put one's own there: now it is a writer's."""
    template(scene)
    scene.ask("DELETE", "issues/2/labels/pow-stop", by="rita")
    label(scene, "rita", "pow-stop")


def closed(scene: Scene) -> None:
    stop(scene)
    scene.ask("PATCH", "issues/2", by="rita", state="closed")


def unlabelled(scene: Scene) -> None:
    stop(scene)
    scene.ask("DELETE", "issues/2/labels/pow-stop", by="rita")


def blind(scene: Scene, path: str, status: int) -> None:
    stop(scene, labelled_by="eve") if status == 0 else stop(scene)
    name = scene.repository.name
    fault = {"method": "GET", "path": f"/repos/agency/{name}/{path}", "kind": "answer", "status": status}
    scene.state.faults.set([{**fault, "message": "no", "times": 50}])


def at_the_last_moment(scene: Scene) -> None:
    """Stop between the gate's decision record and its merge."""

    def strike(_: int, phase: str, what: str) -> None:
        if phase == "after" and what.startswith("PATCH") and what.endswith("/git/refs/heads/pow-ledger"):
            scene.state.on_write = None
            stop(scene)

    scene.state.on_write = strike


CASES = (
    Case(id="a maintainer's label", does=stop, says=STOPPED),
    Case(id="a stranger's issue, a writer's label", does=lambda s: stop(s, opened_by="eve"), says=STOPPED),
    Case(id="a stranger's label by a template", does=template),
    Case(id="a label by somebody with triage", does=lambda s: stop(s, labelled_by="tim")),
    Case(id="a label by somebody who lost write access", does=lost_access),
    Case(id="a closed issue", does=closed),
    Case(id="a label that was taken off", does=unlabelled),
    Case(id="narrowed by somebody with triage", does=narrowed, says=STOPPED),
    Case(id="a stranger's label that a writer puts there anew", does=swapped, says=STOPPED),
    Case(id="a label on the bot's own pull request", does=lambda s: label(s, "sam", "pow-stop", number=1), says="#1"),
    Case(id="the issues cannot be read", does=lambda s: blind(s, "issues", 403), says="cannot be read"),
    Case(id="an outage while the labels are read", does=lambda s: blind(s, "issues/2/events", 502), says="cannot be"),
    Case(id="at the last moment", does=at_the_last_moment, says=f"approved, but not merged: {STOPPED}"),
)


@pytest.mark.parametrize("case", rows(CASES))
def test_the_switch_stops_by_the_hand_of_whoever_may(grounds: Grounds, case: Case) -> None:
    with grounds.scene() as scene:
        scene.review("sam")
        case.does(scene)
        if not case.says:
            must_merge(scene)
            return
        report = scene.gate()
        assert case.says in said(report), said(report)
        assert scene.pull().merged_at is None
        assert "deploy.yml" not in dispatched(scene)
        assert Phase.MERGED not in scene.phases()


def test_what_merged_just_before_the_stop_does_not_go_live(grounds: Grounds) -> None:
    with grounds.scene() as scene:
        before_the_merge(scene, lambda: stop(scene))
        must_merge(scene)
        report = must_not_deploy(scene)
        assert f"merged, and it waits: {STOPPED}" in said(report)
