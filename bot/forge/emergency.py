"""Reads the emergency command out of a review's text; the text itself goes no further (pure)."""

import re

from bot.model.forge import Claim
from bot.model.json import digest_of
from bot.report.untrusted import visible

_COMMAND = re.compile(r"/emergency(?:[ \t]+(.*))?")
_LONGEST = 10_000


def claim_of(body: str) -> Claim | None:
    """Read a review whose first line is `/emergency REASON`; None for any other text.

    What is kept of the reason is how many characters of it can be seen, and the digest of its bytes.
    """
    match = _COMMAND.fullmatch(next(iter(body.splitlines()), ""))
    if match is None:
        return None
    reason = (match[1] or "").strip()
    return Claim(length=len(visible(reason, limit=_LONGEST)), digest=digest_of(reason.encode(errors="replace")))
