"""The metrics that a rule may name, and which of them a short name means. It reads no settings."""

from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches

from bot.model.names import FeedName
from bot.model.series import SeriesKind
from bot.model.unit import Unit

_SHOWN = 8
_TRIED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A feed as rules see it; `window` is what a bare metric is reduced over, and how often news is expected.

    `labels` name what tells its series apart. The newest `delay` of time is not looked at: samples may be missing.
    With `open_cases` its samples are cases, dated by their beginning, some of which have not ended.
    """

    name: FeedName
    unit: Unit
    kind: SeriesKind
    window: timedelta
    min_value: float | None = None
    max_value: float | None = None
    labels: tuple[str, ...] = ()
    delay: timedelta = timedelta(0)
    open_cases: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What names mean in one recipe: the feeds it watches, of any shape, and all metrics there are.

    `others` are the feeds that are no metrics; of no use in a rule, but for telling so.
    `has_change` says whether a rule is measured on a change, so that there is a time before it.
    """

    watched: tuple[FeedName, ...]
    metrics: tuple[Metric, ...]
    has_change: bool = True
    others: frozenset[FeedName] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguous:
    """A short name that means several metrics."""

    names: tuple[FeedName, ...]


def find_metric(text: str, scope: Scope) -> Metric | Ambiguous | None:
    """Find what a name means; the first of these that knows it decides.

    1. the metric of exactly this name; 2. the watched metrics that end in it; 3. the metrics of the watched feeds'
    programmes (`passport` of `complaints.passport`) that end in it; 4. all metrics that end in it.
    """
    exact = next((metric for metric in scope.metrics if metric.name == text), None)
    if exact:
        return exact
    candidates = [metric for metric in scope.metrics if metric.name.endswith(f".{text}")]
    watched = frozenset(scope.watched)
    programmes = frozenset(programme_of(feed) for feed in watched) - {""}
    for circle in (
        [metric for metric in candidates if metric.name in watched],
        [metric for metric in candidates if programme_of(metric.name) in programmes],
        candidates,
    ):
        if len(circle) == 1:
            return circle[0]
        if circle:
            return Ambiguous(names=tuple(sorted(metric.name for metric in circle)))
    return None


def nearest(text: str, known: tuple[str, ...]) -> str:
    """Say what may have been meant and what is known, for the hint of a fault."""
    folded = [name for name in known if name.lower() == text.lower()]
    close = folded or get_close_matches(text, known, n=1)
    if close:
        return f"did you mean `{close[0]}`?"
    shown = ", ".join(known[:_SHOWN])
    return f"known: {shown}{', …' if len(known) > _SHOWN else ''}" if known else "nothing is known here"


def nearest_metric(text: str, scope: Scope) -> str:
    """Say which metric may have been meant: watched programmes first, by last segment or by full name."""
    programmes = frozenset(programme_of(feed) for feed in scope.watched)
    ranked = sorted(scope.metrics, key=lambda metric: (programme_of(metric.name) not in programmes, metric.name))[
        :_TRIED
    ]
    segment = text.rsplit(".", 1)[-1]
    endings = {metric.name.rsplit(".", 1)[-1]: metric.name for metric in reversed(ranked)}
    close = get_close_matches(segment, list(endings), n=1)
    if close:
        return f"did you mean `{endings[close[0]] if '.' in text else close[0]}`?"
    return nearest(text, tuple(metric.name for metric in ranked))


def programme_of(name: str) -> str:
    """The second segment of a feed's name; empty where there is none."""
    return name.split(".")[1] if "." in name else ""
