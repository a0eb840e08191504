import re
from collections.abc import Iterator
from dataclasses import MISSING, fields
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from recipes.repository_files import ROOT

from bot.model.proof import RankTest, SequenceTest, SurvivalTest
from bot.model.recipe import Recipe, Watch
from bot.model.settings import Columns, FeedShape, FeedSpec, Policy, RollbackTest, SourceKind
from bot.model.unit import TIME, UNITS
from bot.recipes.check import EXPLANATIONS, Check
from bot.recipes.duration import read_duration, read_share
from bot.recipes.schema import SchemaName, read_schema
from bot.rules.units import find_unit

SCHEMAS = [read_schema(name) for name in SchemaName]


def nodes(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every property of a schema with its place."""
    if isinstance(schema, dict):
        for name, inner in schema.get("properties", {}).items():
            yield f"{path}/{name}", inner
        for key, inner in schema.items():
            yield from nodes(inner, f"{path}/{key}")
    if isinstance(schema, list):
        for inner in schema:
            yield from nodes(inner, path)


@pytest.mark.parametrize("name", SchemaName)
def test_a_schema_is_one_itself(name):
    Draft202012Validator.check_schema(read_schema(name))


@pytest.mark.parametrize("name", SchemaName)
def test_every_property_says_what_is_expected(name):
    schema = read_schema(name)
    for place, node in nodes(schema):
        referred = schema.get("$defs", {}).get(node.get("$ref", "").removeprefix("#/$defs/"), {})
        assert node.get("title") or referred.get("title") or "const" in node, place


@pytest.mark.parametrize("name", [name for name in SchemaName if name is not SchemaName.EVIDENCE])
def test_every_mapping_is_closed_but_that_of_evidence(name):
    def check(schema: Any) -> None:
        if isinstance(schema, dict):
            if schema.get("type") == "object":
                assert "additionalProperties" in schema, schema.get("title")
                assert schema["additionalProperties"] is not True
            for inner in schema.values():
                check(inner)

    check(read_schema(name))
    assert read_schema(SchemaName.EVIDENCE)["additionalProperties"] is True


def default(schema: dict[str, Any], key: str) -> Any:
    """Return a property's default as the bot would read it."""
    value = schema["properties"][key]["default"]
    if isinstance(value, str) and value.endswith("%"):
        return read_share(value)
    return read_duration(value) if re.match(r"[0-9]", str(value)) and isinstance(value, str) else value


def test_the_defaults_in_the_schemas_are_those_of_the_model():
    recipe, policy = read_schema(SchemaName.RECIPE), read_schema(SchemaName.POLICY)
    feed = read_schema(SchemaName.FEEDS)["$defs"]["feed_spec"]
    watch, rollback = recipe["properties"]["watch"], policy["properties"]["rollback"]
    pairs = [(recipe, Recipe), (watch, Watch), (policy, Policy), (rollback, RollbackTest), (feed, FeedSpec)]
    tests = {"mann_whitney": RankTest, "kaplan_meier": SurvivalTest, "confidence_sequence": SequenceTest}
    pairs += [(policy["properties"]["tests"]["properties"][name], model) for name, model in tests.items()]

    compared = 0
    for schema, model in pairs:
        for field in fields(model):
            node = schema["properties"].get(field.name, {})
            if "default" in node and field.default is not MISSING:
                assert default(schema, field.name) == field.default, field.name
                compared += 1
    assert compared >= 29


def test_the_words_in_the_feeds_schema_are_those_of_the_model():
    feed = read_schema(SchemaName.FEEDS)["$defs"]["feed_spec"]["properties"]

    assert set(feed["source"]["enum"]) == set(SourceKind)
    assert set(feed["shape"]["enum"]) == set(FeedShape)
    assert set(feed["unit"]["anyOf"][0]["enum"]) == set(UNITS)
    columns = read_schema(SchemaName.FEEDS)["$defs"]["columns"]["properties"]
    assert set(columns) == {field.name for field in fields(Columns)}


def test_every_unit_of_time_that_the_schemas_let_through_is_known():
    for schema in SCHEMAS:
        pattern = schema.get("$defs", {}).get("duration", {}).get("pattern", "")
        for word in re.findall(r"[a-z]+\??", pattern):
            for spelling in (word.replace("s?", ""), word.replace("?", "")):
                unit = find_unit(spelling)
                assert unit is not None, spelling
                assert unit.dimension == TIME


def test_every_check_is_explained_and_has_its_own_id():
    assert set(EXPLANATIONS) == set(Check)
    assert len({check.value for check in Check}) == len(Check)


def test_editors_find_the_schema_of_each_file_of_this_repository():
    files = [*(ROOT / "pow").rglob("*.yml"), *(ROOT / "patches").rglob("*.yml")]
    named = 0
    for file in files:
        line = file.read_text(encoding="utf-8").split("\n", 1)[0]
        if match := re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", line):
            assert (file.parent / match[1]).resolve().is_file(), file
            named += 1
    assert named >= 6
