import pytest
from fakes.builders import START
from fakes.forge import MemoryForge
from fakes.world import MAIN, MemoryWorld

from bot.forge.dry_run import DryRunForge
from bot.model.decision import Approved, Authority
from bot.model.errors import NotFoundError
from bot.model.forge import Check, CheckConclusion, PullState
from bot.model.names import BranchName, CommitSha, Login, TeamSlug

BRANCH = BranchName("pow/passport_backlog/0123456789abcdef")


def test_a_dry_run_reads_everything_and_writes_nothing() -> None:
    world = MemoryWorld()
    real = MemoryForge(world)
    real.create_branch(BRANCH, real.commit(world.branches[MAIN], {"a": b"1"}, "Set a"))
    pull = real.open_pull(branch=BRANCH, base=MAIN, title="Set a", body="", draft=False)
    real.put_comment(pull.number, marker="<!-- pow -->", body="Hello.")
    before = list(world.writes)
    forge = DryRunForge(real, now=START)
    assert (forge.identity(), forge.pulls(), forge.pull(pull.number)) == (real.identity(), (pull,), pull)
    assert (forge.files(pull.number), forge.commits(pull.number)) == (
        real.files(pull.number),
        real.commits(pull.number),
    )
    assert (forge.reviews(pull.number), forge.comments(pull.number)) == ((), real.comments(pull.number))
    assert (forge.head(BRANCH), forge.permission(Login("sam"))) == (pull.head, real.permission(Login("sam")))
    commit = forge.commit(pull.head, {"a": b"2"}, "Set a again")
    forge.create_branch(BranchName("other"), commit)
    forge.move_branch(BRANCH, commit)
    forge.edit_pull(pull.number, body="Why", state=PullState.CLOSED)
    forge.add_labels(pull.number, ("pow",))
    forge.request_reviews(pull.number, (TeamSlug("supervisors"),))
    forge.put_comment(pull.number, marker="<!-- pow -->", body="Changed.")
    forge.publish(pull.head, Check(name="pow/gate", conclusion=CheckConclusion.SUCCESS, title="Yes", summary=""))
    forge.merge(Approved(pull=pull.number, head=pull.head, authority=Authority.AUTO), title="Merge", message="")
    forge.delete_branch(BRANCH)
    forge.dispatch("deploy.yml")
    forge.send_event("pow-trigger", {"recipe": "R0"})
    forge.record_deployment(commit, environment="production", success=True, description="PHOTO")
    assert forge.open_issue(marker="<!-- pow -->", title="Look", body="Why", labels=("pow",), since=START) == 0
    assert forge.pushes(BRANCH) == real.pushes(BRANCH)
    assert forge.labelled("pow") == real.labelled("pow")
    assert forge.texts_labelled("pow") == real.texts_labelled("pow")
    forge.close_issue(pull.number)
    assert forge.writes.pop() == "close issue 1"
    assert forge.labellings(pull.number) == real.labellings(pull.number)
    assert world.writes == before
    assert len(forge.writes) == 14
    assert forge.writes[-1].startswith("open the issue Look (<!-- pow -->, pow, 3 characters")


def test_a_proposal_goes_through_to_its_end() -> None:
    world = MemoryWorld()
    forge = DryRunForge(MemoryForge(world), now=START)
    commit = forge.commit(world.branches[MAIN], {"a": b"1"}, "Set a")
    forge.create_branch(BRANCH, commit)
    pull = forge.open_pull(branch=BRANCH, base=MAIN, title="Set a", body="Why", draft=True)
    assert (pull.number, pull.title, pull.draft, pull.created_at) == (0, "Set a", True, START)
    assert forge.writes == [
        f"commit a on {world.branches[MAIN]}",
        f"create the branch {BRANCH} at {commit[:12]}",
        f"open a draft pull request for {BRANCH}: Set a",
    ]


def test_the_same_commit_has_the_same_name_and_another_has_another() -> None:
    forge = DryRunForge(MemoryForge(MemoryWorld()), now=START)
    names = [forge.commit(None, {"a": content}, "Set a") for content in (b"1", b"1", b"2")]
    assert names[0] == names[1] != names[2]
    assert all(len(name) == len(CommitSha("0" * 40)) for name in names)


def test_a_base_that_is_not_there_is_still_an_error() -> None:
    forge = DryRunForge(MemoryForge(MemoryWorld()), now=START)
    with pytest.raises(NotFoundError, match="no branch trunk"):
        forge.open_pull(branch=BRANCH, base=BranchName("trunk"), title="", body="", draft=False)
