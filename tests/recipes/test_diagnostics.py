import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recipes.repository_files import RECIPE, files

from bot.model.errors import Diagnostic, Severity
from bot.recipes.lint import lint
from bot.report.diagnostics import DiagnosticFormat, annotation_of, render, sarif_of, summary_of, text_of

BROKEN = RECIPE.replace("20_days", "20%").replace("hitl_threshold: MEDIUM", "hitl_treshold: medium")
TEXT = """\
pow/passport_backlog.yml:1:1: error[POW010]: `hitl_threshold` is missing
    id: PASSPORT_BACKLOG
    ^
    hint: add `hitl_threshold:` with a level: LOW, MEDIUM or HIGH
pow/passport_backlog.yml:3:36: error[rule-unit-mismatch]: a time (days) and a ratio (%) cannot be compared
    bottleneck_rule: "max(wait_time) > 20%"
                                       ^^^
    hint: `max(wait_time)` is a time (days), `20%` is a ratio (%)
pow/passport_backlog.yml:10:1: error[POW011]: unknown key `hitl_treshold`
    hitl_treshold: medium
    ^^^^^^^^^^^^^
    hint: did you mean `hitl_threshold`?
"""


def a_diagnostic(**changed: object) -> Diagnostic:
    plain = {"path": "pow/x.yml", "line": 3, "column": 5, "id": "POW013", "message": "expected a level"}
    return Diagnostic(**(plain | {"source": "    level: low", "width": 5, "hint": "write LOW"} | changed))


def test_a_person_reads_place_message_source_caret_and_hint():
    assert render(lint(files(passport_backlog=BROKEN), endpoints={}), DiagnosticFormat.TEXT) == TEXT


def test_the_caret_of_a_fault_in_a_rule_stands_inside_the_rule():
    text = RECIPE.replace("20_days", "20%")

    first, source, caret, hint = render(
        lint(files(passport_backlog=text), endpoints={}), DiagnosticFormat.TEXT
    ).splitlines()

    assert first.startswith("pow/passport_backlog.yml:3:36: error[rule-unit-mismatch]: ")
    assert source == '    bottleneck_rule: "max(wait_time) > 20%"'
    assert caret == "                                       ^^^"
    assert hint.startswith("    hint: ")


@pytest.mark.parametrize(
    ("source", "column", "width", "shown"),
    [
        ("level: low", 8, 3, ["    level: low", "           ^^^"]),
        ("許可: 低い", 5, 2, ["    許可: 低い", "          ^^^^"]),
        ("e\u0301: x", 5, 1, ["    e\u0301: x", "       ^"]),
        ("a: \x1b[31m", 4, 1, ["    a: \ufffd[31m", "       ^"]),
        ("\ta: 1", 1, 1, ["    \ufffda: 1", "    ^"]),
        ("a:", 4, 9, ["    a:", "      ^"]),
        ("", 1, 1, []),
        ("   ", 1, 1, []),
    ],
)
def test_the_caret_stands_under_its_characters(source, column, width, shown):
    lines = text_of(a_diagnostic(source=source, column=column, width=width, hint="")).split("\n")

    assert lines[1:] == shown


@pytest.mark.parametrize("column", [1, 50, 5_000, 99_990])
def test_a_long_line_is_cut_around_its_place(column):
    source = "".join(f"{number:06d} " for number in range(15_000))[:100_000]
    word = source[column - 1 : column + 4]

    _, shown, caret = text_of(a_diagnostic(source=source, column=column, width=5, hint="")).split("\n")

    assert len(shown) < 130
    assert shown[caret.index("^") :].startswith(word.rstrip())


def test_nothing_found_is_no_text():
    assert render((), DiagnosticFormat.TEXT) == ""
    assert render((), DiagnosticFormat.GITHUB) == ""
    assert json.loads(render((), DiagnosticFormat.JSON)) == []
    assert json.loads(render((), DiagnosticFormat.SARIF))["runs"][0]["results"] == []


@pytest.mark.parametrize(
    ("errors", "warnings", "words"),
    [(0, 0, "nothing found"), (1, 0, "1 error"), (2, 1, "2 errors, 1 warning"), (0, 3, "3 warnings")],
)
def test_the_summary_counts(errors, warnings, words):
    found = [a_diagnostic()] * errors + [a_diagnostic(severity=Severity.WARNING)] * warnings

    assert summary_of(found) == words


def test_an_annotation_has_githubs_form():
    assert annotation_of(a_diagnostic()) == (
        "::error file=pow/x.yml,line=3,col=5,endColumn=10,title=POW013::expected a level%0Ahint: write LOW"
    )


def test_an_annotation_cannot_be_broken_out_of():
    hostile = a_diagnostic(path="a,line=1::b%.yml", message="x%0A\n::set-output name=a::b\r", hint="\n::error::x")

    line = annotation_of(hostile)

    assert "\n" not in line
    assert line == (
        "::error file=a%2Cline=1%3A%3Ab%25.yml,line=3,col=5,endColumn=10,title=POW013"
        "::x%250A\ufffd::set-output name=a::b\ufffd%0Ahint: \ufffd::error::x"
    )


def test_json_has_every_field():
    [found] = json.loads(render([a_diagnostic(severity=Severity.WARNING)], DiagnosticFormat.JSON))

    assert found == {
        "path": "pow/x.yml",
        "line": 3,
        "column": 5,
        "width": 5,
        "severity": "warning",
        "id": "POW013",
        "message": "expected a level",
        "hint": "write LOW",
    }


def test_sarif_names_each_check_once_and_points_to_it():
    log = sarif_of([a_diagnostic(), a_diagnostic(id="POW001", path="pow/ä b.yml"), a_diagnostic(id="rule-syntax")])
    run = log["runs"][0]

    assert log["version"] == "2.1.0"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["POW001", "POW013", "rule-syntax"]
    assert [(result["ruleId"], result["ruleIndex"]) for result in run["results"]] == [
        ("POW013", 1),
        ("POW001", 0),
        ("rule-syntax", 2),
    ]
    location = run["results"][1]["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == "pow/%C3%A4%20b.yml"
    assert location["region"] == {"startLine": 3, "startColumn": 5, "endColumn": 10}


@given(st.text(max_size=40), st.text(max_size=60), st.integers(1, 80), st.integers(1, 80))
def test_nothing_hostile_reaches_a_terminal_or_a_runner(message, source, column, width):
    diagnostic = a_diagnostic(message=message, hint=message, source=source, column=column, width=width, path=message)

    for line in text_of(diagnostic).split("\n"):
        assert line.isprintable()
    assert annotation_of(diagnostic).count("\n") == 0
    for form in (DiagnosticFormat.JSON, DiagnosticFormat.SARIF):
        assert json.loads(render([diagnostic], form))
