"""What the proposals of one run share: how they are judged, shown and published, and how they are recorded."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from bot.ledger.site import Site
from bot.model.change import Change
from bot.model.errors import BotError, ForgeError
from bot.model.event import Event, Mark, Step
from bot.model.finding import Finding
from bot.model.names import FeedName
from bot.model.record import Draft
from bot.model.rehearsal import Rehearsed
from bot.model.series import Reading
from bot.model.settings import Policy
from bot.propose.askers import Askers
from bot.propose.figures import Texts
from bot.propose.proposal import case_of
from bot.propose.publish import Publisher
from bot.recipes.library import CompiledRecipe
from bot.report.pull_request import Case

Rehearse = Callable[[CompiledRecipe, Mapping[FeedName, Reading]], Rehearsed]
_GATE = "gate.yml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the proposals of one run share; `drafts` are the records of what is published, not written yet.

    A dry run writes nothing. `rehearse` replays a recipe on `readings`, for the text of its proposal.
    """

    site: Site
    policy: Policy
    readings: Mapping[FeedName, Reading]
    dry_run: bool
    rehearse: Rehearse | None
    publisher: Publisher
    texts: Texts
    askers: Askers
    drafts: list[Draft] = field(default_factory=list)

    def judged(self, change: Change, compiled: CompiledRecipe, finding: Finding) -> Case:
        """Return what is to be shown of a change: why, how far it reaches, who must approve it."""
        site = self.site
        return case_of(change, compiled, finding, self.policy, at=site.now, run_url=site.run_url)

    def case(self, change: Change, compiled: CompiledRecipe, finding: Finding) -> Case:
        """Return the same with what the recipe would have done in the past, where it can be replayed."""
        case = self.judged(change, compiled, finding)
        return replace(case, rehearsed=self.rehearse(compiled, self.readings)) if self.rehearse else case

    def record(self) -> Iterator[Event]:
        """Record all proposals at once, then start the gate; the next run finds and records what this one cannot."""
        try:
            self.site.ledger.append_all(self.drafts)
        except BotError as error:
            count = len(self.drafts)
            sentence = f"{count} proposal{'s are' if count != 1 else ' is'} not recorded: {error.message}"
            yield Event(step=Step.DETECT, mark=Mark.FAILURE, sentence=sentence, hint=error.hint)
            return
        yield from self._call_gate()

    def _call_gate(self) -> Iterator[Event]:
        """Start the gate: what a plain token opens starts no workflow by itself."""
        try:
            self.site.forge.dispatch(_GATE)
        except ForgeError as error:
            sentence = f"the gate could not be started: {error.message}"
            hint = "its schedule starts it, or run `pow gate`"
            yield Event(step=Step.DETECT, mark=Mark.WARNING, sentence=sentence, hint=hint)
