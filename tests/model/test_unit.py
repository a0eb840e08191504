import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.unit import DAY, PERCENT, PLAIN_COUNT, PLAIN_RATIO, SECOND, UNITS, Quantity, Unit


@pytest.mark.parametrize(
    ("value", "unit", "wanted", "result"),
    [
        (2, DAY, SECOND, 172_800),
        (36, UNITS["hours"], DAY, 1.5),
        (500, UNITS["milliseconds"], SECOND, 0.5),
        (5, PERCENT, PLAIN_RATIO, 0.05),
        (0.25, PLAIN_RATIO, PERCENT, 25),
    ],
)
def test_a_quantity_converts_within_its_dimension(value: float, unit: Unit, wanted: Unit, result: float):
    converted = Quantity(value=value, unit=unit).to(wanted)
    assert (converted.unit, math.isclose(converted.value, result)) == (wanted, True)


@given(unit=st.sampled_from(list(UNITS.values())), wanted=st.sampled_from(list(UNITS.values())))
def test_a_quantity_converts_to_its_own_dimension_and_to_no_other(unit: Unit, wanted: Unit):
    quantity = Quantity(value=3, unit=unit)
    if unit.dimension == wanted.dimension:
        assert math.isclose(quantity.to(wanted).to(unit).value, 3)
    else:
        with pytest.raises(ValueError, match=f"{unit.name} is not {wanted.name}"):
            quantity.to(wanted)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (26.3, DAY, "26.3 days"),
        (5, PERCENT, "5%"),
        (0.05, PLAIN_RATIO, "0.05"),
        (9_999, PLAIN_COUNT, "9999"),
        (1_234_567.8, PLAIN_COUNT, "1,234,568"),
        (-12_500, UNITS["eur"], "-12,500 eur"),
    ],
)
def test_a_quantity_is_written_short(value: float, unit: Unit, text: str):
    assert str(Quantity(value=value, unit=unit)) == text
