"""The parts of a pull request's text that hold figures, between marks, so that they can be written anew in place.

Whatever people have written stands outside the marks and stays. Who takes a mark away, or writes one twice, keeps
the text as it is: nothing is written anew there.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.model.clock import format_time, parse_time
from bot.model.json import digest_of

_FINDING, _END_OF_FINDING = "<!-- pow:finding -->", "<!-- /pow:finding -->"
_FIGURES, _END_OF_FIGURES = "<!-- pow:figures ", "<!-- /pow:figures -->"
_SHOWN = re.compile(r"(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) (?P<gist>[0-9a-f]{16})")
_PARTS = re.compile(
    f"{re.escape(_FINDING)}.*?{re.escape(_END_OF_FINDING)}"
    rf"(?P<between>.*?){re.escape(_FIGURES)}(?P<shown>[^\n>]{{1,60}}) -->.*?{re.escape(_END_OF_FIGURES)}",
    re.DOTALL,
)
_EACH_MARK = (_FINDING, _END_OF_FINDING, _FIGURES, _END_OF_FIGURES)
_PASSING = re.compile(r"\d{4}-\d\d-\d\d(?:T[\d:]+Z?)?|\(n=[\d,]+\)")
"""Instants and counts of samples are others in every run, and decide on nothing."""
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Which figures a text shows: those of an instant, and the gist of them."""

    at: datetime
    gist: str

    def __str__(self) -> str:
        """Write it as a mark and a note hold it."""
        return f"{format_time(self.at)} {self.gist}"


def gist_of(texts: Iterable[str]) -> str:
    """Return 16 hexadecimal digits that stay the same while texts differ by less than two significant digits show."""
    rounded = "\n".join(_NUMBER.sub(_two_digits, _PASSING.sub("", text)) for text in texts)
    return digest_of(rounded.encode()).removeprefix("sha256:")[:16]


def read_shown(text: str) -> Shown | None:
    """Read what a mark or a note holds; None for anything else."""
    match = _SHOWN.fullmatch(text)
    try:
        return Shown(at=parse_time(match["at"]), gist=match["gist"]) if match else None
    except ValueError:
        return None


def shown_in(body: str) -> Shown | None:
    """Tell which figures a text shows; None where its marks are not each there once and in order."""
    parts = _parts(body)
    return read_shown(parts["shown"]) if parts else None


def marked_finding(text: str) -> str:
    """Put the sentence that opens a text between its marks."""
    return f"{_FINDING}\n{text}\n{_END_OF_FINDING}"


def marked_figures(text: str, shown: Shown) -> str:
    """Put the sections that hold figures between their marks."""
    return f"{_FIGURES}{shown} -->\n{text}\n{_END_OF_FIGURES}"


def around_figures(body: str) -> int | None:
    """Count the characters outside the marks, which stay; None where there is nothing to be written anew."""
    parts = _parts(body)
    return None if parts is None else len(body) - len(parts.group()) + len(parts["between"])


def refigured(body: str, finding: str, figures: str) -> str:
    """Return a body with other marked parts in place of its own; unchanged where its marks are not as they were."""
    parts = _parts(body)
    if parts is None:
        return body
    return f"{body[: parts.start()]}{finding}{parts['between']}{figures}{body[parts.end() :]}"


def _parts(body: str) -> re.Match[str] | None:
    return _PARTS.search(body) if all(body.count(mark) == 1 for mark in _EACH_MARK) else None


def _two_digits(number: re.Match[str]) -> str:
    return f"{float(number.group().replace(',', '')):.2g}"
