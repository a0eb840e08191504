"""What the number of the gate's rules promises: records of one number are decided alike, to the word, for ever."""

from approve.rules_golden import FILE, decisions


def test_by_rules_of_one_number_everything_is_decided_alike():
    """If this fails, raise `RULES` in bot/approve/inputs.py; approve/rules_golden.py then writes a file for it."""
    assert FILE.is_file(), "rules of a new number: run python tests/approve/rules_golden.py"
    assert decisions() == FILE.read_text(encoding="utf-8")
