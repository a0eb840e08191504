"""Which tables are read cell by cell: those whose parts are each of few cells."""

import pytest

from bot.rules.scan_plan import MAX_TURNS, Cut, in_turn

DAY = 86_400
EDGES = (1 * DAY, 2 * DAY, 7 * DAY)
DAILY = [(day * DAY, (day + 1) * DAY - 1) for day in range(20)]


@pytest.mark.parametrize(
    ("parts", "is_in_turn"),
    [
        pytest.param(DAILY, True, id="a part for each day"),
        pytest.param(
            [(youngest - DAY // 2, oldest - DAY // 2) for youngest, oldest in DAILY], True, id="across edges"
        ),
        pytest.param([(-DAY, 20 * DAY)] * 20, False, id="every part is of all time"),
        pytest.param([(0, 20 * DAY), *DAILY], True, id="one part is"),
        pytest.param([(0, 20 * DAY)] * 3 + DAILY, False, id="too many are"),
        pytest.param([(0, DAY - 1)], True, id="one part of one cell"),
        pytest.param([(0, 3 * DAY)], False, id="one part of three cells"),
        pytest.param([], False, id="unknown"),
    ],
)
def test_a_table_is_read_cell_by_cell_if_its_parts_are_of_few_cells(parts, is_in_turn):
    assert in_turn(Cut(places=(0,), edges=EDGES), parts) == is_in_turn


def test_a_scan_of_many_cells_is_not():
    parts = [(0, 0)]
    assert in_turn(Cut(places=(0,), edges=range(1, MAX_TURNS + 1)), parts)
    assert not in_turn(Cut(places=(0,), edges=range(1, MAX_TURNS + 2)), parts)
    assert not in_turn(Cut(places=(0,), edges=EDGES, step=DAY), parts)
