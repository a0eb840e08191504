"""JSON as a type, and the one way in which the bot writes it down."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from bot.model.names import Digest

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


def canonical(value: Json) -> bytes:
    """Write a value as UTF-8 JSON with sorted keys and two-space indents; NaN and infinities are refused."""
    text = json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def digest_of(content: bytes) -> Digest:
    """Name bytes by their SHA-256."""
    return Digest("sha256:" + hashlib.sha256(content).hexdigest())
