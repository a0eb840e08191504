"""The only place that sees complaints: a topic is kept when it is plainly a category, and everything is counted.

No other field of a complaint is asked for, and nothing but counts leaves.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from bot.collect.cells import text_of, time_of
from bot.collect.query import Query, Row
from bot.model.finding import ComplaintCount
from bot.model.series import Window
from bot.model.settings import FeedSpec

OTHER = "other"
"""Where complaints go whose topic is missing, rare among too many, or does not look like a category."""
MAX_TOPICS = 40
"""More topics than this are no categories: the rarer ones are counted as other."""

_CATEGORY = re.compile(r"[^\W\d_][^\W_]*(?:[ ,/&()'_-]+[^\W_]+)*\)?")
_MAX_LENGTH = 60
_MAX_WORDS = 10
_LONG_NUMBER = re.compile(r"\d(?:[ -]?\d){3}")


def complaints_query(spec: FeedSpec, window: Window) -> Query:
    """Ask for the time and the topic, and for nothing else."""
    columns = tuple(dict.fromkeys(name for name in (spec.columns.at, spec.columns.topic) if name))
    return Query(spec=spec, columns=columns, time_column=spec.columns.at, window=window)


def count_complaints(rows: Iterable[Row], query: Query, window: Window) -> ComplaintCount:
    """Count the complaints of the window by topic; rows without a time column all belong to it."""
    place = {column: index for index, column in enumerate(query.columns)}
    topic = query.spec.columns.topic
    counts: Counter[str] = Counter()
    for row in rows:
        if query.time_column:
            at = time_of(row[place[query.time_column]], query=query, column=query.time_column)
            if at is None or not window.holds(at):
                continue
        counts[topic_of(text_of(row[place[topic]])) if topic else OTHER] += 1
    return ComplaintCount(feed=query.spec.name, window=window, topics=_merge_rare(counts))


def topic_of(text: str) -> str:
    """Return a topic that is short, of plain letters and few digits; anything else is `other`."""
    plain = " ".join(unicodedata.normalize("NFC", text[: 4 * _MAX_LENGTH]).split())
    is_category = (
        len(text) <= 4 * _MAX_LENGTH
        and len(plain) <= _MAX_LENGTH
        and len(plain.split(" ")) <= _MAX_WORDS
        and _CATEGORY.fullmatch(plain) is not None
        and _LONG_NUMBER.search(plain) is None
    )
    return plain if is_category else OTHER


def _merge_rare(counts: Counter[str]) -> dict[str, int]:
    """Keep the most frequent topics, the most frequent first; ties by name."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    kept = dict(ranked[:MAX_TOPICS])
    rest = sum(count for _, count in ranked[MAX_TOPICS:])
    if rest:
        kept[OTHER] = kept.get(OTHER, 0) + rest
    return kept
