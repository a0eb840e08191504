"""A backtest's curve as one self-contained SVG: readable in the light and in the dark, with a title and a text."""

from collections.abc import Callable, Sequence
from html import escape

from bot.model.clock import format_time
from bot.model.rehearsal import Backtest, Bucket, Curve
from bot.report.backtest import summary_rows
from bot.report.backtest_chart import short
from bot.report.untrusted import visible

_WIDTH, _HEIGHT = 960, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 16, 44, 48
_STYLE = (
    ".back{fill:#ffffff}.text{fill:#24292f}.axis{stroke:#8c959f}.range{fill:#0969da;fill-opacity:.35}"
    ".line{stroke:#0969da;fill:none;stroke-width:1.5}.limit{stroke:#cf222e;stroke-width:1.5;stroke-dasharray:6 4}"
    ".firing{fill:#cf222e;fill-opacity:.18}"
    "@media (prefers-color-scheme:dark){.back{fill:#0d1117}.text{fill:#e6edf3}.axis{stroke:#6e7681}"
    ".range{fill:#4493f8}.line{stroke:#4493f8}.limit{stroke:#f85149}.firing{fill:#f85149;fill-opacity:.25}}"
    "text{font:13px system-ui,sans-serif}"
)


def svg_of(found: Backtest) -> str:
    """Draw a backtest; whatever text is in it stands there as text."""
    curve = found.curve
    title = _text(f"Backtest of {found.recipe}: {found.rule}")
    told = _text("; ".join(f"{name}: {text}" for name, text in summary_rows(found)[1:]), limit=2000)
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
            'aria-labelledby="title desc">'
        ),
        f'<title id="title">{title}</title>',
        f'<desc id="desc">{told}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="back" width="{_WIDTH}" height="{_HEIGHT}"/>',
        f'<text class="text" x="{_LEFT}" y="24">{title}</text>',
        *_plot(curve),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _plot(curve: Curve) -> list[str]:
    values = [value for bucket in curve.buckets for value in (bucket.low, bucket.high) if value is not None]
    if not curve.buckets:
        return [f'<text class="text" x="{_LEFT}" y="{_HEIGHT // 2}">no look at all</text>']
    low, high = min([*values, curve.limit or 0.0, 0.0]), max([*values, curve.limit or 0.0])
    high = high if high > low else low + 1.0

    def y_of(value: float) -> float:
        return _HEIGHT - _BOTTOM - (value - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    lines = [*_firings(curve.buckets), *_ranges(curve.buckets, y_of)]
    if curve.limit is not None:
        at = f"{y_of(curve.limit):.1f}"
        lines.append(f'<line class="limit" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{at}" y2="{at}"/>')
    return [*lines, *_axes(curve, low, high)]


def _firings(buckets: Sequence[Bucket]) -> list[str]:
    """Shade the stretches in which the rule fired."""
    size = f'width="{_step(buckets):.1f}" height="{_HEIGHT - _TOP - _BOTTOM}"'
    return [
        f'<rect class="firing" x="{_x(place, buckets):.1f}" y="{_TOP}" {size}/>'
        for place, bucket in enumerate(buckets)
        if bucket.firing > 0
    ]


def _ranges(buckets: Sequence[Bucket], y_of: Callable[[float], float]) -> list[str]:
    """Draw each stretch from its lowest to its highest value."""
    lines = []
    for place, bucket in enumerate(buckets):
        if bucket.low is not None and bucket.high is not None:
            top = y_of(bucket.high)
            height = max(y_of(bucket.low) - top, 1.5)
            lines.append(
                f'<rect class="range" x="{_x(place, buckets):.1f}" y="{top:.1f}" '
                f'width="{_step(buckets):.1f}" height="{height:.1f}"/>'
            )
    return lines


def _axes(curve: Curve, low: float, high: float) -> list[str]:
    base, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    first, last = (format_time(curve.buckets[place].start)[:10] for place in (0, -1))
    limit = "" if curve.limit is None else f", limit {short(curve.limit)}"
    name = _text(f"{curve.metric} in {curve.unit.name}{limit}; shaded where the rule fires")
    return [
        f'<line class="axis" x1="{_LEFT}" x2="{right}" y1="{base}" y2="{base}"/>',
        f'<text class="text" x="{_LEFT - 6}" y="{_TOP + 10}" text-anchor="end">{short(high)}</text>',
        f'<text class="text" x="{_LEFT - 6}" y="{base}" text-anchor="end">{short(low)}</text>',
        f'<text class="text" x="{_LEFT}" y="{base + 18}">{first}</text>',
        f'<text class="text" x="{right}" y="{base + 18}" text-anchor="end">{last}</text>',
        f'<text class="text" x="{_LEFT}" y="{base + 38}">{name}</text>',
    ]


def _x(place: int, buckets: Sequence[Bucket]) -> float:
    return _LEFT + place * _step(buckets)


def _step(buckets: Sequence[Bucket]) -> float:
    return (_WIDTH - _LEFT - _RIGHT) / len(buckets)


def _text(text: str, *, limit: int = 150) -> str:
    return escape(visible(text, limit=limit))
