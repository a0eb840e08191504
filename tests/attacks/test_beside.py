"""Other pull requests neither pass the lock of the bot's own, nor are taken for it; nor does the bot merge them."""

from typing import Any

import pytest
from attacks.attack import UNGOVERNED, rows
from attacks.beside import BESIDE, STRANGER, WAITS, Beside, fork_of, my_pull, of_a_fork, opened
from attacks.grounds import Grounds, Scene
from attacks.play import dispatched, must_not_deploy, said
from attacks.test_detectors import assert_one_of_each, lose_the_line
from propose.office import SERVICE_PATH

from bot.model.event import Mark
from bot.model.record import Phase


@pytest.mark.parametrize("attack", rows(BESIDE))
def test_another_pull_request_gets_nothing_merged_and_no_check_that_is_not_its_own(
    grounds: Grounds, attack: Beside
) -> None:
    with grounds.scene(attack.setting) as scene:
        number, before = attack.opens(scene), scene.main()
        told = {event.data.get("pull"): event for event in scene.gate().events}
        if attack.says:
            own = told[number]
            assert attack.says in " ".join([own.sentence, *_lines(own.data.get("lines"))])
        assert scene.main() == before
        assert all(pull.merged_at is None for pull in scene.repository.pulls.values())
        assert scene.phases() == [Phase.PROPOSED]
        assert "deploy.yml" not in dispatched(scene)
        theirs, ours = (scene.repository.pulls[each].head_sha for each in (number, 1))
        if attack.shown != "":
            assert shown_on(scene, theirs) == {"pow/gate": attack.shown, "pow/governance": attack.shown}
        if attack.setting is not UNGOVERNED:
            assert shown_on(scene, ours)["pow/gate"] is WAITS
        assert [each.body.count("<!-- pow:gate:") for each in own_comments(scene)] == [1]


def shown_on(scene: Scene, head: str) -> dict[str, str | None]:
    """Return the newest conclusion of each check on a commit."""
    runs = sorted(scene.repository.checks.values(), key=lambda run: run.id)
    return {run.name: run.conclusion for run in runs if run.head_sha == head}


def own_comments(scene: Scene) -> list[Any]:
    return [each for each in scene.repository.comments.values() if each.author.login == "pow-bot[bot]"]


def _lines(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def test_a_later_pull_request_does_not_lock_the_bots(grounds: Grounds) -> None:
    with grounds.scene() as scene:
        my_pull(scene)
        scene.review("sam")
        scene.gate()
        assert scene.pull().merged_at is not None


def test_an_earlier_fork_neither_locks_nor_stands_in_for_the_bots(grounds: Grounds) -> None:
    """The name of a branch can be foretold; and after a run that died the next asks for the branch's pull request."""
    with grounds.scene() as model:
        branch = model.pull().head_ref
    with grounds.scene(proposed=False) as scene:
        theirs = fork_of(scene, name=f"{scene.repository.name}-fork")
        theirs.push({SERVICE_PATH: b"x"}, by=STRANGER, branch=branch, onto=scene.main())
        fork = opened(scene, by=STRANGER, head=f"agency:{branch}", head_repo=theirs.repository.name)
        lose_the_line(scene, after=3)
        scene.detect()
        scene.state.faults.set([])
        assert scene.repository.git.branch(branch) is not None
        assert list(scene.repository.pulls) == [fork]
        assert not scene.detect().failed
        assert sorted(scene.repository.pulls) == [fork, 2]
        assert scene.repository.pulls[2].fork is None
        scene.ask("POST", "pulls/2/reviews", by="sam", event="APPROVE", body="Seen.")
        done = [event.data.get("pull") for event in scene.gate().events if event.mark is Mark.DONE]
        assert done == [2]
        assert scene.repository.pulls[fork].merged_at is None


def test_a_fork_that_a_person_merges_is_not_deployed(grounds: Grounds) -> None:
    with grounds.scene() as scene:
        own = scene.repository.git.commit(scene.pull().head_sha)
        number = of_a_fork(scene, message=own.message)
        scene.ask("PUT", f"pulls/{number}/merge", by="root")
        report = must_not_deploy(scene)
        assert "not deployed" in said(report), said(report)
        (incident,) = scene.incidents()
        assert incident["user"]["login"] == "pow-bot[bot]"
        scene.gate()
        assert len(scene.incidents()) == 1
        assert Phase.MERGED not in scene.phases()


@pytest.mark.slow
def test_a_fork_in_sight_changes_nothing_for_an_honest_approval(grounds: Grounds) -> None:
    with grounds.scene() as scene:
        of_a_fork(scene)
        scene.review("sam")
        report = scene.gate()
        assert Mark.DONE in {event.mark for event in report.events}, said(report)
        assert scene.pull().merged_at is not None


def test_two_detectors_and_a_fork_make_one_of_each(grounds: Grounds) -> None:
    with grounds.scene(proposed=False) as scene:
        fork_of(scene)
        scene.detect()
        scene.detect()
        assert_one_of_each(scene)
