"""The whole life of changes in memory, with people who interfere: detect, gate, deploy and monitor for real."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from fakes.builders import a_person
from fakes.forge import MemoryForge
from fakes.gateway import MemoryGateway
from fakes.ledger import MemoryLedger
from fakes.repository import MemoryRepository
from fakes.world import MAIN, MemoryWorld
from monitor.watchtower import DAY, FILES, PHOTO, Tower

from bot.approve import step as gate_step
from bot.deploy import step as deploy_step
from bot.forge.port import RevertConflict
from bot.model.event import Event, StepReport
from bot.model.forge import Actor, Comment, Permission, PullRequest, PullState
from bot.model.names import BranchName, CommitSha, PullNumber, ServiceName, TeamSlug
from bot.propose import step as detect_step
from bot.propose.desired import values_of
from bot.recipes.library import Library, load_library

SAM, MALLORY, STRANGER = a_person("sam"), a_person("mallory"), a_person("stranger")
"""A supervisor, somebody who may write and is none, and somebody who may do neither."""
STEPS = ("detect", "gate", "deploy", "monitor")
SERVICE = ServiceName("PHOTO_VALIDATOR")


class BusyWorld(MemoryWorld):
    """A world in which something else happens right before a write that a run is about to make."""

    meanwhile: tuple[int, Callable[[], object]] | None = None

    @contextmanager
    def write(self, what: str) -> Iterator[None]:
        """Let the other thing happen, once, then write."""
        if self.meanwhile is not None and self.meanwhile[0] == len(self.writes):
            happens, self.meanwhile = self.meanwhile[1], None
            happens()
        with super().write(what):
            yield


@dataclass(kw_only=True)
class Life(Tower):
    """A tower with the other three steps, a gateway, and people; `theirs` are the commits that they made on main."""

    gateway: MemoryGateway
    theirs: list[CommitSha] = field(default_factory=list)

    def library(self) -> Library:
        """Read recipes and settings at the base."""
        return load_library(self.site().repository.read_many("pow/", self.main), endpoints={})

    def step(self, name: str) -> StepReport:
        """Run one step as a fresh process would."""
        site, library = self.site(), self.library()
        assert library.settings is not None
        match name:
            case "detect":
                return detect_step.run(site, library=library, base=self.main, collector=self.figures)
            case "gate":
                return gate_step.run(site, library=library, base=self.main)
            case "deploy":
                return deploy_step.run(site, settings=library.settings, gateway=self.gateway, adapters={})
            case _:
                return self.monitor()

    def cycle(self) -> list[Event]:
        """Run all steps once, as `pow run` does."""
        return [event for name in STEPS for event in self.step(name).events]

    # People

    def open_pulls(self) -> list[PullRequest]:
        """Return what is open, oldest first."""
        every = [self.world.pull(number) for number in sorted(self.world.pulls)]
        return [pull for pull in every if pull.state is PullState.OPEN]

    def commit_by_hand(self, value: int) -> None:
        """Let somebody set the value on main, past the bot."""
        content = self.world.snapshots[self.main].files[PHOTO]
        line = next(line for line in content.splitlines() if b"max_blur_px" in line)
        edited = content.replace(line, b"  max_blur_px: %d  # pixels" % value)
        if edited != content:
            self.theirs.append(self.world.push("main", {PHOTO: edited}, by=MALLORY))

    def note_by_hand(self) -> None:
        """Let somebody commit a file on main that is none of the bot's business."""
        self.theirs.append(self.world.push("main", {"notes.md": f"{len(self.theirs)}\n".encode()}, by=MALLORY))

    def open_revert(self, number: int) -> PullRequest | None:
        """Let somebody press the forge's *Revert* button on a merged pull request; None where git cannot do it."""
        merge, forge = self.world.pull(PullNumber(number)).merge_commit, MemoryForge(self.world, actor=MALLORY)
        assert merge is not None
        found = MemoryRepository(self.world).revert(merge, onto=self.main)
        if isinstance(found, RevertConflict) or not found.files:
            return None
        branch = BranchName(f"revert-{number}-{len(self.world.pulls)}")
        message = f'Revert "change"\n\nThis reverts commit {merge}.'
        forge.create_branch(branch, forge.commit(self.main, found.files, message))
        body = f"Reverts agency/pow#{number}"
        return forge.open_pull(branch=branch, base=MAIN, title='Revert "change"', body=body, draft=False)

    def revert_by_button(self, number: int) -> None:
        """Let somebody revert a merged pull request by the forge's button, and merge the revert at once."""
        if (pull := self.open_revert(number)) is not None:
            self.theirs.append(self.world.merge_by_hand(pull.number, MALLORY))

    def say(self, number: int, text: str, *, by: Actor) -> None:
        """Let somebody comment on a pull request."""
        comment = Comment(id=self.world.next_id(), author=by, body=text, created_at=self.now)
        self.world.comments.setdefault(PullNumber(number), []).append(comment)
        self.world.touch(PullNumber(number))

    # What stands where

    def desired(self) -> object:
        """Return the value that main asks for."""
        values = values_of(PHOTO, self.world.snapshots[self.main].files[PHOTO])
        return values.get("max_blur_px") if isinstance(values, dict) else None

    def live_value(self) -> object:
        """Return the value that is live."""
        return self.gateway.live(SERVICE)["max_blur_px"]


def a_life() -> Life:
    """Return an agency with a healthy day behind it and nothing proposed yet."""
    world = BusyWorld(FILES)
    world.teams = {TeamSlug("supervisors"): frozenset({SAM.login})}
    world.permissions = {SAM.login: Permission.WRITE, MALLORY.login: Permission.WRITE}
    values = values_of(PHOTO, FILES[PHOTO])
    assert isinstance(values, dict)
    gateway = MemoryGateway(world, {SERVICE: values})
    life = Life(world=world, forge=MemoryForge(world), ledger=MemoryLedger(world), gateway=gateway)
    assert life.main == world.branches[MAIN]
    life.go(DAY)
    return life
