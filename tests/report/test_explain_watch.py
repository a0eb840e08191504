"""What `pow explain` says of the end of a watch and of the rules beside `rollback_on`."""

import pytest

from bot.model.recipe import Guard, GuardRole, NoData, OnDeadline, RollbackMode, Watch
from bot.report.explain_watch import guard_item, late_sentence

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
    assert guard_item(Guard(name="slow", rule="", **fields), "it is slow") == sentence


@pytest.mark.parametrize("wanted", OnDeadline)
def test_whatever_follows_at_the_deadline_a_person_is_asked_where_nothing_was_measured(wanted):
    sentence = late_sentence(Watch(on_deadline=wanted))
    assert sentence.endswith("a person is asked.")
    assert ("kept" in sentence) == (wanted is OnDeadline.KEEP)
    assert ("taken back" in sentence) == (wanted is OnDeadline.ROLLBACK)
