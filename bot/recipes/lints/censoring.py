"""Durations that look short only because the long ones have not ended yet.

After a change only samples since the change count. Where a feed dates a case by its beginning, those are the cases
begun since, and a case that began three days ago cannot have waited a week: success comes by itself.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import lru_cache

from bot.model.errors import Diagnostic, Severity
from bot.model.settings import FeedSpec
from bot.model.unit import TIME
from bot.recipes.check import Check
from bot.recipes.lints.bounds import LOWER, UPPER, Bound, shown, terms_of
from bot.recipes.lints.ranges import Ranges
from bot.recipes.lints.subject import RuleKey, Subject
from bot.rules.compile import Rule
from bot.rules.display import show_duration
from bot.rules.functions import Result
from bot.rules.grid import step_of
from bot.rules.typed import InWindows, Reduced

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_BEGINNING = re.compile(
    r"beg[aiu]n|beginning|start(?:ed)?|open(?:ed)?|creat(?:ed|ion)|submi(?:t|tted|ssion)|recei(?:ved?|pt)|filed|filing"
    r"|request(?:ed)?|appl(?:ied|ication)|lodged|registered|arriv(?:ed?|al)"
)


def censoring_faults(subject: Subject, ranges: Ranges) -> Iterator[Diagnostic]:
    """Refuse success, and find rollbacks, that a feed dated by beginnings decides by itself."""
    feeds = subject.feeds
    compiled = subject.compiled
    if not any(_basis(feeds[name]) for rule in (compiled.success, compiled.rollback) for name in rule.feeds):
        return
    yield from _success_faults(subject, ranges)
    yield from _rollback_faults(subject, ranges)


def _success_faults(subject: Subject, ranges: Ranges) -> Iterator[Diagnostic]:
    rule, watch = subject.compiled.success, subject.recipe.watch
    for bound, severity in _censored(subject, rule, ranges, UPPER):
        if (_held(rule) + watch.arm_after).total_seconds() > bound.value:
            continue
        limit = shown(bound.value, bound.unit)
        name = bound.reduced.metric.name if bound.reduced else ""
        message = (
            f"`{name}` is dated by when cases begin: none that began after the change can have waited "
            f"{limit} by then, so that every change succeeds"
        )
        hint = f"date the feed by when cases end, or ask `for` more than {limit}"
        place = subject.at(RuleKey.SUCCESS)
        yield subject.document.fault(Check.CENSORED, place, message, hint=hint, severity=severity)


def _rollback_faults(subject: Subject, ranges: Ranges) -> Iterator[Diagnostic]:
    deadline = subject.recipe.watch.deadline
    for bound, _ in _censored(subject, subject.compiled.rollback, ranges, LOWER):
        limit = shown(bound.value, bound.unit)
        if bound.value >= deadline.total_seconds():
            message = (
                f"no case that begins after the change can have waited {limit} before the watch ends, "
                f"{show_duration(deadline)} after it: nothing is ever rolled back"
            )
            hint = "date the feed by when cases end, or watch longer"
            yield subject.warning(Check.CENSORED, subject.at(RuleKey.ROLLBACK), message, hint)


def _censored(
    subject: Subject, rule: Rule, ranges: Ranges, sides: frozenset[object]
) -> Iterator[tuple[Bound, Severity]]:
    """Yield the bounds on durations that are dated by their beginning; by its column's name alone, it is a doubt."""
    for term in terms_of(rule.tree.logic, ranges):
        for bound in term:
            if bound.operator in sides and bound.reduced is not None and _is_duration(bound.reduced):
                severity = _basis(subject.feeds[bound.reduced.metric.name])
                if severity is not None:
                    yield bound, severity


def _is_duration(reduced: Reduced) -> bool:
    return reduced.function is None or (reduced.function.result is Result.UNIT and reduced.function.name != "stddev")


def _basis(feed: FeedSpec) -> Severity | None:
    """Tell whether a feed of durations is dated by beginnings: for sure, by the look of it, or not.

    One with open cases is, and what is asked of it allows for that.
    """
    columns = feed.columns
    if feed.open_cases or feed.unit.dimension != TIME or feed.hand_over is not None or not columns.at:
        return None
    if not columns.value:
        return Severity.ERROR if columns.at == columns.start else None
    return Severity.WARNING if _names_beginning(columns.at) else None


@lru_cache(maxsize=10_000)
def _names_beginning(column: str) -> bool:
    return any(_BEGINNING.fullmatch(word.lower()) for word in _WORD.findall(column))


def _held(rule: Rule) -> timedelta:
    sustain = rule.tree.sustain
    if isinstance(sustain, InWindows):
        return step_of(rule.tree.logic) * sustain.needed
    return rule.hold or timedelta(0)
