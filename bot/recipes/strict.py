"""The strict reader: a file's bytes → its content with positions, or every reason against it.

It takes a safe part of YAML (no anchors, aliases, tags, directives, duplicate keys) and knows nothing of what the
keys mean. What it accepts has the same values and places with PyYAML's C parser as with its slow one; syntax errors
may be worded and placed otherwise (and only the C parser lets a comment follow `|` without a blank).
"""

from collections.abc import Iterator

from bot.model.errors import Diagnostic
from bot.recipes.characters import explain_hidden, find_hidden
from bot.recipes.check import Check
from bot.recipes.compose import FASTEST, Loader, compose
from bot.recipes.fast_text import MAX_BYTES
from bot.recipes.outcome import MAX_REFUSALS
from bot.recipes.tree import Document, Place, Placed, Scalar, plain

_START = Place(line=1, column=1)
_NOTHING = Scalar(value=None, place=_START, end_line=1, end_column=1)


def parse_strictly(path: str, content: bytes, *, loader: Loader = FASTEST) -> Document | tuple[Diagnostic, ...]:
    """Read one file's bytes; the diagnostics are in order of place, at most MAX_REFUSALS."""
    if len(content) > MAX_BYTES:
        message = f"larger than {MAX_BYTES:,} bytes"
        return (_unread(path, ()).fault(Check.SIZE, _START, message, hint="split it into several files"),)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return (_bad_byte(path, content, error.start),)
    lines = tuple(line.removesuffix("\r") for line in text.split("\n"))
    unread = _unread(path, lines)
    if faults := tuple(_hidden_characters(unread)):
        return faults[:MAX_REFUSALS]
    root, refusals = compose(text, loader=loader)
    if root is not None and not refusals:
        placed = Placed(lines=lines, root=root)
        return Document(path=path, value=plain(root), read=lambda: placed)
    told = ((item, _within(item.place, lines)) for item in refusals)
    return tuple(sorted(unread.fault(item.check, place, item.message, hint=item.hint) for item, place in told))


def places_of(path: str, content: bytes) -> Placed:
    """Return the positions in a file that has been read before; TypeError where it cannot have been."""
    document = parse_strictly(path, content)
    if not isinstance(document, Document):
        raise TypeError(f"the strict reader refuses what the fast one read: {path}")
    return document.placed


def _within(place: Place, lines: tuple[str, ...]) -> Place:
    """Let what is missing past the end of a file be missing at its end."""
    return place if place.line <= len(lines) else Place(line=len(lines), column=len(lines[-1]) + 1)


def _unread(path: str, lines: tuple[str, ...]) -> Document:
    """Return a document that only lends its lines to diagnostics."""
    placed = Placed(lines=lines, root=_NOTHING)
    return Document(path=path, value=None, read=lambda: placed)


def _hidden_characters(document: Document) -> Iterator[Diagnostic]:
    """Tell of the first hidden character of each line."""
    for number, line in enumerate(document.lines, start=1):
        at = find_hidden(line)
        if at is not None:
            message, hint = explain_hidden(line[at])
            yield document.fault(Check.ENCODING, Place(line=number, column=at + 1), message, hint=hint)


def _bad_byte(path: str, content: bytes, start: int) -> Diagnostic:
    before = content[:start]
    column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8")) + 1
    place = Place(line=before.count(b"\n") + 1, column=column)
    message = f"not UTF-8 text: byte 0x{content[start]:02X}"
    return _unread(path, ()).fault(Check.ENCODING, place, message, hint="save the file as UTF-8")
