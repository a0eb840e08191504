"""From a request's bytes to checked values: what the gateway and the adapters accept, and why not."""

import json
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from math import isfinite
from typing import Any, NoReturn

from bot.model.clock import parse_time
from bot.model.json import Json
from bot.model.recipe import Setting
from bot.sandbox.agency.governance import Patch
from bot.sandbox.agency.refusal import RefusedError

MAXIMUM_BODY_BYTES = 64 * 1024

_PATCH_KEYS = {"service", "changes", "expected", "tenant", "version_selector", "window"}


def read_object(body: bytes, *, allowed: set[str] | None = None) -> dict[str, Json]:
    """Read a JSON object; RefusedError (400) for anything else, and for keys that are not `allowed`."""
    try:
        document: Any = json.loads(body, parse_constant=_refuse_constant)
        json.dumps(document, ensure_ascii=False).encode()  # a lone surrogate could not be written back
    except (ValueError, RecursionError) as error:
        raise _bad("the body is not JSON") from error
    if not isinstance(document, dict):
        raise _bad("the body is not a JSON object")
    surplus = sorted(set(document) - allowed) if allowed is not None else []
    if surplus:
        raise _bad(f"unknown field {surplus[0]!r}")
    return document


def read_patch(body: Mapping[str, Json], *, patch_id: int, subject: str, now: datetime) -> Patch:
    """Check the shape of a patch; whether its values are allowed is governance's business."""
    surplus = sorted(set(body) - _PATCH_KEYS)
    if surplus:
        raise _bad(f"unknown field {surplus[0]!r}")
    changes = read_settings(body.get("changes"), "changes")
    if not changes:
        raise _bad("changes is empty")
    expected = body.get("expected")
    return Patch(
        patch_id=patch_id,
        service=read_text(body.get("service"), "service"),
        changes=changes,
        expected=None if expected is None else read_settings(expected, "expected"),
        tenant=_optional_text(body, "tenant"),
        version_selector=_optional_text(body, "version_selector"),
        window=_read_window(body.get("window")),
        queued_at=now,
        subject=subject,
    )


def read_settings(value: Json, name: str) -> dict[str, Setting]:
    """Check a mapping of names to plain finite values."""
    if not isinstance(value, Mapping):
        raise _bad(f"{name} is not an object")
    settings: dict[str, Setting] = {}
    for key, setting in value.items():
        if not isinstance(setting, bool | int | float | str):
            raise _bad(f"{name}.{key} is not a plain value")
        if isinstance(setting, float) and not isfinite(setting):
            raise _bad(f"{name}.{key} is not a finite number")
        settings[key] = setting
    return settings


def read_text(value: Json, name: str) -> str:
    """Check a text that must be there."""
    if not isinstance(value, str) or not value:
        raise _bad(f"{name} is not a text")
    return value


def _optional_text(body: Mapping[str, Json], name: str) -> str | None:
    value = body.get(name)
    return None if value is None else read_text(value, name)


def _read_window(value: Json) -> tuple[datetime, datetime] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or set(value) != {"start", "end"}:
        raise _bad("window is not an object of start and end")
    start, end = (read_text(value[name], f"window.{name}") for name in ("start", "end"))
    try:
        return parse_time(start), parse_time(end)
    except ValueError as error:
        raise _bad(f"window: {error}") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _bad(detail: str) -> RefusedError:
    return RefusedError(HTTPStatus.BAD_REQUEST, detail)
