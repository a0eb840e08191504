"""What HMS-MGT manages and what HMS-GOV allows: the catalog of services, and the check that every patch passes."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

from bot.model.recipe import Setting

PLATFORM_RPS_CAP = 1_000
PATCHES_PER_DAY = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The values that governance allows for a key."""

    low: float
    high: float
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogEntry:
    """A service: the version that runs, the values that it starts with, and the bounds of each."""

    version: str
    defaults: Mapping[str, Setting]
    bounds: Mapping[str, Bounds]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A request to change the configuration of one service, as it came in."""

    patch_id: int
    service: str
    changes: Mapping[str, Setting]
    expected: Mapping[str, Setting] | None
    tenant: str | None
    version_selector: str | None
    window: tuple[datetime, datetime] | None
    queued_at: datetime
    subject: str


_RATE = Bounds(low=1, high=PLATFORM_RPS_CAP, whole=True)

CATALOG: Mapping[str, CatalogEntry] = {
    "PHOTO_VALIDATOR": CatalogEntry(
        version="2.1.0",
        defaults={"max_blur_px": 2, "rate_limit_rps": 50},
        bounds={"max_blur_px": Bounds(low=0, high=10), "rate_limit_rps": _RATE},
    ),
    "PASSPORT_PRINTER": CatalogEntry(
        version="1.4.2",
        defaults={"prints_per_hour": 900, "rate_limit_rps": 50},
        bounds={"prints_per_hour": Bounds(low=1, high=2_000, whole=True), "rate_limit_rps": _RATE},
    ),
}

JOURNEYS: Mapping[str, tuple[str, ...]] = {"passport_renewal": ("v1", "v2")}


def objection(patch: Patch, *, live: Mapping[str, Setting], patches_today: int, now: datetime) -> str | None:
    """Return why governance refuses the patch at `now`, or None; `patches_today` counts this one."""
    return next(_objections(patch, live=live, patches_today=patches_today, now=now), None)


def _objections(patch: Patch, *, live: Mapping[str, Setting], patches_today: int, now: datetime) -> Iterator[str]:
    entry = CATALOG[patch.service]
    if patch.window is not None and patch.window[1] <= patch.window[0]:
        yield "the window ends before it starts"
    if patch.window is not None and patch.window[1] <= now:
        yield "the window is over"
    if patch.version_selector is not None and not _selects(patch.version_selector, entry.version):
        yield f"no running version fits {patch.version_selector!r}: {patch.service} runs {entry.version}"
    if patches_today > PATCHES_PER_DAY:
        yield f"quota: more than {PATCHES_PER_DAY} patches of {patch.service} in a day"
    for key, value in patch.changes.items():
        reason = _objection_to_value(entry, key, value)
        if reason is not None:
            yield reason
    if patch.expected is not None and differing(patch.expected, live):
        yield "the live values have changed since the patch was queued"


def differing(expected: Mapping[str, Setting], live: Mapping[str, Setting]) -> tuple[str, ...]:
    """Return the keys whose live value is not the expected one."""
    return tuple(key for key, value in expected.items() if key not in live or live[key] != value)


def _objection_to_value(entry: CatalogEntry, key: str, value: Setting) -> str | None:
    bounds = entry.bounds.get(key)
    if bounds is None:
        near = get_close_matches(key, entry.bounds, n=1)
        return f"unknown key {key!r}" + (f", did you mean {near[0]!r}?" if near else "")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{key} must be a number, not {value!r}"
    if bounds.whole and not isinstance(value, int):
        return f"{key} must be a whole number, not {value!r}"
    if not bounds.low <= value <= bounds.high:
        return f"{key} must lie between {bounds.low:g} and {bounds.high:g}, not {value!r}"
    return None


def _selects(selector: str, version: str) -> bool:
    """Tell whether a selector such as `>=2.1.0` admits the version; a selector that cannot be read admits none."""
    found = re.fullmatch(r"\s*(>=|<=|==|>|<)\s*(\d+(?:\.\d+){0,3})\s*", selector, re.ASCII)
    if found is None:
        return False
    wanted, running = _parts(found[2]), _parts(version)
    match found[1]:
        case ">=":
            return running >= wanted
        case "<=":
            return running <= wanted
        case ">":
            return running > wanted
        case "<":
            return running < wanted
        case _:
            return running == wanted


def _parts(version: str) -> tuple[int, ...]:
    numbers = [int(part) for part in version.split(".")]
    return tuple(numbers + [0] * (4 - len(numbers)))
