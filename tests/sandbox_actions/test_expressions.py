import pytest

from bot.model.errors import BotError
from bot.sandbox.actions.expressions import evaluate, is_true, substitute

CONTEXT = {
    "github": {"event_name": "schedule", "token": "t", "event": {"pull_request": {"number": "7"}}},
    "vars": {"EMPTY": ""},
    "steps": {"app": {"outputs": {}}},
}

CASES = [
    ("github.event_name", "schedule"),
    ("github.event.pull_request.number", "7"),
    ("steps.app.outputs.token || github.token", "t"),
    ("vars.MISSING", None),
    ("vars", None),
    ("vars.EMPTY || 'else'", "else"),
    ("github.event_name == 'schedule'", True),
    ("github.event_name == 'SCHEDULE'", True),
    ("github.event_name != 'push'", True),
    ("github.event_name == 'push' || github.event_name == 'schedule'", True),
    ("github.event_name == 'push' && github.token", False),
    ("!(github.event_name == 'push')", True),
    ("'it''s'", "it's"),
    ("true && 'yes'", "yes"),
]


@pytest.mark.parametrize(("text", "value"), CASES)
def test_an_expression_means_what_github_says(text, value):
    assert evaluate(text, CONTEXT) == value


@pytest.mark.parametrize("text", ["", "a ==", "(a", "a b", "fromJSON('1')", "a[0]", "'open", "|| a"])
def test_what_is_not_understood_is_an_error_and_never_a_guess(text):
    with pytest.raises(BotError):
        evaluate(text, CONTEXT)


def test_texts_and_conditions_may_embed_expressions():
    assert substitute("gate-${{ github.event_name }}-${{ vars.NO }}", CONTEXT) == "gate-schedule-"
    assert is_true("${{ github.token }}", CONTEXT)
    assert not is_true("vars.EMPTY != ''", CONTEXT)


@pytest.mark.parametrize(
    ("expression", "text"),
    [("github.event_name == 'schedule'", "true"), ("!github.token", "false"), ("vars.MISSING", ""), ("github", "")],
)
def test_in_a_text_a_value_is_written_as_github_writes_it(expression, text):
    assert substitute(f"<${{{{ {expression} }}}}>", CONTEXT) == f"<{text}>"
