"""Every forged emergency is refused with its reason; an honest one merges, is deployed and opens its review."""

import pytest
from attacks.attack import URGENT, Attack, rows
from attacks.emergencies import ATTACKS, COMMAND
from attacks.grounds import Grounds
from attacks.play import must_fail

from bot.model.event import Mark
from bot.model.record import Phase


@pytest.mark.parametrize("attack", rows(ATTACKS))
def test_an_emergency_that_is_none_merges_nothing(grounds: Grounds, attack: Attack) -> None:
    with grounds.scene(attack.setting) as scene:
        must_fail(scene, attack)


def test_an_honest_emergency_merges_deploys_and_is_to_be_reviewed(grounds: Grounds) -> None:
    with grounds.scene(URGENT) as scene:
        scene.review("sava", body=COMMAND)
        merged, review = scene.gate().events
        assert (merged.mark, review.mark) == (Mark.DONE, Mark.WAIT)
        message = scene.repository.git.commit(scene.main()).message
        assert "Decision: emergency" in message
        assert "counters" not in message
        (task,) = scene.ask("GET", "issues?state=all&labels=pow:review").json()
        assert "counters" not in task["body"] + task["title"]
        scene.deploy()
        assert Phase.DEPLOYED in scene.phases()
        scene.review("sam")
        scene.review("ada")
        assert "reviewed afterwards by sam, ada" in scene.gate().events[0].sentence
