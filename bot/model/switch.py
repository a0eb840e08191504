"""The kill switch: what people have stopped, where, and why. Values, and the one question that all steps ask."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from bot.model.names import RecipeId

LIFT = "to go on, remove pow/STOP from the base branch, or the label pow-stop from the issue"
"""What a hint says to whoever meets a stop."""


class Reach(StrEnum):
    """How much a stop stops."""

    EVERYTHING = "everything"
    RECIPE = "recipe"
    TARGET = "target"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One stop: `where` it stands, and the recipe or target that it is about, by `name`.

    A stop that is not `known` stands for a switch that could not be read: `reason` says why.
    """

    reach: Reach
    where: str
    reason: str = ""
    name: str = ""
    known: bool = True

    @property
    def sentence(self) -> str:
        """Say what is stopped, where and why."""
        if not self.known:
            return f"the kill switch cannot be read, so everything is stopped: {self.reason}"
        return f"{self._what()} by {self.where}{f': {self.reason}' if self.reason else ''}"

    def _what(self) -> str:
        match self.reach:
            case Reach.EVERYTHING:
                return "everything is stopped"
            case Reach.RECIPE | Reach.TARGET:
                return f"{self.name} is stopped"
            case Reach.ROLLBACK:
                return "rollbacks without people are stopped"
            case _:
                assert_never(self.reach)

    def covers(self, recipe: RecipeId | None, targets: Collection[str]) -> bool:
        """Tell whether a change of a recipe (None: not known) to these targets may not go on; no case in names."""
        match self.reach:
            case Reach.EVERYTHING:
                return True
            case Reach.RECIPE:
                return recipe is None or recipe.casefold() == self.name.casefold()
            case Reach.TARGET:
                return self.name.casefold() in {target.casefold() for target in targets}
            case Reach.ROLLBACK:
                return False
            case _:
                assert_never(self.reach)


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """All stops that count; `ignored` are sentences about those that do not, and why."""

    stops: tuple[Stop, ...] = ()
    ignored: tuple[str, ...] = ()

    def against(self, recipe: RecipeId | None, targets: Collection[str]) -> Stop | None:
        """Return what stops a change, the first that does; None where it may go on."""
        return next((stop for stop in self.stops if stop.covers(recipe, targets)), None)

    def against_rollbacks(self, recipe: RecipeId | None, targets: Collection[str]) -> Stop | None:
        """Return what stops the bot from taking a change back by itself."""
        stopped = self.against(recipe, targets)
        return stopped or next((stop for stop in self.stops if stop.reach is Reach.ROLLBACK), None)
