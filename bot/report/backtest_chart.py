"""A backtest's curve as characters: the metric's range, its limit, and below them when the rule fired."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bot.model.clock import format_time
from bot.model.rehearsal import Bucket, Curve
from bot.report.charts import number

HEIGHT = 10
_MARGIN = 12
_LEAST = 20
_MOST = 120
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bits of a Braille cell, from top to bottom, left and right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a chart; `kind` tells what a terminal may colour it as."""

    text: str
    kind: str


def chart_lines(curve: Curve, *, width: int) -> tuple[Line, ...]:
    """Draw a curve within so many columns; nothing where nothing was measured."""
    values = [value for bucket in curve.buckets for value in (bucket.low, bucket.high) if value is not None]
    if not values:
        return ()
    columns = max(_LEAST, min(_MOST, width - _MARGIN))
    spread = _spread(curve.buckets, columns * 2)
    low, high = min([*values, curve.limit or 0.0, 0.0]), max([*values, curve.limit or 0.0])
    scale = _Scale(low=low, high=high if high > low else low + 1.0)
    limit = None if curve.limit is None else scale.row(curve.limit) // 4
    rows = _cells(spread, columns, scale)
    lines = []
    for row, cells in enumerate(rows):
        text = "".join(chr(0x2800 + cell) if cell else "╌" if row == limit else " " for cell in cells)
        label = _label(row, limit, curve, scale)
        lines.append(Line(text=f"{label:>{_MARGIN - 2}} │{text}".rstrip(), kind="limit" if row == limit else "curve"))
    return (*lines, *_below(curve, spread, columns))


def _below(curve: Curve, spread: Sequence[Bucket], columns: int) -> tuple[Line, ...]:
    """Draw when the rule fired, and the axis of time."""
    pairs = [spread[place * 2 : place * 2 + 2] for place in range(columns)]
    marks = "".join("█" if any(each.firing for each in pair) else "·" for pair in pairs)
    first, last = (format_time(curve.buckets[place].start)[:10] for place in (0, -1))
    return (
        Line(text=f"{'fires':>{_MARGIN - 2}} │{marks}", kind="firing"),
        Line(text=f"{'':>{_MARGIN}}{first}{last:>{columns - len(first)}}", kind="axis"),
    )


def _label(row: int, limit: int | None, curve: Curve, scale: "_Scale") -> str:
    if row == limit and curve.limit is not None:
        return short(curve.limit)
    if row in {0, HEIGHT - 1}:
        return short(scale.high if row == 0 else scale.low)
    return ""


def short(value: float) -> str:
    """Write a number that fits beside an axis."""
    text = number(value)
    return text if len(text) <= _MARGIN - 2 else f"{value:.3g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """From values to rows of dots, the highest value in row 0."""

    low: float
    high: float

    def row(self, value: float) -> int:
        """Return the row of dots that a value is in."""
        share = (value - self.low) / (self.high - self.low)
        return round((HEIGHT * 4 - 1) * (1.0 - min(max(share, 0.0), 1.0)))


def _spread(buckets: Sequence[Bucket], columns: int) -> list[Bucket]:
    """Give every column of dots its bucket; neighbours that share one are joined where there are too many."""
    if len(buckets) <= columns:
        return [buckets[column * len(buckets) // columns] for column in range(columns)]
    edges = [len(buckets) * column // columns for column in range(columns + 1)]
    return [_joined(buckets[first:last]) for first, last in pairwise(edges)]


def _joined(buckets: Sequence[Bucket]) -> Bucket:
    return Bucket(
        start=buckets[0].start,
        low=min((bucket.low for bucket in buckets if bucket.low is not None), default=None),
        high=max((bucket.high for bucket in buckets if bucket.high is not None), default=None),
        firing=max(bucket.firing for bucket in buckets),
    )


def _cells(spread: Sequence[Bucket], columns: int, scale: _Scale) -> list[list[int]]:
    """Fill the dots from each bucket's lowest to its highest value."""
    cells = [[0] * columns for _ in range(HEIGHT)]
    for dot, bucket in enumerate(spread):
        if bucket.low is None or bucket.high is None:
            continue
        for row in range(scale.row(bucket.high), scale.row(bucket.low) + 1):
            cells[row // 4][dot // 2] |= _DOTS[row % 4][dot % 2]
    return cells
