"""`pow detect` on an agency in memory: what it writes, what it says, and that dying anywhere does no harm."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from fakes.forge import MemoryForge
from fakes.ledger import MemoryLedger
from fakes.world import Killed, MemoryWorld
from propose.office import CANARY, FEEDS, FILES, MALLORY, POLICY, RECIPE, SERVICE, SERVICE_PATH, Office

from bot.model.errors import (
    ConflictError,
    Diagnostic,
    ForgeError,
    PermissionDeniedError,
    Severity,
    UnavailableError,
)
from bot.model.event import Mark, StepReport
from bot.model.forge import PullRequest, PullState
from bot.model.json import digest_of
from bot.model.names import BranchName, CommitSha, FeedName, PullNumber, TeamSlug
from bot.model.record import Draft, Phase, Record
from bot.propose import step as detect

FIRST = PullNumber(1)


class Stubborn(MemoryForge):
    """A forge whose token may not do what only decorates, or that does not answer there."""

    def __init__(self, world: MemoryWorld, *, error: ForgeError | None = None, answers: bool = False) -> None:
        super().__init__(world)
        self._answers = answers
        self._error = error or PermissionDeniedError("not yours")

    def add_labels(self, number: PullNumber, labels: tuple[str, ...], *, known: frozenset[str] | None = None) -> None:
        if self._answers:
            super().add_labels(number, labels, known=known)
        else:
            raise self._error

    def request_reviews(
        self, number: PullNumber, teams: tuple[TeamSlug, ...], *, known: frozenset[TeamSlug] | None = None
    ) -> None:
        del number, teams, known  # it always refuses
        raise self._error

    def dispatch(self, workflow: str) -> None:  # noqa: ARG002 - it always refuses
        raise self._error


def sentences(report: StepReport) -> str:
    return "\n".join(event.sentence for event in report.events)


def test_a_firing_recipe_becomes_a_pull_request(tmp_path: Path) -> None:
    office = Office(tmp_path)
    report = office.detect()
    pull = office.world.pull(FIRST)
    head = office.world.snapshots[pull.head]

    assert not report.failed
    assert [event.mark for event in report.events] == [Mark.NOTE, Mark.NOTE, Mark.DONE]
    assert [event.sentence for event in report.events[:2]] == [
        "PASSPORT_BACKLOG fires: max(wait_time) is 26.3 days (n=5) over 1 day to 2026-03-02T09:00Z; needs > 20 days",
        "1 complaint in 7 days, 1 of them about delay",
    ]
    assert pull.head_branch.startswith("pow/passport_backlog/")
    assert pull.title == "PASSPORT_BACKLOG: PHOTO_VALIDATOR max_blur_px from 2 to 4"
    assert pull.labels == {"pow", "impact:MEDIUM"}
    assert office.world.requested[FIRST] == ["supervisors"]
    assert head.files[SERVICE_PATH] == SERVICE.replace(b"px: 2", b"px: 4")
    assert dict(head.commit.trailers)["Change-Id"] == pull.head_branch.rpartition("/")[2]
    assert office.world.dispatched == ["gate.yml"]


def test_the_ledger_holds_what_the_branch_holds(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.detect()
    pull, facts = office.world.pull(FIRST), office.record(Phase.PROPOSED).facts
    head = office.world.snapshots[pull.head]
    evidence = head.files[f"patches/evidence/{office.record(Phase.PROPOSED).change}.json"]

    assert facts["head"] == pull.head
    assert facts["base"] == office.main
    assert facts["pull"] == 1
    assert facts["branch"] == pull.head_branch
    assert facts["evidence_digest"] == digest_of(evidence) == dict(head.commit.trailers)["Evidence-Digest"]
    assert facts["files"] == [
        {
            "path": SERVICE_PATH,
            "before": digest_of(SERVICE),
            "after": digest_of(SERVICE.replace(b"px: 2", b"px: 4")),
        }
    ]
    assert json.loads(evidence)["complaints"]["topics"] == {"delay": 1}
    assert json.loads(evidence)["affected"] is None
    assert facts["affected"] is None


def test_who_is_affected_is_counted_recorded_and_decides_who_must_approve(tmp_path: Path) -> None:
    feeds = FEEDS.replace(b"    unit: days\n", b"    unit: days\n    people: true\n")
    steps = b"  journeys: MEDIUM\n  people_affected: [{above: 110, level: HIGH}]\n"
    policy = POLICY.replace(b"  journeys: MEDIUM\n", steps)
    office = Office(tmp_path, {"pow/settings/feeds.yml": feeds, "pow/settings/policy.yml": policy})
    office.detect()
    facts, pull = office.record(Phase.PROPOSED).facts, office.world.pull(FIRST)

    assert facts["affected"] == {"people": 120, "feed": "metrics.passport.wait_time"}
    assert pull.labels == {"pow", "impact:HIGH"}
    assert "it affects 120 people in 30 days by metrics" in pull.body
    assert office.world.requested[FIRST] == ["supervisors", "security"]
    decision = office.simulate("approved-by:sam")
    assert decision.waiting_for == ("1 approval of security",)


def test_a_service_that_its_file_calls_high_impact_needs_those_who_approve_that(tmp_path: Path) -> None:
    office = Office(tmp_path, {SERVICE_PATH: SERVICE + b"high_impact: true\n"})
    office.detect()

    assert office.world.pull(FIRST).labels == {"pow", "impact:HIGH"}
    assert office.simulate("approved-by:sam").waiting_for == ("1 approval of security",)


def test_no_complaint_text_gets_out(tmp_path: Path) -> None:
    office = Office(tmp_path)
    report = office.detect()
    everything = repr((office.world.snapshots, office.world.pulls, office.ledger.held, report))

    assert CANARY not in everything
    assert "078-05" not in everything


def test_a_second_run_proposes_nothing_and_says_why(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.detect()
    writes = len(office.world.writes)
    report = office.detect()

    assert len(office.world.writes) == writes
    assert "is proposed already in pull request 1" in sentences(report)


def test_a_dry_run_says_everything_and_writes_nothing(tmp_path: Path) -> None:
    office = Office(tmp_path)
    (*_, event) = office.detect(dry_run=True).events

    assert office.world.writes == []
    assert "-  max_blur_px: 2  # pixels\n+  max_blur_px: 4  # pixels" in str(event.data["redline"])
    assert event.data["title"] == "PASSPORT_BACKLOG: PHOTO_VALIDATOR max_blur_px from 2 to 4"
    assert event.change is not None
    assert event.data["change"] == event.change


def test_a_rule_that_does_not_hold_proposes_nothing(tmp_path: Path) -> None:
    office = Office(tmp_path, longest=19)
    (event,) = office.detect().events

    assert (event.mark, office.world.writes) == (Mark.NOTE, [])
    assert "does not fire" in event.sentence


def test_stale_data_is_no_evidence(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.pass_days(5)
    (event,) = office.detect().events

    assert (event.mark, office.world.writes) == (Mark.WAIT, [])
    assert "cannot be decided" in event.sentence


def test_a_feed_that_is_gone_fails_the_run_and_stops_no_other_recipe(tmp_path: Path) -> None:
    second = RECIPE.replace(b"PASSPORT_BACKLOG", b"OTHER").replace(b"max(wait_time)", b"max(metrics.gone.days)")
    feeds = FILES["pow/settings/feeds.yml"] + (
        b"  metrics.gone.days:\n    source: json_file\n    path: data/gone.json\n"
        b"    columns: {at: at, value: days}\n    unit: days\n    window: 1_day\n"
    )
    other = second.replace(b'"metrics.passport.wait_time"', b'"metrics.passport.wait_time", "metrics.gone.days"')
    office = Office(tmp_path, {"pow/a_other.yml": other, "pow/settings/feeds.yml": feeds})
    report = office.detect()

    assert report.failed
    assert [event.mark for event in report.events] == [Mark.FAILURE, Mark.WAIT, Mark.NOTE, Mark.NOTE, Mark.DONE], (
        sentences(report)
    )
    assert "metrics.gone.days" in report.events[0].sentence


def test_a_broken_recipe_is_told_with_its_place_and_stops_no_other(tmp_path: Path) -> None:
    office = Office(tmp_path, {"pow/broken.yml": b"id: BROKEN\nbottleneck_rule: 7\n"})
    report = office.detect()

    assert report.failed
    assert "pow/broken.yml:" in sentences(report)
    assert report.events[-1].mark is Mark.DONE


def test_broken_settings_stop_everything(tmp_path: Path) -> None:
    office = Office(tmp_path, {"pow/settings/policy.yml": b"["})
    report = office.detect()

    assert report.failed
    assert office.world.writes == []
    assert "the settings cannot be read" in sentences(report)


def test_teams_that_cannot_be_asked_are_a_warning(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.forge = Stubborn(office.world)
    report = office.detect()

    assert not report.failed
    assert office.phases() == [Phase.PROPOSED]
    assert "no labels: not yours" in sentences(report)
    assert "no review was requested: not yours" in sentences(report)
    assert "the gate could not be started: not yours" in sentences(report)


@pytest.mark.parametrize("answers", [True, False])
def test_an_outage_leaves_the_rest_to_the_next_run(tmp_path: Path, *, answers: bool) -> None:
    office = Office(tmp_path)
    office.forge = Stubborn(office.world, error=UnavailableError("no answer"), answers=answers)
    report = office.detect()
    assert report.failed
    assert office.phases() == []

    office.forge = MemoryForge(office.world)
    assert not office.detect().failed
    assert office.phases() == [Phase.PROPOSED]


def test_a_person_who_closed_it_before_it_was_recorded_is_not_overruled(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.forge.fail_after(3)
    with pytest.raises(Killed):
        office.detect()
    office.world.close(1)
    office.detect()

    assert len(office.world.pulls) == 1
    assert office.world.pull(FIRST).state is PullState.CLOSED
    assert office.phases() == [Phase.PROPOSED]


class Interrupted(MemoryForge):
    """A forge on which another detector does the same thing an instant earlier, or refuses for no such reason."""

    def __init__(self, world: MemoryWorld, *, other: bool) -> None:
        super().__init__(world)
        self._other = other

    def create_branch(self, branch: BranchName, commit: CommitSha) -> None:
        if self._other:
            super().create_branch(branch, commit)
        raise ConflictError(f"branch {branch} exists")

    def open_pull(self, *, branch: BranchName, base: BranchName, title: str, body: str, draft: bool) -> PullRequest:
        if self._other:
            super().open_pull(branch=branch, base=base, title=title, body=body, draft=draft)
        raise ConflictError("there is one")


def test_a_detector_that_is_an_instant_late_goes_on_with_what_is_there(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.forge = Interrupted(office.world, other=True)

    assert not office.detect().failed
    assert len(office.world.pulls) == 1
    assert office.phases() == [Phase.PROPOSED]


def test_a_conflict_without_another_detector_is_told(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.forge = Interrupted(office.world, other=False)
    assert "exists" in sentences(office.detect())

    office.forge = MemoryForge(office.world)
    office.forge.fail_after(2)
    with pytest.raises(Killed):
        office.detect()
    office.forge = Interrupted(office.world, other=False)
    report = office.detect()
    assert report.failed
    assert "there is one" in sentences(report)


def test_a_merge_commit_with_our_trailers_is_no_proposal(tmp_path: Path) -> None:
    honest = Office(tmp_path)
    honest.detect()
    pull = honest.world.pull(FIRST)
    office, snapshot = Office(tmp_path), honest.world.snapshots[pull.head]
    side = office.world.push("side", {"x": b"y"}, by=MALLORY)
    merge = office.world.store((office.main, side), snapshot.files, snapshot.commit.message, author=MALLORY)
    office.world.set_branch(pull.head_branch, merge)

    assert "holds something else" in sentences(office.detect())


def test_a_lint_warning_is_no_event_of_detect(tmp_path: Path) -> None:
    office = Office(tmp_path)
    warning = Diagnostic(path="p", line=1, column=1, id="X", message="odd", severity=Severity.WARNING)
    library = replace(office.library(), diagnostics=(warning,))
    with office._collector() as collector:  # noqa: SLF001 - a run with another library
        report = detect.run(office.site(), library=library, base=office.main, collector=collector)

    assert "odd" not in sentences(report)


def test_a_feed_that_nobody_knows_is_left_to_lint(tmp_path: Path) -> None:
    office = Office(tmp_path)
    library = office.library()
    (compiled,) = library.recipes
    strange = replace(compiled, recipe=replace(compiled.recipe, process_log=FeedName("events.gone")))
    with office._collector() as collector:  # noqa: SLF001 - a run with another library
        report = detect.run(
            office.site(), library=replace(library, recipes=(strange,)), base=office.main, collector=collector
        )

    assert not report.failed


WRITES = 6
SEVERAL = [n for n in range(1, 17) if n not in {1, 4, 5, 6, 10, 15, 16}]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("write", range(1, WRITES + 1))
def test_dying_at_any_write_and_running_again_gives_the_same_end(tmp_path: Path, write: int, moment: str) -> None:
    undisturbed = Office(tmp_path)
    undisturbed.detect()
    office = Office(tmp_path)
    kill = office.forge.fail_before if moment == "before" else office.forge.fail_after
    kill(write)
    with pytest.raises(Killed):
        office.detect()
    office.detect()

    assert len(undisturbed.world.writes) == WRITES + 1
    assert office.world.pulls == undisturbed.world.pulls
    assert office.world.branches == undisturbed.world.branches
    assert office.world.requested == undisturbed.world.requested
    assert office.ledger.held == undisturbed.ledger.held


def several(count: int) -> dict[str, bytes]:
    """So many recipes that fire, each for a service of its own."""
    files: dict[str, bytes] = {}
    for number in range(count):
        recipe = RECIPE.replace(b"PASSPORT_BACKLOG", b"BACKLOG_%d" % number)
        files[f"pow/r{number}.yml"] = recipe.replace(b"PHOTO_VALIDATOR", b"SERVICE_%d" % number)
        service = SERVICE.replace(b"PHOTO_VALIDATOR", b"SERVICE_%d" % number)
        files[f"patches/services/SERVICE_{number}.yml"] = service
    return files


@pytest.mark.parametrize(
    "write", [1, 4, 5, 6, 10, 15, 16, *(pytest.param(n, marks=pytest.mark.slow) for n in SEVERAL)]
)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_dying_between_several_proposals_leaves_none_half(tmp_path: Path, write: int, moment: str) -> None:
    undisturbed = Office(tmp_path, several(2))
    undisturbed.detect()
    office = Office(tmp_path, several(2))
    (office.forge.fail_before if moment == "before" else office.forge.fail_after)(write)
    with pytest.raises(Killed):
        office.detect()
    assert len(office.ledger.held) in {0, 3}, "the records of one run are there all or none"
    office.detect()

    assert undisturbed.world.writes[-2:] == ["record proposed, proposed, proposed", "dispatch gate.yml"]
    assert office.world.pulls == undisturbed.world.pulls
    assert office.world.branches == undisturbed.world.branches
    assert office.world.requested == undisturbed.world.requested
    assert office.ledger.held == undisturbed.ledger.held


class Recordless(MemoryLedger):
    """A ledger that cannot be written."""

    def append_all(self, drafts: Sequence[Draft]) -> tuple[Record, ...]:
        raise UnavailableError(f"{len(drafts)} cannot be written")


def test_proposals_that_are_not_recorded_fail_the_run_and_are_recorded_by_the_next(tmp_path: Path) -> None:
    office = Office(tmp_path, several(1))
    office.ledger = Recordless(office.world)
    report = office.detect()
    assert report.failed
    assert report.events[-1].sentence == "2 proposals are not recorded: 2 cannot be written"
    assert office.world.dispatched == []

    office.ledger = MemoryLedger(office.world)
    assert not office.detect().failed
    assert office.phases() == [Phase.PROPOSED, Phase.PROPOSED]
    assert len(office.world.pulls) == 2


def test_two_detectors_at_once_make_one_pull_request(tmp_path: Path) -> None:
    office = Office(tmp_path)
    late = office.site()
    office.detect()
    with office._collector() as collector:  # noqa: SLF001 - the second detector's own
        detect.run(late, library=office.library(), base=office.main, collector=collector)

    assert len(office.world.pulls) == 1
    assert office.phases() == [Phase.PROPOSED]


def forged(office: Office, content: bytes) -> BranchName:
    """Let Mallory take the branch before the bot does, with trailers copied from a dry run."""
    (*_, event) = office.detect(dry_run=True).events
    branch = str(event.data["branch"])
    office.world.push(branch, {SERVICE_PATH: content}, by=MALLORY, message="x")
    return BranchName(branch)


@pytest.mark.parametrize("content", [SERVICE.replace(b"px: 2", b"px: 9"), SERVICE + b"# x\n"])
def test_a_branch_that_somebody_took_is_left_alone_and_told(tmp_path: Path, content: bytes) -> None:
    office = Office(tmp_path)
    branch = forged(office, content)
    report = office.detect()

    assert report.failed
    assert f"branch {branch} exists and does not hold change" in sentences(report)
    assert office.world.pulls == {}
    assert office.phases() == []


@pytest.mark.parametrize(
    "files",
    [
        {SERVICE_PATH: SERVICE.replace(b"px: 2", b"px: 9")},
        {SERVICE_PATH: SERVICE.replace(b"px: 2", b"px: 4"), "pow/passport_backlog.yml": b"id: X\n"},
        {SERVICE_PATH: SERVICE.replace(b"px: 2", b"px: 4"), "new.txt": b"x"},
        {SERVICE_PATH: SERVICE.replace(b"px: 2", b"px: 4")},
    ],
    ids=["other value", "other file", "new file", "no evidence"],
)
def test_a_forged_commit_with_the_right_trailers_is_refused(tmp_path: Path, files: dict[str, bytes]) -> None:
    honest = Office(tmp_path)
    honest.detect()
    pull = honest.world.pull(FIRST)
    message = honest.world.snapshots[pull.head].commit.message
    office = Office(tmp_path)
    office.world.push(pull.head_branch, files, by=MALLORY, message=message)
    report = office.detect()

    assert report.failed
    assert "holds something else" in sentences(report)
    assert office.world.pulls == {}


def test_a_push_on_a_dead_runs_branch_is_kept_and_the_bots_commit_recorded(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.forge.fail_after(2)
    with pytest.raises(Killed):
        office.detect()
    (branch,) = [name for name in office.world.branches if name.startswith("pow/")]
    own = office.world.branches[branch]
    edit = {SERVICE_PATH: SERVICE.replace(b"px: 2", b"px: 3")}
    pushed = office.world.push(branch, edit, by=MALLORY)
    office.detect()

    assert office.world.pull(FIRST).head == pushed
    assert office.record(Phase.PROPOSED).facts["head"] == own


def test_a_stop_lets_nothing_be_proposed_until_it_is_lifted(tmp_path: Path) -> None:
    office = Office(tmp_path, {"pow/STOP": b"Photos are lost.\n"})
    (event,) = office.detect().events
    assert (event.mark, event.sentence) == (
        Mark.WAIT,
        "PASSPORT_BACKLOG fires, but everything is stopped by pow/STOP: Photos are lost.",
    )
    assert office.world.writes == []
    office.world.push("main", {"pow/STOP": None}, by=MALLORY)
    assert office.detect().events[-1].mark is Mark.DONE


def test_what_is_urgent_is_recorded_labelled_and_said(tmp_path: Path) -> None:
    office = Office(tmp_path, {"pow/passport_backlog.yml": RECIPE + b"urgent: true\n"})
    office.detect()
    assert office.record(Phase.PROPOSED).facts["urgent"] is True
    assert office.world.pull(FIRST).labels == {"pow", "impact:MEDIUM", "pow-urgent"}


def test_a_limit_that_is_reached_is_loud(tmp_path: Path) -> None:
    policy = FILES["pow/settings/policy.yml"] + b"open_proposals: {people: 0}\n"
    office = Office(tmp_path, {"pow/settings/policy.yml": policy})
    limit, queue = office.detect().events
    assert (limit.mark, queue.mark) == (Mark.WARNING, Mark.WARNING)
    assert queue.sentence == (
        "the queue: 1 waits for room among 0 proposals that wait for people: none is ever proposed"
    )
