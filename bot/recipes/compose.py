"""YAML events → nodes with positions, refusing what only surprises: the one module that meets PyYAML.

It keeps its own stack, so that no nesting in a file reaches Python's.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml
from yaml import events as on

from bot.recipes.characters import explain_hidden, find_hidden_in_value
from bot.recipes.check import Check
from bot.recipes.outcome import MAX_REFUSALS
from bot.recipes.scalar import Ambiguous, read_plain
from bot.recipes.suggest import brief
from bot.recipes.tree import Entry, Node, Place, Row, Scalar, Table

MAX_DEPTH = 32
Loader = type[yaml.SafeLoader] | type[yaml.CSafeLoader]
FASTEST: Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_START = Place(line=1, column=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One thing that the file may not contain."""

    check: Check
    place: Place
    message: str
    hint: str


class _StopError(Exception):
    """Nothing that follows in the file can be understood."""


@dataclass(slots=True, kw_only=True)
class _Frame:
    """A mapping or list whose end has not come yet; `key` waits for its value."""

    place: Place
    flow: bool
    is_table: bool
    entries: dict[str, Entry] = field(default_factory=dict)
    items: list[Node] = field(default_factory=list)
    key: tuple[str, Place] | None = None


def compose(text: str, *, loader: Loader = FASTEST) -> tuple[Node | None, tuple[Refusal, ...]]:
    """Build the document's node; with refusals the node is not to be used."""
    composer = _Composer()
    try:
        for event in _events(text, loader):
            composer.take(event)
    except _StopError:
        pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(line=mark.line + 1, column=mark.column + 1) if mark else _START
        is_alias = "scanning an alias" in str(error.context)
        hint = _multiplied("1.2") if is_alias else "check indentation, quotes and brackets"
        composer.refuse(Check.SYNTAX, place, f"not YAML: {_problem(error)}", hint)
    except (yaml.YAMLError, ValueError) as error:
        composer.refuse(Check.SYNTAX, _START, f"not YAML: {brief(str(error))}")
    if composer.root is None and not composer.refusals:
        composer.refuse(Check.SYNTAX, _START, "an empty file", "write a mapping of keys and values")
    return composer.root, tuple(composer.refusals)


def _events(text: str, loader: Loader) -> Iterator[on.Event]:
    parser = loader(text)
    try:
        while (event := parser.get_event()) is not None:
            yield event
    finally:
        parser.dispose()


class _Composer:
    """Takes events one by one; its stack is a list, not Python's."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.refusals: list[Refusal] = []
        self._frames: list[_Frame] = []
        self._documents = 0

    def refuse(self, check: Check, place: Place, message: str, hint: str = "") -> None:
        self.refusals.append(Refusal(check=check, place=place, message=message, hint=hint))
        if len(self.refusals) == MAX_REFUSALS:
            raise _StopError

    def take(self, event: on.Event) -> None:
        match event:
            case on.DocumentStartEvent():
                self._begin_document(event)
            case on.AliasEvent():
                self._refuse_feature(_place(event), "an alias", _instead_of(event.anchor or ""))
                self._put(_nothing(_place(event)))
            case on.ScalarEvent():
                self._refuse_properties(event)
                self._scalar(event)
            case on.MappingStartEvent() | on.SequenceStartEvent():
                self._refuse_properties(event)
                self._begin(event)
            case on.MappingEndEvent() | on.SequenceEndEvent():
                self._end()
            case _:
                pass

    def _begin_document(self, event: on.DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            self._refuse_feature(_place(event), "a second document", "put it into a file of its own")
            raise _StopError
        if event.version or event.tags:
            self._refuse_feature(_place(event), "a YAML directive", "remove the lines that begin with %")

    def _refuse_feature(self, place: Place, what: str, hint: str) -> None:
        self.refuse(Check.FEATURE, place, f"{what} is not allowed here", hint)

    def _refuse_properties(self, event: on.ScalarEvent | on.CollectionStartEvent) -> None:
        if event.anchor is not None:
            self._refuse_feature(_place(event), "an anchor", "remove the word that begins with &")
        if event.tag is not None:
            self._refuse_feature(_place(event), "a tag", "remove the word that begins with !")

    def _begin(self, event: on.CollectionStartEvent) -> None:
        place = _place(event)
        if len(self._frames) == MAX_DEPTH:
            self.refuse(Check.DEPTH, place, f"more than {MAX_DEPTH} levels deep", "write it flatter")
            raise _StopError
        if self._awaits_key():
            self._refuse_feature(place, "a key that is not text", "check brackets, braces and `?`")
            raise _StopError
        is_table = isinstance(event, on.MappingStartEvent)
        self._frames.append(_Frame(place=place, flow=bool(event.flow_style), is_table=is_table))

    def _end(self) -> None:
        frame = self._frames.pop()
        if frame.is_table:
            self._put(Table(place=frame.place, entries=frame.entries, flow=frame.flow))
        else:
            self._put(Row(place=frame.place, items=tuple(frame.items), flow=frame.flow))

    def _awaits_key(self) -> bool:
        return bool(self._frames) and self._frames[-1].is_table and self._frames[-1].key is None

    def _scalar(self, event: on.ScalarEvent) -> None:
        place = _place(event)
        if (hidden := find_hidden_in_value(event.value)) is not None:
            what, hint = explain_hidden(hidden)
            self.refuse(Check.ENCODING, place, f"the text contains {what}", hint)
        if self._awaits_key():
            self._key(event.value, place)
            return
        value = event.value if event.style else read_plain(event.value)
        if isinstance(value, Ambiguous):
            self.refuse(Check.AMBIGUOUS, place, value.message, value.hint)
            value = event.value
        end_line, end_column = _end(event)
        style = event.style or ""
        self._put(Scalar(value=value, place=place, end_line=end_line, end_column=end_column, style=style))

    def _key(self, key: str, place: Place) -> None:
        frame = self._frames[-1]
        if key in {"", "<<"}:
            what = "a merge key" if key else "a key without text"
            self._refuse_feature(place, what, "write the keys out" if key else "check for a stray `:`")
        if key in frame.entries:
            first = frame.entries[key].key.line
            message = f"`{brief(key)}` stands here twice, first on line {first}"
            self.refuse(Check.DUPLICATE_KEY, place, message, "keep one of the two")
        frame.key = (key, place)

    def _put(self, node: Node) -> None:
        """Hand a finished node to the mapping or list around it."""
        if not self._frames:
            self.root = _placed(node, _START)
            return
        frame = self._frames[-1]
        if not frame.is_table:
            frame.items.append(node)
        elif frame.key is None:
            raise _StopError  # an alias as a key, which has been refused
        else:
            key, place = frame.key
            frame.entries[key] = Entry(key=place, node=_placed(node, place))
            frame.key = None


def _instead_of(alias: str) -> str:
    """Say what to write for an alias; `*2` is none to whoever wants twice the present value."""
    return _multiplied(alias) if alias.isdecimal() else "write the value out again"


def _multiplied(factor: str) -> str:
    return f"to multiply the present value of a key, write {{multiply: {factor}}}"


def _placed(node: Node, key: Place) -> Node:
    """Let a value without any text stand where its key stands."""
    if isinstance(node, Scalar) and node.value is None and not node.style and _is_empty(node):
        return _nothing(key)
    return node


def _is_empty(scalar: Scalar) -> bool:
    return (scalar.place.line, scalar.place.column) == (scalar.end_line, scalar.end_column)


def _nothing(place: Place) -> Scalar:
    return Scalar(value=None, place=place, end_line=place.line, end_column=place.column)


def _place(event: on.Event) -> Place:
    mark = event.start_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    end_line, end_column = _end(event)
    one_line = isinstance(event, on.ScalarEvent | on.AliasEvent) and end_line == line
    return Place(line=line, column=column, width=max(1, end_column - column) if one_line else 1)


def _end(event: on.Event) -> tuple[int, int]:
    mark = event.end_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _problem(error: yaml.MarkedYAMLError) -> str:
    if error.context and error.context_mark:
        return f"{error.problem} ({error.context} that begins on line {error.context_mark.line + 1})"
    return str(error.problem or error.context)
