"""The three rules of a recipe against one another: what may not hold together, and which way they point."""

import re
from collections.abc import Iterator
from functools import lru_cache

from bot.model.errors import Diagnostic
from bot.model.names import FeedName
from bot.recipes.check import Check
from bot.recipes.lints.bounds import LOWER, UPPER, Common, Term, common_value, follows, quantity_of, shown, terms_of
from bot.recipes.lints.ranges import Ranges
from bot.recipes.lints.subject import RuleKey, Subject
from bot.rules.compile import Rule
from bot.rules.functions import Result
from bot.rules.shape import MIRROR
from bot.rules.syntax import Operator
from bot.rules.typed import Compared, Constant, Reduced, reductions

_BAD_WHEN_HIGH = re.compile(
    r"(?:.*_)?(?:wait(?:s|ing)?|delay(?:s|ed)?|backlogs?|queued?|errors?|fail(?:ed|ures?)|timeouts?|overdue|late"
    r"|complaints?)(?:_.*)?"
)
_TURNED = re.compile(r"(?:.*_)?(?:free|non?|not|without|resolved|solved|avoided|saved|prevented)(?:_.*)?")

_WRONG_WAY = {
    RuleKey.BOTTLENECK: (UPPER, "the recipe fires when it is low"),
    RuleKey.SUCCESS: (LOWER, "a change succeeds when it is high"),
    RuleKey.ROLLBACK: (UPPER, "a change is rolled back when it is low"),
}


def against_faults(subject: Subject, ranges: Ranges) -> Iterator[Diagnostic]:
    """Hold success and rollback against each other, and both against the bottleneck."""
    compiled = subject.compiled
    firing, success, rollback = (
        _Side(rule, ranges) for rule in (compiled.bottleneck, compiled.success, compiled.rollback)
    )
    found: list[Diagnostic] = []
    if success.shares_feed(rollback):
        found += _contradiction(subject, success, rollback)
    if firing.shares_feed(success):
        found += _direction(subject, firing, success)
    if firing.shares_feed(rollback):
        found += _never_armed(subject, firing, rollback)
    if compiled.clear is not None:
        found += _never_clear(subject, firing, _Side(compiled.clear, ranges))
    yield from found or _names(subject)
    yield from _any_group(subject)


class _Side:
    """A rule, and its terms once somebody asks for them."""

    __slots__ = ("_ranges", "_terms", "rule")

    def __init__(self, rule: Rule, ranges: Ranges) -> None:
        self.rule = rule
        self._ranges = ranges
        self._terms: tuple[Term, ...] | None = None

    @property
    def terms(self) -> tuple[Term, ...]:
        """The alternatives of the rule."""
        if self._terms is None:
            self._terms = terms_of(self.rule.tree.logic, self._ranges)
        return self._terms

    def shares_feed(self, other: "_Side") -> bool:
        """Tell whether both rules read one feed: others have nothing to do with each other."""
        return not set(self.rule.feeds).isdisjoint(other.rule.feeds)

    def meets(self, other: "_Side") -> Common | None:
        """Return a value at which both hold, in every group; totals of other groups are other quantities."""
        if _labels(self.rule) != _labels(other.rule) and not (_is_of_levels(self.rule) and _is_of_levels(other.rule)):
            return None
        single, others_single = _single(self.rule), _single(other.rule)
        if single and others_single and quantity_of(single[0]) != quantity_of(others_single[0]):
            return None
        return common_value(self.terms, other.terms)

    def leads_to(self, other: "_Side") -> bool:
        """Tell whether the other rule holds whenever this one does."""
        same = self.rule.tree.grouping == other.rule.tree.grouping
        return same and bool(self.terms) and all(follows(term, other.terms) for term in self.terms)


def _contradiction(subject: Subject, success: _Side, rollback: _Side) -> Iterator[Diagnostic]:
    both = success.meets(rollback)
    if both is not None:
        message = f"success_metric and rollback_on both hold at {shown(both.value, both.unit)}"
        yield subject.error(
            Check.CONTRADICTION,
            subject.at(RuleKey.ROLLBACK),
            message,
            "leave a gap between them; a rollback would always win",
        )
    elif success.leads_to(rollback):
        message = "whenever success_metric holds, rollback_on holds too"
        yield subject.error(
            Check.CONTRADICTION,
            subject.at(RuleKey.ROLLBACK),
            message,
            "a rollback would always win: turn one of them around",
        )


def _direction(subject: Subject, firing: _Side, success: _Side) -> Iterator[Diagnostic]:
    if _same_way(firing.rule, success.rule):
        message = "success_metric points the same way as bottleneck_rule: it holds when things are as bad as before"
        yield subject.error(Check.DIRECTION, subject.at(RuleKey.SUCCESS), message, "turn its comparison around")
        return
    both = firing.meets(success)
    if both is not None:
        value = shown(both.value, both.unit)
        message = f"at {value} the change is a success and the bottleneck still fires, so it is proposed again"
        yield subject.warning(
            Check.DIRECTION,
            subject.at(RuleKey.SUCCESS),
            message,
            "ask success_metric for more than bottleneck_rule does",
        )


def _never_armed(subject: Subject, firing: _Side, rollback: _Side) -> Iterator[Diagnostic]:
    if firing.leads_to(rollback):
        message = (
            "rollback_on holds whenever the recipe fires: the breach is there before the change, so none is undone"
        )
        hint = "roll back at something worse than what fires, or on another metric"
        yield subject.warning(Check.NEVER_ARMED, subject.at(RuleKey.ROLLBACK), message, hint)


def _never_clear(subject: Subject, firing: _Side, clear: _Side) -> Iterator[Diagnostic]:
    both = firing.meets(clear)
    if both is not None:
        message = (
            f"at {shown(both.value, both.unit)} the recipe fires, and clear_when says that its bottleneck is gone"
        )
        hint = "ask for a value at which bottleneck_rule does not hold"
        yield subject.error(Check.CLEAR_WHEN, subject.at("clear_when"), message, hint)


def _names(subject: Subject) -> Iterator[Diagnostic]:
    """Look for rules that contradict the names of their metrics: `error_rate < 5%` as a bottleneck."""
    for key, rule in subject.rules:
        single = _single(rule)
        if single is None:
            continue
        reduced, compared = single
        wrong, when = _WRONG_WAY[key]
        if compared in wrong and _is_bad_when_high(reduced.metric.name) and _is_level(reduced):
            message = f"by its name `{reduced.metric.name}` is better the lower it is, and {when}"
            yield subject.warning(Check.DIRECTION, subject.at(key), message, "turn the comparison around")


def _any_group(subject: Subject) -> Iterator[Diagnostic]:
    grouping = subject.compiled.success.tree.grouping
    if grouping is not None and not grouping.every:
        labels = ", ".join(grouping.labels)
        message = f"one {labels} that got better makes a success, however the others fare"
        yield subject.warning(
            Check.ANY_GROUP, subject.at_grouping(RuleKey.SUCCESS), message, f"write `by every {labels}`"
        )


def _labels(rule: Rule) -> tuple[str, ...]:
    return rule.tree.grouping.labels if rule.tree.grouping else ()


def _is_of_levels(rule: Rule) -> bool:
    return all(map(_is_level, reductions(rule.tree.logic)))


def _single(rule: Rule) -> tuple[Reduced, Operator] | None:
    """Read a rule that is one statistic against a number, as if the number stood on the right."""
    logic = rule.tree.logic
    if not isinstance(logic, Compared):
        return None
    if isinstance(logic.left, Reduced) and isinstance(logic.right, Constant):
        return logic.left, logic.operator
    if isinstance(logic.right, Reduced) and isinstance(logic.left, Constant):
        return logic.right, MIRROR[logic.operator]
    return None


def _same_way(one: Rule, other: Rule) -> bool:
    left, right = _single(one), _single(other)
    if left is None or right is None or left[0].metric.name != right[0].metric.name:
        return False
    both = {left[1], right[1]}
    return (both <= UPPER or both <= LOWER) and _is_level(left[0]) and _is_level(right[0])


def _is_level(reduced: Reduced) -> bool:
    """Tell whether a statistic says how high a metric is, and not how many samples it has or how they scatter."""
    function = reduced.function
    return function is None or (function.result is Result.UNIT and function.name != "stddev")


@lru_cache(maxsize=10_000)
def _is_bad_when_high(feed: FeedName) -> bool:
    name = feed.rpartition(".")[2]
    return bool(_BAD_WHEN_HIGH.fullmatch(name)) and not _TURNED.fullmatch(name)
