"""The gate's notes on open pull requests: one file on a branch that every fetch brings for nothing (pure).

The gate writes it; the detector reads there which figures a text showed. Without it both only ask more.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.model.clock import format_time, parse_time
from bot.model.json import Json, canonical
from bot.model.names import BranchName, Digest, PullNumber
from bot.report.figures import Shown, read_shown

LOOKS_BRANCH = BranchName("pow-looks")
LOOKS_FILE = "looks.json"
_SCHEMA = "urn:pow-bot:looks:v1"
_LONGEST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the gate saw of a pull request, as a digest, and when; `shown` are the figures of its text, if marked."""

    seen: Digest
    at: datetime
    shown: Shown | None = None


def write_looks(looks: Mapping[PullNumber, Look]) -> bytes:
    """Write notes as a file."""
    noted: Mapping[str, Json] = {
        str(number): {
            "seen": look.seen,
            "at": format_time(look.at),
            **({"shown": str(look.shown)} if look.shown else {}),
        }
        for number, look in looks.items()
    }
    return canonical({"schema": _SCHEMA, "looks": noted})


def read_looks(content: bytes | None) -> Mapping[PullNumber, Look]:
    """Read notes; a file that is anything else holds none, and everything is looked at."""
    if content is None or len(content) > _LONGEST:
        return {}
    try:
        document = json.loads(content)
        if document["schema"] != _SCHEMA:
            return {}
        return {PullNumber(int(number)): _look(each) for number, each in document["looks"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def _look(noted: Mapping[str, str]) -> Look:
    return Look(
        seen=Digest(str(noted["seen"])),
        at=parse_time(noted["at"]),
        shown=read_shown(str(noted.get("shown", ""))),
    )
