"""Text from outside made harmless in Markdown; it knows what GitHub makes active, not where the text came from.

Names of steps, topics and systems come from feeds that anyone may write to. Raw complaint text never gets here.
"""

import html
import re
import unicodedata
from functools import lru_cache

LIMIT = 200
_BREAK = "\u200b"
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_HIDDEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Signs that show as nothing although Unicode calls them letters or marks: fillers and variation selectors."""
_SPACES = re.compile(r"\s+")
_ENTITY_ROUNDS = 8
_ACTIVE = "\\`*_[]()~|!$"
"""What Markdown gives a meaning inside a line; each is written with a backslash."""
_CALM = str.maketrans({**{sign: "\\" + sign for sign in _ACTIVE}, "&": "&amp;", "<": "&lt;", ">": "&gt;"})
_TRIGGERS = re.compile(
    r"@"  # people and teams, in the page and in e-mails
    r"|\#(?=\w)"  # issues and pull requests
    r"|:(?=[/:])"  # addresses, and commands in a workflow's log
    r"|(?i:\bgh(?=-\d))"  # the other spelling of an issue
    r"|(?i:\bwww(?=\.))"
    r"|(?i:[0-9a-f]{6}(?=[0-9a-f]))"  # commits
)
_MENTION = re.compile(r"(?<![A-Za-z0-9_])@")
_FENCE = re.compile(r"`+")


def sanitize(text: str, *, limit: int = LIMIT) -> str:
    """Return one line of Markdown that shows the text and does nothing: no mention, link, reference or markup.

    At most `limit` characters of the text are shown. It goes into a line or a table's cell after words of our own.
    """
    shown = visible(text, limit=limit)
    return _TRIGGERS.sub(lambda match: match.group() + _BREAK, shown).translate(_CALM)


@lru_cache(maxsize=4_096)
def code(text: str, *, limit: int = LIMIT) -> str:
    """Return the text as a code span that fits a table's cell; for names and values of our own files."""
    calm = _MENTION.sub("@" + _BREAK, visible(text, limit=limit)).replace("|", "\u2502").replace("`", "'")
    calm = calm.replace("<!", f"<{_BREAK}!")
    return f"`{calm or ' '}`"


def fenced(text: str, language: str = "") -> str:
    """Return lines in a fence that is longer than any run of backticks in them."""
    longest = max((len(run) for run in _FENCE.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def visible(text: str, *, limit: int = LIMIT) -> str:
    """Return the text on one line, entities undone, without what cannot be seen, cut to `limit` characters.

    For data files; what is meant for a page goes through `sanitize`.
    """
    shown = _plain(text)
    return shown if len(shown) <= limit else shown[: limit - 1].rstrip() + "…"


def _plain(text: str) -> str:
    rounds = 0
    while rounds < _ENTITY_ROUNDS and (decoded := html.unescape(text)) != text:
        text, rounds = decoded, rounds + 1
    spaced = _SPACES.sub(" ", text)
    if spaced.isascii() and spaced.isprintable():
        return spaced.strip()
    seen = "".join(char for char in spaced if unicodedata.category(char) not in _HIDDEN_CATEGORIES)
    return _SPACES.sub(" ", _HIDDEN.sub("", unicodedata.normalize("NFC", seen))).strip()
