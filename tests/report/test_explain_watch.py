"""What `pow explain` says of the end of a watch and of the rules beside `rollback_on`."""

import pytest

from bot.model.proof import (
    ControlChoice,
    Numbers,
    Proof,
    RankChoice,
    SequenceTest,
    ShareTest,
    SurvivalChoice,
    SurvivalTest,
)
from bot.model.recipe import Guard, GuardRole, NoData, OnDeadline, RollbackMode, Watch
from bot.model.settings import RollbackTest
from bot.report.explain_watch import guard_item, late_sentence, proof_sentence, success_proof

GUARDS = [
    ({}, "- slow: the change is taken back when it is slow."),
    ({"mode": RollbackMode.PROPOSE}, "- slow: the change is taken back, as a draft, when it is slow."),
    ({"mode": RollbackMode.SHADOW}, "- slow is measured and only shown: it is slow."),
    (
        {"role": GuardRole.SIGNAL},
        "- slow holds back success and asks a person, and takes nothing back, when it is slow.",
    ),
    (
        {"no_data": NoData.BREACH},
        "- slow: the change is taken back when it is slow. Silence after the grace is harm, too.",
    ),
    ({"no_data": NoData.OK}, "- slow: the change is taken back when it is slow. No data is no harm."),
]


@pytest.mark.parametrize(("fields", "sentence"), GUARDS)
def test_what_one_more_rule_does(fields, sentence):
    assert guard_item(Guard(name="slow", rule="", **fields), "it is slow", RollbackTest()) == sentence


@pytest.mark.parametrize("wanted", OnDeadline)
def test_whatever_follows_at_the_deadline_a_person_is_asked_where_nothing_was_measured(wanted):
    sentence = late_sentence(Watch(on_deadline=wanted))
    assert sentence.endswith("a person is asked.")
    assert ("kept" in sentence) == (wanted is OnDeadline.KEEP)
    assert ("taken back" in sentence) == (wanted is OnDeadline.ROLLBACK)


def proven(choice: Proof, policy: RollbackTest | None = None) -> str:
    return proof_sentence((policy or RollbackTest()).chosen(choice))


def test_what_proves_a_rule_of_its_own():
    assert proven(RankChoice(control={"office": ("north", "east")})) == (
        "It must lie beyond office north or east at the same time, or, if they differed before, the same hours of a "
        "week before in 60% of all pairs, by a chance of at most 1% over 21 looks, one every 1 day (Mann-Whitney)."
    )
    assert proven(RankChoice()).startswith("It must lie beyond the same hours of a week before in 60%")
    assert proven(SurvivalChoice()) == "Cases that are open count, and it must be so with 99% confidence."
    assert proven(ControlChoice(control={"office": ("north",)})) == (
        "The ratio is that of all others, and must, over 6 hours, lie beyond office north at the same time or, if "
        "they differed in the week before the change, beyond the same hours of a week before, by more than a tenth "
        "of the limit, with 99.992% confidence (Newcombe's bound)."
    )
    policy = RollbackTest(numbers=Numbers(survival=SurvivalTest(confidence=0.9)))
    assert proven(SurvivalChoice(), policy).endswith("with 90% confidence.")
    guard = Guard(name="slow", rule="", test=SurvivalChoice())
    assert guard_item(guard, "it is slow", policy).endswith("when it is slow. " + proven(SurvivalChoice(), policy))
    assert guard_item(Guard(name="slow", rule="", test=ShareTest.CUSUM), "it is", policy).endswith("when it is.")
    assert success_proof(SequenceTest()) == (
        "Its means since the deployment must be proven with 95% confidence at all looks together (a confidence "
        "sequence), on at least 50 counted."
    )
