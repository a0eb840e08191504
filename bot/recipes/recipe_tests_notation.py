"""The compact notation of a test's series: `24x72 24..6x24 1/50 _ nan err`. It knows neither feeds nor times.

A word stands for one value after the other, `x72` behind it repeats it: `24x72` is 72 values. `A..BxN` is a straight
line of N values from A to B, both included. `H/N` is a ratio's numerator and denominator. `_` is a gap, `nan` a row
that holds no number, `err` a time at which the feed cannot be read.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

MAX_VALUES = 200_000
"""Values that one text may stand for."""
_MANY = 20
_LONGEST = 40

_NUMBER = r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,12})?"
_WORD = re.compile(
    rf"(?:(?P<sign>_|nan|err)|(?P<first>{_NUMBER})(?:\.\.(?P<last>{_NUMBER}))?(?:/(?P<of>{_NUMBER}))?)"
    r"(?:x(?P<count>[1-9][0-9]{0,8}))?"
)
_SOLID = re.compile(r"\S+")


class Slot(StrEnum):
    """What stands at a place of a series."""

    VALUE = "value"
    GAP = "_"
    NAN = "nan"
    FAILURE = "err"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """`count` places of one kind; values go in a straight line from `first` to `last`, `of` is None for readings."""

    slot: Slot
    count: int
    first: float = 0.0
    last: float = 0.0
    of: float | None = None

    def value(self, place: int) -> float:
        """Return the value at a place, counted from 0."""
        if self.first == self.last or place == 0:
            return self.first
        between = self.first + (self.last - self.first) * place / (self.count - 1)
        return self.last if place == self.count - 1 else between

    @property
    def values(self) -> list[float]:
        """All values in their order."""
        if self.first == self.last:
            return [self.first] * self.count
        return [self.value(place) for place in range(self.count)]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotationFault:
    """What is wrong with the characters at `offset`."""

    offset: int
    width: int
    message: str
    hint: str


def read_runs(text: str) -> tuple[Run, ...] | tuple[NotationFault, ...]:
    """Read a text into runs, or say everything that is wrong with it; nothing is expanded."""
    runs: list[Run] = []
    faults: list[NotationFault] = []
    total = 0
    for word in _SOLID.finditer(text):
        match = _WORD.fullmatch(word.group())
        run = _run(match) if match else _unknown(word.group())
        if isinstance(run, str):
            faults.append(_fault(word, *run.split("\n")))
        else:
            runs.append(run)
            total += run.count
        if total > MAX_VALUES:
            faults.append(_fault(word, f"more than {MAX_VALUES:,} values", "test a shorter time, or less often"))
        if total > MAX_VALUES or len(faults) == _MANY:
            break
    if not runs and not faults:
        return (NotationFault(offset=0, width=1, message="no values", hint="write values such as 24x72"),)
    return tuple(faults) or tuple(runs)


def _run(match: re.Match[str]) -> Run | str:
    """Make a run of a word, or say in two lines what is wrong and what to write."""
    sign, first, last, of, count = match.group("sign", "first", "last", "of", "count")
    repeat = int(count or 1)
    if sign:
        return Run(slot=Slot(sign), count=repeat)
    if last is not None and repeat < 2:
        return f"a line has at least two values\nsay how many: {first}..{last}x24"
    if of is not None and float(of) < 0:
        return f"a denominator is not below zero\nwrite {first}/{of[1:]}"
    start = float(first)
    return Run(
        slot=Slot.VALUE,
        count=repeat,
        first=start,
        last=start if last is None else float(last),
        of=None if of is None else float(of),
    )


def _unknown(word: str) -> str:
    shown = word if len(word) <= _LONGEST else word[:_LONGEST] + "…"
    if re.fullmatch(r"x[0-9]+", word):
        return f"`{shown}` repeats nothing\nwrite it right behind its value, without a blank: 24{shown}"
    if re.fullmatch(r".+x0*", word):
        return f"`{shown}` repeats nothing\nwrite a count from 1"
    return f"`{shown}` is no value\nwrite a number, 24x72, 24..6x24, 1/50, `_`, nan or err"


def _fault(word: re.Match[str], message: str, hint: str) -> NotationFault:
    return NotationFault(offset=word.start(), width=len(word.group()), message=message, hint=hint)
