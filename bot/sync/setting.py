"""How a configuration value is compared and written as text, for systems that know no types (pure)."""

from collections.abc import Mapping

from bot.model.json import Json
from bot.model.recipe import Setting


def is_same(one: Json, other: Json) -> bool:
    """Tell whether two values mean the same: 4 is 4.0, but 1 is not true and "4" is not 4."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return one == other


def holds(found: Mapping[str, Json], wanted: Mapping[str, Setting]) -> bool:
    """Tell whether every wanted value is among what was found."""
    return all(key in found and is_same(found[key], value) for key, value in wanted.items())


def text_of(value: Setting) -> str:
    """Write a value as YAML and JSON do: `true`, `4`, `0.5`; text as it is."""
    match value:
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)
