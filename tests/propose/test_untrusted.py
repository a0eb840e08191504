"""Text from outside, however hostile, does nothing on GitHub."""

import html
import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tries import tries

from bot.report.untrusted import code, fenced, sanitize, visible

ATTACKS = [
    "@everyone",
    "&#64;everyone",
    "&amp;#64;everyone",
    "&commat;org/team",
    "fixes #12",
    "closes agency/pow#3",
    "GH-12",
    "see https://evil.example/x.png",
    "www.evil.example",
    "mail me at jo@example.org",
    "![beacon](https://evil.example/x.png)",
    "[click](javascript:alert(1))",
    "<img src=x onerror=alert(1)>",
    "<!-- pow:gate:0123456789abcdef -->",
    "&lt;!-- hidden --&gt;",
    "</details><script>",
    "```\nout of the fence",
    "| a | b |",
    "[skip ci]",
    "---",
    "::set-output name=x::y",
    "::error::y",
    "- [x] done",
    "a1b2c3d4e5f6a7b8c9d0a1b2c3d4e5f6a7b8c9d0",
    "\u202eevil\u202c",
    "zero\u200bwidth\u200d\ufeff",
    "tag\U000e0041\U000e0042",
    "fill\u3164er\u115f",
    "variation\ufe0f\U000e0101",
    "line\nbreak\r\n# heading",
    "\x1b[31mred\x07",
    "$x^2$",
    "**bold** _it_ ~~gone~~",
    "\\@x",
]
MENTION = re.compile(r"@(?=[A-Za-z0-9])")
REFERENCE = re.compile(r"#(?=\w)|(?i:\bgh-\d)")
ADDRESS = re.compile(r"(?i:[a-z]://|\bwww\.|::)")
COMMIT = re.compile(r"(?i:\b[0-9a-f]{7,40}\b)")
MARKUP = re.compile(r"(?<!\\)[\[\]`*_|~<>$]")


def assert_harmless(text: str) -> None:
    """Read the text as GitHub does: as it stands, and with entities undone."""
    for read in (text, html.unescape(text), html.unescape(html.unescape(text))):
        for active in (MENTION, REFERENCE, ADDRESS, COMMIT):
            assert not active.search(read), (active.pattern, read)
    assert not MARKUP.search(text), text
    assert "[skip ci]" not in text
    assert "\n" not in text
    hidden = {char for char in text if unicodedata.category(char) in {"Cc", "Cf", "Co", "Cs"}}
    assert hidden <= {"\u200b"}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_only_shown(attack: str) -> None:
    assert_harmless(sanitize(attack))


@settings(max_examples=tries(400), deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_harmless(text: str) -> None:
    assert_harmless(sanitize(text))


@settings(max_examples=tries(400), deadline=None)
@given(st.lists(st.sampled_from([*ATTACKS, "@", "#", "&", "#64;", ";", "a", "1", ":", "/", " ", "gh"]), max_size=8))
def test_attacks_joined_are_harmless(parts: list[str]) -> None:
    assert_harmless(sanitize("".join(parts)))


@settings(max_examples=tries(200), deadline=None)
@given(st.text(max_size=400), st.integers(1, 60))
def test_no_more_than_the_limit_is_shown(text: str, limit: int) -> None:
    assert len(visible(text, limit=limit)) <= limit


def test_entities_within_entities_end_somewhere() -> None:
    assert_harmless(sanitize("&" + "amp;" * 50 + "#64;everyone"))


def test_plain_words_stay_readable() -> None:
    assert sanitize("Manual photo review") == "Manual photo review"
    assert sanitize("Prüfung  der\tUnterlagen") == "Prüfung der Unterlagen"
    assert sanitize("a & b") == "a &amp; b"
    assert sanitize("x" * 300) == "x" * 199 + "…"


@pytest.mark.parametrize("text", [*ATTACKS, "", "`", "``a``"])
def test_a_code_span_ends_where_it_should(text: str) -> None:
    shown = code(text)

    assert shown.count("`") == 2
    assert shown[0] == shown[-1] == "`"
    assert "|" not in shown
    assert "<!--" not in shown
    assert not re.search(r"(?<![A-Za-z0-9_])@[A-Za-z0-9]", shown)


def test_a_code_span_keeps_names_as_they_are() -> None:
    assert code("PASSPORT_BACKLOG@v1") == "`PASSPORT_BACKLOG@v1`"
    assert code("max(wait_time) > 20_days") == "`max(wait_time) > 20_days`"


@given(st.text(alphabet="`a\n", max_size=40))
def test_nothing_breaks_out_of_a_fence(text: str) -> None:
    shown = fenced(text, "diff")
    fence = shown[: shown.index("d")]
    inside = shown.split("\n")[1:-1]

    assert shown.endswith(f"\n{fence}")
    assert not any(line.startswith(fence) for line in inside)
