"""`pow gate` over proposals of which nothing new shows: what it spares, and what makes it look all the same."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fakes.forge import MemoryForge
from fakes.world import Killed, MemoryWorld
from propose.office import ALICE, FILES, MALLORY, RITA, SAM, Office

from bot.ledger.looks import LOOKS_BRANCH, LOOKS_FILE, Look, read_looks, write_looks
from bot.model.change import PROPOSAL_LABEL
from bot.model.errors import ConflictError, PermissionDeniedError
from bot.model.event import Mark, StepReport
from bot.model.forge import Permission, PullState, Review, ReviewState
from bot.model.names import BranchName, CommitSha, PullNumber
from bot.model.record import Phase

FIRST = PullNumber(1)
AN_HOUR = 1 / 24
SPARED = "pull request 1 is as the gate saw it last"


class Counting(MemoryForge):
    """A forge that counts how often the gate reads reviews: once for every look."""

    def __init__(self, world: MemoryWorld) -> None:
        super().__init__(world)
        self.looks = 0

    def reviews(self, number: PullNumber) -> tuple[Review, ...]:
        self.looks += 1
        return super().reviews(number)


def known(tmp_path: Path, files: Mapping[str, bytes] | None = None) -> tuple[Office, Counting]:
    """Return an office whose one proposal waits for people and has been noted."""
    office = Office(tmp_path, files)
    forge = office.forge = Counting(office.world)
    office.detect()
    for _ in range(2):  # the first look comments, which shows as a change
        office.pass_days(AN_HOUR)
        office.gate()
    office.pass_days(AN_HOUR)
    assert forge.looks == 2
    return office, forge


def looked(report: StepReport) -> bool:
    return SPARED not in [event.sentence for event in report.events]


def test_a_proposal_of_which_nothing_new_shows_is_not_looked_at(tmp_path: Path) -> None:
    office, forge = known(tmp_path)
    writes = len(office.world.writes)
    (event,) = office.gate().events
    assert (event.mark, event.sentence, event.data["pulls"]) == (Mark.WAIT, SPARED, [1])
    assert (forge.looks, len(office.world.writes)) == (2, writes)


def test_a_pull_request_asked_for_by_number_is_looked_at(tmp_path: Path) -> None:
    office, forge = known(tmp_path)
    office.gate(only=FIRST)
    assert forge.looks == 3


def test_an_approval_shows_and_merges(tmp_path: Path) -> None:
    office, _ = known(tmp_path)
    office.world.review(1, SAM)
    office.gate()
    assert office.phases() == [Phase.PROPOSED, Phase.DECIDED, Phase.MERGED]


def moves_main(office: Office) -> None:
    office.world.push("main", {"README.md": b"news\n"}, by=MALLORY)


NEWS: dict[str, Callable[[Office], object]] = {
    "a review": lambda office: office.world.review(1, ALICE, ReviewState.COMMENTED),
    "a push": lambda office: office.world.push(office.world.pull(FIRST).head_branch, {"x": b"y"}, by=MALLORY),
    "a label": lambda office: office.forge.add_labels(FIRST, ("urgent",)),
    "the base": moves_main,
    "a policy": lambda office: office.world.push(
        "main", {"pow/settings/policy.yml": FILES["pow/settings/policy.yml"] + b"paused: true\n"}, by=RITA
    ),
    "six hours": lambda office: office.pass_days(5 * AN_HOUR),
    "two weeks": lambda office: office.pass_days(14),
    "no notes": lambda office: office.world.branches.pop(LOOKS_BRANCH),
}


@pytest.mark.parametrize("news", NEWS)
def test_news_of_any_kind_makes_the_gate_look(tmp_path: Path, news: str) -> None:
    office, forge = known(tmp_path)
    NEWS[news](office)
    assert looked(office.gate())
    assert forge.looks == 3


def test_what_shows_nowhere_counts_once_the_time_is_over(tmp_path: Path) -> None:
    """Sam approves while he may not write; then he may, and nothing of that shows on the pull request."""
    office, _ = known(tmp_path)
    office.world.permissions[SAM.login] = Permission.READ
    office.world.review(1, SAM)
    for _ in range(2):
        office.pass_days(AN_HOUR)
        office.gate()
    office.world.permissions[SAM.login] = Permission.WRITE
    office.pass_days(AN_HOUR)
    assert not looked(office.gate())
    office.pass_days(6 * AN_HOUR)
    office.gate()
    assert Phase.MERGED in office.phases()


def test_a_look_is_noted_for_as_long_as_the_policy_says(tmp_path: Path) -> None:
    policy = FILES["pow/settings/policy.yml"] + b"look_again_after: 30min\n"
    office, forge = known(tmp_path, {"pow/settings/policy.yml": policy})
    office.gate()
    assert forge.looks == 3


def test_what_changed_within_the_minute_is_not_noted(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.detect()
    for _ in range(3):
        assert looked(office.gate())
    assert LOOKS_BRANCH not in office.world.branches


def test_a_pull_request_that_is_closed_is_noted_no_longer(tmp_path: Path) -> None:
    office, _ = known(tmp_path)
    office.world.close(1)
    office.gate()
    assert office.phases() == [Phase.PROPOSED, Phase.CLOSED]
    assert office.world.pull(FIRST).state is PullState.CLOSED


# Notes that lie


def forge_note(office: Office, *, at: datetime | None = None, number: int = 1) -> None:
    """Let Mallory write the present's true fingerprint with another time, or for another pull request."""
    head = office.world.branches[LOOKS_BRANCH]
    (look,) = read_looks(office.world.snapshots[head].files[LOOKS_FILE]).values()
    forged = {PullNumber(number): Look(seen=look.seen, at=at or look.at)}
    office.world.push(LOOKS_BRANCH, {LOOKS_FILE: write_looks(forged)}, by=MALLORY)


def test_a_forged_note_lets_nothing_through_and_an_approval_undoes_it(tmp_path: Path) -> None:
    office, _ = known(tmp_path)
    forge_note(office, at=office.now)
    office.gate()
    assert office.phases() == [Phase.PROPOSED]
    office.world.review(1, SAM)
    office.gate()
    assert Phase.MERGED in office.phases()


@pytest.mark.parametrize("days", [1, 3650])
def test_a_note_from_the_future_is_no_note(tmp_path: Path, days: int) -> None:
    office, forge = known(tmp_path)
    forge_note(office, at=office.now + timedelta(days=days))
    office.gate()
    assert forge.looks == 3


def test_a_note_of_another_pull_request_is_none_of_this(tmp_path: Path) -> None:
    office, forge = known(tmp_path)
    forge_note(office, number=2)
    office.gate()
    assert forge.looks == 3


def test_notes_that_cannot_be_read_are_written_anew(tmp_path: Path) -> None:
    office, forge = known(tmp_path)
    office.world.push(LOOKS_BRANCH, {LOOKS_FILE: b"\xff[["}, by=MALLORY)
    office.gate()
    assert forge.looks == 3
    assert not looked(office.gate())


# Notes that cannot be written


class Shut(Counting):
    """A forge that takes no notes; `error` says why."""

    error: Exception = PermissionDeniedError("not yours")

    def create_branch(self, branch: BranchName, commit: CommitSha) -> None:
        if branch == LOOKS_BRANCH:
            raise self.error
        super().create_branch(branch, commit)


def shut(tmp_path: Path, error: Exception) -> StepReport:
    office = Office(tmp_path)
    office.detect()
    office.gate()
    forge = office.forge = Shut(office.world)
    forge.error = error
    office.pass_days(AN_HOUR)
    return office.gate()


def test_a_branch_that_the_token_may_not_write_is_told_and_fails_nothing(tmp_path: Path) -> None:
    report = shut(tmp_path, PermissionDeniedError("not yours"))
    assert not report.failed
    assert report.events[-1].sentence == "what the gate saw could not be noted: not yours"
    assert LOOKS_BRANCH in report.events[-1].hint


def test_another_run_that_noted_first_is_no_failure(tmp_path: Path) -> None:
    report = shut(tmp_path, ConflictError("moved"))
    assert [event.mark for event in report.events] == [Mark.WAIT]


@pytest.mark.parametrize("write", [1, 2])
def test_a_run_that_dies_while_it_notes_is_made_good_by_the_next(tmp_path: Path, write: int) -> None:
    office = Office(tmp_path)
    office.detect()
    office.gate()
    office.pass_days(AN_HOUR)
    office.forge.fail_after(write)
    with pytest.raises(Killed):
        office.gate()
    office.gate()
    assert not looked(office.gate())
    assert PROPOSAL_LABEL in office.world.pull(FIRST).labels
