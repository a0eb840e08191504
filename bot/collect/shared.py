"""Which feeds are read together because they are rows of one table, told apart by the texts of `where` only."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from bot.collect.query import Query, UnreadableError
from bot.collect.samples import metric_query
from bot.model.series import Window
from bot.model.settings import FeedShape, FeedSpec, SourceKind


def groups_of(specs: Sequence[FeedSpec], kinds: Collection[SourceKind], *, now: datetime) -> list[tuple[Query, ...]]:
    """Return what metric feeds of these kinds ask for up to `now`, two or more of one table in each group.

    The queries of a group ask the same file, or the same `query`, for the same columns, by the same keys, in the same
    words of time, and end at the same moment. How far back they go, the range of their values and their units are
    their own.
    """
    groups: defaultdict[tuple[object, ...], list[Query]] = defaultdict(list)
    for spec in specs:
        if spec.source in kinds and spec.shape is FeedShape.METRIC and spec.hand_over is None:
            query = _query(spec, now)
            if query is not None:
                groups[_table(query)].append(query)
    return [tuple(queries) for queries in groups.values() if len(queries) > 1]


def _query(spec: FeedSpec, now: datetime) -> Query | None:
    try:
        return metric_query(spec, Window(start=now - spec.history, end=now))
    except UnreadableError:
        return None


def _table(query: Query) -> tuple[object, ...]:
    spec = query.spec
    return (
        *(spec.source, spec.endpoint, spec.path, spec.max_bytes, frozenset(spec.where)),
        *(query.columns, query.time_column, spec.time_format, spec.time_zone),
        *(spec.query, spec.window if spec.source is SourceKind.PROMETHEUS else None),
    )
