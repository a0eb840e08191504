"""Runs the examples of every lint page: the bad one says exactly that id at its mark, the good one says nothing."""

import pytest
from docs.lint_examples import by_place, check, read

from bot.recipes.check import Check
from bot.recipes.lints.pages_files import FILE_PAGES
from bot.recipes.lints.pages_language import LANGUAGE_PAGES
from bot.recipes.lints.pages_rules import RULE_PAGES
from bot.recipes.lints.pages_settings import SETTINGS_PAGES
from bot.rules.source import FaultId

SAID_BEFORE = {FaultId.TOO_LONG: Check.VALUE}
"""What a recipe's shape says before its rules are read."""
PAGES = {**FILE_PAGES, **SETTINGS_PAGES, **RULE_PAGES, **LANGUAGE_PAGES}


def test_every_check_and_every_fault_of_a_rule_has_a_page():
    assert set(PAGES) == {*Check, *FaultId}


@pytest.mark.parametrize("name", PAGES, ids=lambda name: f"{name.value}-{name.name}")
def test_the_bad_example_says_this_at_its_mark_and_nothing_else(name):
    setting = read(PAGES[name].bad)

    found = check(setting)

    assert {fault.id for fault in found} == {SAID_BEFORE.get(name, name).value}, found
    assert by_place(found[0]) == setting.mark, found


@pytest.mark.parametrize("name", PAGES, ids=lambda name: f"{name.value}-{name.name}")
def test_the_good_example_says_nothing(name):
    assert check(read(PAGES[name].good)) == ()
