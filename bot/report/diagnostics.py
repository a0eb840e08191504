"""Diagnostics as a terminal shows them, as JSON, as GitHub annotations and as SARIF; it finds and judges nothing.

Everything in a diagnostic may come from a hostile file: no control character reaches a terminal or a runner.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import assert_never
from urllib.parse import quote

from bot.model.errors import Diagnostic, Severity
from bot.model.json import Json, canonical
from bot.recipes.check import EXPLANATIONS

_LINE_WIDTH = 110
_MARGIN = "    "
_PAGE = 20
"""Diagnostics of one file that a person is shown; `--json` has all of them."""
_EXPLAINED = {check.value: sentence for check, sentence in EXPLANATIONS.items()}


class DiagnosticFormat(StrEnum):
    """The formats of `pow lint --format`."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


def render(diagnostics: Sequence[Diagnostic], form: DiagnosticFormat) -> str:
    """Write all diagnostics in one format; text and annotations are empty where there are none."""
    match form:
        case DiagnosticFormat.TEXT:
            return "".join(_pages(diagnostics))
        case DiagnosticFormat.JSON:
            return canonical([_json_of(diagnostic) for diagnostic in diagnostics]).decode()
        case DiagnosticFormat.GITHUB:
            return "".join(f"{annotation_of(diagnostic)}\n" for diagnostic in diagnostics)
        case DiagnosticFormat.SARIF:
            return canonical(sarif_of(diagnostics)).decode()
        case _:
            assert_never(form)


def _pages(diagnostics: Sequence[Diagnostic]) -> Iterator[str]:
    """Yield what a person is shown: of one file no more than a page."""
    told: Counter[str] = Counter()
    total = Counter(diagnostic.path for diagnostic in diagnostics)
    for diagnostic in diagnostics:
        told[diagnostic.path] += 1
        if told[diagnostic.path] <= _PAGE:
            yield f"{text_of(diagnostic)}\n"
        if told[diagnostic.path] == total[diagnostic.path] > _PAGE:
            yield f"{printable(diagnostic.path)}: … and {total[diagnostic.path] - _PAGE} more\n"


def summary_of(diagnostics: Sequence[Diagnostic]) -> str:
    """Count errors and warnings in words: `2 errors, 1 warning`."""
    errors = sum(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics)
    warnings = len(diagnostics) - errors
    counts = [(errors, "error"), (warnings, "warning")]
    return ", ".join(f"{count} {word}{'s' * (count != 1)}" for count, word in counts if count) or "nothing found"


def text_of(diagnostic: Diagnostic) -> str:
    """Write one diagnostic with its source line, a caret and its hint; no line feed at the end."""
    return "\n".join(_text_lines(diagnostic))


def _text_lines(diagnostic: Diagnostic) -> Iterator[str]:
    where = f"{diagnostic.path}:{diagnostic.line}:{diagnostic.column}"
    yield printable(f"{where}: {diagnostic.severity}[{diagnostic.id}]: {diagnostic.message}")
    if diagnostic.source.strip():
        source, at = _cropped(diagnostic)
        shown = printable(source)
        width = max(1, min(diagnostic.width, len(source) - at))
        yield f"{_MARGIN}{shown}".rstrip()
        yield _MARGIN + " " * _cells(shown[:at]) + "^" * max(1, _cells(shown[at : at + width]))
    if diagnostic.hint:
        yield f"{_MARGIN}hint: {printable(diagnostic.hint)}"


def _cropped(diagnostic: Diagnostic) -> tuple[str, int]:
    """Cut a long source line around its place; return it with the place's index in it."""
    source, at = diagnostic.source, diagnostic.column - 1
    if len(source) <= _LINE_WIDTH:
        return source, at
    start = max(0, min(at - _LINE_WIDTH // 3, len(source) - _LINE_WIDTH))
    head = "…" if start else ""
    tail = "…" if start + _LINE_WIDTH < len(source) else ""
    return head + source[start : start + _LINE_WIDTH] + tail, at - start + len(head)


def printable(text: str) -> str:
    """Put a visible sign in the place of every character that a terminal would act upon or not show."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _cells(text: str) -> int:
    """Count the columns that a terminal gives to a text: two for wide characters, none for combining ones."""
    return sum(
        0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in "WF") for char in text
    )


def annotation_of(diagnostic: Diagnostic) -> str:
    """Write a workflow command that GitHub shows beside the line."""
    properties = {
        "file": diagnostic.path,
        "line": str(diagnostic.line),
        "col": str(diagnostic.column),
        "endColumn": str(diagnostic.column + diagnostic.width),
        "title": diagnostic.id,
    }
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    hint = f"\nhint: {printable(diagnostic.hint)}" if diagnostic.hint else ""
    return f"::{diagnostic.severity} {listed}::{_data(printable(diagnostic.message) + hint)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(printable(text)).replace(":", "%3A").replace(",", "%2C")


def _json_of(diagnostic: Diagnostic) -> Json:
    return {
        "path": diagnostic.path,
        "line": diagnostic.line,
        "column": diagnostic.column,
        "width": diagnostic.width,
        "severity": diagnostic.severity.value,
        "id": diagnostic.id,
        "message": printable(diagnostic.message),
        "hint": printable(diagnostic.hint),
    }


def sarif_of(diagnostics: Sequence[Diagnostic]) -> Json:
    """Return a SARIF 2.1.0 log with one run; columns count Unicode code points."""
    ids = sorted({diagnostic.id for diagnostic in diagnostics})
    rules = [_sarif_rule(name) for name in ids]
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "pow lint", "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "results": [_sarif_result(diagnostic, ids.index(diagnostic.id)) for diagnostic in diagnostics],
            }
        ],
    }


def _sarif_rule(name: str) -> Json:
    return {"id": name, "shortDescription": {"text": _EXPLAINED.get(name, "a rule is well formed")}}


def _sarif_result(diagnostic: Diagnostic, rule: int) -> Json:
    hint = f"\nhint: {printable(diagnostic.hint)}" if diagnostic.hint else ""
    region: Json = {
        "startLine": diagnostic.line,
        "startColumn": diagnostic.column,
        "endColumn": diagnostic.column + diagnostic.width,
    }
    location: Json = {"artifactLocation": {"uri": quote(diagnostic.path)}, "region": region}
    return {
        "ruleId": diagnostic.id,
        "ruleIndex": rule,
        "level": diagnostic.severity.value,
        "message": {"text": printable(diagnostic.message) + hint},
        "locations": [{"physicalLocation": location}],
    }
