"""The truth tables, written out in full and held to the laws that people expect of `and`, `or` and `not`."""

from itertools import product

import pytest

from bot.model.verdict import RuleOutcome
from bot.rules.truth import both, either, inverse, worst

YES, NO = RuleOutcome.HOLDS, RuleOutcome.DOES_NOT_HOLD
FEW, NONE = RuleOutcome.INSUFFICIENT, RuleOutcome.NO_DATA
OLD, BAD = RuleOutcome.STALE, RuleOutcome.ERROR
ORDER = (YES, NO, FEW, NONE, OLD, BAD)

AND = {
    YES: (YES, NO, FEW, NONE, OLD, BAD),
    NO: (NO, NO, NO, NO, NO, NO),
    FEW: (FEW, NO, FEW, NONE, OLD, BAD),
    NONE: (NONE, NO, NONE, NONE, OLD, BAD),
    OLD: (OLD, NO, OLD, OLD, OLD, BAD),
    BAD: (BAD, NO, BAD, BAD, BAD, BAD),
}
OR = {
    YES: (YES, YES, YES, YES, YES, YES),
    NO: (YES, NO, FEW, NONE, OLD, BAD),
    FEW: (YES, FEW, FEW, NONE, OLD, BAD),
    NONE: (YES, NONE, NONE, NONE, OLD, BAD),
    OLD: (YES, OLD, OLD, OLD, OLD, BAD),
    BAD: (YES, BAD, BAD, BAD, BAD, BAD),
}
NOT = (NO, YES, FEW, NONE, OLD, BAD)


def test_the_tables_cover_every_outcome_of_an_evaluation():
    assert set(ORDER) == set(RuleOutcome) - {RuleOutcome.GREY}


@pytest.mark.parametrize(("left", "place"), list(product(ORDER, range(6))))
def test_and_and_or_follow_their_tables(left, place):
    right = ORDER[place]
    assert both(left, right) is AND[left][place]
    assert either(left, right) is OR[left][place]


@pytest.mark.parametrize("place", range(6))
def test_not_follows_its_table(place):
    assert inverse(ORDER[place]) is NOT[place]


@pytest.mark.parametrize(("left", "right"), list(product(ORDER, ORDER)))
def test_de_morgan_holds(left, right):
    assert inverse(both(left, right)) is either(inverse(left), inverse(right))


@pytest.mark.parametrize(("first", "second", "third"), list(product(ORDER, ORDER, ORDER)))
def test_grouping_makes_no_difference(first, second, third):
    assert both(both(first, second), third) is both(first, both(second, third))
    assert either(either(first, second), third) is either(first, either(second, third))


def test_the_worst_of_answers_is_the_first():
    assert worst([YES, NO]) is YES
    assert worst([NO, FEW, BAD, OLD]) is BAD
