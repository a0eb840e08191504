"""The desired state as files: which file holds a target, what it says, and what an edit of it changes (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from bot.model.change import Change, KeyChange
from bot.model.json import Json
from bot.model.recipe import Recipe, Setting, Wanted
from bot.recipes.text import parse
from bot.recipes.tree import Document

SERVICES = "patches/services/"
JOURNEYS = "patches/journeys/"
EVIDENCE = "patches/evidence/"
VERSION_KEY = "version"
"""The one key of a journey."""
HIGH_IMPACT = "high_impact"
"""The key of a service or journey on which people's rights or safety depend."""
_JOURNEY_TARGET = "journeys/"
_REMEMBERED = 4_096
"""States of files whose values are kept: what one merge leaves is what the next one of its target begins with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Why a file, or a change of it, cannot be understood as values of the desired state."""

    path: str
    reason: str


def path_of(target: str) -> str:
    """Return the file of a target: a service, or `journeys/NAME`."""
    if target.startswith(_JOURNEY_TARGET):
        return f"{JOURNEYS}{target.removeprefix(_JOURNEY_TARGET)}.yml"
    return f"{SERVICES}{target}.yml"


@lru_cache(maxsize=_REMEMBERED)
def target_of(path: str) -> str | None:
    """Return the target that a desired-state file belongs to; None for any other path."""
    for folder, prefix in ((SERVICES, ""), (JOURNEYS, _JOURNEY_TARGET)):
        name = path.removeprefix(folder).removesuffix(".yml")
        if path == f"{folder}{name}.yml" and name and "/" not in name:
            return prefix + name
    return None


def evidence_path(change: str) -> str:
    """Return where a change's evidence stands."""
    return f"{EVIDENCE}{change}.json"


def is_journey(target: str) -> bool:
    """Tell whether a target is a journey."""
    return target.startswith(_JOURNEY_TARGET)


def block_of(target: str, key: str) -> tuple[str, ...]:
    """Return the way to a value inside its target's file."""
    return (key,) if is_journey(target) else ("changes", key)


def wanted_by(recipe: Recipe) -> tuple[tuple[str, str, Wanted], ...]:
    """Return what a recipe asks for: target, key and value or how to compute it, in the recipe's order."""
    services = [
        (str(patch.service), key, value) for patch in recipe.service_patches for key, value in patch.config.items()
    ]
    journeys: list[tuple[str, str, Wanted]] = [
        (_JOURNEY_TARGET + patch.journey, VERSION_KEY, patch.version) for patch in recipe.journey_patches
    ]
    return (*services, *journeys)


def targets_of(recipe: Recipe) -> tuple[str, ...]:
    """Return the services and journeys that a recipe patches, each once."""
    return tuple(dict.fromkeys(target for target, _, _ in wanted_by(recipe)))


def values_of(path: str, content: bytes) -> Mapping[str, Setting] | Unreadable:
    """Read a desired-state file's values by key."""
    document = _document(path, content)
    return document if isinstance(document, Unreadable) else document[0]


def key_changes(path: str, before: bytes, after: bytes) -> tuple[KeyChange, ...] | Unreadable:
    """Derive from both versions of a file which values differ; anything else that differs is refused."""
    target = target_of(path)
    if target is None:
        return Unreadable(path=path, reason="it is not a file of the desired state")
    old, new = _document(path, before), _document(path, after)
    if isinstance(old, Unreadable):
        return old
    if isinstance(new, Unreadable):
        return new
    if old[1] != new[1]:
        return Unreadable(path=path, reason="it changes more than values")
    if old[0].keys() != new[0].keys():
        names = ", ".join(sorted(old[0].keys() ^ new[0].keys()))
        return Unreadable(path=path, reason=f"it adds or removes keys: {names}")
    return tuple(
        KeyChange(target=target, key=key, before=value, after=new[0][key])
        for key, value in old[0].items()
        if not same(value, new[0][key])
    )


def is_high_impact(path: str, content: bytes) -> bool:
    """Tell whether a file says that people's rights or safety depend on its target; unreadable counts as yes."""
    parsed = parse(path, content)
    value = parsed.value if isinstance(parsed, Document) else None
    return not isinstance(value, Mapping) or value.get(HIGH_IMPACT, False) is not False


def files_before(change: Change) -> Mapping[str, bytes]:
    """Return a change's files as they stand on its base."""
    return {edit.path: edit.before for edit in change.edits if edit.before is not None}


def same(one: Setting, other: Setting) -> bool:
    """Tell whether two settings are the same value of the same kind: `1`, `1.0` and `true` are three."""
    return type(one) is type(other) and one == other


@lru_cache(maxsize=_REMEMBERED)
def _document(path: str, content: bytes) -> tuple[Mapping[str, Setting], str] | Unreadable:
    """Split a file into its values and the rest of what it says; the rest only ever gets compared."""
    parsed = parse(path, content)
    if not isinstance(parsed, Document):
        fault = parsed[0]
        return Unreadable(path=path, reason=f"line {fault.line}: {fault.message}")
    target, value = target_of(path), parsed.value
    if target is None or not isinstance(value, Mapping):
        return Unreadable(path=path, reason="it is not a mapping of the desired state")
    name = "journey" if is_journey(target) else "service"
    if value.get(name) != target.removeprefix(_JOURNEY_TARGET):
        return Unreadable(path=path, reason=f"its `{name}` is not the one that the file is named after")
    return _journey(path, value) if is_journey(target) else _service(path, value)


def _service(path: str, value: Mapping[str, Json]) -> tuple[Mapping[str, Setting], str] | Unreadable:
    changes = value.get("changes")
    if not isinstance(changes, Mapping):
        return Unreadable(path=path, reason="it has no `changes`")
    settings = {key: each for key, each in changes.items() if isinstance(each, bool | int | float | str)}
    if len(settings) != len(changes):
        return Unreadable(path=path, reason="a value in `changes` is not a number, text, true or false")
    return settings, repr([(key, each) for key, each in value.items() if key != "changes"])


def _journey(path: str, value: Mapping[str, Json]) -> tuple[Mapping[str, Setting], str] | Unreadable:
    version = value.get(VERSION_KEY)
    if not isinstance(version, str):
        return Unreadable(path=path, reason="its `version` is not text")
    return {VERSION_KEY: version}, repr([(key, each) for key, each in value.items() if key != VERSION_KEY])
