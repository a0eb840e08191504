"""Typed access to a mapping whose shape a schema has checked.

A value that the schema should not have let through is a bug and raises TypeError.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from bot.model.json import Json
from bot.model.level import Level
from bot.model.recipe import Computed, Operation, Setting, Wanted
from bot.recipes.duration import read_duration, read_share


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The keys of one mapping; every reader has a default for a key that is left out."""

    values: Mapping[str, Json]

    def has(self, key: str) -> bool:
        """Tell whether a key is written."""
        return key in self.values

    def text(self, key: str, default: str = "") -> str:
        """Return a text."""
        value = self.values.get(key, default)
        if not isinstance(value, str):
            raise TypeError(f"{key} is no text")
        return value

    def integer(self, key: str, default: int) -> int:
        """Return a whole number."""
        value = self.values.get(key, default)
        if not isinstance(value, int):
            raise TypeError(f"{key} is no whole number")
        return value

    def number(self, key: str) -> float | None:
        """Return a number, None where the key is left out."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, int | float):
            raise TypeError(f"{key} is no number")
        return None if value is None else float(value)

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            raise TypeError(f"{key} is neither true nor false")
        return value

    def share(self, key: str, default: float) -> float:
        """Return a share: `50%` and 0.5 are 0.5."""
        value = self.values.get(key, default)
        if not isinstance(value, str | int | float):
            raise TypeError(f"{key} is no share")
        return read_share(value)

    def duration(self, key: str, default: timedelta) -> timedelta:
        """Return a length of time."""
        return read_duration(self.text(key)) if key in self.values else default

    def level(self, key: str, default: Level) -> Level:
        """Return a level."""
        return Level(self.text(key, default))

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; a single text stands for a list of one."""
        value = self.values.get(key, ())
        items = (value,) if isinstance(value, str) else value
        if not isinstance(items, list | tuple):
            raise TypeError(f"{key} is no list")
        return tuple(str(item) for item in items)

    def section(self, key: str) -> "Fields":
        """Return a mapping; an empty one where the key is left out."""
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            raise TypeError(f"{key} is no mapping")
        return Fields(values=value)

    def sections(self, key: str) -> tuple["Fields", ...]:
        """Return a list of mappings; a single mapping stands for a list of one."""
        value = self.values.get(key, [])
        items = value if isinstance(value, list) else [value]
        return tuple(Fields(values=item) for item in items if isinstance(item, dict))

    def wanted(self, key: str) -> Mapping[str, Wanted]:
        """Return a mapping of configuration values, some of them to be computed (`{add: 50}`)."""
        found: dict[str, Wanted] = {}
        for name, value in self.section(key).values.items():
            if isinstance(value, dict):
                found[name] = _computed(Fields(values=value))
            elif isinstance(value, bool | int | float | str):
                found[name] = value
        return found

    def entries(self, key: str) -> "tuple[str | Mapping[str, Json], ...]":
        """Return a list of texts and mappings, as they are written."""
        value = self.values.get(key, [])
        items = value if isinstance(value, list) else [value]
        return tuple(item for item in items if isinstance(item, str | dict))

    def settings(self, key: str) -> Mapping[str, Setting]:
        """Return a mapping of configuration values."""
        values = self.section(key).values
        return {name: value for name, value in values.items() if isinstance(value, bool | int | float | str)}


def _computed(fields: Fields) -> Computed:
    """Read `{add: 50}`, `{add: -10%}` or `{multiply: 1.2}`; decimals stay what was written."""
    if fields.has("multiply"):
        return Computed(operation=Operation.MULTIPLY, operand=Decimal(str(fields.number("multiply"))))
    amount = fields.values["add"]
    if isinstance(amount, str):
        return Computed(operation=Operation.ADD_SHARE, operand=Decimal(amount.removesuffix("%")) / 100)
    return Computed(operation=Operation.ADD, operand=Decimal(str(fields.number("add"))))


def fields_of(value: Json) -> Fields:
    """Wrap a document's root."""
    return Fields(values={"": value}).section("")
