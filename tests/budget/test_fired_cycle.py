"""What a cycle costs in which recipes fire: one commit sequence and three requests for each, one ledger append."""

from pathlib import Path

import pytest
from budget.district import Pass, a_district

COMMIT = {"POST /git/trees": 1, "POST /git/commits": 1, "POST /git/refs": 1}
PULL = {"POST /pulls": 1, "POST /issues/_/labels": 1, "POST /pulls/_/requested_reviewers": 1}
LEDGER = {"GET /git/ref/heads//_": 1, "POST /git/trees": 1, "POST /git/commits": 1, "POST /git/refs": 1}
RUN = {"GET /issues": 1, "GET /pulls": 1, "POST /actions/workflows/gate.yml/dispatches": 1}
"""Once for a run that proposes: whether anybody stopped it, what there is, and that the gate is to look."""


def wanted(firing: int) -> dict[str, int]:
    """Add up what a detection may cost in which so many recipes fire."""
    parts = [COMMIT, PULL] * firing + [LEDGER, RUN]
    return {kind: sum(part.get(kind, 0) for part in parts) for part in parts for kind in part}


def detection(root: Path, *, recipes: int, firing: int) -> Pass:
    with a_district(root, recipes=recipes, firing=firing) as district:
        found = district.cycle(command=("detect",))
        assert len(district.repository.pulls) == firing
        return found


@pytest.mark.parametrize("firing", [1, 3])
def test_a_fired_recipe_costs_one_commit_sequence_and_three_requests(tmp_path: Path, firing: int) -> None:
    assert detection(tmp_path, recipes=6, firing=firing).kinds == wanted(firing)


@pytest.mark.slow
def test_so_it_is_with_twenty_of_a_thousand_recipes(tmp_path: Path) -> None:
    assert detection(tmp_path, recipes=1_000, firing=20).kinds == wanted(20)
