"""`impact` of `pow/settings/policy.yml` → the factors of impact; what is left out counts as HIGH where it matters."""

from bot.model.impact import HighImpact, ImpactPolicy, KeyClass, PeopleAffected, RelativeChange
from bot.model.level import Level
from bot.model.names import ServiceName
from bot.recipes.fields import Fields


def read_impact(fields: Fields) -> ImpactPolicy:
    """Read a section that fits its schema."""
    services, keys, classes = fields.section("services"), fields.section("keys"), fields.section("classes")
    return ImpactPolicy(
        default=fields.level("default", Level.LOW),
        services={ServiceName(name): services.level(name, Level.HIGH) for name in services.values},
        keys={key: keys.level(key, Level.HIGH) for key in keys.values},
        journeys=fields.level("journeys", Level.HIGH),
        relative_change=tuple(
            RelativeChange(above=step.share("above", 0.0), level=step.level("level", Level.HIGH))
            for step in fields.sections("relative_change")
        ),
        unknown_key=fields.level("unknown_key", Level.HIGH),
        classes={name: _class(classes.section(name)) for name in classes.values},
        people_affected=tuple(
            PeopleAffected(above=step.integer("above", 0), level=step.level("level", Level.HIGH))
            for step in fields.sections("people_affected")
        ),
        high_impact=_high_impact(fields.section("high_impact")),
    )


def _class(fields: Fields) -> KeyClass:
    return KeyClass(keys=fields.texts("keys"), level=fields.level("level", Level.HIGH))


def _high_impact(fields: Fields) -> HighImpact:
    return HighImpact(level=fields.level("level", Level.HIGH), targets=frozenset(fields.texts("targets")))
