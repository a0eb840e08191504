"""Which files hold recipe tests, and which recipes they name: all that must be known before any of them is read."""

import re
from collections.abc import Mapping

from bot.model.names import RecipeId

FOLDER = "pow/tests/"
SUFFIX = ".yml"
_NAMED = re.compile(rb"^[^#\n]*\brecipe:[ \t]*[\"']?([A-Z][A-Z0-9_]{1,63})\b", re.MULTILINE)


def is_test_path(path: str) -> bool:
    """Tell whether a path is that of a file of recipe tests."""
    return path.startswith(FOLDER) and path.endswith(SUFFIX)


def tested_recipes(files: Mapping[str, bytes]) -> frozenset[RecipeId]:
    """Return the recipes that tests name; quickly, from the text: whether a test is right is not looked at."""
    found = (_NAMED.findall(content) for path, content in files.items() if is_test_path(path))
    return frozenset(RecipeId(name.decode()) for names in found for name in names)
