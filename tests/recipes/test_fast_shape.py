import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recipes.malformed import corpus
from recipes.repository_files import FILES, ROOT
from tries import tries

from bot.recipes.fast_shape import compile_shape
from bot.recipes.misfits import find_misfits
from bot.recipes.recipe import RecipeFile, read_recipe
from bot.recipes.schema import SchemaName, check_shape, read_schema
from bot.recipes.strict import parse_strictly
from bot.recipes.tree import Document, Place, Placed, Scalar

DOCUMENTS = {
    "pow/passport_backlog.yml": SchemaName.RECIPE,
    "pow/settings/feeds.yml": SchemaName.FEEDS,
    "pow/settings/targets.yml": SchemaName.TARGETS,
    "pow/settings/policy.yml": SchemaName.POLICY,
    "patches/services/PHOTO_VALIDATOR.yml": SchemaName.SERVICE,
    "patches/journeys/passport_renewal.yml": SchemaName.JOURNEY,
    "pow/governance/PHOTO_VALIDATOR.yml": SchemaName.GOVERNANCE,
}
START = Place(line=1, column=1)
NOWHERE = Placed(lines=("",), root=Scalar(value=None, place=START, end_line=1, end_column=1))
SHAPES = {name: compile_shape(read_schema(name)) for name in SchemaName}
WORDS = ["", "x", "PASSPORT", "MEDIUM", "true", "3_days", "0.5", "90%", "a.b.c", "x\n", "journeys/a@v1", "y" * 600]
TABLES = [{}, {"a": 1}, {"add": 5}, {"multiply": "x"}]
VALUES = st.sampled_from([None, True, False, 0, 1, -1, 5, 10**7, 0.0, 1.0, 0.5, 1e9, [], [[]], *TABLES, *WORDS])
KEYS = [
    "version",
    "watch",
    "lint",
    "cooldown",
    "reversible",
    "process_log",
    "changes",
    "x",
    "labels",
    "units",
    "calendar",
    "add",
    "multiply",
]


def value_of(path: str):
    text = FILES[path] if path in FILES else (ROOT / path).read_text()
    document = parse_strictly(path, text.encode())
    assert isinstance(document, Document)
    return document.value


def says_nothing(name: SchemaName, value) -> bool:
    """Tell whether jsonschema has nothing against a value, which need not come from a file."""
    document = Document(path="x.yml", value=value, read=lambda: NOWHERE)
    return find_misfits(document, read_schema(name)) == ()


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_file_that_is_right_is_let_through_at_once(path):
    assert SHAPES[DOCUMENTS[path]](value_of(path))


def ways(value, way=()):
    """Yield the ways to all parts of a value."""
    yield way
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield from ways(item, (*way, key))


def mutated(value, way, data):
    """Return a value with one part replaced, removed or joined by another."""
    if not way:
        return data.draw(VALUES)
    changed = copy.deepcopy(value)
    parent = changed
    for key in way[:-1]:
        parent = parent[key]
    match data.draw(st.sampled_from(["replace", "remove", "rename", "add"])):
        case "replace":
            parent[way[-1]] = data.draw(VALUES)
        case "remove":
            del parent[way[-1]]
        case "rename" if isinstance(parent, dict):
            parent[data.draw(st.sampled_from([*KEYS, *WORDS]))] = parent.pop(way[-1])
        case _ if isinstance(parent, dict):
            parent[data.draw(st.sampled_from([*KEYS, *WORDS]))] = data.draw(VALUES)
        case _:
            parent.append(copy.deepcopy(parent[0]))
    return changed


@given(st.sampled_from(sorted(DOCUMENTS)), st.data())
@settings(max_examples=tries(400), deadline=None)
def test_the_functions_say_of_changed_files_what_jsonschema_says(path, data):
    value = value_of(path)
    for _ in range(data.draw(st.integers(1, 3))):
        parts = list(ways(value)) if isinstance(value, dict | list) else [()]
        value = mutated(value, data.draw(st.sampled_from(parts)), data)
    assert SHAPES[DOCUMENTS[path]](value) == says_nothing(DOCUMENTS[path], value)


@pytest.mark.parametrize("name", SchemaName)
@given(
    value=st.recursive(
        VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner)
    )
)
@settings(max_examples=tries(40), deadline=None)
def test_and_of_any_other_value(name, value):
    assert SHAPES[name](value) == says_nothing(name, value)


def test_only_a_whole_schema_of_known_keywords_lets_anything_through():
    assert compile_shape({"type": "string"})("x")
    assert not compile_shape({"type": "string", "format": "uri"})("x")
    assert not compile_shape({"not": {"type": "string"}})(1)
    assert not compile_shape({"enum": [1]})(1)
    assert not compile_shape({"if": {"contains": {}}, "else": {}})([1])


def keywords(schema):
    """Yield every keyword of a schema and of its parts."""
    for keyword, wanted in schema.items():
        yield keyword
        parts = (
            wanted.values()
            if keyword in {"properties", "$defs"}
            else wanted
            if isinstance(wanted, list)
            else [wanted]
        )
        for part in parts if keyword not in {"default", "enum", "const", "required", "type", "examples"} else ():
            yield from keywords(part) if isinstance(part, dict) else ()


KNOWN = {
    *(
        "$schema",
        "$defs",
        "title",
        "description",
        "default",
        "type",
        "pattern",
        "enum",
        "const",
        "uniqueItems",
        "items",
    ),
    *("if", "then", "else", "not", "allOf", "anyOf", "$ref", "minLength", "maxLength", "minItems", "maxItems"),
    *("minimum", "maximum", "properties", "additionalProperties", "required", "propertyNames"),
    *("minProperties", "maxProperties"),
}


@pytest.mark.parametrize("name", SchemaName)
def test_our_schemas_use_only_keywords_that_are_known(name):
    assert set(keywords(read_schema(name))) <= KNOWN


@pytest.mark.parametrize("name", sorted(name for name, (_, content) in corpus().items() if len(content) < 10_000))
def test_what_is_read_fast_is_the_same_recipe(name):
    """A malformed file gives faults; where its recipe can be read after all, it is the strict reader's."""
    path, content = corpus()[name]
    read = read_recipe(path, content)
    strict = parse_strictly(path, content)
    if isinstance(read, RecipeFile):
        assert isinstance(strict, Document)
        assert not find_misfits(strict, read_schema(SchemaName.RECIPE))
        assert repr(read.document.value) == repr(strict.value)
    else:
        assert read == (strict if not isinstance(strict, Document) else check_shape(strict, SchemaName.RECIPE))
