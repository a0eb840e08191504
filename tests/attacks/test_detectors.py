"""Two detectors at once, and one that dies after any of its writes: one branch, one pull request, one comment."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from attacks.grounds import Grounds, Scene

from bot.model.record import Phase

WRITES = 10
"""So many requests of one detection change something, the ledger's among them."""
LASTING = (4, 9)
"""After these the pull request and the ledger's branch are there; the others run with all tests."""
EACH = [pytest.param(n, marks=[] if n in LASTING else [pytest.mark.slow]) for n in range(1, WRITES + 1)]


def test_a_detection_writes_so_often(grounds: Grounds) -> None:
    with grounds.scene(proposed=False) as scene:
        before = scene.state.writes
        assert not scene.detect().failed
        assert scene.state.writes - before == WRITES


@pytest.mark.parametrize("write", EACH)
def test_a_detector_that_dies_after_a_write_is_continued_by_the_next(grounds: Grounds, write: int) -> None:
    with grounds.scene(proposed=False) as scene:
        lose_the_line(scene, after=write)
        scene.detect()
        scene.state.faults.set([])
        scene.detect()
        assert_one_of_each(scene)


@pytest.mark.parametrize("write", EACH)
def test_a_second_detector_in_the_middle_of_the_first_changes_nothing(grounds: Grounds, write: int) -> None:
    with grounds.scene(proposed=False) as scene, another(grounds, scene) as other:
        last = scene.state.writes + write

        def strike(number: int, phase: str, _: str) -> None:
            if (number, phase) == (last, "before"):
                scene.state.on_write = None
                assert not other.detect().failed

        scene.state.on_write = strike
        scene.detect()
        assert scene.state.on_write is None, "the first detector must have got so far"
        scene.detect()
        assert_one_of_each(scene)


def test_two_gates_at_once_write_one_comment(grounds: Grounds) -> None:
    with grounds.scene() as scene, another(grounds, scene) as other:
        scene.gate()
        other.gate()
        scene.gate()
        assert_one_of_each(scene)


def assert_one_of_each(scene: Scene) -> None:
    """Count what people would see, and the records."""
    scene.gate()
    scene.gate()
    repository = scene.repository
    assert len(repository.git.refs("refs/heads/pow/")) == 1
    assert len(repository.pulls) == 1
    assert len(repository.comments) == 1
    assert scene.phases() == [Phase.PROPOSED]
    assert [team.slug for team in repository.pulls[1].teams] == ["supervisors"]
    labels = [event.what.label.name for event in repository.events if event.what.label]
    assert sorted(labels) == ["impact:MEDIUM", "pow"]


def lose_the_line(scene: Scene, *, after: int) -> None:
    """Have the answer of a write lost, and every request from then on: what the bot asked for has happened."""
    done = scene.state.writes + after
    dead = {"path": "*", "kind": "drop_before", "after_writes": done, "times": 10_000}
    last = [
        {"path": "*", "kind": "drop_after", "after_writes": done - 1, "method": method}
        for method in ("POST", "PATCH", "PUT")
    ]
    scene.state.faults.set([dead, *last])


@contextmanager
def another(grounds: Grounds, scene: Scene) -> Iterator[Scene]:
    """Give a second process of the bot on the same repository, with a clone of its own."""
    clone = scene.clone.with_name(f"{scene.clone.name}-other")
    shutil.copytree(scene.clone, clone)
    with grounds.connected(scene.repository.name) as forge:
        yield replace(scene, clone=clone, forge=forge)
    shutil.rmtree(clone)
