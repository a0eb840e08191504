"""The ledger against other writers, crashes and people who rewrite history."""

import pytest
from fakes.builders import a_bot, a_person
from fakes.forge import MemoryForge
from fakes.repository import MemoryRepository
from fakes.world import Killed, MemoryWorld
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger.ledgers import ONE, TWO, a_draft, a_proposal, git_ledger
from tries import tries

from bot.ledger.git_ledger import GitLedger
from bot.model.change import LEDGER_BRANCH
from bot.model.errors import ConflictError, LedgerError, UnavailableError
from bot.model.names import BranchName, ChangeId, CommitSha
from bot.model.record import Phase


class LosingForge(MemoryForge):
    """A forge whose answers to moves get lost: `happens` tells whether the write took place all the same."""

    happens = True
    losses = 1

    def move_branch(self, branch: BranchName, commit: CommitSha) -> None:
        if self.losses == 0 or self.happens:
            super().move_branch(branch, commit)
        if self.losses > 0:
            self.losses -= 1
            raise UnavailableError("no answer")


class BusyForge(MemoryForge):
    """A forge on which somebody else appends before each of our moves."""

    def move_branch(self, branch: BranchName, commit: CommitSha) -> None:
        other = git_ledger(self.world)
        other.append(a_draft(Phase.MEASURED, change=TWO, key=str(len(other.records()))))
        super().move_branch(branch, commit)


def opened(world: MemoryWorld, forge: MemoryForge) -> GitLedger:
    return GitLedger(MemoryRepository(world), forge)


# Two writers


def test_two_writers_who_start_at_once_both_get_in() -> None:
    world = MemoryWorld()
    one, two = git_ledger(world), git_ledger(world)
    assert (one.records(), two.records()) == ((), ())
    one.append(a_proposal())
    two.append(a_proposal(change=TWO))
    one.append(a_draft(Phase.DECIDED, result="auto"))
    assert [record.index for record in git_ledger(world).records()] == [1, 2, 3]


def test_the_same_record_of_two_writers_is_there_once() -> None:
    world = MemoryWorld()
    one, two = git_ledger(world), git_ledger(world)
    two.records()
    assert one.append(a_proposal()) == two.append(a_proposal())
    assert len(git_ledger(world).records()) == 1


def test_a_writer_who_always_comes_second_gives_up_with_a_hint() -> None:
    world = MemoryWorld()
    git_ledger(world).append(a_proposal())
    with pytest.raises(LedgerError, match="moved 8 times") as refused:
        opened(world, BusyForge(world)).append(a_draft(Phase.DECIDED, result="auto"))
    assert "run the same command again" in refused.value.hint


@settings(max_examples=tries(60), deadline=None)
@given(
    turns=st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from([ONE, TWO]), st.sampled_from(list(Phase)), st.integers(0, 2))
    )
)
def test_whatever_the_turns_of_three_writers_the_chain_holds(turns: list[tuple[int, ChangeId, Phase, int]]) -> None:
    world = MemoryWorld()
    writers = [git_ledger(world) for _ in range(3)]
    for writer, change, phase, dies in turns:
        if dies:
            world.fail_after(dies)
        try:
            writers[writer].append(a_draft(phase, change=change))
        except Killed:
            writers[writer] = git_ledger(world)
        world.fail_after(10_000)
    records = git_ledger(world).records()
    survived = {(change, phase) for _, change, phase, dies in turns if not dies}
    assert survived <= {(record.change, record.phase) for record in records}
    assert len({(record.change, record.phase) for record in records}) == len(records)


# Crashes and lost answers


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("write", [1, 2])
@pytest.mark.parametrize("empty", [False, True])
def test_a_run_killed_around_any_write_is_made_good_by_the_next(*, write: int, after: bool, empty: bool) -> None:
    world = MemoryWorld()
    if not empty:
        git_ledger(world).append(a_proposal())
    (world.fail_after if after else world.fail_before)(write)
    draft = a_draft(Phase.DECIDED, result="auto")
    with pytest.raises(Killed):
        git_ledger(world).append(draft)
    git_ledger(world).append(draft)
    assert [record.phase for record in git_ledger(world).records()][-1] is Phase.DECIDED
    assert len(git_ledger(world).records()) == (1 if empty else 2)


def test_an_append_whose_answer_is_lost_is_read_back() -> None:
    world = MemoryWorld()
    git_ledger(world).append(a_proposal())
    ledger = opened(world, LosingForge(world))
    ledger.append(a_draft(Phase.DECIDED, result="auto"))
    assert ledger.records() == git_ledger(world).records()
    assert len(ledger.records()) == 2


def test_an_append_that_did_not_happen_is_an_error_and_can_be_repeated() -> None:
    world = MemoryWorld()
    git_ledger(world).append(a_proposal())
    forge = LosingForge(world)
    forge.happens = False
    ledger = opened(world, forge)
    with pytest.raises(UnavailableError):
        ledger.append(a_draft(Phase.DECIDED, result="auto"))
    ledger.append(a_draft(Phase.DECIDED, result="auto"))
    assert len(git_ledger(world).records()) == 2


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("write", [1, 2])
def test_records_that_come_together_are_all_there_or_none(*, write: int, after: bool) -> None:
    world = MemoryWorld()
    git_ledger(world).append(a_proposal())
    drafts = (a_proposal(change=TWO), a_draft(Phase.DECIDED, result="auto"))
    (world.fail_after if after else world.fail_before)(write)
    with pytest.raises(Killed):
        git_ledger(world).append_all(drafts)
    assert len(git_ledger(world).records()) == (3 if (write, after) == (2, True) else 1)
    git_ledger(world).append_all(drafts)
    assert len(git_ledger(world).records()) == 3


def test_records_that_come_together_keep_their_order_when_another_writer_is_first() -> None:
    world = MemoryWorld()
    one, two = git_ledger(world), git_ledger(world)
    assert (one.records(), two.records()) == ((), ())
    two.append(a_proposal(change=TWO))
    records = one.append_all((a_proposal(), a_proposal(change=TWO), a_draft(Phase.DECIDED, result="auto")))
    assert [record.index for record in records] == [2, 1, 3]
    assert git_ledger(world).records() == one.records()


def test_an_append_that_finds_it_done_writes_nothing() -> None:
    world = MemoryWorld()
    git_ledger(world).append(a_proposal())
    writes = len(world.writes)
    git_ledger(world).append(a_proposal(hours=5))
    assert len(world.writes) == writes


# Tampering


@pytest.fixture
def world() -> MemoryWorld:
    world = MemoryWorld()
    ledger = git_ledger(world)
    ledger.append(a_proposal())
    ledger.append(a_proposal(change=TWO))
    ledger.append(a_draft(Phase.DECIDED, result="approved"))
    return world


PATHS = (f"records/{ONE}/001-proposed.json", f"records/{TWO}/001-proposed.json", f"records/{ONE}/002-decided.json")


def files_of(world: MemoryWorld) -> dict[str, bytes]:
    return dict(world.snapshots[world.branches[LEDGER_BRANCH]].files)


def test_an_edited_record_breaks_the_chain_at_the_next(world: MemoryWorld) -> None:
    content = files_of(world)[PATHS[0]].replace(b'"signatures": []', b'"signatures": [ ]')
    world.push(LEDGER_BRANCH, {PATHS[0]: content}, by=a_person())
    with pytest.raises(LedgerError, match=PATHS[1]):
        git_ledger(world).records()


@pytest.mark.parametrize("path", PATHS)
def test_a_dropped_record_is_missed_even_the_last(world: MemoryWorld, path: str) -> None:
    world.push(LEDGER_BRANCH, {path: None}, by=a_person())
    with pytest.raises(LedgerError):
        git_ledger(world).records()


def test_records_in_another_order_are_refused(world: MemoryWorld) -> None:
    files = files_of(world)
    world.push(LEDGER_BRANCH, {PATHS[0]: files[PATHS[1]], PATHS[1]: files[PATHS[0]]}, by=a_person())
    with pytest.raises(LedgerError, match="wrong place"):
        git_ledger(world).records()


def test_a_branch_that_was_cut_back_is_noticed_by_whoever_saw_it_longer(world: MemoryWorld) -> None:
    ledger = git_ledger(world)
    ledger.records()
    head = world.branches[LEDGER_BRANCH]
    world.branches[LEDGER_BRANCH] = world.snapshots[head].commit.parents[0]
    with pytest.raises(LedgerError, match="rewritten"):
        ledger.append(a_draft(Phase.MERGED, pull=7))


def test_a_branch_that_was_deleted_is_noticed_by_whoever_saw_it(world: MemoryWorld) -> None:
    ledger = git_ledger(world)
    ledger.records()
    del world.branches[LEDGER_BRANCH]
    with pytest.raises(LedgerError, match="rewritten"):
        ledger.append(a_draft(Phase.MERGED, pull=7))


@pytest.mark.parametrize("path", ["notes.txt", "records/README.md", f"records/{ONE}/003-merged.txt"])
def test_a_file_that_is_no_record_is_refused(world: MemoryWorld, path: str) -> None:
    world.push(LEDGER_BRANCH, {path: b"hello"}, by=a_person())
    with pytest.raises(LedgerError, match=path):
        git_ledger(world).records()


def test_a_commit_without_a_record_is_refused(world: MemoryWorld) -> None:
    world.push(LEDGER_BRANCH, {}, by=a_person(), message="Just passing\n\nRecord-Index: 3")
    with pytest.raises(LedgerError, match="does not continue the one before"):
        git_ledger(world).records()


@pytest.mark.parametrize("index", ["", "Record-Index: four", "Record-Index: 9", "Record-Index: \u0664"])
def test_a_commit_that_does_not_say_up_to_which_record_it_goes_is_refused(world: MemoryWorld, index: str) -> None:
    spare = MemoryWorld()
    ledger = git_ledger(spare)
    for draft in (a_proposal(), a_proposal(change=TWO), a_draft(Phase.DECIDED, result="approved")):
        ledger.append(draft)
    ledger.append(a_draft(Phase.MERGED, pull=7))
    path = f"records/{ONE}/003-merged.json"
    world.push(LEDGER_BRANCH, {path: files_of(spare)[path]}, by=a_person(), message=f"Forged\n\n{index}")
    with pytest.raises(LedgerError):
        git_ledger(world).records()


def test_a_broken_ledger_is_not_appended_to(world: MemoryWorld) -> None:
    world.push(LEDGER_BRANCH, {PATHS[0]: None}, by=a_person())
    head, writes = world.branches[LEDGER_BRANCH], len(world.writes)
    with pytest.raises(LedgerError):
        git_ledger(world).append(a_draft(Phase.MERGED, pull=7))
    assert (world.branches[LEDGER_BRANCH], len(world.writes)) == (head, writes)


def test_a_forge_that_refuses_the_first_branch_because_another_made_it_is_no_failure() -> None:
    world = MemoryWorld()
    late = git_ledger(world)
    late.records()

    class Late(MemoryForge):
        def create_branch(self, branch: BranchName, commit: CommitSha) -> None:
            del branch, commit
            git_ledger(world).append(a_proposal(change=TWO))
            raise ConflictError("exists")

    record = opened(world, Late(world, actor=a_bot("other[bot]"))).append(a_proposal())
    assert (record.index, record.sequence) == (2, 1)
