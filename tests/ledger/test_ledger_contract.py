"""What every ledger must do: one suite for the fake, for Git in memory, and for the sandbox with a real clone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.ledger import MemoryLedger
from fakes.world import MemoryWorld
from forge.clones import git
from forge.stands import APP_TOKEN, Sandbox, running_sandbox
from ledger.ledgers import ONE, TWO, a_draft, a_proposal, git_ledger

from bot.forge.git import GitRepository
from bot.ledger.git_ledger import GitLedger
from bot.ledger.port import Ledger
from bot.model.names import BranchName
from bot.model.record import Phase


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture(params=["memory", "git", "sandbox"])
def ledger(request: pytest.FixtureRequest) -> Iterator[Ledger]:
    match request.param:
        case "memory":
            yield MemoryLedger(MemoryWorld())
        case "git":
            yield git_ledger(MemoryWorld())
        case _:
            root = request.getfixturevalue("tmp_path") / "clone"
            with request.getfixturevalue("sandbox").stand() as stand:
                yield GitLedger(clone_of(stand.base_url, stand.name, root), stand.forge)


def clone_of(base_url: str, name: str, root: Path) -> GitRepository:
    git("init", "--quiet", "--initial-branch=main", str(root))
    git("remote", "add", "origin", f"{base_url}/agency/{name}.git", cwd=root)
    repository = GitRepository.open(root, token=APP_TOKEN, server_url=base_url)
    repository.fetch()
    return repository


def test_a_new_ledger_is_empty(ledger: Ledger) -> None:
    assert ledger.records() == ()
    assert ledger.of(ONE) == ()


def test_records_are_numbered_over_the_ledger_and_within_their_change(ledger: Ledger) -> None:
    for draft in (a_proposal(), a_proposal(change=TWO), a_draft(Phase.DECIDED, result="approved")):
        ledger.append(draft)
    assert [(r.index, r.change, r.sequence) for r in ledger.records()] == [(1, ONE, 1), (2, TWO, 1), (3, ONE, 2)]
    assert [record.phase for record in ledger.of(ONE)] == [Phase.PROPOSED, Phase.DECIDED]


def test_each_record_binds_the_one_before(ledger: Ledger) -> None:
    first = ledger.append(a_proposal())
    second = ledger.append(a_proposal(change=TWO))
    assert (first.previous, second.previous) == (None, first.digest)
    assert first.digest != second.digest


def test_a_record_comes_back_as_it_was_written(ledger: Ledger) -> None:
    draft = a_draft(Phase.MEASURED, key="2026-03-02T09", verdict="HOLD", sentence="3 of 12, “so far”", share=0.25)
    record = ledger.append(draft)
    assert (record.change, record.phase, record.at, record.facts, record.key) == (
        draft.change,
        draft.phase,
        draft.at,
        draft.facts,
        draft.key,
    )
    assert ledger.records() == (record,)


def test_the_same_record_is_written_once(ledger: Ledger) -> None:
    first = ledger.append(a_draft(Phase.MEASURED, key="nine", verdict="HOLD"))
    again = ledger.append(a_draft(Phase.MEASURED, key="nine", verdict="SUCCESS", hours=1))
    other = ledger.append(a_draft(Phase.MEASURED, key="ten", verdict="HOLD"))
    assert again == first
    assert ledger.records() == (first, other)


def test_several_records_are_appended_together_each_in_its_place(ledger: Ledger) -> None:
    first = ledger.append(a_proposal())
    drafts = (a_proposal(change=TWO), a_proposal(), a_draft(Phase.DECIDED, result="auto"), a_proposal(change=TWO))
    two, again, decided, repeated = ledger.append_all(drafts)
    assert (again, repeated) == (first, two)
    assert [(r.index, r.change, r.sequence) for r in (two, decided)] == [(2, TWO, 1), (3, ONE, 2)]
    assert decided.previous == two.digest
    assert ledger.records() == (first, two, decided)
    assert ledger.append_all(drafts) == (two, first, decided, two)
    assert ledger.append_all(()) == ()
    assert len(ledger.records()) == 3


def test_records_that_come_together_are_one_commit(sandbox: Sandbox, tmp_path: Path) -> None:
    with sandbox.stand() as stand:
        repository = clone_of(stand.base_url, stand.name, tmp_path / "clone")
        writes = stand.state.writes
        GitLedger(repository, stand.forge).append_all((a_proposal(), a_proposal(change=TWO)))
        assert stand.state.writes - writes == 3
        repository.fetch()
        head = repository.head(BranchName("pow-ledger"))
        assert head is not None
        (commit,) = repository.history(head)
        assert commit.message.startswith("ledger: 2 records\n")
        assert [key for key, _ in commit.trailers] == ["Change-Id", "Phase", "Change-Id", "Phase", "Record-Index"]
        records = GitLedger(repository, stand.forge).records()
        assert [(record.change, record.index) for record in records] == [(ONE, 1), (TWO, 2)]


def test_the_ledger_has_a_branch_of_its_own(sandbox: Sandbox, tmp_path: Path) -> None:
    with sandbox.stand() as stand:
        main = stand.forge.head(BranchName("main"))
        repository = clone_of(stand.base_url, stand.name, tmp_path / "clone")
        ledger = GitLedger(repository, stand.forge)
        ledger.append(a_proposal())
        ledger.append(a_draft(Phase.CLOSED, outcome="success"))
        assert stand.forge.head(BranchName("main")) == main
        repository.fetch()
        head = repository.head(BranchName("pow-ledger"))
        assert head is not None
        assert list(repository.read_many("", head)) == [
            f"records/{ONE}/001-proposed.json",
            f"records/{ONE}/002-closed.json",
        ]
        assert repository.commit(head).trailers == (("Change-Id", ONE), ("Phase", "closed"), ("Record-Index", "2"))
        assert GitLedger(repository, stand.forge).records() == ledger.records()
