import pytest

from bot.model.errors import BotError
from bot.recipes.check import Check
from bot.report.lint_pages import CHECK_PAGES, PAGES, example_of, find_page, page_json, page_text
from bot.rules.source import FaultId


@pytest.mark.parametrize("name", ["POW055", "pow055"])
def test_a_page_is_found_by_its_id_in_any_case(name):
    check, page = find_page(name)

    assert check is Check.SINGLE_SAMPLE
    assert page is CHECK_PAGES[check]


def test_a_page_tells_what_why_wrong_and_right():
    text = page_text("POW055")

    assert text.startswith("POW055: one stuck or one lucky case does not decide a rule\n\nThe largest of a window")
    assert "\nWrong:\n\n    # file: pow/passport_backlog.yml\n    bottleneck_rule:" in text
    assert "\nRight:\n\n    # file: pow/passport_backlog.yml\n" in text
    assert "silences it with `lint: {ignore: [{id: POW055, reason: ...}]}`" in text


def test_a_page_for_other_programs_has_the_same_parts():
    page = page_json("pow055")
    assert list(page) == ["id", "title", "why", "notes", "wrong", "right"]
    assert page["id"] == "POW055"
    assert str(page["title"]) in page_text("POW055")
    assert page["wrong"] != page["right"]


def test_the_page_of_a_fault_in_a_rule_says_it_once():
    text = page_text("rule-missing-unit")

    assert text.startswith("rule-missing-unit: `wait_time < 7` may mean days, hours or weeks.\n\nWrong:")
    assert "silences" not in text


@pytest.mark.parametrize(
    ("name", "says"), [("POW053", "`pow lint --observe` only"), ("POW064", "`pow lint --base REF` only")]
)
def test_a_page_says_what_a_check_needs(name, says):
    assert says in page_text(name)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("POW555", "did you mean `POW055`?"),
        ("unit mismatch", "did you mean `rule-unit-mismatch`?"),
        ("?", "ids look"),
    ],
)
def test_an_unknown_id_gets_a_suggestion(name, hint):
    with pytest.raises(BotError, match="there is no check") as caught:
        find_page(name)

    assert hint in caught.value.hint


@pytest.mark.parametrize("name", PAGES, ids=str)
def test_no_page_shows_marks_or_endless_lines(name):
    text = page_text(name)

    assert not set("«»") & set(text)
    assert max(map(len, text.splitlines())) < 190


def test_an_example_sets_its_files_apart():
    assert example_of("# file: a\nx: «1»\n# whole file: b\n" + "y" * 200 + "\n") == (
        "# file: a\nx: 1\n\n# whole file: b\n" + "y" * 160 + " …\n"
    )


def test_every_check_and_every_fault_has_a_page():
    assert set(PAGES) == {*Check, *FaultId}
