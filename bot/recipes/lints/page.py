"""The page of a check: what it asks for, why, and an example that is wrong and one that is right, as data."""

from dataclasses import dataclass
from typing import TypeAlias

from bot.recipes.check import Check
from bot.rules.source import FaultId


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One check explained.

    An example is parts of files, each under a line that says which: `# file: PATH` shows the lines that matter,
    `# whole file: PATH` all of it, `# no file: PATH` that it is not there, `# base: PATH` what stands on the base
    branch, `# history: PATH` what once stood there, `# copy: PATH` a second file like it, `# environment: NAME=VALUE`
    a variable, `# observed: FEED ...` what the feed says, `# size: BYTES` that so many bytes of comment follow. In
    the bad one « and » are around the place that the diagnostic points to.
    """

    why: str
    bad: str
    good: str


Pages: TypeAlias = dict[Check | FaultId, Page]


def shown(example: str) -> str:
    """Return an example as people read it, without the marks."""
    return example.replace("«", "").replace("»", "")
