"""A JSON Schema as a function that says whether a value certainly fits it; why one does not is for others to say.

It knows the keywords that our own schemas use. A value that another keyword has a say in never fits for certain.
"""

import re
from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, TypeAlias

Fits: TypeAlias = Callable[[Any], bool]
Schema: TypeAlias = Mapping[str, Any]

_TYPES: Mapping[str, frozenset[type]] = {
    "object": frozenset({dict}),
    "array": frozenset({list}),
    "string": frozenset({str}),
    "integer": frozenset({int}),
    "number": frozenset({int, float}),
    "boolean": frozenset({bool}),
    "null": frozenset({NoneType}),
}
"""A whole number is written without a point, and true is no number."""
_NUMBERS = _TYPES["number"]
_SAYS_NOTHING = frozenset({"$schema", "$defs", "title", "description", "default", "then", "else"})
"""Keywords that are for people, or are looked at together with another one."""
_OF_OBJECTS = frozenset(
    {"properties", "additionalProperties", "required", "propertyNames", "minProperties", "maxProperties"}
)
_LIMITS: Mapping[str, tuple[frozenset[type], Callable[[Any], Any], bool]] = {
    "minLength": (_TYPES["string"], len, True),
    "maxLength": (_TYPES["string"], len, False),
    "minItems": (_TYPES["array"], len, True),
    "maxItems": (_TYPES["array"], len, False),
    "minimum": (_NUMBERS, lambda number: number, True),
    "maximum": (_NUMBERS, lambda number: number, False),
}
"""What a limit is about, what it measures, and whether it is the least."""


def compile_shape(schema: Schema) -> Fits:
    """Turn a whole schema into a function; what its parts need is made when a value first comes to them."""
    whole = _later(schema, _Definitions(schema.get("$defs", {})))

    def fits(value: Any) -> bool:
        try:
            return whole(value)
        except _UnknownError:
            return False

    return fits


class _UnknownError(Exception):
    """A keyword that this module does not know."""


class _Definitions:
    """The schema's `$defs`, each compiled once."""

    def __init__(self, schemas: Schema) -> None:
        self._schemas = schemas
        self._made: dict[str, Fits] = {}

    def find(self, reference: str) -> Fits:
        if reference not in self._made:
            self._made[reference] = _node(self._schemas[reference.removeprefix("#/$defs/")], self)
        return self._made[reference]


def _node(schema: Schema, definitions: _Definitions) -> Fits:
    """Make the function for one (sub)schema out of one for each of its keywords."""
    tests: list[Fits] = []
    if not _OF_OBJECTS.isdisjoint(schema):
        tests.append(_object(schema, definitions))
    for keyword, wanted in schema.items():
        if keyword == "type" and _says_type(schema):
            continue
        if keyword in _LIMITS:
            tests.append(_limit(keyword, wanted))
        elif keyword in _KEYWORDS:
            tests.append(_KEYWORDS[keyword](wanted, schema, definitions))
        elif keyword not in _SAYS_NOTHING and keyword not in _OF_OBJECTS:
            raise _UnknownError
    return _all(tests)


def _says_type(schema: Schema) -> bool:
    """Tell whether another keyword's function looks at the type already: one call less for nearly every value."""
    is_object = schema["type"] == "object" and not _OF_OBJECTS.isdisjoint(schema)
    return is_object or (schema["type"] == "string" and "pattern" in schema)


def _all(tests: list[Fits]) -> Fits:
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda value: first(value) and second(value)

    def fits(value: Any) -> bool:
        for test in tests:  # noqa: SIM110 -- a generator for `all` costs as much as the tests themselves
            if not test(value):
                return False
        return True

    return fits


def _type(wanted: str | list[str], _: Schema, __: _Definitions) -> Fits:
    names = [wanted] if isinstance(wanted, str) else wanted
    kinds = frozenset(kind for name in names for kind in _TYPES[name])
    return lambda value: type(value) in kinds


def _limit(keyword: str, bound: float) -> Fits:
    kinds, measure, least = _LIMITS[keyword]
    if least:
        return lambda value: type(value) not in kinds or measure(value) >= bound
    return lambda value: type(value) not in kinds or measure(value) <= bound


def _pattern(wanted: str, schema: Schema, _: _Definitions) -> Fits:
    search = re.compile(wanted).search
    if schema.get("type") == "string":
        return lambda value: type(value) is str and "\n" not in value and search(value) is not None
    return lambda value: type(value) is not str or ("\n" not in value and search(value) is not None)


def _enum(wanted: list[Any], _: Schema, __: _Definitions) -> Fits:
    if not all(isinstance(word, str) for word in wanted):
        raise _UnknownError
    words = frozenset(wanted)
    return lambda value: type(value) is str and value in words


def _const(wanted: Any, schema: Schema, definitions: _Definitions) -> Fits:
    return _enum([wanted], schema, definitions)


def _unique(_: bool, __: Schema, ___: _Definitions) -> Fits:  # noqa: FBT001 -- the keyword's value, by position
    def fits(value: Any) -> bool:
        texts = [item for item in value if type(item) is str] if type(value) is list else []
        return len(set(texts)) == len(texts)

    return fits


def _items(wanted: Schema, _: Schema, definitions: _Definitions) -> Fits:
    item = _later(wanted, definitions)
    return lambda value: type(value) is not list or all(map(item, value))


def _choice(wanted: Schema, schema: Schema, definitions: _Definitions) -> Fits:
    """`if`, with its `then` and `else`."""
    condition = _node(wanted, definitions)
    then = _later(schema.get("then", {}), definitions)
    otherwise = _later(schema.get("else", {}), definitions)
    return lambda value: then(value) if condition(value) else otherwise(value)


def _not(wanted: Schema, _: Schema, __: _Definitions) -> Fits:
    """Only `not: {}`, which nothing fits."""
    if wanted:
        raise _UnknownError
    return lambda _: False


def _all_of(wanted: list[Schema], _: Schema, definitions: _Definitions) -> Fits:
    return _all([_node(part, definitions) for part in wanted])


def _any_of(wanted: list[Schema], _: Schema, definitions: _Definitions) -> Fits:
    parts = [_node(part, definitions) for part in wanted]
    return lambda value: any(part(value) for part in parts)


def _reference(wanted: str, _: Schema, definitions: _Definitions) -> Fits:
    return definitions.find(wanted)


_KEYWORDS: Mapping[str, Callable[[Any, Schema, _Definitions], Fits]] = {
    "type": _type,
    "pattern": _pattern,
    "enum": _enum,
    "const": _const,
    "uniqueItems": _unique,
    "items": _items,
    "if": _choice,
    "not": _not,
    "allOf": _all_of,
    "anyOf": _any_of,
    "$ref": _reference,
}


def _later(schema: Schema, definitions: _Definitions) -> Fits:
    """Compile a part when it is first needed: most files use few of a schema's keys."""
    made: list[Fits] = []

    def fits(value: Any) -> bool:
        if not made:
            made.append(_node(schema, definitions))
        return made[0](value)

    return fits


def _object(schema: Schema, definitions: _Definitions) -> Fits:
    """Make one function of all keywords that look at a mapping's keys."""
    required = frozenset(schema.get("required", ()))
    least, most = schema.get("minProperties", 0), schema.get("maxProperties")
    name = _node(schema["propertyNames"], definitions) if "propertyNames" in schema else None
    is_wanted = schema.get("type") == "object"
    properties = schema.get("properties", {})
    others = _others(schema.get("additionalProperties", True), definitions)
    known: dict[str, Fits] = {}

    def learn(key: str) -> Fits:
        if key not in properties:
            return others
        known[key] = _node(properties[key], definitions)
        return known[key]

    def fits(value: Any) -> bool:
        if type(value) is not dict:
            return not is_wanted
        if not (required <= value.keys() and least <= len(value) and (most is None or len(value) <= most)):
            return False
        if name is not None and not all(map(name, value)):
            return False
        for key, item in value.items():  # noqa: SIM110 -- as above
            if not (known.get(key) or learn(key))(item):
                return False
        return True

    return fits


def _others(schema: bool | Schema, definitions: _Definitions) -> Fits:  # noqa: FBT001 -- JSON Schema has it so
    """What values of keys that are not named must fit."""
    if isinstance(schema, bool):
        return lambda _: schema
    return _later(schema, definitions)
