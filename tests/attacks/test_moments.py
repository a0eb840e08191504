"""Whatever the bot writes in the life of a proposal is there once, if a run dies after any write or meets another."""

from typing import Any

import pytest
from _pytest.mark import ParameterSet
from attacks.grounds import Grounds
from attacks.moments import MOMENTS, Moment, act, picture, to_rest
from attacks.test_detectors import another, lose_the_line


def each_write(*, quick: tuple[str, int] | None = None) -> list[ParameterSet]:
    """Return every write of every moment; the quick run does one, and each step has its own such tests in memory."""
    return [
        pytest.param(moment, n, id=f"{moment.id}-{n}", marks=[] if (moment.id, n) == quick else [pytest.mark.slow])
        for moment in MOMENTS
        for n in range(1, moment.writes + 1)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.id)
def test_a_moment_has_so_many_writes(grounds: Grounds, moment: Moment) -> None:
    with grounds.scene(moment.setting) as scene:
        moment.before(scene)
        before = scene.state.writes
        act(scene, moment)
        assert scene.state.writes - before == moment.writes
        assert moment.leaves(scene)


@pytest.mark.parametrize(("moment", "write"), each_write())
def test_a_run_that_dies_after_a_write_is_continued_by_the_next(grounds: Grounds, moment: Moment, write: int) -> None:
    with grounds.scene(moment.setting) as scene:
        moment.before(scene)
        lose_the_line(scene, after=write)
        act(scene, moment)
        scene.state.faults.set([])
        with another(grounds, scene) as fresh:
            to_rest(fresh, moment)
            assert moment.leaves(fresh)
            assert picture(fresh) == undisturbed(grounds, moment)


@pytest.mark.parametrize(("moment", "write"), each_write(quick=("refreshed", 5)))
def test_a_second_run_in_the_middle_of_the_first_changes_nothing(
    grounds: Grounds, moment: Moment, write: int
) -> None:
    with grounds.scene(moment.setting) as scene, another(grounds, scene) as other:
        moment.before(scene)
        other.later, last = scene.later, scene.state.writes + write

        def strike(number: int, phase: str, _: str) -> None:
            if (number, phase) == (last, "before"):
                scene.state.on_write = None
                act(other, moment)

        scene.state.on_write = strike
        act(scene, moment)
        assert scene.state.on_write is None, "the first run must have got so far"
        to_rest(scene, moment)
        assert told_once(picture(scene)) == told_once(undisturbed(grounds, moment))


def told_once(seen: dict[str, Any]) -> dict[str, Any]:
    """Leave out issues that both runs opened and the second one closed again: a forge lets nobody delete one."""
    issues = seen["issues"]
    twins = {
        number
        for number, (title, state) in issues.items()
        if state == "closed"
        and number not in seen["pulls"]
        and any(other < number and issues[other][0] == title for other in issues)
    }
    once = {name: {n: seen[name][n] for n in issues if n not in twins} for name in ("issues", "labels")}
    return {**seen, **once}


_PICTURES: dict[str, dict[str, object]] = {}


def undisturbed(grounds: Grounds, moment: Moment) -> dict[str, object]:
    """Return what a moment leaves that nothing disturbs."""
    if moment.id not in _PICTURES:
        _PICTURES[moment.id] = left_alone(grounds, moment)
    return _PICTURES[moment.id]


def left_alone(grounds: Grounds, moment: Moment) -> dict[str, object]:
    with grounds.scene(moment.setting) as scene:
        moment.before(scene)
        to_rest(scene, moment)
        return picture(scene)
