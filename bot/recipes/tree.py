"""A parsed document as plain values, and the place in its text of every key, value and character of a value.

It knows nothing of YAML beyond how a scalar's characters are quoted; the parser builds it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from bot.model.errors import Diagnostic, Severity
from bot.model.json import Json

Path = tuple[str | int, ...]
"""The way to a value: keys of mappings and indices of lists, from the root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something stands: line and column count from 1, the width is in characters and at least 1."""

    line: int
    column: int
    width: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """A single value and where its text begins and ends; `style` is the quote or block sign, empty for none."""

    value: bool | int | float | str | None
    place: Place
    end_line: int
    end_column: int
    style: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A key of a mapping with its value."""

    key: Place
    node: "Node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A mapping, in the order of the text; `flow` when it is written in braces."""

    place: Place
    entries: dict[str, Entry]
    flow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A list; `flow` when it is written in brackets."""

    place: Place
    items: tuple["Node", ...]
    flow: bool = False


Node = Scalar | Table | Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A file's lines, and its content with positions in them."""

    lines: tuple[str, ...]
    root: Node


class Document:
    """One file's content; the positions are worked out when somebody first asks for one."""

    __slots__ = ("_placed", "_read", "path", "value")

    def __init__(self, *, path: str, value: Json, read: Callable[[], Placed]) -> None:
        """Keep the content as plain values, not to be changed, and the way to its positions."""
        self.path = path
        self.value = value
        self._read = read
        self._placed: Placed | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Document):
            return NotImplemented
        return self.path == other.path and self.placed == other.placed

    def __hash__(self) -> int:
        return hash(self.path)

    @property
    def placed(self) -> Placed:
        """The content with positions."""
        if self._placed is None:
            self._placed = self._read()
        return self._placed

    @property
    def root(self) -> Node:
        """The outermost node."""
        return self.placed.root

    @property
    def lines(self) -> tuple[str, ...]:
        """The text, line by line."""
        return self.placed.lines

    def has(self, path: Path) -> bool:
        """Tell whether anything stands at a path, without asking for its position."""
        value = self.value
        for step in path:
            match value:
                case dict() if step in value:
                    value = value[step]
                case list() if isinstance(step, int) and 0 <= step < len(value):
                    value = value[step]
                case _:
                    return False
        return True

    def node(self, path: Path) -> Node | None:
        """Return the node at a path; None if the way ends before."""
        node: Node = self.root
        for step in path:
            match node:
                case Table() if isinstance(step, str) and step in node.entries:
                    node = node.entries[step].node
                case Row() if isinstance(step, int) and 0 <= step < len(node.items):
                    node = node.items[step]
                case _:
                    return None
        return node

    def place(self, path: Path) -> Place:
        """Return where a value stands, or the nearest thing above it that is there; never fails."""
        nodes = (self.node(path[:length]) for length in range(len(path), -1, -1))
        return next(node.place for node in nodes if node is not None)

    def key(self, path: Path) -> Place:
        """Return where the key of a value stands; the value's own place where it has no key."""
        if path:
            parent = self.node(path[:-1])
            if isinstance(parent, Table) and path[-1] in parent.entries:
                return parent.entries[str(path[-1])].key
        return self.place(path)

    def inside(self, path: Path, offset: int, width: int) -> Place:
        """Return where a character of a text value stands: `offset` counts from 0 in the value.

        Quotes, escapes and folded lines are seen through; the start of the value where that cannot be done.
        """
        node = self.node(path)
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            return self.place(path)
        return place_within(node, node.value, self.lines, offset=offset, width=width)

    def fault(
        self,
        check: StrEnum,
        place: Place,
        message: str,
        *,
        hint: str = "",
        severity: Severity = Severity.ERROR,
    ) -> Diagnostic:
        """Make a diagnostic for a place in this document; without a hint it says where there is an example."""
        return Diagnostic(
            path=self.path,
            line=place.line,
            column=place.column,
            width=place.width,
            id=check.value,
            message=message,
            hint=hint or f"`pow lint --explain {check.value}` shows an example",
            severity=severity,
            source=self.line(place.line),
        )

    def line(self, number: int) -> str:
        """Return a source line by its number from 1; empty past the end."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""


def plain(node: Node) -> Json:
    """Strip the positions."""
    match node:
        case Scalar():
            return node.value
        case Table():
            return {key: plain(entry.node) for key, entry in node.entries.items()}
        case Row():
            return [plain(item) for item in node.items]
        case _:
            assert_never(node)


def place_within(scalar: Scalar, text: str, lines: tuple[str, ...], *, offset: int, width: int) -> Place:
    """Find the characters of a value in the source by matching all that is not white space, in order."""
    solid = [index for index, char in enumerate(text) if not char.isspace()]
    found = [(char, line, column) for char, line, column in _characters(scalar, lines) if not char.isspace()]
    if [char for char, _, _ in found] != [text[index] for index in solid] or not found:
        return scalar.place
    at = next((n for n, index in enumerate(solid) if index >= offset), None)
    if at is None:
        _, line, column = found[-1]
        return Place(line=line, column=column + 1)
    _, line, column = found[at]
    last = max((n for n, index in enumerate(solid) if index < offset + width), default=at)
    same_line = last >= at and found[last][1] == line
    return Place(line=line, column=column, width=found[last][2] - column + 1 if same_line else 1)


def _characters(scalar: Scalar, lines: tuple[str, ...]) -> Iterator[tuple[str, int, int]]:
    """Yield the characters that a scalar's source stands for, each with its line and column."""
    quoted = scalar.style in {"'", '"'}
    first = scalar.place.line + (1 if scalar.style in {"|", ">"} else 0)
    for line in range(first, min(scalar.end_line, len(lines)) + 1):
        start = scalar.place.column - 1 + quoted if line == scalar.place.line else 0
        stop = scalar.end_column - 1 - quoted if line == scalar.end_line else len(lines[line - 1])
        source = lines[line - 1][:stop]
        while start < stop:
            char, length = _unquoted(source, start, scalar.style)
            yield char, line, start + 1
            start += length


_ESCAPES = {"x": 2, "u": 4, "U": 8}
_SHORT_ESCAPES = {"0": "\0", "a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b"}
_SHORT_ESCAPES |= {"N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029"}


def _unquoted(source: str, start: int, style: str) -> tuple[str, int]:
    """Read one character of a scalar's source; white space stands for what belongs to no value."""
    char = source[start]
    if style == "'" and source.startswith("''", start):
        return char, 2
    if style != '"' or char != "\\":
        return char, 1
    sign = source[start + 1 : start + 2]
    if sign in _ESCAPES:
        digits = source[start + 2 : start + 2 + _ESCAPES[sign]]
        return chr(int(digits, 16)), 2 + len(digits)
    return _SHORT_ESCAPES.get(sign, sign or " "), 2
