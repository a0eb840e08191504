"""The adapters in front of systems that only take a sync: what each holds, at which version. No HTTP here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from bot.model.json import Json
from bot.model.recipe import Setting
from bot.sandbox.agency.idempotency import IdempotencyKeys
from bot.sandbox.agency.payload import read_settings, read_text
from bot.sandbox.agency.refusal import RefusedError

_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What an external system holds."""

    name: str
    version: int
    values: Mapping[str, Setting]
    change: str | None = None


class Adapters:
    """Every external system by name; a system exists once it has been synced."""

    def __init__(self) -> None:
        self._holdings: dict[str, Holding] = {}
        self._synced: list[Holding] = []
        self._keys = IdempotencyKeys()

    def sync(self, name: str, body: Mapping[str, Json], *, key: str | None) -> Holding:
        """Store values at a version; an older version is refused (409) unless the sender says `rollback`."""
        if not _NAME.fullmatch(name):
            raise RefusedError(HTTPStatus.NOT_FOUND, f"no adapter {name!r}")
        content = {**body, "name": name}
        known = self._keys.find(key, content)
        if known is not None:
            return self._synced[known]
        holding = _read_holding(name, body)
        self._refuse_step_back(holding, rollback=_read_rollback(body))
        self._holdings[name] = holding
        self._keys.remember(key, content, len(self._synced))
        self._synced.append(holding)
        return holding

    def read(self, name: str) -> Holding:
        """Return what the system holds; RefusedError (404) before its first sync."""
        if name not in self._holdings:
            raise RefusedError(HTTPStatus.NOT_FOUND, f"nothing synced to {name!r}")
        return self._holdings[name]

    def _refuse_step_back(self, new: Holding, *, rollback: bool) -> None:
        held = self._holdings.get(new.name)
        if held is None or rollback:
            return
        facts: dict[str, Json] = {"version": held.version, "values": dict(held.values)}
        if new.version < held.version:
            raise RefusedError(HTTPStatus.CONFLICT, f"version {new.version} is older than {held.version}", facts)
        if new.version == held.version and new.values != held.values:
            raise RefusedError(HTTPStatus.CONFLICT, f"version {new.version} came with other values", facts)


def _read_holding(name: str, body: Mapping[str, Json]) -> Holding:
    surplus = sorted(set(body) - {"version", "values", "rollback", "change"})
    if surplus:
        raise RefusedError(HTTPStatus.BAD_REQUEST, f"unknown field {surplus[0]!r}")
    version = body.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 0:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "version is not a whole number from 0 up")
    change = body.get("change")
    return Holding(
        name=name,
        version=version,
        values=read_settings(body.get("values"), "values"),
        change=None if change is None else read_text(change, "change"),
    )


def _read_rollback(body: Mapping[str, Json]) -> bool:
    rollback = body.get("rollback", False)
    if not isinstance(rollback, bool):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "rollback is neither true nor false")
    return rollback
