"""Says in what a document differs from its JSON Schema, in the words of whoever wrote it; it reads no file."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator, TypeChecker, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from bot.model.errors import Diagnostic
from bot.model.json import Json
from bot.recipes.check import Check
from bot.recipes.outcome import MAX_REFUSALS
from bot.recipes.suggest import brief, suggest
from bot.recipes.tree import Document, Path, Place, Scalar

_KINDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}
_WORDS_FOR_BOOLEANS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


_LIMITS = {
    "minItems": "has fewer than {} entries",
    "maxItems": "has more than {} entries",
    "minProperties": "has fewer than {} keys",
    "maxProperties": "has more than {} keys",
    "minLength": "is shorter than {} characters",
    "maxLength": "is longer than {} characters",
    "minimum": "is less than {}",
    "maximum": "is more than {}",
}
_KEYS = 4
"""Keys of a mapping that a hint names."""
_AT_LEAST = frozenset({"minItems", "minProperties", "minLength"})


def find_misfits(document: Document, schema: dict[str, Any]) -> tuple[Diagnostic, ...]:
    """Return everything in which a document differs from a schema, in order of place, at most MAX_REFUSALS."""
    explainer = _Explainer(document=document, definitions=schema.get("$defs", {}))
    found: set[Diagnostic] = set()
    for error in _Strict(schema).iter_errors(document.value):
        found.update(islice(explainer.explain(error), MAX_REFUSALS))
        if len(found) >= MAX_REFUSALS:
            break
    return tuple(sorted(found))[:MAX_REFUSALS]


def _is_integer(_: TypeChecker, value: Any) -> bool:
    """Tell a whole number; 1.0 is none, since a person who writes a version or a count writes no point."""
    return isinstance(value, int) and not isinstance(value, bool)


def _match_whole(_: Validator, pattern: str, value: Any, __: object) -> Iterator[ValidationError]:
    """Match a pattern without Python's mercy on a line feed at the end."""
    if isinstance(value, str) and ("\n" in value or re.search(pattern, value) is None):
        yield ValidationError(f"does not match {pattern}")


def _refuse_repeated(_: Validator, __: bool, value: Any, ___: object) -> Iterator[ValidationError]:  # noqa: FBT001 -- the keyword's value, jsonschema calls by position
    """Refuse texts that stand twice; in one pass, since a hostile list may be long."""
    counts = Counter(item for item in value if isinstance(item, str)) if isinstance(value, list) else Counter[str]()
    if any(count > 1 for count in counts.values()):
        yield ValidationError("repeated")


_Strict: Any = extend(  # type: ignore[no-untyped-call]  # jsonschema leaves it untyped
    Draft202012Validator,
    validators={"pattern": _match_whole, "uniqueItems": _refuse_repeated},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Explainer:
    """Turns schema errors into diagnostics on one document; `definitions` are the schema's `$defs`."""

    document: Document
    definitions: dict[str, Any]

    def explain(self, error: ValidationError) -> Iterator[Diagnostic]:
        path: Path = tuple(error.absolute_path)
        keyword = "propertyNames" if "propertyNames" in error.absolute_schema_path else str(error.validator)
        if keyword in _LIMITS:
            is_empty = keyword in _AT_LEAST and error.validator_value == 1
            return self._beyond(
                path, error, "is empty" if is_empty else _LIMITS[keyword].format(error.validator_value)
            )
        explainers = {
            "propertyNames": self._bad_name,
            "required": self._missing,
            "additionalProperties": self._unknown,
            "uniqueItems": self._repeated,
        }
        return explainers.get(keyword, self._unexpected)(path, error)

    def _bad_name(self, path: Path, error: ValidationError) -> Iterator[Diagnostic]:
        name = str(error.instance)
        yield self.document.fault(
            Check.VALUE, self.document.key((*path, name)), f"`{brief(name)}` is not {_expected(error)}"
        )

    def _missing(self, path: Path, error: ValidationError) -> Iterator[Diagnostic]:
        wanted: Any = error.validator_value
        present: Any = error.instance
        for key in wanted:
            if key not in present:
                title = self._title_of(error, key)
                hint = f"add `{key}:` with {title}" if title else f"add `{key}:`"
                message = f"`{key}` is missing{_within(path)}"
                yield self.document.fault(Check.MISSING_KEY, self.document.key(path), message, hint=hint)

    def _unknown(self, path: Path, error: ValidationError) -> Iterator[Diagnostic]:
        known = list(_schema_of(error).get("properties", {}))
        present: Any = error.instance
        for key in present:
            if key not in known:
                place = self.document.key((*path, key))
                message = f"unknown key `{brief(key)}`{_within(path)}"
                yield self.document.fault(Check.UNKNOWN_KEY, place, message, hint=suggest(key, known))

    def _repeated(self, path: Path, error: ValidationError) -> Iterator[Diagnostic]:
        items: Any = error.instance
        seen: set[str] = set()
        for index, item in enumerate(items):
            if isinstance(item, str) and item in seen:
                message = f"`{brief(item)}` stands twice{_within(path)}"
                place = self.document.place((*path, index))
                yield self.document.fault(Check.VALUE, place, message, hint="keep one of the two")
            seen.add(str(item))

    def _beyond(self, path: Path, error: ValidationError, limit: str) -> Iterator[Diagnostic]:
        message = f"`{_dotted(path)}` {limit}" if path else f"the file {limit}"
        title = _schema_of(error).get("title", "")
        yield self.document.fault(Check.VALUE, self._place(path), message, hint=f"expected {title}" if title else "")

    def _unexpected(self, path: Path, error: ValidationError) -> Iterator[Diagnostic]:
        check = Check.KIND if error.validator == "type" else Check.VALUE
        where = f"`{_dotted(path)}`: " if path else ""
        found: Any = error.instance
        message = f"{where}expected {_expected(error)}, found {_found(found)}"
        if error.validator == "not":
            message = f"{where}{_expected(error)}"
        yield self.document.fault(check, self._place(path), message, hint=_hint_for(error))

    def _place(self, path: Path) -> Place:
        """Point at a single value itself, at the key of a mapping or a list."""
        is_single = isinstance(self.document.node(path), Scalar)
        return self.document.place(path) if is_single else self.document.key(path)

    def _title_of(self, error: ValidationError, key: str) -> str:
        """Return what a missing key is to hold."""
        schema = _schema_of(error).get("properties", {}).get(key, {})
        reference = str(schema.get("$ref", "")).removeprefix("#/$defs/")
        return str(schema.get("title") or self.definitions.get(reference, {}).get("title", ""))


def _schema_of(error: ValidationError) -> dict[str, Any]:
    return error.schema if isinstance(error.schema, dict) else {}


def _expected(error: ValidationError) -> str:
    schema = _schema_of(error)
    kinds = schema.get("type", [])
    listed = " or ".join(_KINDS[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds))
    is_mapping = kinds == "object" and error.validator == "type"
    return listed if is_mapping else str(schema.get("title") or listed or error.message)


def _found(value: Json) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text {json.dumps(brief(value), ensure_ascii=False)}"
        case dict():
            return "a mapping"
        case _:
            return "a list"


def _hint_for(error: ValidationError) -> str:
    schema = _schema_of(error)
    kinds = schema.get("type")
    match error.instance:
        case str() as text:
            return _hint_for_text(text, kinds, schema)
        case int() | float() as number if not isinstance(number, bool) and kinds == "string":
            return f'quote it if it is text: "{number}"' if re.search(schema.get("pattern", ""), str(number)) else ""
        case None if kinds == "object":
            return _keys_of(schema)
        case _:
            return ""


def _hint_for_text(text: str, kinds: object, schema: dict[str, Any]) -> str:
    if kinds == "boolean" and text.lower() in _WORDS_FOR_BOOLEANS:
        return f"write {_WORDS_FOR_BOOLEANS[text.lower()]}"
    if "enum" in schema:
        return suggest(text, [str(word) for word in schema["enum"]])
    if kinds == "array":
        return f"write a list: `[{brief(text)}]`"
    if kinds == "object":
        return _keys_of(schema)
    return "write the number without quotes and units" if kinds in ("integer", "number") else ""


def _keys_of(schema: dict[str, Any]) -> str:
    keys = schema.get("required") or list(schema.get("properties", {}))
    return f"write its keys: {', '.join(f'`{key}:`' for key in keys[:_KEYS])}" if keys else ""


def _dotted(path: Path) -> str:
    return brief(".".join(str(step) for step in path))


def _within(path: Path) -> str:
    return f" in `{_dotted(path)}`" if path else ""
