"""What can go wrong between a client and the agency, as data: set in code, matched by path."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Down:
    """Nothing is done; the answer is this status."""

    status: int = 503
    detail: str = "out of service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """The answer comes, but after so many real seconds."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Empty:
    """The answer is an empty list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongShape:
    """The answer is something else than agreed."""

    body: str = '{"unexpected": [1, "two", null]}'
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Huge:
    """The answer is a list of at least so many bytes."""

    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LostAnswer:
    """The request is carried out, but the client is told that the gateway broke."""

    status: int = 502


Fault: TypeAlias = Down | Slow | Empty | WrongShape | Huge | LostAnswer


def fault_at(path: str, faults: Mapping[str, Fault]) -> Fault | None:
    """Return the first fault whose pattern (as in file names: `*`, `?`, `[...]`) fits the path."""
    return next((fault for pattern, fault in faults.items() if fnmatchcase(path, pattern)), None)
