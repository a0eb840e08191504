"""A test's feeds as curves for whoever looks for what went wrong; nothing is decided on them."""

import math
from collections.abc import Mapping

from bot.model.names import FeedName
from bot.model.series import Sample, Window
from bot.model.trial import Curve
from bot.recipes.recipe_tests import RecipeTest
from bot.rehearse.trial_data import Supply

PARTS = 60
"""Points of a curve."""


def curves_of(supplies: Mapping[FeedName, Supply], test: RecipeTest) -> tuple[Curve, ...]:
    """Return a curve of every feed that has any data."""
    curves = (_curve(supply, test) for supply in supplies.values())
    return tuple(curve for curve in curves if curve is not None)


def _curve(supply: Supply, test: RecipeTest) -> Curve | None:
    samples = supply.series(Window(start=test.start, end=test.start + test.length)).samples
    values = [sample.value / sample.of for sample in samples if sample.of > 0]
    if not values:
        return None
    part = test.length / PARTS
    cells: list[list[Sample]] = [[] for _ in range(PARTS)]
    for sample in samples:
        # A value stands until the next one is due: where these are wider apart than the parts, it fills several.
        first = (sample.at - test.start) // part
        last = (sample.at - test.start + supply.every) // part
        for cell in cells[first : max(first + 1, last)]:
            cell.append(sample)
    return Curve(
        feed=supply.spec.name,
        unit=supply.spec.unit.name,
        low=min(values),
        high=max(values),
        means=tuple(map(_mean, cells)),
    )


def _mean(samples: list[Sample]) -> float | None:
    weight = math.fsum(sample.of for sample in samples)
    return math.fsum(sample.value for sample in samples) / weight if weight > 0 else None
