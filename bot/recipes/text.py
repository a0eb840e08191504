"""Bytes of a YAML file → a document, or every reason against it: the fast reader first, the strict one for the rest.

Both read the same values out of the same bytes. Places and diagnostics are the strict reader's alone.
"""

from bot.model.errors import Diagnostic
from bot.recipes.fast_text import read_values
from bot.recipes.tree import Document, Placed


def parse(path: str, content: bytes) -> Document | tuple[Diagnostic, ...]:
    """Read one file's bytes; the diagnostics are in order of place, and no more than a person reads."""
    value = read_values(content)
    if value is None:
        return _parse_strictly(path, content)
    return Document(path=path, value=value, read=lambda: _places(path, content))


def _parse_strictly(path: str, content: bytes) -> Document | tuple[Diagnostic, ...]:
    from bot.recipes.strict import parse_strictly  # noqa: PLC0415 -- valid files are read without loading PyYAML

    return parse_strictly(path, content)


def _places(path: str, content: bytes) -> Placed:
    from bot.recipes.strict import places_of  # noqa: PLC0415 -- likewise

    return places_of(path, content)
