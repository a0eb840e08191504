"""What a cycle costs in which nothing happens: two API requests at most, whatever waits."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from budget.district import District, a_district

MOST = 2
"""The list of open pull requests, and whether somebody has pulled the switch."""


@contextmanager
def at_rest(root: Path, *, recipes: int, waiting: int) -> Iterator[District]:
    """Give a district in which so many proposals wait for people and have been looked at."""
    with a_district(root, recipes=recipes, firing=waiting) as district:
        district.cycle()
        assert len(district.cycle().asked) > MOST, "the gate's own comments are news, once"
        yield district


@pytest.mark.parametrize(
    ("recipes", "waiting"), [(12, 3), pytest.param(1_000, 20, marks=pytest.mark.slow, id="1000-20")]
)
def test_an_idle_cycle_costs_two_requests_at_most(tmp_path: Path, recipes: int, waiting: int) -> None:
    with at_rest(tmp_path, recipes=recipes, waiting=waiting) as district:
        idle = district.cycle()
        assert len(idle.asked) <= MOST, idle.kinds
        assert idle.costs == {"detect": (0, 0), "gate": (2, 0), "deploy": (0, 0), "monitor": (0, 0)}
        assert f"{waiting} pull requests are as the gate saw them last" in idle.sentences
        district.ask("POST", "pulls/2/reviews", event="COMMENT", body="Why?")
        assert "GET /pulls/_/reviews" in district.cycle().kinds, "what is news is looked at"
