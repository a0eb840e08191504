"""Every attack on branch, base, files, texts and labels is refused with its reason, whoever approves it."""

import pytest
from attacks.attack import Attack, rows
from attacks.grounds import Grounds
from attacks.play import must_fail, said
from attacks.pushes import ATTACKS
from propose.office import SERVICE_PATH

from bot.model.decision import GateStatus


@pytest.mark.parametrize("attack", rows(ATTACKS))
def test_what_was_tampered_with_is_not_merged(grounds: Grounds, attack: Attack) -> None:
    with grounds.scene(attack.setting) as scene:
        must_fail(scene, attack)
        if attack.helped_by:
            decision = scene.would_merge(attack.helped_by)
            assert decision.status is GateStatus.APPROVED, decision.sentence


def test_a_branch_that_was_taken_in_the_bots_name_is_never_merged(grounds: Grounds) -> None:
    """The name of a branch can be foretold; so can all that the bot would commit, but not who pushes it."""
    with grounds.scene() as model:
        own, branch = model.repository.git.commit(model.pull().head_sha), model.pull().head_ref
        paths = (SERVICE_PATH, f"patches/evidence/{branch.rpartition('/')[2]}.json")
        files = {path: model.file(path, own.sha) for path in paths}
    with grounds.scene(proposed=False) as scene:
        scene.push(files, by="mallory", branch=branch, message=own.message, author="pow-bot[bot]")
        assert not scene.detect().failed
        scene.review("sam")
        report = scene.gate()
        assert "mallory pushed the recorded commit, not the bot" in said(report)
        assert scene.pull().merged_at is None


def test_a_forged_comment_stays_and_ours_is_put_right(grounds: Grounds) -> None:
    with grounds.scene() as scene:
        marker = f"<!-- pow:gate:{scene.pull().head_ref.rpartition('/')[2]} -->"
        scene.ask("POST", "issues/1/comments", by="mallory", body=f"{marker}\n### Approved by people")
        scene.gate()
        forged, own = scene.repository.comments.values()
        scene.ask("PATCH", f"issues/comments/{own.id}", by="root", body=f"{marker}\nApproved.")
        scene.gate()
        assert len(scene.repository.comments) == 2
        assert scene.repository.comments[forged.id] == forged
        assert scene.repository.comments[own.id].body == own.body
