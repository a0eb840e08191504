"""A rule's text: places in it, faults at a place, and how they are shown; it does not know the language."""

from dataclasses import dataclass
from enum import StrEnum

MAX_LENGTH = 4096
"""Characters that a rule may have."""


class FaultId(StrEnum):
    """Every kind of fault that a rule can have."""

    TOO_LONG = "rule-too-long"
    TOO_DEEP = "rule-too-deep"
    CHARACTER = "rule-character"
    SYNTAX = "rule-syntax"
    CHAINED_COMPARISON = "rule-chained-comparison"
    UNKNOWN_NAME = "rule-unknown-name"
    AMBIGUOUS_NAME = "rule-ambiguous-name"
    NOT_A_METRIC = "rule-not-a-metric"
    UNKNOWN_FUNCTION = "rule-unknown-function"
    ARGUMENTS = "rule-arguments"
    UNKNOWN_UNIT = "rule-unknown-unit"
    UNIT_MISMATCH = "rule-unit-mismatch"
    MISSING_UNIT = "rule-missing-unit"
    NUMBER_SIZE = "rule-number-size"
    NOT_A_CONDITION = "rule-not-a-condition"
    NOT_A_NUMBER = "rule-not-a-number"
    NO_METRIC = "rule-no-metric"
    SEVERAL_SERIES = "rule-several-series"
    LABEL = "rule-label"
    NO_CHANGE = "rule-no-change"
    WINDOW = "rule-window"
    SUSTAIN = "rule-sustain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A half-open range of characters in a rule's text, counted from 0."""

    start: int
    end: int

    def to(self, other: "Span") -> "Span":
        """Reach from this span's start to the other's end."""
        return Span(start=self.start, end=other.end)


NOWHERE = Span(start=0, end=0)
"""The span of a tree that was built rather than read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong in a rule: `offset` and `width` count characters of its text from 0."""

    offset: int
    width: int
    id: FaultId
    message: str
    hint: str = ""


def fault_at(span: Span, fault: FaultId, message: str, hint: str = "") -> Fault:
    """Place a fault on a span; it is at least one character wide, so that it can be pointed at."""
    return Fault(offset=span.start, width=max(1, span.end - span.start), id=fault, message=message, hint=hint)


def render(text: str, fault: Fault) -> str:
    """Show the line of the fault with carets under it, the message above and the hint below."""
    start = text.rfind("\n", 0, fault.offset) + 1
    line = text[start:].split("\n", 1)[0]
    column = fault.offset - start
    width = max(1, min(fault.width, len(line) - column))
    margin = "".join("\t" if character == "\t" else " " for character in line[:column])
    shown = [f"{fault.message} [{fault.id}]", f"  {line}", f"  {margin}{'^' * width}"]
    return "\n".join([*shown, f"hint: {fault.hint}"] if fault.hint else shown)
