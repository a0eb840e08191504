"""The kill switch read through the ports: once a cycle, anew before what cannot be undone, and never an error."""

from collections.abc import Callable, Mapping, Sequence

import pytest
from fakes.builders import a_person
from fakes.forge import MemoryForge
from fakes.repository import MemoryRepository
from fakes.world import MAIN, MemoryWorld

from bot.ledger.switch import KillSwitch
from bot.model.errors import ForgeError, PermissionDeniedError, RateLimitedError, UnavailableError, WorkspaceError
from bot.model.forge import Labelled, Labelling, Permission
from bot.model.names import BranchName, CommitSha, Login, PullNumber
from bot.model.switch import Reach

SAM, EVE = a_person("sam"), a_person("eve")


class CountingForge(MemoryForge):
    """Counts what is asked of it, and fails where told to."""

    def __init__(self, world: MemoryWorld, *, failing: str = "", error: ForgeError | None = None) -> None:
        super().__init__(world)
        self.asked: list[str] = []
        self._failing, self._error = failing, error

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if what == self._failing and self._error is not None:
            raise self._error

    def labelled(self, label: str) -> tuple[Labelled, ...]:
        self._ask("labelled")
        return super().labelled(label)

    def labellings(self, number: PullNumber) -> tuple[Labelling, ...]:
        self._ask("labellings")
        return super().labellings(number)

    def permission(self, login: Login) -> Permission:
        self._ask("permission")
        return super().permission(login)


class BrokenClone(MemoryRepository):
    """A clone that fetched once and never again."""

    def fetch(self) -> None:
        if hasattr(self, "was_fetched"):
            raise WorkspaceError("git fetch failed")
        self.was_fetched = True
        super().fetch()


class LinkedClone(MemoryRepository):
    """A clone in which `pow/STOP` is a symlink: named in its folder, and among no regular files."""

    def tree_names(self, prefix: str, commits: Sequence[CommitSha]) -> Mapping[CommitSha, str]:
        return dict.fromkeys(commits, "f" * 40) if prefix == "pow/STOP" else {}


class EmptyClone(MemoryRepository):
    """A clone that does not know its base."""

    def default_branch(self) -> BranchName:
        raise WorkspaceError("git symbolic-ref failed")


def a_world(**files: bytes) -> MemoryWorld:
    world = MemoryWorld({"README.md": b"agency\n", **{f"pow/{name}": content for name, content in files.items()}})
    world.permissions = {SAM.login: Permission.WRITE}
    return world


def a_switch(world: MemoryWorld, forge: MemoryForge | None = None) -> KillSwitch:
    return KillSwitch(forge=forge or MemoryForge(world), repository=MemoryRepository(world))


def test_while_nobody_stops_anything_it_costs_one_request_a_cycle() -> None:
    world = a_world()
    forge = CountingForge(world)
    switch = a_switch(world, forge)
    assert [switch.state().stops for _ in range(4)] == [(), (), (), ()]
    assert forge.asked == ["labelled"]
    assert switch.anew().stops == ()
    assert forge.asked == ["labelled", "labelled"]


def test_a_file_on_the_base_branch_stops_and_its_removal_lets_go() -> None:
    world = a_world(STOP=b"Photos are lost.\nrecipe:PASSPORT_BACKLOG\n")
    switch = a_switch(world)
    (stop,) = switch.state().stops
    assert stop.sentence == "PASSPORT_BACKLOG is stopped by pow/STOP: Photos are lost."
    world.push(MAIN, {"pow/STOP": None}, by=SAM)
    assert switch.state().stops == (stop,)
    assert switch.anew().stops == switch.state().stops == ()


def test_a_label_stops_by_a_writers_hand_and_is_told_of_otherwise() -> None:
    world = a_world()
    world.file_issue("pow-stop", by=EVE)
    number = world.file_issue(by=SAM)
    switch = a_switch(world)
    assert switch.state().stops == ()
    assert switch.state().ignored == ("pow-stop on issue #1 does not count: eve put it there, without write access",)
    world.label(number, "pow-stop", by=SAM)
    assert [stop.where for stop in switch.anew().stops] == ["issue #2"]
    world.permissions[SAM.login] = Permission.READ
    assert switch.anew().stops == ()
    world.permissions[SAM.login] = Permission.WRITE
    world.close_issue(number, by=SAM)
    assert switch.anew().stops == ()


FAILURES: dict[str, tuple[str, ForgeError]] = {
    "the issues": ("labelled", PermissionDeniedError("may not read issues")),
    "an outage": ("labelled", UnavailableError("502")),
    "the rate limit": ("labellings", RateLimitedError("wait", until=None)),
    "the events": ("labellings", PermissionDeniedError("may not read issues")),
    "the rights": ("permission", PermissionDeniedError("may not read collaborators")),
    "an outage at the last": ("permission", UnavailableError("502")),
}


@pytest.mark.parametrize(("failing", "error"), FAILURES.values(), ids=FAILURES)
def test_what_cannot_be_read_stops_everything(failing: str, error: ForgeError) -> None:
    world = a_world()
    world.file_issue("pow-stop", by=SAM)
    (stop,) = a_switch(world, CountingForge(world, failing=failing, error=error)).state().stops
    assert (stop.reach, stop.known) == (Reach.EVERYTHING, False)


@pytest.mark.parametrize(
    ("kind", "read"),
    [(BrokenClone, KillSwitch.anew), (EmptyClone, KillSwitch.state)],
    ids=["a clone that is behind", "a base that is not known"],
)
def test_a_clone_that_fails_stops_everything(
    kind: type[MemoryRepository], read: Callable[[KillSwitch], object]
) -> None:
    world = a_world()
    switch = KillSwitch(forge=MemoryForge(world), repository=kind(world))
    read(switch)
    (stop,) = switch.state().stops
    assert not stop.known


def test_a_link_by_its_name_stops_everything_and_costs_no_request() -> None:
    world = MemoryWorld({"pow/a.yml": b"x"})
    forge = CountingForge(world)
    (stop,) = KillSwitch(forge=forge, repository=LinkedClone(world)).state().stops
    assert (stop.reach, stop.where) == (Reach.EVERYTHING, "pow/STOP")
    assert "it is no regular file" in stop.sentence
    assert forge.asked == ["labelled"]


def test_a_file_by_its_name_is_read_as_before_whatever_else_is_there() -> None:
    world = MemoryWorld({"pow/STOP": b"recipe:A"})
    stops = KillSwitch(forge=MemoryForge(world), repository=LinkedClone(world)).state().stops
    assert [(stop.reach, stop.name) for stop in stops] == [(Reach.RECIPE, "A")]
