"""Cuts GitHub's published OpenAPI description down to the operations that the sandbox serves.

Usage: python tests/openapi/refresh.py path/to/api.github.com.json (see README.md beside this file).
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CUT = HERE / "github.json"
OPERATIONS = HERE / "operations.txt"
# What a validator does not need; `summary` and the like are texts here only where their value is one.
_PROSE = ("example", "examples", "summary", "externalDocs", "x-github", "x-octokit", "tags", "operationId")
# Decides by a field `type` that an array, one of the alternatives, cannot have; `oneOf` alone decides as well.
_UNDECIDABLE = "discriminator"


def operations() -> Iterator[tuple[str, str]]:
    """Read `METHOD /path` lines: the method in lower case, and the path."""
    for line in OPERATIONS.read_text().splitlines():
        if line and not line.startswith("#"):
            method, path = line.split()
            yield method.lower(), path


def cut(whole: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the listed operations and everything that they refer to."""
    paths: dict[str, Any] = {}
    for method, path in operations():
        item = whole["paths"][path]
        kept = paths.setdefault(path, {"parameters": item["parameters"]} if "parameters" in item else {})
        kept[method] = item[method]
    components: dict[str, dict[str, Any]] = {}
    waiting = sorted(_trim(paths))
    while waiting:
        _, _, kind, name = waiting.pop().split("/", 3)
        box = components.setdefault(kind, {})
        if name not in box:
            box[name] = whole["components"][kind][name]
            waiting.extend(sorted(_trim(box[name])))
    _close_bodies(paths)
    _mend(components["schemas"])
    return {
        "openapi": whole["openapi"],
        "info": {key: whole["info"][key] for key in ("title", "version", "license")},
        "servers": [{"url": "https://api.github.com"}],
        "paths": paths,
        "components": components,
    }


def _trim(node: Any, *, named: bool = False) -> set[str]:
    """Drop prose in place, let nullable enums hold null, and return the references met."""
    found: set[str] = set()
    if isinstance(node, dict):
        if not named:
            _trim_object(node)
        if isinstance(node.get("$ref"), str):
            found.add(node["$ref"])
        for key, value in node.items():
            found |= _trim(value, named=key in {"properties", "headers"} and not named)
    elif isinstance(node, list):
        for value in node:
            found |= _trim(value)
    return found


def _trim_object(node: dict[str, Any]) -> None:
    for key in (*_PROSE, _UNDECIDABLE):
        node.pop(key, None)
    if isinstance(node.get("description"), str):
        node["description"] = ""
    enum = node.get("enum")
    if node.get("nullable") and isinstance(enum, list) and None not in enum:
        enum.append(None)  # GitHub marks such fields nullable and leaves null out of the list


def _close_bodies(paths: Mapping[str, Any]) -> None:
    """Make unknown fields of request bodies errors: a misspelt one would pass unseen otherwise."""
    for item in paths.values():
        for operation in item.values():
            body = operation.get("requestBody", {}) if isinstance(operation, dict) else {}
            for media in body.get("content", {}).values():
                if "properties" in media["schema"]:
                    media["schema"].setdefault("additionalProperties", False)


def _mend(schemas: Mapping[str, Any]) -> None:
    """Allow what GitHub sends and forgot here: a label without description, as in every other place."""
    label = schemas["pull-request-simple"]["properties"]["labels"]["items"]
    label["properties"]["description"]["nullable"] = True


def main(source: str) -> None:
    """Write the cut of a description file."""
    whole = json.loads(Path(source).read_text())
    CUT.write_text(json.dumps(cut(whole), separators=(",", ":"), sort_keys=True) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
