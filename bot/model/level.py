"""The ladder of human involvement."""

from enum import StrEnum


class Level(StrEnum):
    """LOW < MEDIUM < HIGH, as in the A2A chapter's HITL ladder."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"

    @property
    def rank(self) -> int:
        """The level's place, from 0."""
        return list(Level).index(self)


def highest(levels: tuple[Level, ...]) -> Level:
    """Return the highest level; LOW for none."""
    return max(levels, key=lambda level: level.rank, default=Level.LOW)
