"""A trigger's payload → its three values, checked against its schema; its words come from outside and stay unsaid."""

from bot.model.json import Json
from bot.model.names import Login, RecipeId
from bot.model.trigger import Payload
from bot.recipes.fields import fields_of
from bot.recipes.schema import SchemaName, check_shape
from bot.recipes.tree import Document, Place, Placed, Scalar

_START = Place(line=1, column=1)
_NOWHERE = Placed(lines=("",), root=Scalar(value=None, place=_START, end_line=1, end_column=1))
_KEYS = ("recipe", "reason", "by")


def read_payload(value: Json) -> Payload | tuple[str, ...]:
    """Read what an event carries, or say what is wrong with it without repeating any of it."""
    document = Document(path="client_payload", value=value, read=lambda: _NOWHERE)
    if check_shape(document, SchemaName.TRIGGER):
        return tuple(_faults(value)) or ("it does not fit its schema",)
    fields = fields_of(value)
    return Payload(recipe=RecipeId(fields.text("recipe")), reason=fields.text("reason"), by=Login(fields.text("by")))


def _faults(value: Json) -> list[str]:
    if not isinstance(value, dict):
        return ["it is no mapping"]
    found = [f"`{key}` is missing" for key in _KEYS if key not in value]
    found += [f"`{key}` is not {_EXPECTED[key]}" for key in _KEYS if key in value and not _fits(key, value[key])]
    unknown = len(value.keys() - set(_KEYS))
    return [*found, *([f"it has {unknown} unknown key{'s' if unknown != 1 else ''}"] if unknown else [])]


_EXPECTED = {
    "recipe": "a recipe's id such as PASSPORT_BACKLOG",
    "reason": "one line of 3 to 500 characters",
    "by": "a name of letters, digits, - and _",
}


def _fits(key: str, value: Json) -> bool:
    """Try one key alone, beside two that fit."""
    good: dict[str, Json] = {"recipe": "R0", "reason": "none", "by": "a"}
    document = Document(path="client_payload", value={**good, key: value}, read=lambda: _NOWHERE)
    return not check_shape(document, SchemaName.TRIGGER)
