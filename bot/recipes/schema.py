"""The JSON Schemas of what people write, and the check of a document against one: fast where nothing is wrong.

The schemas' titles are written to stand after "expected"; editors use the same files.
"""

import json
import pkgutil
from enum import StrEnum
from functools import cache
from typing import Any

from bot.model.errors import Diagnostic
from bot.recipes.fast_shape import Fits, compile_shape
from bot.recipes.tree import Document


class SchemaName(StrEnum):
    """The files that have a schema."""

    RECIPE = "recipe"
    FEEDS = "feeds"
    TARGETS = "targets"
    POLICY = "policy"
    SERVICE = "service"
    JOURNEY = "journey"
    EVIDENCE = "evidence"
    RECIPE_TEST = "recipe_test"
    TRIGGER = "trigger"
    GOVERNANCE = "governance"


def check_shape(document: Document, name: SchemaName) -> tuple[Diagnostic, ...]:
    """Return everything in which a document differs from its schema, in order of place."""
    if _shape(name)(document.value):
        return ()
    from bot.recipes.misfits import find_misfits  # noqa: PLC0415 -- valid files are checked without loading jsonschema

    return find_misfits(document, read_schema(name))


@cache
def read_schema(name: SchemaName) -> dict[str, Any]:
    """Return a schema as JSON; not to be changed."""
    text = pkgutil.get_data("bot.recipes.schemas", f"{name}.json")  # importlib.resources takes long to load
    schema: dict[str, Any] = json.loads(text or b"{}")
    return schema


@cache
def _shape(name: SchemaName) -> Fits:
    return compile_shape(read_schema(name))
