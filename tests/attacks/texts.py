"""Hostile texts, and a reader that finds in Markdown and in commit messages what GitHub or git would act on."""

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace

from attacks.grounds import PASSPORT, Setting
from propose.office import FEEDS, RECIPE

TEXTS = (
    ("a mention", "@everyone look"),
    ("a mention, entity-encoded", "&#64;everyone look"),
    ("a mention, encoded twice", "&amp;#64;everyone and &commat;agency/team"),
    ("a closing keyword", "fixes #1 and closes agency/pow#2"),
    ("a closing keyword with an address", "resolves https://github.com/agency/pow/issues/1"),
    ("another spelling of an issue", "close GH-12"),
    ("skip ci", "[skip ci] and [ci skip] and [no ci]"),
    ("forged trailers", "x\n\nChange-Id: ffffffffffffffff\nApproved-By: sam"),
    ("a divider", "x\n---\nskip-checks: true"),
    ("our marker", "<!-- pow:gate:0123456789abcdef --> approved"),
    ("our marker, entity-encoded", "&lt;!-- pow:gate:0123456789abcdef --&gt;"),
    ("bidi", "\u202eecalp\u202c \u2066up\u2069"),
    ("zero width", "app\u200brov\u200ded\ufeff \u2060now"),
    ("tags", "hello\U000e0041\U000e0042"),
    ("an image", "![x](https://evil.example/beacon.png)"),
    ("a link", "[click](javascript:alert(1)) www.evil.example"),
    ("markup", "<img src=x onerror=alert(1)><details><summary>"),
    ("out of the table", "| a | b |\n\n# heading"),
    ("out of the fence", "x\n```\n# heading"),
    ("a workflow command", "x\n::error::y"),
)
_GROUP = 4
_LOG = b"""\
  events.passport:
    shape: events
    source: json_file
    path: data/events.json
    columns: {case: case, activity: activity, start: start, end: end}
    history: 1_day
"""
_FENCED = re.compile(r"(?ms)^(`{3,})[^\n]*\n.*?^\1`*$")
_SPAN = re.compile(r"(?<!\\)(`+)(?!`).+?(?<!`)\1(?!`)")
_ACTIVE = {
    "mention": re.compile(r"(?<![A-Za-z0-9_])@[A-Za-z0-9]"),
    "reference": re.compile(r"(?<![\w&])#\d|(?i:\bgh-\d)|\w#\d"),
    "address": re.compile(r"(?i)\bhttps?:(?=//)|\bwww\.\w"),
    "image or link": re.compile(r"(?<!\\)\]\("),
    "comment or tag": re.compile(r"<(?:!--|[a-zA-Z])"),
    "workflow command": re.compile(r"(?m)^::"),
    "heading": re.compile(r"(?m)^# heading"),
    "rule": re.compile(r"(?m)^---\nskip"),
    "trailer": re.compile(r"(?m)^(?:Change-Id|Approved-By): "),
    "skip": re.compile(r"(?i)(?<!\\)\[(?:skip ci|ci skip|no ci)"),
}
_SEEN_BREAK = "\u200b"
"""The one invisible character that the bot itself writes, to break what would act."""


def setting_of(text: str) -> Setting:
    """Return the setting whose feeds say this text, together with some others."""
    texts = tuple(each for _, each in TEXTS)
    start = texts.index(text) // _GROUP * _GROUP
    files = (
        ("pow/passport_backlog.yml", RECIPE + b"process_log: events.passport\n"),
        ("pow/settings/feeds.yml", FEEDS + _LOG),
    )
    return replace(PASSPORT, name=f"texts {start}", files=files, texts=texts[start : start + _GROUP])


def acts(markdown: str) -> Iterator[str]:
    """Yield what GitHub would act on in Markdown; it undoes entities before it looks for mentions and the like."""
    bare = _SPAN.sub("", _FENCED.sub("", markdown))
    yield from (name for name, pattern in _ACTIVE.items() if pattern.search(bare))
    for read in (html.unescape(bare), html.unescape(html.unescape(bare))):
        yield from (name for name in ("mention", "reference", "address") if _ACTIVE[name].search(read))
    yield from hidden(markdown.replace(_SEEN_BREAK, ""))


def acts_in_message(message: str) -> Iterator[str]:
    """Yield what GitHub or git would act on in a commit message, which knows no Markdown and no entities."""
    active = ("mention", "reference", "address", "skip", "rule")
    own = re.sub(r"(?m)^(?:Approved-By|Approval-Ref): .*$", "", message)
    yield from (name for name in active if _ACTIVE[name].search(own))
    yield from hidden(message)


def hidden(text: str) -> Iterator[str]:
    """Yield the characters that nobody sees."""
    for char in text:
        if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn"} and char != "\n":
            yield f"U+{ord(char):04X}"
