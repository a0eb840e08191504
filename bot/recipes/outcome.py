"""What reading a file gave: a value, or none, and everything that is to be said about the file."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from bot.model.errors import Diagnostic

MAX_REFUSALS = 50
"""No more than these are told of one file: past them a person starts again."""

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(Generic[T_co]):
    """`value` is None where a fault is an error; warnings may stand beside a value."""

    value: T_co | None
    faults: tuple[Diagnostic, ...] = ()
