"""A person's revert of a change: by the gate it goes live, past the gate it says how it would, and all of it once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from fakes.builders import a_person
from fakes.forge import MemoryForge
from fakes.repository import MemoryRepository
from fakes.world import MAIN, Killed, edited
from monitor.life import MALLORY, SAM, STRANGER, Life, a_life
from monitor.watchtower import DAY, HOUR, PHOTO, POLICY

from bot.approve import step as gate_step
from bot.approve.replay import replay
from bot.forge.port import Reverted
from bot.model.change import GATE_CHECK
from bot.model.errors import PermissionDeniedError
from bot.model.event import Event, Mark
from bot.model.forge import CheckConclusion, Claim, PullRequest, PullState, Review, ReviewState
from bot.model.json import digest_of
from bot.model.names import BranchName, ChangeId, CommitSha, PullNumber
from bot.model.record import Phase, Record
from bot.propose.change import return_id, rollback_id

POLICY_FILE = "pow/settings/policy.yml"


def a_live_change() -> tuple[Life, ChangeId]:
    """Return an agency in which the bot's change is live: 4 in place of 2."""
    life = a_life()
    life.go(DAY, waits=25.0)
    life.cycle()
    (pull,) = life.open_pulls()
    life.world.review(pull.number, SAM)
    life.cycle()
    life.go(HOUR)
    assert life.live_value() == 4
    (change,) = {record.change for record in life.ledger.records()}
    return life, change


def a_revert(life: Life, *, also: dict[str, bytes | None] | None = None, keep_evidence: bool = False) -> PullRequest:
    """Let Mallory press the forge's button: an open pull request that undoes the bot's merge, and maybe more."""
    forge, merge = MemoryForge(life.world, actor=MALLORY), life.world.pulls[min(life.world.pulls)].merge_commit
    assert merge is not None
    found = MemoryRepository(life.world).revert(merge, onto=life.main)
    assert isinstance(found, Reverted)
    files = {path: content for path, content in found.files.items() if not (keep_evidence and content is None)}
    branch = BranchName("revert-1-pow")
    forge.create_branch(branch, forge.commit(life.main, {**files, **(also or {})}, f"This reverts commit {merge}."))
    return forge.open_pull(branch=branch, base=MAIN, title="Revert", body="Reverts #1", draft=False)


def gate(life: Life) -> list[Event]:
    return list(life.step("gate").events)


def said(life: Life) -> str:
    return " / ".join(event.sentence for event in gate(life))


def check(life: Life, pull: PullRequest) -> CheckConclusion:
    return life.world.checks[pull.head][GATE_CHECK].conclusion


def comments(life: Life, pull: PullRequest) -> list[str]:
    return [each.body for each in life.world.comments.get(pull.number, ()) if "<!-- pow:going-back:" in each.body]


def the_way(life: Life, change: ChangeId) -> list[Phase]:
    return [record.phase for record in life.ledger.of(rollback_id(change))]


# Through the gate


def test_a_revert_by_the_button_goes_live_once_it_is_approved_and_merged():
    life, change = a_live_change()
    pull = a_revert(life)
    assert "waits for 1 approval of supervisors" in said(life)
    assert check(life, pull) is CheckConclusion.PENDING
    life.world.review(pull.number, SAM)
    assert "Approved by people" in said(life)
    assert check(life, pull) is CheckConclusion.SUCCESS
    summary = life.world.checks[pull.head][GATE_CHECK].summary.replace("\u200b", "")
    assert f"it takes back change {change} exactly, so it is deployed then" in summary
    assert life.world.pull(pull.number).state is PullState.OPEN, "people merge it"
    assert the_way(life, change) == [], "nothing is written before it is merged"

    life.theirs.append(life.world.merge_by_hand(pull.number, MALLORY))
    life.world.dispatched.clear()
    assert "recorded, and will be deployed" in said(life)
    assert life.world.dispatched == ["deploy.yml"]
    assert the_way(life, change) == [Phase.PROPOSED, Phase.DECIDED, Phase.MERGED]
    (event,) = life.monitor().events
    assert (event.mark, event.sentence) == (Mark.WAIT, f"being rolled back by change {rollback_id(change)}")
    life.step("deploy")
    assert life.live_value() == 2
    assert life.desired() == 2
    life.go(3 * HOUR)
    life.cycle()
    ends = [life.closed(each) for each in (rollback_id(change), change)]
    assert [(end["outcome"], end["recovery"]) for end in ends] == [("rolled_back", "RECOVERED")] * 2
    assert "The rollback helped" in life.comment(pull.number)


def test_its_records_say_who_opened_and_who_approved_what():
    life, change = a_live_change()
    pull = a_revert(life)
    life.world.review(pull.number, SAM)
    life.world.merge_by_hand(pull.number, MALLORY)
    gate(life)
    proposed, decided, merged = life.ledger.of(rollback_id(change))
    assert proposed.facts["rollback_of"] == change
    assert (proposed.facts["pull"], proposed.facts["opened_by"]) == (pull.number, "mallory")
    assert [(key["before"], key["after"]) for key in proposed.facts["keys"]] == [(4, 2)]
    assert {file["path"] for file in proposed.facts["files"]} == {PHOTO, f"patches/evidence/{change}.json"}
    assert (decided.facts["result"], decided.facts["head"]) == ("approved", pull.head)
    assert [(each["login"], each["counts"]) for each in decided.facts["reviews"]] == [("sam", True)]
    assert merged.facts["merge"] == life.main


def test_a_revert_that_leaves_the_evidence_where_it_is_is_exact_as_well():
    life, change = a_live_change()
    pull = a_revert(life, keep_evidence=True)
    life.world.review(pull.number, SAM)
    life.world.merge_by_hand(pull.number, MALLORY)
    gate(life)
    life.step("deploy")
    assert life.live_value() == 2
    assert the_way(life, change)[-1] is Phase.SYNCED


def replayed(life: Life, records: tuple[Record, ...]) -> list[tuple[str, list[str]]]:
    """Decide again on what is recorded of ways back."""
    again = replay(MemoryRepository(life.world), records)
    return [(each.outcome.value, [found.what for found in each.differences]) for each in again.decisions]


def test_an_auditor_comes_to_the_same_decision_from_a_clone_alone():
    life, _ = a_live_change()
    pull = a_revert(life)
    life.world.review(pull.number, SAM)
    life.world.merge_by_hand(pull.number, MALLORY)
    gate(life)
    assert replayed(life, life.ledger.records()) == [("follows", []), ("follows", [])]


def test_a_decision_that_names_another_way_back_comes_out_otherwise():
    life, change = a_live_change()
    pull = a_revert(life)
    life.world.review(pull.number, SAM)
    life.world.merge_by_hand(pull.number, MALLORY)
    gate(life)
    unmerged = [each for each in life.ledger.records() if (each.change, each.phase) != (change, Phase.MERGED)]
    assert ("differs", ["change"]) in replayed(life, tuple(unmerged))


def test_an_emergency_on_it_is_written_down_as_one():
    life, change = a_live_change()
    life.push({POLICY_FILE: POLICY + b"emergency: {approvers: [{users: [stranger]}]}\n"})
    life.world.permissions[STRANGER.login] = life.world.permissions[MALLORY.login]
    pull = a_revert(life)
    life.world.review(pull.number, STRANGER, claim=Claim(length=20, digest=digest_of(b"why")))
    life.world.merge_by_hand(pull.number, MALLORY)
    life.world.pulls[pull.number] = replace(life.world.pulls[pull.number], head=pull.head)
    gate(life)
    decided = life.of(rollback_id(change), Phase.DECIDED)[0].facts
    assert decided["result"] == "emergency"
    assert [claim["login"] for claim in decided["emergency"]] == ["stranger"]
    life.step("deploy")
    assert life.live_value() == 2


def test_it_waits_for_no_earlier_pull_request_on_the_same_target():
    life, _ = a_live_change()
    name = BranchName("mine")
    life.world.set_branch(name, life.main, by=MALLORY)
    content = life.world.snapshots[life.main].files[PHOTO]
    life.world.push(name, {PHOTO: content.replace(b"px: 4", b"px: 3")}, by=MALLORY)
    MemoryForge(life.world, actor=MALLORY).open_pull(branch=name, base=MAIN, title="Mine", body="", draft=False)
    pull = a_revert(life)
    life.world.review(pull.number, SAM)
    gate(life)
    assert check(life, pull) is CheckConclusion.SUCCESS


# Past the gate


def merged_past_the_gate() -> tuple[Life, ChangeId, PullRequest]:
    life, change = a_live_change()
    pull = a_revert(life)
    life.world.merge_by_hand(pull.number, MALLORY)
    return life, change, pull


def test_merged_past_the_gate_it_says_how_it_goes_live_and_does_once_it_is_approved():
    life, change, pull = merged_past_the_gate()
    warning = gate(life)[-1]
    assert warning.mark is Mark.WARNING
    assert warning.hint == f"to make it live, approve pull request {pull.number} on the forge, merged as it is"
    (comment,) = comments(life, pull)
    assert "approve this pull request**, merged as it is: it needs 1 approval of `supervisors`" in comment
    events = life.step("deploy").events
    assert "approve its pull request, merged as it is, and it goes live" in events[-1].hint
    (issue,) = [each for each in life.world.issues.values() if "not live" in each.title]
    assert f"It takes back change `{change}` of the bot exactly" in issue.text.body
    assert "approving the pull request that did so" in life.monitor().events[0].hint
    assert life.closed(change)["outcome"] == "rolled_back"
    life.step("deploy")
    assert life.live_value() == 4

    life.world.review(pull.number, SAM)
    assert "recorded, and will be deployed" in said(life)
    (comment,) = comments(life, pull)
    assert "Approved: its values go live" in comment
    assert gate(life) == []
    life.step("deploy")
    assert life.live_value() == 2
    life.go(3 * HOUR)
    life.cycle()
    assert life.closed(rollback_id(change))["recovery"] == "RECOVERED"
    assert len([each for each in life.world.issues.values() if "not live" in each.title]) == 1


def test_where_a_persons_way_back_did_not_help_it_may_be_asked_back_as_well():
    life, change, pull = merged_past_the_gate()
    life.monitor()
    assert life.closed(change)["outcome"] == "rolled_back"
    life.world.review(pull.number, SAM)
    gate(life)
    life.step("deploy")
    life.go(2 * DAY, errors=0.5)
    life.cycle()
    assert life.closed(rollback_id(change))["recovery"] == "NOT_RECOVERED"
    life.go(HOUR)
    life.say(pull.number, "/bring-back", by=SAM)
    life.monitor()
    (record,) = life.of(change, Phase.RESUMED)
    assert record.facts["by"] == "sam"


class Asked(MemoryForge):
    """A forge that counts how often reviews are read."""

    reviews_read = 0

    def reviews(self, number: PullNumber) -> tuple[Review, ...]:
        self.reviews_read += 1
        return super().reviews(number)


def test_until_something_moves_it_is_not_looked_at_again():
    life, change, pull = merged_past_the_gate()
    life.forge = forge = Asked(life.world)
    for minutes in (0, 5, 5, 5):
        life.go(timedelta(minutes=minutes))
        gate(life)
    assert forge.reviews_read == 2, "its own comment is news, and nothing after that"
    life.world.review(pull.number, SAM)
    life.go(timedelta(minutes=5))
    gate(life)
    assert the_way(life, change)[-1] is Phase.MERGED


WHOSE = {"its author": MALLORY, "a stranger": STRANGER}


@pytest.mark.parametrize("who", WHOSE.values(), ids=WHOSE)
def test_no_other_approval_makes_it_live(who):
    life, change, pull = merged_past_the_gate()
    life.world.review(pull.number, who)
    gate(life)
    life.step("deploy")
    assert life.live_value() == 4
    assert the_way(life, change) == []


def test_an_objection_keeps_it_from_going_live():
    life, _, pull = merged_past_the_gate()
    life.world.review(pull.number, SAM, ReviewState.CHANGES_REQUESTED)
    assert "sam asked for changes" in said(life)
    (comment,) = comments(life, pull)
    assert "it needs what the check says" in comment


def test_an_approval_of_another_head_does_not_count():
    life, change = a_live_change()
    pull = a_revert(life)
    life.world.review(pull.number, SAM)
    life.world.push("revert-1-pow", {"notes.md": b"more\n"}, by=MALLORY)
    life.world.push("revert-1-pow", {"notes.md": None}, by=MALLORY)
    life.world.merge_by_hand(pull.number, MALLORY)
    gate(life)
    assert the_way(life, change) == []


def test_the_pause_holds_it():
    life, change, pull = merged_past_the_gate()
    life.push({POLICY_FILE: POLICY.replace(b"paused: false", b"paused: true")})
    life.world.review(pull.number, SAM)
    assert "is approved, and the policy is paused" in said(life)
    assert the_way(life, change) == []


class NoActions(MemoryForge):
    """A forge whose token may not start workflows."""

    def dispatch(self, workflow: str) -> None:
        raise PermissionDeniedError(f"may not start {workflow}")


def test_a_deployment_that_cannot_be_started_is_a_warning():
    life, change, pull = merged_past_the_gate()
    life.world.review(pull.number, SAM)
    life.forge = NoActions(life.world)
    (event,) = gate(life)
    assert (event.mark, "may not start deploy.yml" in event.sentence) == (Mark.WARNING, True)
    assert the_way(life, change)[-1] is Phase.MERGED


def test_looking_at_one_pull_request_looks_at_no_other():
    life, change, pull = merged_past_the_gate()
    life.world.review(pull.number, SAM)
    site, library = life.site(), life.library()
    gate_step.run(site, library=library, base=life.main, only=type(pull.number)(99))
    assert the_way(life, change) == []
    gate_step.run(site, library=library, base=life.main, only=pull.number)
    assert the_way(life, change)[-1] is Phase.MERGED


# What is no way back


def more(life: Life) -> None:
    pull = a_revert(life, also={"notes.md": b"by the way\n"})
    life.world.review(pull.number, SAM)
    life.world.merge_by_hand(pull.number, MALLORY)


def another_value(life: Life) -> None:
    content = life.world.snapshots[life.main].files[PHOTO]
    pull = a_revert(life, also={PHOTO: content.replace(b"px: 4", b"px: 3")})
    life.world.review(pull.number, SAM)
    life.world.merge_by_hand(pull.number, MALLORY)


def squashed(life: Life) -> None:
    pull = a_revert(life)
    life.world.review(pull.number, SAM)
    files = life.world.snapshots[pull.head].files
    sha = life.world.store((life.main,), files, "Revert (#2)", author=MALLORY)
    life.world.branches[MAIN] = sha
    closed = replace(life.world.pull(pull.number), state=PullState.CLOSED, merged=True, merge_commit=sha)
    life.world.pulls[pull.number] = replace(closed, head=pull.head)


def pushed(life: Life) -> None:
    files = MemoryRepository(life.world).revert(CommitSha(str(life.world.pull(1).merge_commit)), onto=life.main)
    assert isinstance(files, Reverted)
    tree = edited(life.world.snapshots[life.main].files, files.files)
    tip = life.world.store((life.main,), tree, "Revert", author=MALLORY)
    life.world.branches[MAIN] = life.world.store((life.main, tip), tree, "Merge", author=MALLORY)


def of_an_old_branch(life: Life) -> None:
    """Merge a branch that never saw the change, so that the values of its tip say nothing about going back."""
    base = life.world.snapshots[CommitSha(str(life.world.pull(1).merge_commit))].commit.parents[0]
    name = BranchName("old")
    life.world.set_branch(name, base, by=MALLORY)
    tip = life.world.push(name, {"notes.md": b"old\n"}, by=MALLORY)
    pull = MemoryForge(life.world, actor=MALLORY).open_pull(branch=name, base=MAIN, title="Old", body="", draft=False)
    life.world.review(pull.number, SAM)
    files = life.world.snapshots[tip].files
    sha = life.world.store((life.main, tip), files, "Merge", author=MALLORY)
    life.world.branches[MAIN] = sha
    closed = replace(life.world.pull(pull.number), state=PullState.CLOSED, merged=True, merge_commit=sha)
    life.world.pulls[pull.number] = replace(closed, head=tip)


def set_anew_since(life: Life) -> None:
    pull = a_revert(life)
    life.world.review(pull.number, SAM)
    life.world.merge_by_hand(pull.number, MALLORY)
    life.commit_by_hand(3)


@pytest.mark.parametrize("way", [more, another_value, squashed, pushed, of_an_old_branch, set_anew_since])
def test_what_is_not_one_merged_exact_revert_is_not_recorded(way: Callable[[Life], None]):
    life, change = a_live_change()
    way(life)
    gate(life)
    life.step("deploy")
    assert the_way(life, change) == []
    assert life.live_value() == 4


def test_a_merge_that_holds_something_else_than_its_head_is_no_approved_one():
    life, change = a_live_change()
    pull = a_revert(life)
    life.world.review(pull.number, SAM)
    files = {**life.world.snapshots[pull.head].files, f"patches/evidence/{change}.json": b"{}\n"}
    sha = life.world.store((life.main, pull.head), files, "Merge", author=MALLORY)
    life.world.branches[MAIN] = sha
    closed = replace(life.world.pull(pull.number), state=PullState.CLOSED, merged=True, merge_commit=sha)
    life.world.pulls[pull.number] = replace(closed, head=pull.head)
    (event,) = gate(life)
    assert (event.mark, "is not what was approved" in event.sentence) == (Mark.FAILURE, True)
    assert the_way(life, change) == []


def test_a_revert_from_another_repository_is_not_deployed_and_says_so():
    life, change, pull = merged_past_the_gate()
    life.world.pulls[pull.number] = replace(life.world.pulls[pull.number], same_repository=False)
    life.world.review(pull.number, SAM)
    assert "is not deployed: it comes from another repository" in said(life)
    assert the_way(life, change) == []


# Beside the bot's own rollback


def test_while_the_bots_own_rollback_is_open_a_persons_way_is_not_deployed():
    life, change = a_live_change()
    life.go(2 * HOUR, errors=0.5)
    life.monitor()
    own = life.open_pulls()[0]
    pull = a_revert(life)
    life.world.review(pull.number, SAM)
    gate_said = said(life)
    assert life.world.pull(own.number).merged, gate_said
    assert life.of(rollback_id(change), Phase.MERGED)


def test_a_draft_of_the_bots_comes_first_and_once_it_is_closed_people_have_a_way_of_their_own():
    life, change = a_live_change()
    life.push({"pow/blur.yml": life.world.snapshots[life.main].files["pow/blur.yml"] + b"watch: {mode: propose}\n"})
    life.go(2 * HOUR, errors=0.5)
    life.monitor()
    (own,) = life.open_pulls()
    assert own.draft
    pull = a_revert(life)
    life.world.review(pull.number, SAM)
    life.world.merge_by_hand(pull.number, MALLORY)
    assert f"is not deployed: its rollback is pull request {own.number} already" in said(life)
    life.world.close(own.number)
    gate(life)
    gate(life)
    assert [record.phase for record in life.ledger.of(return_id(change, pull.number))][-1] is Phase.MERGED
    life.step("deploy")
    assert life.live_value() == 2


WRITES = {1: "check of governance", 2: "check of the gate", 3: "comment", 4: "records", 5: "dispatch"}


@pytest.mark.parametrize(
    ("way", "number"),
    [
        ("fail_after", 3),
        ("fail_after", 4),
        *(
            pytest.param(way, number, marks=pytest.mark.slow)
            for number in WRITES
            for way in ("fail_before", "fail_after")
            if (way, number) not in {("fail_after", 3), ("fail_after", 4)}
        ),
    ],
)
def test_wherever_the_gate_dies_it_is_recorded_once(way: str, number: int):
    life, change, pull = merged_past_the_gate()
    life.world.review(pull.number, SAM)
    getattr(life.world, way)(number)
    with pytest.raises(Killed):
        gate(life)
    life.world.stay_alive()
    gate(life)
    assert the_way(life, change) == [Phase.PROPOSED, Phase.DECIDED, Phase.MERGED]
    life.step("deploy")
    assert life.live_value() == 2
    assert len(comments(life, pull)) == 1


def test_two_gates_at_once_record_it_once():
    life, change, pull = merged_past_the_gate()
    life.world.review(pull.number, SAM)
    life.world.meanwhile = (len(life.world.writes) + 2, lambda: gate(life))  # type: ignore[attr-defined]  # a busy world
    gate(life)
    assert the_way(life, change) == [Phase.PROPOSED, Phase.DECIDED, Phase.MERGED]


def test_a_rollback_is_no_change_that_people_take_back_here():
    life, change = a_live_change()
    pull = a_revert(life)
    life.world.review(pull.number, SAM)
    life.world.merge_by_hand(pull.number, MALLORY)
    gate(life)
    life.step("deploy")
    life.revert_by_button(pull.number)
    life.world.review(max(life.world.pulls), a_person("sam"))
    gate(life)
    life.step("deploy")
    assert life.live_value() == 2
    assert {record.change for record in life.ledger.records()} == {change, rollback_id(change)}
