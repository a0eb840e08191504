"""The strict reader: bytes of a YAML file → a document with positions, or every reason against it.

It takes a safe part of YAML (no anchors, aliases, tags, directives, duplicate keys) and knows nothing of what the
keys mean. What it accepts has the same values and places with PyYAML's C parser as with its slow one; syntax errors
may be worded and placed otherwise (and only the C parser lets a comment follow `|` without a blank).
"""

from collections.abc import Iterator

from bot.model.errors import Diagnostic
from bot.recipes.characters import explain_hidden, find_hidden
from bot.recipes.check import Check
from bot.recipes.compose import FASTEST, MAX_REFUSALS, Loader, compose
from bot.recipes.tree import Document, Place, Scalar

MAX_BYTES = 256 * 1024

_START = Place(line=1, column=1)
_NOTHING = Scalar(value=None, place=_START, end_line=1, end_column=1)


def parse(path: str, content: bytes, *, loader: Loader = FASTEST) -> Document | tuple[Diagnostic, ...]:
    """Read one file's bytes; the diagnostics are in order of place, at most MAX_REFUSALS."""
    if len(content) > MAX_BYTES:
        message = f"larger than {MAX_BYTES:,} bytes"
        unread = Document(path=path, lines=(), root=_NOTHING)
        return (unread.fault(Check.SIZE, _START, message, hint="split it into several files"),)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return (_bad_byte(path, content, error.start),)
    lines = tuple(line.removesuffix("\r") for line in text.split("\n"))
    unread = Document(path=path, lines=lines, root=_NOTHING)
    if faults := tuple(_hidden_characters(unread)):
        return faults[:MAX_REFUSALS]
    root, refusals = compose(text, loader=loader)
    if root is not None and not refusals:
        return Document(path=path, lines=lines, root=root)
    faults = tuple(unread.fault(item.check, item.place, item.message, hint=item.hint) for item in refusals)
    return tuple(sorted(faults))


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
    document = Document(path=path, lines=(), root=_NOTHING)
    message = f"not UTF-8 text: byte 0x{content[start]:02X}"
    return document.fault(Check.ENCODING, place, message, hint="save the file as UTF-8")
