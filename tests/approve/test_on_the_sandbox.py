"""Detect and gate over PyGithub, real git and the sandbox: the same steps, told by nothing but GitHub's answers."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fakes.builders import START
from forge.stands import APP_TOKEN, SandboxStand, running_sandbox
from propose.office import FILES, SERVICE, SERVICE_PATH, Office

from bot.approve import step as gate
from bot.forge.git import GitRepository
from bot.ledger.git_ledger import GitLedger
from bot.ledger.site import Site
from bot.model.event import Event, Mark
from bot.model.forge import PullState, RepoRef, ReviewState
from bot.model.names import BranchName, CommitSha, PullNumber
from bot.model.record import Phase
from bot.propose import step as detect
from bot.recipes.library import load_library

MAIN = BranchName("main")
FIRST = PullNumber(1)
WORKFLOWS = {".github/workflows/gate.yml": b"on: workflow_dispatch\n"}


@dataclass(slots=True)
class Agency:
    """A repository on the sandbox, a clone of it, and a folder with the feeds' files."""

    stand: SandboxStand
    clone: Path
    office: Office

    def _site(self) -> Site:
        repository = GitRepository.open(self.clone, token=APP_TOKEN, server_url=self.stand.base_url)
        repository.fetch()
        forge = self.stand.forge
        ref = RepoRef(owner="agency", name=self.stand.name)
        return Site(repo=ref, forge=forge, repository=repository, ledger=GitLedger(repository, forge), now=START)

    def detect(self) -> Event:
        """Run `pow detect`."""
        site = self._site()
        base = site.repository.head(MAIN)
        assert base is not None
        library = load_library(site.repository.read_many("pow/", base), endpoints={})
        with self.office._collector() as collector:  # noqa: SLF001 - the office's files without its forge
            (*_, event) = detect.run(site, library=library, base=base, collector=collector).events
        return event

    def gate(self) -> Event:
        """Run `pow gate`."""
        site = self._site()
        base = site.repository.head(MAIN)
        assert base is not None
        library = load_library(site.repository.read_many("pow/", base), endpoints={})
        (event,) = gate.run(site, library=library, base=base).events
        return event

    def phases(self) -> list[Phase]:
        """Return the phases of all records."""
        return [record.phase for record in self._site().ledger.records()]

    def main(self) -> CommitSha:
        """Return the head of main."""
        head = self.stand.forge.head(MAIN)
        assert head is not None
        return head


@pytest.fixture(scope="module")
def agency(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agency]:
    """A fresh repository of the agency with the passport recipe."""
    root = tmp_path_factory.mktemp("sandbox")
    with running_sandbox(root / "forge") as sandbox, sandbox.stand() as stand:
        stand.push("main", {**FILES, **WORKFLOWS}, by="root")
        url = f"{sandbox.base_url.replace('://', f'://x-access-token:{APP_TOKEN}@')}/agency/{stand.name}.git"
        subprocess.run(["git", "clone", "--quiet", url, str(root / "clone")], check=True, capture_output=True)
        (root / "files").mkdir()
        yield Agency(stand=stand, clone=root / "clone", office=Office(root / "files"))
        assert sandbox.complaints == []


def test_the_passport_change_is_proposed_reviewed_edited_and_merged(agency: Agency) -> None:
    stand = agency.stand
    assert agency.detect().mark is Mark.DONE
    pull = stand.forge.pull(FIRST)
    assert "proposed already" in agency.detect().sentence

    assert "waits for 1 approval of supervisors" in agency.gate().sentence
    assert stand.shown(pull.head)[-1][:2] == ("pow/gate", "pending")

    stand.review(FIRST, "sam", ReviewState.APPROVED)
    edited = SERVICE.replace(b"px: 2", b"px: 3")
    stand.push(pull.head_branch, {SERVICE_PATH: edited}, by="sam")
    event = agency.gate()
    assert (event.mark, "waits for" in event.sentence) == (Mark.WAIT, True), event.sentence

    stand.review(FIRST, "sam", ReviewState.APPROVED)
    assert agency.gate().mark is Mark.WAIT

    stand.review(FIRST, "ada", ReviewState.APPROVED)
    event = agency.gate()
    assert event.mark is Mark.DONE, event.sentence
    assert stand.dispatched() == ["gate.yml", "deploy.yml"]
    assert stand.tree(agency.main())[SERVICE_PATH] == edited
    assert agency.phases() == [Phase.PROPOSED, Phase.DECIDED, Phase.MERGED]
    assert stand.forge.head(pull.head_branch) is None
    assert stand.forge.pull(FIRST).state is PullState.CLOSED
