"""Reverts by others: found before the bot acts and before it merges, and respected."""

from dataclasses import replace
from datetime import datetime

import pytest
from approve.situations import a_policy
from fakes.builders import a_bot, a_person
from fakes.forge import MemoryForge
from fakes.world import MAIN, Killed
from monitor.test_take_back import a_breach, a_rollback
from monitor.watchtower import HOUR, PHOTO, POLICY, SAM, Tower, run_to_the_end

from bot.approve.attempts import find_precedent
from bot.approve.footprint import footprint_of
from bot.approve.precedent import Subject
from bot.model.errors import UnavailableError, WorkspaceError
from bot.model.event import Mark
from bot.model.forge import Actor, Permission, PullRequest, PullState, RepoRef
from bot.model.names import BranchName, ChangeId, CommitSha, PullNumber
from bot.model.record import Phase
from bot.monitor.act import PERSON_LABEL

MIA = a_person("mia")
STRANGER = a_person("stranger")


def a_revert(
    tower: Tower, *, by: Actor = MIA, branch: str = "mia/back", body: str = "", content: bytes = b"px: 2"
) -> PullRequest:
    """Let somebody open a pull request that sets the value of the photo validator."""
    if by is MIA:
        tower.world.permissions[MIA.login] = Permission.WRITE
    present = tower.world.snapshots[tower.main].files[PHOTO]
    name = BranchName(branch)
    base = tower.main
    tower.world.set_branch(name, base, by=by)
    tower.world.push(name, {PHOTO: present.replace(b"px: 4", content)}, by=by)
    opened = MemoryForge(tower.world, actor=by)
    return opened.open_pull(branch=name, base=MAIN, title="Take it back", body=body, draft=False)


def spoken(tower: Tower, number: int) -> list[str]:
    return [each.body for each in tower.world.comments.get(number, ()) if "<!-- pow:support:" in each.body]


def test_an_open_revert_of_a_person_is_supported_and_none_is_opened_beside_it():
    tower, change = a_breach()
    pull = a_revert(tower, branch="revert-1-pow/blur/1")
    event = tower.only()
    assert event.mark is Mark.WARNING
    assert "pull request 2 of mia takes it back already" in event.sentence
    assert tower.rollback_pulls(change) == []
    assert not tower.of(change, Phase.REVERTED)
    (said,) = spoken(tower, pull.number)
    assert "#1 made it worse" in said
    tower.go(HOUR, errors=0.2)
    tower.monitor()
    assert len(spoken(tower, pull.number)) == 1, "the comment is kept up to date, not repeated"
    tower.world.merge_by_hand(pull.number, MIA)
    assert tower.only().data["closed"] == "rolled_back"


def test_a_branch_that_restores_the_values_is_found_whatever_it_says():
    tower, change = a_breach()
    a_revert(tower, by=a_bot("renovate[bot]"), branch="chore/tidy")
    assert "takes it back already" in tower.only().sentence
    assert tower.rollback_pulls(change) == []


@pytest.mark.parametrize(
    ("by", "branch", "body", "content"),
    [
        (STRANGER, "revert-1-x", "Reverts agency/pow#1", b"px: 3"),
        (MIA, "mia/other", "", b"px: 3"),
        (a_bot("other[bot]"), "revert-1-x", "Reverts #1", b"px: 3"),
    ],
    ids=["a stranger's claim", "another value and no claim", "a machine's claim"],
)
def test_what_only_looks_like_a_revert_stops_nothing(by: Actor, branch: str, body: str, content: bytes):
    tower, change = a_breach()
    a_revert(tower, by=by, branch=branch, body=body, content=content)
    tower.monitor()
    (pull,) = tower.rollback_pulls(change)
    assert not pull.draft


def test_a_forks_branch_or_one_that_moved_restores_nothing_here():
    tower, change = a_breach()
    pull = a_revert(tower, by=a_bot("renovate[bot]"), branch="chore/tidy")
    tower.world.pulls[pull.number] = replace(pull, same_repository=False)
    tower.monitor()
    assert len(tower.rollback_pulls(change)) == 1


def test_a_base_that_does_not_reach_back_to_the_change_says_nothing_of_a_revert():
    tower, change = a_breach()
    site, merge = tower.site(), CommitSha(str(tower.of(change, Phase.MERGED)[0].facts["merge"]))
    subject = Subject(repo=RepoRef(owner="agency", name="pow"), pull=PullNumber(1), merge=merge)
    before = site.repository.commit(merge).parents[0]
    assert find_precedent(site, subject, base=before, policy=a_policy()) is None


def test_a_commit_without_a_parent_has_no_footprint():
    tower, _ = a_breach()
    repository = tower.site().repository
    root = repository.history(tower.main)[-1].sha
    with pytest.raises(WorkspaceError, match="has no parent"):
        footprint_of(repository, root, tower.main)


def test_an_old_branch_that_never_saw_the_change_restores_nothing():
    tower, change = a_breach()
    old = tower.world.snapshots[tower.main].commit.parents[0]
    name = BranchName("mia/work")
    tower.world.set_branch(name, old, by=MIA)
    tower.world.push(name, {"README.md": b"work\n"}, by=MIA)
    MemoryForge(tower.world, actor=MIA).open_pull(branch=name, base=MAIN, title="Work", body="", draft=False)
    tower.monitor()
    assert len(tower.rollback_pulls(change)) == 1


def test_a_revert_that_a_person_closed_is_a_veto_and_the_watch_goes_on():
    tower, change = a_breach()
    pull = a_revert(tower, branch="revert-1-x")
    tower.world.close(pull.number)
    event = tower.only()
    assert "closed unmerged: a veto" in event.sentence
    assert PERSON_LABEL in tower.world.pull(1).labels
    assert tower.rollback_pulls(change) == []
    tower.go(HOUR, errors=0.2)
    assert "a veto" in tower.only().sentence, "the forge remembers it"
    assert not tower.of(change, Phase.CLOSED)


@pytest.mark.parametrize("way", ["right lost", "excluded"])
def test_a_veto_counts_from_people_with_write_access_now(way: str):
    policy = POLICY + (b"excluded_approvers: [MIA]\n" if way == "excluded" else b"")
    tower, change = a_breach(settings__policy=policy)
    pull = a_revert(tower, branch="revert-1-x")
    tower.world.close(pull.number)
    if way == "right lost":
        tower.world.permissions[MIA.login] = Permission.READ
    tower.monitor()
    assert len(tower.rollback_pulls(change)) == 1


def test_what_people_reverted_and_brought_back_is_only_ever_proposed():
    tower, change = a_breach()
    merge = tower.of(change, Phase.MERGED)[0].facts["merge"]
    present = tower.world.snapshots[tower.main].files[PHOTO]
    back = present.replace(b"px: 4", b"px: 2")
    tower.world.push("main", {PHOTO: back}, by=SAM, message=f'Revert "x"\n\nThis reverts commit {merge}.')
    tower.push({PHOTO: present})
    tower.monitor()
    (pull,) = tower.rollback_pulls(change)
    assert pull.draft
    assert "people brought it back since" in pull.body


def test_a_veto_between_our_pull_request_and_its_merge_is_seen_by_the_gate():
    tower, change = a_rollback()
    (ours,) = tower.rollback_pulls(change)
    theirs = a_revert(tower, branch="revert-1-x")
    tower.world.close(theirs.number)
    tower.gate()
    assert not tower.world.pull(ours.number).merged
    assert any("a veto" in each.body for each in tower.world.comments[ours.number])


def test_an_open_revert_beside_ours_does_not_keep_ours_from_merging():
    tower, change = a_rollback()
    (ours,) = tower.rollback_pulls(change)
    a_revert(tower, branch="revert-1-x")
    tower.gate()
    assert tower.world.pull(ours.number).merged


def test_a_revert_by_a_person_that_merges_first_leaves_ours_without_proof():
    tower, change = a_rollback()
    (ours,) = tower.rollback_pulls(change)
    tower.world.merge_by_hand(a_revert(tower, branch="revert-1-x").number, MIA)
    tower.gate()
    assert not tower.world.pull(ours.number).merged


class Blind(MemoryForge):
    """A forge whose list of pull requests cannot be read."""

    def pulls(
        self, *, state: PullState | None = None, head: BranchName | None = None, since: datetime | None = None
    ) -> tuple[PullRequest, ...]:
        if since is not None:
            raise UnavailableError("cannot list pull requests: 503")
        return super().pulls(state=state, head=head)


def test_where_reverts_cannot_be_looked_for_nothing_is_taken_back():
    tower, change = a_breach()
    tower.forge = Blind(tower.world)
    assert tower.monitor().failed
    assert tower.rollback_pulls(change) == []
    assert not tower.of(change, Phase.REVERTED)


def test_a_revert_that_appears_between_intent_and_branch_is_supported():
    tower, change = a_breach()
    tower.forge.fail_after(3)
    with pytest.raises(Killed):
        tower.monitor()
    assert tower.of(change, Phase.REVERTED)
    a_revert(tower, branch="revert-1-x")
    assert "the rollback was begun, but pull request 2 of mia" in tower.only().sentence
    assert tower.rollback_pulls(change) == []


@pytest.mark.parametrize("way", ["fail_before", "fail_after"])
@pytest.mark.parametrize("number", range(1, 5))
def test_support_is_given_once_wherever_a_run_dies(way: str, number: int):
    def scene() -> tuple[Tower, ChangeId]:
        tower, change = a_breach()
        a_revert(tower, branch="revert-1-x")
        return tower, change

    tower, _ = scene()
    tower.monitor()
    expected = tower.told()
    tower, _ = scene()
    getattr(tower.forge, way)(number)
    assert run_to_the_end(tower) == 1
    assert tower.told() == expected
