"""Bringing live values into the desired state: what a target's file becomes, or why it cannot (pure).

The gateway's words are hostile: only what a service's file may hold is taken, and the result is read again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.deploy.desired import parse_desired
from bot.model.change import FileEdit
from bot.model.errors import BotError
from bot.model.json import Json, canonical
from bot.model.recipe import Setting
from bot.propose.desired import VERSION_KEY, block_of, is_journey, path_of
from bot.propose.redline import Refused, set_value
from bot.recipes.schema import SchemaName, check_shape
from bot.recipes.suggest import brief, suggest
from bot.recipes.text import parse
from bot.recipes.tree import Document, Scalar, Table
from bot.report.untrusted import visible
from bot.sync.setting import is_same, text_of

_JOURNEY = "journeys/"
_PLACEHOLDER = 0
_MANY = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Which live values a person wants in the file of a target.

    `keys` are named by hand; where there are none, those that recipes patch (`wanted`) and those that stand in the
    file are looked at. `every` takes all that is live, as a journey always does; `update` lets a live value replace
    another in the file.
    """

    target: str
    keys: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    every: bool = False
    update: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A value that is not live as the file has it; `live` is None where nothing is set."""

    key: str
    desired: Setting | None
    live: Setting | None

    @property
    def sentence(self) -> str:
        """Say both values."""
        return f"{self.key}: desired {_shown(self.desired)}, live {_shown(self.live)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What becomes of a target's file; `edit` is None where it stays as it is.

    `drifted` are the values that were asked for and are not in the file as they are live.
    """

    path: str
    edit: FileEdit | None
    added: Mapping[str, Setting]
    updated: tuple[Drift, ...]
    drifted: tuple[Drift, ...]
    unchanged: tuple[str, ...]


def adopt(ask: Ask, live: Mapping[str, Setting], content: bytes | None) -> Adoption:
    """Plan what to write; BotError for a key that is not live, or a value that no file may hold."""
    path = path_of(ask.target)
    present = parse_desired(path, content).values if content is not None else {}
    asked = _asked(ask, live, present)
    differing = [key for key in asked if key in present and key in live and not is_same(present[key], live[key])]
    added = {key: live[key] for key in asked if key in live and key not in present}
    updated = {key: live[key] for key in differing} if ask.update else {}
    _refuse_hostile(ask.target, {**updated, **added})
    after = _written(ask.target, content, updated, added)
    left = [key for key in asked if key not in live or (key in differing and not ask.update)]
    return Adoption(
        path=path,
        edit=FileEdit(path=path, before=content, after=after) if after is not None and after != content else None,
        added=added,
        updated=tuple(_drift(key, present, live) for key in updated),
        drifted=tuple(_drift(key, present, live) for key in left),
        unchanged=tuple(key for key in asked if key in present and key in live and key not in differing),
    )


def _asked(ask: Ask, live: Mapping[str, Setting], present: Mapping[str, Setting]) -> tuple[str, ...]:
    """Return the keys that are looked at, those of the file first, in its order."""
    for key in ask.keys:
        if key not in live:
            known = ", ".join(visible(each, limit=60) for each in sorted(live)[:_MANY]) or "nothing"
            hint = suggest(key, sorted(live)[:_MANY]) if len(live) <= _MANY else f"it shows {known}, …"
            raise BotError(f"the gateway shows no plain value `{brief(key)}` for {ask.target}", hint=hint)
    named = ask.keys or (*present, *ask.wanted)
    keys = tuple(dict.fromkeys((*named, *(live if ask.every or is_journey(ask.target) else ()))))
    if not keys:
        known = ", ".join(visible(each, limit=60) for each in sorted(live)[:_MANY])
        hint = f"name keys, or take all with --all; it shows {known or 'nothing'}"
        raise BotError(f"no recipe patches {ask.target}, so nothing says which values to adopt", hint=hint)
    return tuple(sorted(keys, key=lambda key: list(present).index(key) if key in present else len(present)))


def _refuse_hostile(target: str, values: Mapping[str, Setting]) -> None:
    """Refuse all if one value is not such as a file may hold: half of what was asked for is nothing asked for."""
    faults = [fault for key, value in values.items() if (fault := _fault(target, key, value))]
    if faults:
        hint = "name the keys to adopt; a file holds plain numbers, short texts, true and false"
        raise BotError(f"the gateway's values for {target} cannot be adopted: {'; '.join(faults[:3])}", hint=hint)


def _fault(target: str, key: str, value: Setting) -> str:
    """Hold one value against the schema of the file that it would go into."""
    name = target.removeprefix(_JOURNEY)
    whole: Json = {"journey": name, key: value} if is_journey(target) else {"service": name, "changes": {key: value}}
    try:
        document = parse(path_of(target), canonical(whole))
    except ValueError:  # not finite, or half a character
        return f"`{visible(key, limit=60)}` is nothing that can be written down"
    schema = SchemaName.JOURNEY if is_journey(target) else SchemaName.SERVICE
    faults = check_shape(document, schema) if isinstance(document, Document) else document
    return visible(faults[0].message) if faults else ""


def _written(
    target: str, content: bytes | None, updated: Mapping[str, Setting], added: Mapping[str, Setting]
) -> bytes | None:
    """Write the values into the file, every other byte of it kept; None where there is nothing to write."""
    path = path_of(target)
    wanted = {**(parse_desired(path, content).values if content is not None else {}), **updated, **added}
    after = content
    if content is None and added:
        after = _new_file(target, added)
    elif content is not None and added:
        after = _with_places(path, content, tuple(added))
    for key, value in {**updated, **added}.items():
        edited = set_value(path, after or b"", block_of(target, key), value)
        if isinstance(edited, Refused):
            raise BotError(edited.reason, hint=edited.hint)
        after = edited.after
    if after is not None and repr(dict(parse_desired(path, after).values)) != repr(wanted):
        raise BotError(f"{path} cannot be written without changing more than was asked", hint="edit it by hand")
    return after


def _new_file(target: str, keys: Mapping[str, Setting]) -> bytes:
    if is_journey(target):
        return f"journey: {target.removeprefix(_JOURNEY)}\n{VERSION_KEY}: {_PLACEHOLDER}\n".encode()
    lines = "".join(f"  {key}: {_PLACEHOLDER}\n" for key in keys)
    return f"service: {target}\nchanges:\n{lines}".encode()


def _with_places(path: str, content: bytes, keys: tuple[str, ...]) -> bytes:
    """Insert a line for each key below the last one, indented and ended as that is."""
    document = parse(path, content)
    table = document.node(("changes",)) if isinstance(document, Document) else None
    if not isinstance(table, Table) or table.flow:
        raise BotError(f"{path}: `changes` stands in braces", hint="write one key per line, without braces")
    last = list(table.entries.values())[-1]
    lines = content.decode().split("\n")
    index = _end_of(last.node) if isinstance(last.node, Scalar) else last.key.line
    ending = "\r" if lines[index - 1].endswith("\r") else ""
    indent = " " * (last.key.column - 1)
    added = [f"{indent}{key}: {_PLACEHOLDER}{ending}" for key in keys]
    rest = lines[index:] or [""]  # a last line without its end gets one
    return "\n".join([*lines[:index], *added, *rest]).encode()


def _end_of(scalar: Scalar) -> int:
    """Return the last line of a value: a block of text ends where the next line begins."""
    return scalar.end_line - 1 if scalar.style in {"|", ">"} and scalar.end_column == 1 else scalar.end_line


def _drift(key: str, present: Mapping[str, Setting], live: Mapping[str, Setting]) -> Drift:
    return Drift(key=key, desired=present.get(key), live=live.get(key))


def _shown(value: Setting | None) -> str:
    return "not set" if value is None else visible(text_of(value), limit=80)
