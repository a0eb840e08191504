"""Characters that a reviewer cannot see, or that show text in another order than it is read in."""

import re
import unicodedata

# Texts, which `re` compiles when they are first asked for: most files are plain ASCII, and need none of them.
_HIDDEN = (
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\uffff\U0001fffe\U0001ffff\U000e0000-\U000e007f]"
)
_HIDDEN_IN_VALUE = _HIDDEN.replace("\x00-\x1f", "\x00-\x08\x0b-\x1f")
_HIDDEN_IN_TEXT = _HIDDEN.replace("\x00-\x1f", "\x00-\x09\x0b-\x1f")


def find_hidden(line: str) -> int | None:
    """Return where the first hidden character of a source line is, tabs among them."""
    match = re.search(_HIDDEN, line)
    return match.start() if match else None


def has_hidden(text: str) -> bool:
    """Tell whether any line of a text has a hidden character; lines end in line feeds."""
    return re.search(_HIDDEN_IN_TEXT, text) is not None


def find_hidden_in_value(text: str) -> str | None:
    """Return the first hidden character of a value, in which tabs and line feeds may be."""
    match = re.search(_HIDDEN_IN_VALUE, text)
    return match.group() if match else None


def explain_hidden(char: str) -> tuple[str, str]:
    """Say what a hidden character is, and what to do about it."""
    match char:
        case "\t":
            return "a tab", "indent and separate with spaces"
        case "\ufeff":
            return "a byte order mark", "save the file as UTF-8 without a byte order mark"
        case "\r":
            return "a carriage return without a line feed", "save the file with line ends LF or CR LF"
        case _:
            name = unicodedata.name(char, "a control character").lower()
            return f"an invisible character, U+{ord(char):04X} ({name})", "remove it"
