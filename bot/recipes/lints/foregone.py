"""Conditions whose answer is known beforehand: impossible, or always true, over what the feeds can say."""

from collections.abc import Iterator
from math import isinf
from typing import assert_never

from bot.model.errors import Diagnostic
from bot.recipes.check import Check
from bot.recipes.lints.bounds import Bound, bound_of, can_hold, inverse_terms_of, shown, terms_of
from bot.recipes.lints.ranges import Ranges, decided
from bot.recipes.lints.subject import RuleKey, Subject, comparisons
from bot.rules.syntax import Operator
from bot.rules.typed import (
    Combined,
    Compared,
    Computed,
    Constant,
    Inverted,
    Logical,
    Negated,
    Numeric,
    Reduced,
)

_WHAT_FOLLOWS = {
    (RuleKey.BOTTLENECK, False): "the recipe never fires",
    (RuleKey.BOTTLENECK, True): "the recipe fires all the time",
    (RuleKey.SUCCESS, False): "no change ever counts as a success",
    (RuleKey.SUCCESS, True): "every change counts as a success",
    (RuleKey.ROLLBACK, False): "no change is ever rolled back",
    (RuleKey.ROLLBACK, True): "every change is rolled back",
}
_PRESUMED = "if this share can be beyond 0% to 100%, give its feed a min_value and a max_value"
_STATED = "what its feed can say stands in pow/settings/feeds.yml"


def foregone_faults(subject: Subject, ranges: Ranges) -> Iterator[Diagnostic]:
    """Find rules, or comparisons in them, whose answer no data can change."""
    for key, rule in subject.rules:
        logic = rule.tree.logic
        unmeasured = [
            part for part in comparisons(logic) if _by_zero(part.left, ranges) or _by_zero(part.right, ranges)
        ]
        if unmeasured:
            yield from (_on_division(subject, key, part) for part in unmeasured)
            continue
        answer = _answer(logic, ranges)
        if isinstance(logic, Compared):
            if answer is not None:
                yield _on_comparison(subject, key, logic, ranges, answer=answer)
            continue
        if answer is None:
            answer = _answer_of_all(logic, ranges)
        if answer is not None:
            yield _on_rule(subject, key, answer=answer)
            continue
        for part in comparisons(logic):
            partial = _answer(part, ranges)
            if partial is not None:
                yield _on_comparison(subject, key, part, ranges, answer=partial)


def _on_comparison(subject: Subject, key: RuleKey, node: Compared, ranges: Ranges, *, answer: bool) -> Diagnostic:
    bound = bound_of(node, ranges)
    says = "always holds" if answer else "can never hold"
    message = f"this {says}: `{_text_of(node)}` is {_in_words(bound)}"
    if isinstance(dict(subject.rules)[key].tree.logic, Compared):
        message += f", so {_WHAT_FOLLOWS[key, answer]}"
    place = subject.at_comparison(key, node)
    if bound.range.presumed:
        return subject.warning(Check.FOREGONE, place, message, _PRESUMED)
    return subject.error(Check.FOREGONE, place, message, _STATED)


def _on_division(subject: Subject, key: RuleKey, node: Compared) -> Diagnostic:
    message = "this divides by zero whatever the feeds say, so it is never measured"
    hint = "divide by something that can be other than zero"
    return subject.error(Check.FOREGONE, subject.at_comparison(key, node), message, hint)


def _by_zero(node: Numeric, ranges: Ranges) -> bool:
    """Tell whether a number divides by what is always zero."""
    match node:
        case Reduced() | Constant():
            return False
        case Negated():
            return _by_zero(node.operand, ranges)
        case Computed():
            divisor = ranges.of(node.right)
            is_nothing = node.operator is Operator.DIVIDE and divisor.low == divisor.high == 0
            return is_nothing or _by_zero(node.left, ranges) or _by_zero(node.right, ranges)
        case _:
            assert_never(node)


def _on_rule(subject: Subject, key: RuleKey, *, answer: bool) -> Diagnostic:
    says = "always holds" if answer else "can never hold"
    message = f"this rule {says}, whatever the feeds say: {_WHAT_FOLLOWS[key, answer]}"
    return subject.error(
        Check.FOREGONE, subject.at(key), message, "look at how its parts exclude or cover each other"
    )


def _answer(logic: Logical, ranges: Ranges) -> bool | None:
    """Give a condition's answer where the ranges of its numbers decide it; None where data does."""
    match logic:
        case Compared(left=Reduced() as reduced, right=Constant() as limit):
            return decided(ranges.of(reduced), logic.operator, limit.value)
        case Compared():
            bound = bound_of(logic, ranges)
            return decided(bound.range, bound.operator, bound.value)
        case Inverted():
            answer = _answer(logic.operand, ranges)
            return None if answer is None else not answer
        case Combined():
            answers = {_answer(logic.left, ranges), _answer(logic.right, ranges)}
            decisive = logic.operator is Operator.OR
            if decisive in answers:
                return decisive
            return None if None in answers else not decisive
        case _:
            assert_never(logic)


def _answer_of_all(logic: Logical, ranges: Ranges) -> bool | None:
    """Give the answer of parts that exclude one another (`a > 7 and a < 5`), or leave nothing out."""
    terms, inverse = terms_of(logic, ranges), inverse_terms_of(logic, ranges)
    if terms and not any(can_hold(term) for term in terms):
        return False
    return True if inverse and not any(can_hold(term) for term in inverse) else None


def _text_of(node: Compared) -> str:
    if isinstance(node.right, Constant):
        return node.left.text
    return node.right.text if isinstance(node.left, Constant) else f"{node.left.text} - {node.right.text}"


def _in_words(bound: Bound) -> str:
    low, high = (shown(edge, bound.unit) for edge in (bound.range.low, bound.range.high))
    if isinf(bound.range.high):
        return f"at least {low}"
    if isinf(bound.range.low):
        return f"at most {high}"
    return f"always {low}" if low == high else f"from {low} to {high}"
