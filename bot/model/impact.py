"""The factors of impact, as policy sets them: what a change touches, how far it goes, how many people it reaches."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.model.level import Level
from bot.model.names import ServiceName


@dataclass(frozen=True, slots=True, kw_only=True)
class RelativeChange:
    """A number that changes by more than `above` (1.0 = doubled or zeroed) has at least this impact."""

    above: float
    level: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRange:
    """The values that policy allows for a key."""

    minimum: float
    maximum: float


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyClass:
    """Keys that matter alike, such as identity checks: names, or patterns in which `*` stands for any letters."""

    keys: tuple[str, ...]
    level: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleAffected:
    """A change that affects more than `above` people in 30 days has at least this impact."""

    above: int
    level: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class HighImpact:
    """What a high-impact target's change has at least: AI or rules on which people's rights or safety depend.

    `targets` are services and `journeys/NAME` that policy calls so; a desired-state file or a recipe may, too.
    """

    level: Level = Level.HIGH
    targets: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactPolicy:
    """The factors of impact; the highest wins."""

    default: Level
    services: Mapping[ServiceName, Level]
    keys: Mapping[str, Level]
    journeys: Level
    relative_change: tuple[RelativeChange, ...]
    unknown_key: Level = Level.HIGH
    classes: Mapping[str, KeyClass] = field(default_factory=dict)
    people_affected: tuple[PeopleAffected, ...] = ()
    high_impact: HighImpact = field(default_factory=HighImpact)
