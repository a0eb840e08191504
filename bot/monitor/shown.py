"""Which comments a pass writes: those that say something new, and of the others as many as a forge takes. Pure.

GitHub takes some 80 requests that write a minute and 500 an hour, and the monitor looks once an hour.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.model.json import Json
from bot.model.names import ChangeId

REFRESHED = 50
"""So many comments that only bring newer figures are written in one pass, those shown longest ago first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """What of a look its readers must learn at once: `says` is the verdict and the outcome of each rule.

    `before` is the same at the look before, `shown` when the look was that the comment shows; both are empty if there
    is none.
    """

    change: ChangeId
    says: tuple[str, ...]
    before: tuple[str, ...] = ()
    shown: str = ""

    @property
    def is_new(self) -> bool:
        """Whether the comment would be wrong, and not only old."""
        return not self.shown or self.says != self.before


def face_of(change: ChangeId, facts: Mapping[str, Json], former: Mapping[str, Json]) -> Face:
    """Read a look's facts, and those of the look before."""
    shown = former.get("shown")
    return Face(change=change, says=_says(facts), before=_says(former), shown=shown if isinstance(shown, str) else "")


def to_show(faces: Sequence[Face], *, most: int = REFRESHED) -> frozenset[ChangeId]:
    """Choose whose comments are written."""
    new = [face.change for face in faces if face.is_new]
    old = sorted((face for face in faces if not face.is_new), key=lambda face: face.shown)
    return frozenset((*new, *(face.change for face in old[:most])))


def _says(facts: Mapping[str, Json]) -> tuple[str, ...]:
    guards = facts.get("guards")
    beside = [each.get("now") for each in guards if isinstance(each, Mapping)] if isinstance(guards, list) else []
    rules = [*(facts.get(name) for name in ("success", "rollback", "before")), *beside]
    outcomes = (rule.get("outcome") if isinstance(rule, Mapping) else None for rule in rules)
    return (str(facts.get("verdict")), *map(str, outcomes))
