"""Every attack by reviews is refused with its reason; and where one honest approval was missing, it is enough."""

import pytest
from attacks.attack import Attack, rows
from attacks.grounds import Grounds
from attacks.play import must_fail, must_merge
from attacks.reviews import ATTACKS

from bot.model.decision import GateStatus

HELPED = [attack for attack in ATTACKS if attack.helped_by]


@pytest.mark.parametrize("attack", rows(ATTACKS))
def test_a_review_that_must_not_count_merges_nothing(grounds: Grounds, attack: Attack) -> None:
    with grounds.scene(attack.setting) as scene:
        must_fail(scene, attack)


@pytest.mark.slow
@pytest.mark.parametrize("attack", HELPED, ids=lambda attack: attack.id)
def test_nothing_but_the_attack_stood_in_the_way(grounds: Grounds, attack: Attack) -> None:
    with grounds.scene(attack.setting) as scene:
        attack.does(scene)
        decision = scene.would_merge(attack.helped_by)
        assert decision.status is GateStatus.APPROVED, decision.sentence


def test_an_honest_approval_merges(grounds: Grounds) -> None:
    with grounds.scene() as scene:
        scene.review("sam")
        must_merge(scene)


def test_a_later_comment_takes_no_approval_back(grounds: Grounds) -> None:
    with grounds.scene() as scene:
        scene.review("sam")
        scene.review("sam", "COMMENT")
        must_merge(scene)
