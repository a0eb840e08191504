from datetime import timedelta

import pytest

from bot.recipes.duration import read_duration, read_share
from bot.recipes.fields import Fields

FIELDS = Fields(values={"text": "x", "number": 1.5, "list": ["a", "b"], "mapping": {"k": 1}, "none": None})


@pytest.mark.parametrize(
    "read",
    [
        lambda fields: fields.text("number"),
        lambda fields: fields.integer("text", 1),
        lambda fields: fields.number("text"),
        lambda fields: fields.flag("text", default=True),
        lambda fields: fields.share("list", 0.5),
        lambda fields: fields.texts("mapping"),
        lambda fields: fields.section("list"),
    ],
)
def test_a_value_that_its_schema_should_have_refused_is_a_bug(read):
    with pytest.raises(TypeError):
        read(FIELDS)


def test_only_plain_and_computed_values_are_wanted_of_a_service():
    found = Fields(values={"config": {"px": 4, "mode": "fast", "on": True, "up": {"add": 2}, "list": [1]}})
    wanted = found.wanted("config")
    assert list(wanted) == ["px", "mode", "on", "up"]
    assert (wanted["px"], wanted["mode"], wanted["on"]) == (4, "fast", True)


@pytest.mark.parametrize("text", ["", "3", "3_px", "3_%", "x", "3_days4"])
def test_what_is_no_length_of_time_is_none(text):
    with pytest.raises(ValueError, match="not a length of time"):
        read_duration(text)


def test_shares_are_exact():
    assert [read_share(value) for value in ("99.9%", "50%", 0.25, 1, "0%")] == [0.999, 0.5, 0.25, 1.0, 0.0]
    assert read_duration("90min") == timedelta(hours=1.5)
