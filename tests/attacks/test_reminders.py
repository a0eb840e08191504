"""Whatever others write, the bot reminds those whose approval is missing, once."""

from datetime import timedelta

import pytest
from attacks.attack import rows
from attacks.grounds import Grounds
from attacks.reminders import SILENCINGS, Silencing


@pytest.mark.parametrize("attack", rows(SILENCINGS))
def test_nobody_keeps_the_bot_silent_or_makes_it_repeat_itself(grounds: Grounds, attack: Silencing) -> None:
    with grounds.scene() as scene:
        attack.does(scene)
        scene.later = timedelta(days=2)
        for _ in range(3):
            scene.gate()
            own = [each for each in scene.repository.comments.values() if each.author.login == "pow-bot[bot]"]
            assert sum(each.body.count("<!-- pow:wait:") == 1 for each in own) == 1
