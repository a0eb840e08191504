"""Markdown taken apart: what the bot writes comes out as values, what others write stays text."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.report.untrusted import code, sanitize, visible
from bot.sandbox.page.markdown import blocks_of, plain_of, spans_of

TABLE = "| Day | days |\n|---|--:|\n| 2026-01-04 | 22.5 |\n| a \\| b | `x│y` |"
CHART = """```mermaid
xychart-beta
    x-axis ["01-03", "01-04"]
    y-axis "days" 0 --> 30
    line [22.5, 23]
    line [20, 20]
```"""


def words(spans: Any) -> str:
    return "".join(span["text"] for span in spans)


def test_a_table_keeps_its_numbers_to_the_right_and_its_escaped_pipes():
    (table,) = blocks_of(TABLE)
    shown = json.loads(json.dumps(table))
    assert shown["numeric"] == [False, True]
    assert [words(cell) for cell in shown["head"]] == ["Day", "days"]
    assert [[words(cell) for cell in row] for row in shown["rows"]] == [["2026-01-04", "22.5"], ["a | b", "x│y"]]


def test_a_diff_keeps_every_line():
    (block,) = blocks_of("```diff\n-  max_blur_px: 2\n+  max_blur_px: 4\n```")
    assert block == {"kind": "code", "language": "diff", "lines": ["-  max_blur_px: 2", "+  max_blur_px: 4"]}


def test_a_fence_ends_only_at_one_as_long_as_itself():
    blocks = blocks_of("````diff\n```\n**no**\n````\nafter")
    assert [block["kind"] for block in blocks] == ["code", "paragraph"]
    assert blocks[0]["lines"] == ["```", "**no**"]


def test_the_chart_of_the_bot_becomes_numbers():
    (block,) = blocks_of(CHART)
    assert block == {"kind": "chart", "labels": ["01-03", "01-04"], "lines": [[22.5, 23.0], [20.0, 20.0]]}


@pytest.mark.parametrize(
    "text",
    [
        "```mermaid\ngraph TD\n```",
        CHART.replace("[20, 20]", "[20]"),
        CHART.replace("[20, 20]", "[., -]"),
    ],
)
def test_any_other_diagram_stays_code(text):
    assert blocks_of(text)[0]["kind"] == "code"


def test_headings_lists_quotes_rules_and_hidden_markers():
    text = "<!-- pow:gate:1 -->\n### Waiting\n\n- one\n  - two\n1. three\n> said\n> so\n\n---\nplain"
    kinds = [(block["kind"], plain_of(block)) for block in blocks_of(text)]
    assert kinds == [
        ("heading", "Waiting"),
        ("item", "one"),
        ("item", "two"),
        ("item", "three"),
        ("quote", "said so"),
        ("rule", ""),
        ("paragraph", "plain"),
    ]
    assert [block["depth"] for block in blocks_of(text) if block["kind"] == "item"] == [0, 1, 0]


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("a **b** c", [("plain", "a "), ("strong", "b"), ("plain", " c")]),
        ("_so_ `x_y_z` a_b_c", [("emphasis", "so"), ("plain", " "), ("code", "x_y_z"), ("plain", " a_b_c")]),
        ("[run](https://example.org/x)", [("plain", "run")]),
        ("[click](javascript:alert(1))", [("plain", "click)")]),
        ("\\*not bold\\*", [("plain", "*not bold*")]),
        ("&lt;b&gt;", [("plain", "<b>")]),
        ("<script>alert(1)</script>", [("plain", "<script>alert(1)</script>")]),
        ("![x](https://example.org/pixel.png)", [("plain", "!x")]),
        ("** open", [("plain", "** open")]),
        ("", []),
    ],
)
def test_spans_know_a_few_styles_and_no_address(text, spans):
    assert [(span["style"], span["text"]) for span in json.loads(json.dumps(spans_of(text)))] == spans


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"]), max_size=60))
def test_what_the_bot_made_harmless_is_shown_as_it_was(text):
    plain = " ".join(text.split())
    if "&" not in plain and sanitize(plain):
        shown = words(json.loads(json.dumps(spans_of(sanitize(plain)))))
        assert shown.split() == visible(plain).split()


def test_a_code_span_of_the_bot_is_one_span():
    assert spans_of(code("max(wait_time) > 20_days")) == [{"style": "code", "text": "max(wait_time) > 20_days"}]


MARKS = st.text(alphabet="`*_[]()|\\-:#> \n<!a1&;.", max_size=200)


@given(MARKS | st.text(max_size=200))
def test_any_text_comes_apart_into_json(text):
    for block in blocks_of(text):
        json.dumps(block)
        assert block["kind"] in {"heading", "paragraph", "quote", "item", "table", "code", "chart", "rule"}


@pytest.mark.parametrize(
    "text", ["`" * 60_000, "**" * 30_000, "[" * 60_000, "_a" * 30_000, "|" * 60_000, "\\" * 60_000]
)
def test_a_hostile_line_takes_no_time(text):
    assert blocks_of(text + "\n" + text)
