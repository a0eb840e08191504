"""Idempotency keys: a request that is sent twice is carried out once."""

import hashlib
import json
from collections.abc import Mapping
from http import HTTPStatus

from bot.model.json import Json
from bot.sandbox.agency.refusal import RefusedError


class IdempotencyKeys:
    """Which request a key stands for; the same key with other content is a mistake of the sender."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, int]] = {}

    def find(self, key: str | None, body: Mapping[str, Json]) -> int | None:
        """Return what the key was remembered for; RefusedError: 400 without a key, 409 for other content."""
        if not key:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "header Idempotency-Key is missing")
        if key not in self._known:
            return None
        digest, known = self._known[key]
        if digest != _digest(body):
            raise RefusedError(HTTPStatus.CONFLICT, "this Idempotency-Key came with another content before")
        return known

    def remember(self, key: str | None, body: Mapping[str, Json], number: int) -> None:
        """Tie the key to its content and to what came of it."""
        if key:
            self._known[key] = (_digest(body), number)


def _digest(body: Mapping[str, Json]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
