"""Where the gate notes what it saw: one file on a branch of its own, which every fetch brings for nothing."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from bot.approve.facts import OtherPull
from bot.approve.look import Present, fingerprint, holds
from bot.ledger.lifecycle import open_changes
from bot.ledger.looks import LOOKS_BRANCH, LOOKS_FILE, Look, read_looks, write_looks
from bot.ledger.site import Site
from bot.model.errors import ConflictError, ForgeError, NotFoundError
from bot.model.event import Event, Mark, Step
from bot.model.forge import PullRequest
from bot.model.names import Digest, PullNumber
from bot.model.record import Record
from bot.model.settings import Policy
from bot.report.figures import shown_in

_MESSAGE = "looks: what the gate saw of open proposals\n\nWithout it the next run looks at all of them.\n"


@dataclass(slots=True, kw_only=True)
class Notebook:
    """The notes of the last runs and of this one, and which looks they spared."""

    site: Site
    policy: Policy
    _stored: dict[PullNumber, Look]
    _looks: dict[PullNumber, Look]
    _spared: list[PullNumber] = field(default_factory=list, init=False)

    @classmethod
    def open(cls, site: Site, policy: Policy) -> "Notebook":
        """Read the notes as last fetched."""
        head = site.repository.head(LOOKS_BRANCH)
        stored = read_looks(site.repository.read(LOOKS_FILE, head)) if head is not None else {}
        return cls(site=site, policy=policy, _stored=dict(stored), _looks=dict(stored))

    def seen(
        self, pull: PullRequest, records: tuple[Record, ...], others: tuple[OtherPull, ...] = ()
    ) -> Digest | None:
        """Digest what shows of a pull request before it is looked at: what changes meanwhile is news next time."""
        present = Present(
            base=self.site.repository.head(self.site.repository.default_branch()),
            policy=self.policy,
            stops=tuple(stop.sentence for stop in self.site.kill_switch.state().stops),
            records=records,
            changes=open_changes(records),
            now=self.site.now,
            others=others,
        )
        return fingerprint(pull, present)

    def spares(self, number: PullNumber, seen: Digest | None) -> bool:
        """Tell whether a look may be spared."""
        last = self._looks.get(number)
        if holds(last, seen, now=self.site.now, again_after=self.policy.look_again_after):
            self._spared.append(number)
            return True
        return False

    def void(self, number: PullNumber) -> None:
        """Forget what was seen before a new look: only one that is over is noted."""
        self._looks.pop(number, None)

    def note(self, pull: PullRequest, seen: Digest | None) -> None:
        """Note a look that nothing followed; None: there is nothing to be noted."""
        if seen is not None:
            self._looks[pull.number] = Look(seen=seen, at=self.site.now, shown=shown_in(pull.body))

    def close(self, opened: Collection[PullNumber]) -> Iterator[Event]:
        """Write down what is new, and say what was spared; without notes the next run only asks more."""
        if self._spared:
            yield _told(self._spared)
        try:
            self._save(opened)
        except ForgeError as error:
            sentence = f"what the gate saw could not be noted: {error.message}"
            hint = f"the next run looks at everything again; may the token write to {LOOKS_BRANCH}?"
            yield Event(step=Step.GATE, mark=Mark.WARNING, sentence=sentence, hint=hint)

    def _save(self, opened: Collection[PullNumber]) -> None:
        """Write the notes on pull requests that are still open; three requests, or none if none is new.

        A run that is killed before it, or comes second, has looked in vain and nothing else.
        """
        looks = {number: look for number, look in self._looks.items() if number in opened}
        if looks == {number: look for number, look in self._stored.items() if number in opened}:
            return
        forge, head = self.site.forge, self.site.repository.head(LOOKS_BRANCH)
        commit = forge.commit(head, {LOOKS_FILE: write_looks(looks)}, _MESSAGE)
        try:
            if head is None:
                forge.create_branch(LOOKS_BRANCH, commit)
            else:
                forge.move_branch(LOOKS_BRANCH, commit)
        except (ConflictError, NotFoundError):
            return  # another run noted at the same time


def _told(numbers: list[PullNumber]) -> Event:
    many = len(numbers) > 1
    what = f"{len(numbers)} pull requests are" if many else f"pull request {numbers[0]} is"
    return Event(
        step=Step.GATE,
        mark=Mark.WAIT,
        sentence=f"{what} as the gate saw {'them' if many else 'it'} last",
        hint="`pow gate NUMBER` looks at one all the same",
        data={"pulls": list(numbers)},
    )
