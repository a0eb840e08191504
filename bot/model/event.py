"""What a step did or found, as data: terminal, JSON and web page render the same events."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from bot.model.json import Json
from bot.model.names import ChangeId


class Step(StrEnum):
    """The commands that move the loop on."""

    DETECT = "detect"
    GATE = "gate"
    DEPLOY = "deploy"
    MONITOR = "monitor"


class Mark(StrEnum):
    """How an event is to be read: something was done, something waits, something is wrong."""

    DONE = "done"
    NOTE = "note"
    WAIT = "wait"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that a step did, found or could not do."""

    step: Step
    mark: Mark
    sentence: str
    change: ChangeId | None = None
    subject: str = ""
    hint: str = ""
    data: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What was asked of the forge's API, retries among it; `left` of `limit` requests remain (None: not told)."""

    requests: int = 0
    writes: int = 0
    left: int | None = None
    limit: int | None = None

    def since(self, before: "Cost") -> "Cost":
        """Return what came after an earlier count; what is left stays what is left."""
        return replace(self, requests=self.requests - before.requests, writes=self.writes - before.writes)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReport:
    """Everything that one run of a step has to say; it failed if any event did."""

    step: Step
    events: tuple[Event, ...]
    cost: Cost = field(default_factory=Cost)

    @property
    def failed(self) -> bool:
        """Whether the command must exit with 1."""
        return any(event.mark is Mark.FAILURE for event in self.events)
