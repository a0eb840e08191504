"""`pow gate` on an agency in memory: from the review to the merge and its records, and all that ends otherwise."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fakes.builders import a_bot, a_person
from fakes.forge import MemoryForge
from fakes.world import MAIN, Killed, MemoryWorld
from propose.office import ALICE, FILES, MALLORY, POLICY, RITA, SAM, SAVA, SERVICE, SERVICE_PATH, Office

from bot.approve import step as gate
from bot.forge.marking import find_own
from bot.model.change import GATE_CHECK
from bot.model.decision import Approved, GateStatus
from bot.model.errors import (
    BotError,
    DiagnosticError,
    ForgeError,
    NotFoundError,
    PermissionDeniedError,
    UnavailableError,
)
from bot.model.event import Event, Mark, StepReport
from bot.model.forge import (
    ChangedFile,
    Check,
    CheckConclusion,
    Comment,
    FileStatus,
    Labelled,
    Permission,
    PullRequest,
    PullState,
    Push,
    ReviewState,
)
from bot.model.json import digest_of
from bot.model.names import BranchName, CommitSha, Login, PullNumber, TeamSlug
from bot.model.record import Draft, Phase
from bot.propose.change import rollback_id
from bot.propose.trailers import ChangeKind, ProposalTrailers, proposal_message, read_proposal

FIRST = PullNumber(1)
NO = ReviewState.CHANGES_REQUESTED
DECIDED_TO_MERGED = [Phase.PROPOSED, Phase.DECIDED, Phase.MERGED]


def an_office(root: Path, **fields: bytes) -> Office:
    """Return an agency with one open proposal."""
    office = Office(root, {path: content for path, content in fields.items() if content})
    office.detect()
    office.world.dispatched.clear()
    return office


def only(report: StepReport) -> Event:
    (event,) = report.events
    return event


def pull_of(office: Office) -> PullRequest:
    return office.world.pull(FIRST)


def test_without_a_review_it_waits_and_says_for_whom(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    event = only(office.gate())
    check = office.world.checks[pull_of(office).head][GATE_CHECK]
    (comment,) = office.world.comments[FIRST]

    assert event.mark is Mark.WAIT
    assert "waits for 1 approval of supervisors" in event.sentence
    assert event.data["waiting_for"] == ["1 approval of supervisors"]
    assert check.conclusion is CheckConclusion.PENDING
    assert "waits for 1 approval of supervisors" in comment.body
    assert office.phases() == [Phase.PROPOSED]


def test_a_supervisors_review_merges_it(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.gate()
    review = office.world.review(1, SAM)
    before = office.main
    event = only(office.gate())
    merge = office.world.snapshots[office.main]
    said = dict(merge.commit.trailers)

    assert (event.mark, office.phases()) == (Mark.DONE, DECIDED_TO_MERGED)
    assert "merged. Approved by people: sam approved it" in event.sentence
    assert merge.commit.parents == (before, review.commit)
    assert merge.files[SERVICE_PATH] == SERVICE.replace(b"px: 2", b"px: 4")
    assert said["Decision"] == "approved"
    assert said["Approved-By"].startswith("sam <")
    assert said["Approved-Head"] == review.commit
    assert office.record(Phase.MERGED).facts == {
        "pull": 1,
        "merge": office.main,
        "head": review.commit,
        "parent": before,
    }
    assert pull_of(office).head_branch not in office.world.branches
    assert office.world.dispatched == ["deploy.yml"]
    assert office.world.checks[str(review.commit)][GATE_CHECK].conclusion is CheckConclusion.SUCCESS


def test_a_low_impact_merges_alone(tmp_path: Path) -> None:
    policy = FILES["pow/settings/policy.yml"].replace(b"max_blur_px: MEDIUM", b"max_blur_px: LOW")
    office = an_office(tmp_path, **{"pow/settings/policy.yml": policy})
    event = only(office.gate())

    assert event.mark is Mark.DONE
    assert office.record(Phase.DECIDED).facts["result"] == "auto"
    assert dict(office.world.snapshots[office.main].commit.trailers)["Decision"] == "auto"


def test_nothing_is_written_twice(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.gate()
    writes = len(office.world.writes)
    office.gate()
    assert len(office.world.writes) == writes

    office.world.review(1, SAM)
    office.gate()
    writes = len(office.world.writes)
    assert office.gate().events == ()
    assert len(office.world.writes) == writes


ATTEMPTS: dict[str, tuple[Callable[[Office], object], Mark, str]] = {
    "a stranger approves": (lambda office: office.world.review(1, a_person("eve")), Mark.WAIT, "waits for"),
    "a writer outside the team approves": (lambda office: office.world.review(1, MALLORY), Mark.WAIT, "waits for"),
    "the security officer approves": (lambda office: office.world.review(1, SAVA), Mark.WAIT, "waits for"),
    "a bot approves": (lambda office: office.world.review(1, a_bot("helper[bot]")), Mark.WAIT, "waits for"),
    "the bot approves itself": (lambda office: office.world.review(1, a_bot()), Mark.WAIT, "waits for"),
    "a supervisor asks for changes": (lambda office: office.world.review(1, SAM, NO), Mark.NOTE, "sam asked"),
}


@pytest.mark.parametrize(("act", "mark", "sentence"), ATTEMPTS.values(), ids=ATTEMPTS.keys())
def test_a_review_that_does_not_count_merges_nothing(
    tmp_path: Path, act: Callable[[Office], object], mark: Mark, sentence: str
) -> None:
    office = an_office(tmp_path)
    act(office)
    event = only(office.gate())

    assert (event.mark, sentence in event.sentence) == (mark, True), event.sentence
    assert office.phases() == [Phase.PROPOSED]


def test_a_push_after_the_approval_voids_it(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.world.review(1, SAM)
    edited = SERVICE.replace(b"px: 2", b"px: 3")
    office.world.push(pull_of(office).head_branch, {SERVICE_PATH: edited}, by=ALICE)

    assert "waits for" in only(office.gate()).sentence
    office.world.review(1, ALICE)
    assert "waits for" in only(office.gate()).sentence
    office.world.review(1, SAM)
    assert only(office.gate()).mark is Mark.DONE
    assert office.world.snapshots[office.main].files[SERVICE_PATH] == edited


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"pow/settings/policy.yml": b"approvals: {}\n"}, "is not a file of this change"),
        ({".github/workflows/x.yml": b"on: push\n"}, "is not a file of this change"),
        ({SERVICE_PATH: SERVICE.replace(b"px: 2", b"px: 99")}, "outside of what policy allows"),
    ],
)
def test_a_supervisor_cannot_bless_what_is_refused(tmp_path: Path, files: dict[str, bytes], sentence: str) -> None:
    office = an_office(tmp_path)
    office.world.push(pull_of(office).head_branch, files, by=MALLORY)
    office.world.review(1, SAM)
    event = only(office.gate())

    assert (event.mark, sentence in event.sentence) == (Mark.WARNING, True), event.sentence
    assert office.phases() == [Phase.PROPOSED]


def test_the_last_editor_of_the_recipe_cannot_approve(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.world.push(MAIN, {"pow/passport_backlog.yml": FILES["pow/passport_backlog.yml"] + b"# v\n"}, by=SAM)
    office.detect()
    office.world.review(1, SAM)
    assert "waits for" in only(office.gate()).sentence

    office.world.review(1, ALICE)
    assert only(office.gate()).mark is Mark.DONE


def test_a_recipe_edited_by_an_unknown_account_waits(tmp_path: Path) -> None:
    office = Office(tmp_path)
    base = office.main
    files = {
        **office.world.snapshots[base].files,
        "pow/passport_backlog.yml": FILES["pow/passport_backlog.yml"] + b"#\n",
    }
    office.world.set_branch(MAIN, office.world.store((base,), files, "Edit", author=None))
    office.detect()
    office.world.review(1, SAM)

    assert "last edited the recipe" in only(office.gate()).sentence


def test_the_base_that_moves_under_it_refuses(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.world.review(1, SAM)
    office.world.push(MAIN, {SERVICE_PATH: SERVICE + b"# later\n"}, by=RITA)

    assert "has changed on main since" in only(office.gate()).sentence


def test_an_unrelated_commit_on_the_base_does_no_harm(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.world.review(1, SAM)
    office.world.push(MAIN, {"README.md": b"hello\n"}, by=RITA)

    assert only(office.gate()).mark is Mark.DONE
    assert office.world.snapshots[office.main].files["README.md"] == b"hello\n"


def test_settings_that_change_during_the_run_wait_for_the_next(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    library, base = office.library(), office.main
    office.world.review(1, SAM)
    office.world.push(MAIN, {"pow/settings/policy.yml": FILES["pow/settings/policy.yml"] + b"# x\n"}, by=RITA)
    event = only(gate.run(office.site(), library=library, base=base))

    assert (event.mark, "settings changed meanwhile" in event.sentence) == (Mark.WAIT, True)
    assert office.phases() == [Phase.PROPOSED]


def test_broken_settings_approve_nothing(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.world.push(MAIN, {"pow/settings/policy.yml": b"["}, by=RITA)
    office.world.review(1, SAM)

    assert office.gate().failed
    assert office.phases() == [Phase.PROPOSED]


def test_a_person_who_closes_it_rejects_it(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.world.close(1)
    event = only(office.gate())

    assert (event.mark, "rejected" in event.sentence) == (Mark.NOTE, True)
    assert office.record(Phase.CLOSED).facts["outcome"] == "rejected"
    assert office.gate().events == ()
    office.pass_days(1)
    office.write_waits(30)
    assert "it rests until" in only(office.detect()).sentence
    office.pass_days(7)
    office.write_waits(30)
    assert office.detect().events[-1].mark is Mark.DONE
    assert len(office.world.pulls) == 2


def test_what_is_reopened_after_its_rejection_stays_rejected(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.world.close(1)
    office.gate()
    office.world.pulls[FIRST] = replace(office.world.pulls[FIRST], state=PullState.OPEN)
    office.world.review(1, SAM)

    assert "closed already (rejected)" in only(office.gate()).sentence
    assert office.phases() == [Phase.PROPOSED, Phase.CLOSED]


def test_nobody_decides_in_time(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.pass_days(14)
    event = only(office.gate())

    assert "nobody decided in time" in event.sentence
    assert pull_of(office).state is PullState.CLOSED
    assert office.record(Phase.DECIDED).facts["result"] == "expired"
    assert office.record(Phase.CLOSED).facts["outcome"] == "expired"


@pytest.mark.parametrize("write", range(1, 6))
def test_dying_while_it_expires_is_no_rejection(tmp_path: Path, write: int) -> None:
    office = an_office(tmp_path)
    office.pass_days(14)
    office.forge.fail_after(write)
    with pytest.raises(Killed):
        office.gate()
    office.gate()

    assert office.phases() == [Phase.PROPOSED, Phase.DECIDED, Phase.CLOSED]
    assert office.record(Phase.CLOSED).facts["outcome"] == "expired"


WRITES = 8


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("write", range(1, WRITES + 1))
def test_dying_at_any_write_and_running_again_gives_the_same_end(tmp_path: Path, write: int, moment: str) -> None:
    undisturbed = an_office(tmp_path)
    undisturbed.world.review(1, SAM)
    writes = len(undisturbed.world.writes)
    undisturbed.gate()
    office = an_office(tmp_path)
    office.world.review(1, SAM)
    kill = office.forge.fail_before if moment == "before" else office.forge.fail_after
    kill(write)
    with pytest.raises(Killed):
        office.gate()
    office.gate()

    assert len(undisturbed.world.writes) == writes + WRITES
    assert office.world.pulls == undisturbed.world.pulls
    assert office.world.branches == undisturbed.world.branches
    assert office.world.comments == undisturbed.world.comments
    assert office.ledger.held == undisturbed.ledger.held


def test_a_merge_by_hand_without_a_gate_is_refused_and_told_until_it_is_undone(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.world.merge_by_hand(1, MALLORY)
    for _ in range(2):
        event = only(office.gate())
        assert event.mark is Mark.FAILURE
        assert "merged without a valid gate: no recorded decision" in event.sentence
        assert "git revert -m 1" in event.hint
    assert office.phases() == [Phase.PROPOSED]
    assert office.world.dispatched == []


def test_a_squash_by_hand_is_no_merge(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    pull = pull_of(office)
    tree = office.world.snapshots[pull.head].files
    squash = office.world.store((office.main,), tree, "Squashed", author=MALLORY)
    office.world.set_branch(MAIN, squash)
    office.world.pulls[FIRST] = replace(pull, state=PullState.CLOSED, merged=True, merge_commit=squash)

    assert "no merge commit of two parents" in only(office.gate()).sentence


def test_an_approved_head_that_a_person_merges_is_recorded(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.world.review(1, SAM)
    office.forge.fail_after(4)
    with pytest.raises(Killed):
        office.gate()
    assert office.phases() == [Phase.PROPOSED, Phase.DECIDED]
    office.world.merge_by_hand(1, SAM)

    assert only(office.gate()).mark is Mark.DONE
    assert office.phases() == DECIDED_TO_MERGED


def test_a_merge_on_a_base_that_moved_in_between_is_refused(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.world.review(1, SAM)
    office.forge = Racing(office.world, lambda: office.world.push(MAIN, {"x": b"y"}, by=RITA))
    assert only(office.gate()).mark is Mark.DONE

    other = an_office(tmp_path)
    other.world.review(1, SAM)
    other.forge = Racing(
        other.world, lambda: other.world.push(MAIN, {SERVICE_PATH: b"# on top\n" + SERVICE}, by=RITA)
    )
    event = only(other.gate())
    assert event.mark is Mark.FAILURE
    assert "had changed on the base in between" in event.sentence
    assert other.phases() == [Phase.PROPOSED, Phase.DECIDED]


def test_a_stop_that_comes_after_the_decision_comes_before_the_merge(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.world.review(1, SAM)
    office.forge = Halting(office.world, at=2)
    event = only(office.gate())
    assert (event.mark, event.sentence) == (
        Mark.WAIT,
        "pull request 1: approved, but not merged: everything is stopped by issue #2",
    )
    assert office.phases() == [Phase.PROPOSED, Phase.DECIDED]
    assert "everything is stopped by issue #2" in only(office.gate()).sentence
    office.world.close_issue(2, by=RITA)
    assert only(office.gate()).mark is Mark.DONE


def test_a_file_that_is_pushed_after_the_decision_stops_the_merge_too(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.world.review(1, SAM)
    office.forge = Halting(office.world, at=2, by_file=True)
    assert "everything is stopped by pow/STOP: Wait." in only(office.gate()).sentence
    assert Phase.MERGED not in office.phases()


class Halting(MemoryForge):
    """A forge on which somebody pulls the kill switch just before it is asked for the `at`-th time."""

    def __init__(self, world: MemoryWorld, *, at: int, by_file: bool = False) -> None:
        super().__init__(world)
        self._left, self._by_file = at, by_file

    def publish(self, commit: CommitSha, check: Check) -> None:
        super().publish(commit, check)
        if self._by_file:
            self.world.push(MAIN, {"pow/STOP": b"Wait."}, by=RITA)

    def labelled(self, label: str) -> tuple[Labelled, ...]:
        self._left -= 1
        if self._left == 0 and not self._by_file:
            self.world.file_issue(label, by=RITA)
        return super().labelled(label)


class Racing(MemoryForge):
    """A forge on which something happens just before the merge."""

    def __init__(self, world: MemoryWorld, happens: Callable[[], object]) -> None:
        super().__init__(world)
        self._happens = happens

    def merge(self, approved: Approved, *, title: str, message: str) -> CommitSha:
        self._happens()
        return super().merge(approved, title=title, message=message)


def test_a_head_that_moves_before_the_merge_is_decided_anew(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.world.review(1, SAM)
    branch = pull_of(office).head_branch
    edit = {SERVICE_PATH: SERVICE.replace(b"px: 2", b"px: 3")}
    office.forge = Racing(office.world, lambda: office.world.push(branch, edit, by=MALLORY))
    event = only(office.gate())

    assert (event.mark, "approved, but not merged" in event.sentence) == (Mark.WAIT, True)
    office.forge = MemoryForge(office.world)
    assert "waits for" in only(office.gate()).sentence
    assert office.phases() == [Phase.PROPOSED, Phase.DECIDED]


class Failing(MemoryForge):
    """A forge that fails in one place."""

    def __init__(self, world: MemoryWorld, place: str, error: ForgeError) -> None:
        super().__init__(world)
        self._place, self._error = place, error

    def permission(self, login: Login) -> Permission:
        return self._or(super().permission, login, place="permission")

    def team(self, slug: TeamSlug) -> frozenset[Login]:
        return self._or(super().team, slug, place="team")

    def dispatch(self, workflow: str) -> None:
        return self._or(super().dispatch, workflow, place="dispatch")

    def pull(self, number: PullNumber) -> PullRequest:
        return self._or(super().pull, number, place="pull")

    def _or(self, act: Callable[[Any], Any], value: object, *, place: str) -> Any:
        if self._place in {place, f"{place} {value}"}:
            raise self._error
        return act(value)


@pytest.mark.parametrize(
    ("place", "error", "mark", "sentence"),
    [
        ("permission", PermissionDeniedError("no"), Mark.WAIT, "waits for"),
        ("permission", UnavailableError("no answer"), Mark.FAILURE, "no answer"),
        ("team", PermissionDeniedError("no"), Mark.WAIT, "members of team supervisors cannot be read"),
        ("team", UnavailableError("no answer"), Mark.FAILURE, "no answer"),
        ("dispatch", PermissionDeniedError("no"), Mark.WARNING, "deployment could not be started"),
    ],
)
def test_what_cannot_be_read_approves_nothing(
    tmp_path: Path, place: str, error: ForgeError, mark: Mark, sentence: str
) -> None:
    office = an_office(tmp_path)
    office.world.review(1, SAM)
    office.forge = Failing(office.world, place, error)
    event = only(office.gate())

    assert (event.mark, sentence in event.sentence) == (mark, True), event.sentence
    assert (Phase.MERGED in office.phases()) is (place == "dispatch")


def test_a_pull_request_that_cannot_be_read_stops_no_other(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.world.close(1)
    office.forge = Failing(office.world, "pull 1", UnavailableError("no answer"))
    office.world.push("pow/x/y", {"README.md": b"x"}, by=MALLORY)
    MemoryForge(office.world, actor=MALLORY).open_pull(
        branch=BranchName("pow/x/y"), base=MAIN, title="x", body="", draft=False
    )
    report = office.gate()

    assert [event.mark for event in report.events] == [Mark.FAILURE, Mark.WARNING]
    assert "mallory opened it" in report.events[1].sentence
    assert 2 not in office.world.comments


def test_pull_requests_of_people_and_of_forks_are_none_of_its_business(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.world.push("feature", {"README.md": b"x"}, by=MALLORY)
    stranger = MemoryForge(office.world, actor=MALLORY)
    stranger.open_pull(branch=BranchName("feature"), base=MAIN, title="x", body="", draft=False)
    office.world.push("pow/fork", {"README.md": b"y"}, by=MALLORY)
    fork = stranger.open_pull(branch=BranchName("pow/fork"), base=MAIN, title="x", body="", draft=False)
    office.world.pulls[fork.number] = replace(fork, same_repository=False)

    assert len(office.gate().events) == 1


def test_a_branch_that_moves_while_it_is_read_waits(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.world.pulls[FIRST] = replace(office.world.pulls[FIRST], head_branch=BranchName("pow/gone"))

    assert "moved while it was read" in only(office.gate()).sentence


def test_a_forged_comment_is_not_ours(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    change = office.record(Phase.PROPOSED).change
    marker = f"<!-- pow:gate:{change} -->"
    MemoryForge(office.world, actor=MALLORY).put_comment(FIRST, marker=marker, body="approved, merge it")
    office.gate()

    assert len(office.world.comments[FIRST]) == 2
    own = find_own(office.world.comments[FIRST], marker=marker, identity=a_bot())
    assert own is not None
    assert "Waiting" in own.body


def test_a_merge_that_holds_more_than_was_approved_is_refused(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.world.review(1, SAM)
    office.forge.fail_after(4)
    with pytest.raises(Killed):
        office.gate()
    pull = pull_of(office)
    evil = {**office.world.snapshots[pull.head].files, "pow/settings/policy.yml": b"evil\n"}
    merge = office.world.store((office.main, pull.head), evil, "Merge", author=MALLORY)
    policy = office.library()
    base = office.main
    office.world.set_branch(MAIN, merge)

    event = only(gate.run(office.site(), library=policy, base=base))
    assert "pow/settings/policy.yml is not what was approved" in event.sentence


def test_a_merged_pull_request_without_its_merge_commit_waits(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    pull = office.world.pulls[FIRST]
    office.world.pulls[FIRST] = replace(pull, state=PullState.CLOSED, merged=True)

    assert "not settled yet" in only(office.gate()).sentence


def test_a_rename_that_the_forge_calls_a_modification_is_refused(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.world.review(1, SAM)
    office.forge = Deceived(office.world)

    assert "changed in mode or type" in only(office.gate()).sentence


class Deceived(MemoryForge):
    """A forge that tells of a file's change otherwise than git."""

    def files(self, number: PullNumber) -> tuple[ChangedFile, ...]:
        return tuple(replace(file, status=FileStatus.ADDED) for file in super().files(number))


def test_a_team_that_cannot_be_read_is_asked_for_once(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    other = FILES["pow/passport_backlog.yml"].replace(b"PASSPORT_BACKLOG", b"OTHER").replace(b"PHOTO_VALIDATOR", b"P")
    service = {"patches/services/P.yml": SERVICE.replace(b"PHOTO_VALIDATOR", b"P"), "pow/other.yml": other}
    office.world.push(MAIN, service, by=RITA)
    office.detect()
    office.forge = Counting(office.world)
    report = office.gate()

    assert len(report.events) == 2
    assert office.forge.asked == ["security", "supervisors"]


class Counting(MemoryForge):
    """A forge that hides its teams and counts how often it is asked."""

    def __init__(self, world: MemoryWorld) -> None:
        super().__init__(world)
        self.asked: list[str] = []

    def team(self, slug: TeamSlug) -> frozenset[Login]:
        self.asked.append(slug)
        raise PermissionDeniedError("no")


def a_rollback(
    office: Office, *, intent: bool = True, restored: bytes = SERVICE, reverts: CommitSha | None = None
) -> PullRequest:
    """Merge the first change and let the monitor's rollback of it be proposed."""
    office.world.review(1, SAM)
    office.gate()
    original = office.record(Phase.PROPOSED)
    merge = office.record(Phase.MERGED).facts["merge"]
    change = rollback_id(original.change)
    if intent:
        facts = {"rollback": change, "merge": merge, "sentence": "", "measurement": {}}
        office.ledger.append(Draft(change=original.change, phase=Phase.REVERTED, at=office.now, facts=facts))
    evidence = f"patches/evidence/{original.change}.json"
    own = read_proposal(office.world.snapshots[str(original.facts["head"])].commit.trailers)  # type: ignore[index]
    assert own is not None
    message = proposal_message(
        'Revert "PASSPORT_BACKLOG@v1"',
        ProposalTrailers(
            change=change,
            kind=ChangeKind.ROLLBACK,
            recipe=own.recipe,
            targets=own.targets,
            impact=own.impact,
            evidence=own.evidence,
            policy=own.policy,
            rollback_of=original.change,
            reverts=reverts or CommitSha(str(merge)),
        ),
    )
    branch = BranchName(f"pow/passport_backlog/{change}")
    base = office.world.snapshots[office.main].files
    head = office.forge.commit(office.main, {SERVICE_PATH: restored, evidence: None}, message)
    office.forge.create_branch(branch, head)
    pull = office.forge.open_pull(branch=branch, base=MAIN, title="Revert", body="", draft=False)
    record = {
        **original.facts,
        "pull": pull.number,
        "branch": branch,
        "head": head,
        "base": office.main,
        "files": [
            {"path": path, "before": digest_of(base[path]), "after": None} for path in (SERVICE_PATH, evidence)
        ],
        "rollback_of": original.change,
    }
    office.ledger.append(Draft(change=change, phase=Phase.PROPOSED, at=office.now, facts=record))
    return pull


def test_a_proved_rollback_merges_without_people(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    a_rollback(office)
    event = only(office.gate())
    merge = office.world.snapshots[office.main]
    said = dict(merge.commit.trailers)

    assert event.mark is Mark.DONE, event.sentence
    assert merge.files[SERVICE_PATH] == SERVICE
    assert said["Decision"] == "rollback"
    assert said["Rollback-Of"] == office.ledger.held[0].change
    assert said["Reverts"] == office.ledger.held[2].facts["merge"]


def test_a_rollback_that_the_ledger_did_not_ask_for_waits_for_people(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    a_rollback(office, intent=False)
    event = only(office.gate())

    assert (event.mark, "waits for 1 approval of supervisors" in event.sentence) == (Mark.WAIT, True)
    assert "the ledger holds no intent" in str(event.data["lines"])


def test_a_rollback_that_restores_something_else_waits_for_people(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    a_rollback(office, restored=SERVICE.replace(b"px: 2", b"px: 1"))

    assert "is not restored to what it was" in str(only(office.gate()).data["lines"])


def test_a_rollback_of_a_merge_that_the_ledger_does_not_know_waits_for_people(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    a_rollback(office, reverts=CommitSha("f" * 40))

    assert "the ledger knows no such merge of that change" in str(only(office.gate()).data["lines"])


def test_a_push_on_a_rollback_takes_its_proof_away(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    pull = a_rollback(office)
    office.world.push(pull.head_branch, {SERVICE_PATH: SERVICE.replace(b"px: 2", b"px: 3")}, by=MALLORY)
    assert "somebody edited the rollback's branch" in str(only(office.gate()).data["lines"])

    office.world.review(2, SAM)
    assert only(office.gate()).mark is Mark.DONE


def test_one_pull_request_is_looked_at_alone(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    assert office.gate(only=PullNumber(2)).events == ()
    assert only(office.gate(only=FIRST)).data["pull"] == FIRST


def test_a_simulation_decides_as_the_gate_would_and_writes_nothing(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    writes = len(office.world.writes)
    assert office.simulate("approved-by:mallory").status is GateStatus.PENDING
    assert office.simulate("approved-by:sam").status is GateStatus.APPROVED
    assert len(office.world.writes) == writes

    office.world.review(1, SAM)
    assert only(office.gate()).mark is Mark.DONE


def test_a_pull_request_whose_branch_is_gone_cannot_be_simulated(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.world.review(1, SAM)
    office.gate()
    with pytest.raises(BotError, match="is not here"):
        office.simulate("approved-by:sam")


def test_without_settings_nothing_is_simulated(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.world.push(MAIN, {"pow/settings/policy.yml": b"{"}, by=MALLORY)
    with pytest.raises(DiagnosticError):
        office.simulate("approved-by:sam")


class Silent(MemoryForge):
    """A forge that tells nobody's pushes, and takes no issues."""

    def pushes(self, branch: BranchName) -> tuple[Push, ...]:
        raise NotFoundError(f"no activity of {branch}")

    def open_issue(
        self, *, marker: str, title: str, body: str, labels: tuple[str, ...], since: datetime
    ) -> PullNumber:
        del marker, title, body, labels, since
        raise PermissionDeniedError("may not open issues")


def test_a_forge_that_does_not_tell_who_pushed_merges_nothing(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.forge = Silent(office.world)
    office.world.review(1, SAM)

    assert "does not tell who pushed" in only(office.gate()).sentence


class Lagging(MemoryForge):
    """A forge whose list lags behind: it does not show yet what is open again."""

    def pulls(self, **_: Any) -> tuple[PullRequest, ...]:
        return ()


def test_what_is_open_and_not_listed_waits_for_the_next_run(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.forge = Lagging(office.world)

    event = only(office.gate())
    assert event.mark is Mark.WAIT
    assert event.sentence == "pull request 1: its state is not settled yet"


def test_an_incident_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.forge = Silent(office.world)
    office.world.merge_by_hand(1, MALLORY)

    assert "no incident could be opened: may not open issues" in only(office.gate()).sentence


def test_a_merge_without_a_gate_that_was_undone_ends_the_change(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.world.merge_by_hand(1, MALLORY)
    assert "see incident #2" in only(office.gate()).sentence
    office.world.push(MAIN, {SERVICE_PATH: SERVICE}, by=RITA)
    event = only(office.gate())

    assert (event.mark, "that was undone" in event.sentence) == (Mark.NOTE, True)
    assert office.record(Phase.CLOSED).facts["outcome"] == "rejected"
    assert office.gate().events == ()
    assert len(office.world.issues) == 1


WAITING = POLICY + b"waiting: {remind_after: 1_day, escalate_after: 2_days, last_call: 1_day}\n"


def reminders(office: Office) -> list[str]:
    """Return the reminders on the proposal, as the bot wrote them."""
    return [each.body for each in office.world.comments.get(FIRST, []) if "pow:wait:" in each.body]


def test_who_does_not_decide_is_reminded_once_for_each_step(tmp_path: Path) -> None:
    office = an_office(tmp_path, **{"pow/settings/policy.yml": WAITING})
    office.gate()
    assert reminders(office) == []

    for days, count, words, mention in [
        (1, 1, "This change has been waiting for **1 approval of supervisors**", "@agency/supervisors\n"),
        (1, 2, "Escalated", "@agency/supervisors @agency/security\n"),
        (11.5, 3, "Last call", "@agency/supervisors @agency/security\n"),
    ]:
        office.pass_days(days)
        said = only(office.gate()).sentence
        again = only(office.gate()).sentence
        assert len(reminders(office)) == count
        assert words in reminders(office)[-1]
        assert mention in reminders(office)[-1]
        assert ("; said" in said, "; said" in again) == (True, False)
    office.pass_days(1)
    assert "nobody decided in time" in only(office.gate()).sentence
    assert len(reminders(office)) == 3


def test_a_run_that_comes_late_says_only_the_last_step(tmp_path: Path) -> None:
    office = an_office(tmp_path, **{"pow/settings/policy.yml": WAITING})
    office.pass_days(3)
    office.gate()
    (body,) = reminders(office)
    assert "Escalated" in body


@pytest.mark.parametrize(
    "act",
    [
        lambda office: office.world.review(1, SAM, NO),
        lambda office: office.world.push(pull_of(office).head_branch, {"README.md": b"x"}, by=MALLORY),
    ],
    ids=["somebody objects", "it is refused anyway"],
)
def test_nobody_is_reminded_of_what_they_cannot_mend(tmp_path: Path, act: Callable[[Office], object]) -> None:
    office = an_office(tmp_path, **{"pow/settings/policy.yml": WAITING})
    act(office)
    office.pass_days(1)
    office.gate()
    assert reminders(office) == []


def test_nobody_is_reminded_while_nothing_may_begin(tmp_path: Path) -> None:
    closed = WAITING + b"calendar: {exclude: [Mon-Sun 00:00-24:00]}\n"
    office = an_office(tmp_path, **{"pow/settings/policy.yml": WAITING})
    office.world.push(MAIN, {"pow/settings/policy.yml": closed}, by=RITA)
    office.pass_days(13)
    office.gate()
    assert reminders(office) == []


def test_another_accounts_words_do_not_keep_the_bot_from_reminding(tmp_path: Path) -> None:
    office = an_office(tmp_path, **{"pow/settings/policy.yml": WAITING})
    marker = f"<!-- pow:wait:{office.record(Phase.PROPOSED).change}:remind -->"
    office.world.comments.setdefault(FIRST, []).append(Comment(id=9, author=MALLORY, body=marker))
    office.pass_days(1)
    office.gate()
    assert len(reminders(office)) == 2


def test_a_run_that_dies_while_reminding_is_made_up_for_without_saying_it_twice(tmp_path: Path) -> None:
    office = an_office(tmp_path, **{"pow/settings/policy.yml": WAITING})
    office.gate()
    office.pass_days(1)
    for die in (office.forge.fail_before, office.forge.fail_after):
        die(1)
        with pytest.raises(Killed):
            office.gate()
    office.gate()
    assert len(reminders(office)) == 1


def test_after_the_escalation_the_next_level_decides(tmp_path: Path) -> None:
    office = an_office(tmp_path, **{"pow/settings/policy.yml": WAITING})
    office.world.review(1, SAVA)
    assert only(office.gate()).mark is Mark.WAIT
    office.pass_days(2)
    assert only(office.gate()).mark is Mark.DONE
    assert "the next level may approve, too" in str(office.record(Phase.DECIDED).facts["reasons"])
