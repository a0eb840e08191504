"""The life of an open proposal: its base moves, its bottleneck goes and comes back, and people stand by it."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet
from approve.situations import a_policy, a_recipe
from fakes.forge import MemoryForge
from fakes.world import MAIN, Killed
from propose.cases import SERVICE_PATH, a_record, a_situation, closed, proposed
from propose.office import ALICE, RECIPE, RITA, SAM, SERVICE, Office

from bot.ledger.lifecycle import Stage, standings
from bot.ledger.stops import stops_of_file
from bot.model.change import Change
from bot.model.event import Mark, StepReport
from bot.model.forge import PullState
from bot.model.json import digest_of
from bot.model.names import ChangeId, PullNumber
from bot.model.record import KEPT, OBSOLETE, SUPERSEDED, Phase
from bot.model.switch import Switch
from bot.model.verdict import Measurement, RuleOutcome
from bot.propose.life import Renewal, Retire, Revive, decide, fading, renew
from bot.propose.plan import Situation
from bot.report.pull_request import MAX_BODY


def sampled(count: int, step: int) -> list[ParameterSet]:
    """Number the writes of a run; the quick run dies at every `step`-th only."""
    marks = {True: [], False: [pytest.mark.slow]}
    return [pytest.param(write, marks=marks[write % step == 0]) for write in range(1, count + 1)]


FIRST, SECOND = PullNumber(1), PullNumber(2)
LATER = SERVICE + b"# reviewed\n"
NOBODY: frozenset[ChangeId] = frozenset()


def said(report: StepReport) -> str:
    return "\n".join(event.sentence for event in report.events)


def a_proposal(root: Path, **policy: bytes) -> Office:
    """Return an agency whose proposal is open."""
    office = Office(root, policy)
    office.detect()
    office.gate()
    return office


def calm(office: Office, *, longest: float = 15.0, days: float = 2) -> None:
    """Let days pass without a bottleneck."""
    office.pass_days(days)
    office.write_waits(longest, every=3)


def seen(office: Office) -> list[str]:
    """Return the writes that anybody sees: not the gate's notes of what it looked at."""
    return [each for each in office.world.writes if each != "commit" and "pow-looks" not in each]


def outcomes(office: Office) -> list[str | None]:
    return [standing.outcome for standing in standings(office.ledger.records())]


def stages(office: Office) -> list[Stage]:
    return [standing.stage for standing in standings(office.ledger.records())]


# The base moves


def test_a_base_that_moves_gets_a_new_proposal_in_place_of_the_old_one(tmp_path: Path) -> None:
    office = a_proposal(tmp_path)
    old = office.world.pull(FIRST)
    office.world.push(MAIN, {SERVICE_PATH: LATER}, by=RITA)
    report = office.detect()
    new = office.world.pull(SECOND)

    assert f"pull request 1 gives way to it: {SERVICE_PATH} has changed on the base branch" in said(report)
    assert new.head_branch != old.head_branch
    assert new.title == old.title
    assert office.world.snapshots[new.head].files[SERVICE_PATH] == LATER.replace(b"px: 2", b"px: 4")
    office.gate()
    assert (office.world.pull(FIRST).state, new.state) == (PullState.CLOSED, PullState.OPEN)
    assert "Replaced by #2" in office.world.comments[FIRST][-1].body
    assert outcomes(office) == [SUPERSEDED, None]
    assert office.world.branches[old.head_branch] == old.head, "no branch is ever written over"
    office.gate()
    writes = seen(office)
    office.detect()
    office.gate()
    assert seen(office) == writes
    office.world.review(2, SAM)
    assert office.gate().events[0].mark is Mark.DONE


def test_a_value_that_moves_is_computed_anew(tmp_path: Path) -> None:
    office = a_proposal(tmp_path)
    office.world.push(MAIN, {SERVICE_PATH: SERVICE.replace(b"px: 2", b"px: 3")}, by=RITA)
    office.detect()
    assert office.world.pull(SECOND).title == "PASSPORT_BACKLOG: PHOTO_VALIDATOR max_blur_px from 3 to 4"


def test_a_value_that_somebody_has_set_already_closes_the_proposal(tmp_path: Path) -> None:
    office = a_proposal(tmp_path)
    office.world.push(MAIN, {SERVICE_PATH: SERVICE.replace(b"px: 2", b"px: 4")}, by=RITA)
    assert "holds its values already" in said(office.detect())
    office.gate()
    assert office.world.pull(FIRST).state is PullState.CLOSED
    assert "nothing is left for it to do" in office.world.comments[FIRST][-1].body
    assert len(office.world.pulls) == 1


def test_a_new_version_of_the_recipe_replaces_the_proposal_of_the_old_one(tmp_path: Path) -> None:
    office = a_proposal(tmp_path)
    recipe = RECIPE.replace(b"max_blur_px: 4", b"max_blur_px: 3") + b"version: 2\n"
    office.world.push(MAIN, {"pow/passport_backlog.yml": recipe}, by=RITA)
    assert "the recipe is PASSPORT_BACKLOG@v2 by now" in said(office.detect())
    assert office.world.pull(SECOND).title.endswith("from 2 to 3")


def test_an_unrelated_commit_on_the_base_changes_nothing(tmp_path: Path) -> None:
    office = a_proposal(tmp_path)
    office.world.push(MAIN, {"README.md": b"hello\n"}, by=RITA)
    writes = len(office.world.writes)
    office.detect()
    assert len(office.world.writes) == writes


def test_a_persons_commit_is_never_written_over(tmp_path: Path) -> None:
    office = a_proposal(tmp_path)
    branch = office.world.pull(FIRST).head_branch
    edited = office.world.push(branch, {SERVICE_PATH: SERVICE.replace(b"px: 2", b"px: 3")}, by=ALICE)
    office.world.push(MAIN, {SERVICE_PATH: LATER}, by=RITA)
    (event,) = (event for event in office.detect().events if "fires, but" in event.sentence)
    assert event.sentence.endswith("and somebody edited the branch of pull request 1")
    assert "close it: then it is proposed anew" in event.hint
    office.gate()
    assert "close it once its values are noted" in office.world.comments[FIRST][-1].body
    assert (office.world.branches[branch], len(office.world.pulls)) == (edited, 1)
    office.world.close(1)
    office.gate()
    assert outcomes(office) == [SUPERSEDED]
    office.detect()
    assert office.world.pull(SECOND).state is PullState.OPEN


def test_whoever_edits_just_before_it_is_replaced_keeps_the_pull_request(tmp_path: Path) -> None:
    office = a_proposal(tmp_path)
    office.world.push(MAIN, {SERVICE_PATH: LATER}, by=RITA)
    office.detect()
    office.world.push(office.world.pull(FIRST).head_branch, {SERVICE_PATH: SERVICE}, by=ALICE)
    office.gate()
    assert office.world.pull(FIRST).state is PullState.OPEN
    assert "somebody has committed on its branch" in "".join(c.body for c in office.world.comments[FIRST])


@pytest.mark.parametrize("write", sampled(12, 5))
@pytest.mark.parametrize("moment", ["before", "after"])
def test_dying_while_it_is_replaced_ends_the_same(tmp_path: Path, write: int, moment: str) -> None:
    office = a_proposal(tmp_path)
    office.world.push(MAIN, {SERVICE_PATH: LATER}, by=RITA)
    (office.forge.fail_before if moment == "before" else office.forge.fail_after)(write)
    for step in (office.detect, office.gate):
        try:
            step()
        except Killed:
            step()
    office.detect()
    office.gate()
    assert [office.world.pull(each).state for each in (FIRST, SECOND)] == [PullState.CLOSED, PullState.OPEN]
    assert len(office.world.pulls) == 2
    assert outcomes(office) == [SUPERSEDED, None]


OTHER = RECIPE.replace(b"PASSPORT_BACKLOG", b"PASSPORT_CHECKS").replace(b"max_blur_px: 4", b"max_blur_px: 9")


@pytest.mark.parametrize("write", sampled(12, 3))
@pytest.mark.parametrize("moment", ["before", "after"])
def test_dying_while_it_is_merged_frees_its_target_for_nobody(tmp_path: Path, write: int, moment: str) -> None:
    office = a_proposal(tmp_path, **{"pow/passport_checks.yml": OTHER})
    office.world.review(1, SAM)
    (office.forge.fail_before if moment == "before" else office.forge.fail_after)(write)
    for step in (office.gate, office.detect, office.gate, office.detect, office.gate):
        with suppress(Killed):
            step()
    assert [each.facts["result"] for each in office.ledger.held if each.phase is Phase.DECIDED] == ["approved"]
    assert stages(office) == [Stage.MERGED]
    assert len(office.world.pulls) == 1


def test_what_was_replaced_is_no_rejection_and_takes_no_room(tmp_path: Path) -> None:
    policy = Office(tmp_path).world.snapshots[Office(tmp_path).main].files["pow/settings/policy.yml"]
    one = {"pow/settings/policy.yml": policy + b"open_proposals: {people: 1}\n"}
    office = a_proposal(tmp_path, **one)
    for number in range(3):
        office.world.push(MAIN, {SERVICE_PATH: SERVICE + b"# %d\n" % number}, by=RITA)
        office.detect()
        office.gate()
    assert outcomes(office) == [SUPERSEDED, SUPERSEDED, SUPERSEDED, None]


def test_a_rejection_is_remembered_through_replacements(tmp_path: Path) -> None:
    office = a_proposal(tmp_path)
    office.world.push(MAIN, {SERVICE_PATH: LATER}, by=RITA)
    office.detect()
    office.world.close(2)
    office.gate()
    assert outcomes(office) == [SUPERSEDED, "rejected"]
    assert "it rests until" in said(office.detect())


# The bottleneck goes, and comes back


def test_a_bottleneck_that_is_gone_closes_the_proposal_with_the_reason(tmp_path: Path) -> None:
    office = a_proposal(tmp_path)
    calm(office)
    assert "pull request 1 is closed: the bottleneck has been gone for 1 day: max(wait_time) is 15" in said(
        office.detect()
    )
    office.gate()
    assert office.world.pull(FIRST).state is PullState.CLOSED
    assert "opened again by itself" in office.world.comments[FIRST][-1].body
    assert stages(office) == [Stage.RESTING]
    writes = seen(office)
    office.detect()
    office.gate()
    assert seen(office) == writes


def test_a_dry_run_only_says_so(tmp_path: Path) -> None:
    office = a_proposal(tmp_path)
    calm(office)
    writes = len(office.world.writes)
    assert "pull request 1 would be closed" in said(office.detect(dry_run=True))
    assert len(office.world.writes) == writes


def test_one_quiet_look_closes_nothing(tmp_path: Path) -> None:
    office = a_proposal(tmp_path)
    calm(office)
    waits = tmp_path / "data" / "waits.json"
    peak = {"closed_at": (office.now - timedelta(hours=30)).isoformat(), "days": 26.3}
    waits.write_text(json.dumps([*json.loads(waits.read_text()), peak]))
    assert "does not fire" in said(office.detect())
    office.gate()
    assert office.world.pull(FIRST).state is PullState.OPEN


def test_missing_data_closes_nothing(tmp_path: Path) -> None:
    office = a_proposal(tmp_path)
    office.pass_days(5)
    assert "cannot be decided" in said(office.detect())
    (tmp_path / "data" / "waits.json").write_text("[")
    office.detect()
    office.gate()
    assert office.world.pull(FIRST).state is PullState.OPEN


def test_it_is_opened_again_within_a_week(tmp_path: Path) -> None:
    office = a_proposal(tmp_path)
    change = office.record(Phase.PROPOSED).change
    calm(office)
    office.detect()
    office.gate()
    office.pass_days(3)
    office.write_waits(26.3)
    assert "pull request 1 would be opened again" in said(office.detect(dry_run=True))
    assert "pull request 1 is open again: the bottleneck is back" in said(office.detect())
    assert office.world.pull(FIRST).state is PullState.OPEN
    assert "Open again" in "".join(comment.body for comment in office.world.comments[FIRST])
    results = [r.facts["result"] for r in office.ledger.of(change) if r.phase is Phase.DECIDED]
    assert results == [OBSOLETE, "reopened"]
    office.world.review(1, SAM)
    assert office.gate().events[0].mark is Mark.DONE
    assert len(office.world.pulls) == 1


def test_a_branch_that_was_tidied_away_comes_back_with_it(tmp_path: Path) -> None:
    office = a_proposal(tmp_path)
    pull = office.world.pull(FIRST)
    calm(office)
    office.detect()
    office.gate()
    del office.world.branches[pull.head_branch]
    office.pass_days(3)
    office.write_waits(26.3)
    office.detect()
    assert office.world.branches[pull.head_branch] == pull.head
    assert office.world.pull(FIRST).state is PullState.OPEN


def test_after_a_week_it_is_a_new_episode(tmp_path: Path) -> None:
    office = a_proposal(tmp_path)
    calm(office)
    office.detect()
    office.gate()
    office.pass_days(8)
    office.write_waits(26.3)
    office.detect()
    office.gate()
    assert outcomes(office) == [OBSOLETE, None]
    assert office.world.pull(SECOND).state is PullState.OPEN
    first, second = [record.change for record in office.ledger.held if record.phase is Phase.PROPOSED]
    assert first != second


def test_a_base_that_moved_meanwhile_makes_it_a_new_proposal(tmp_path: Path) -> None:
    office = a_proposal(tmp_path)
    calm(office)
    office.detect()
    office.gate()
    office.world.push(MAIN, {SERVICE_PATH: LATER}, by=RITA)
    office.pass_days(2)
    office.write_waits(26.3)
    office.detect()
    assert office.world.pull(FIRST).state is PullState.CLOSED
    assert office.world.pull(SECOND).state is PullState.OPEN


class Merging(MemoryForge):
    """A forge on which somebody merges a pull request just before it is closed."""

    def edit_pull(
        self,
        number: PullNumber,
        *,
        title: str | None = None,
        body: str | None = None,
        state: PullState | None = None,
    ) -> None:
        self.world.merge_by_hand(number, SAM)
        super().edit_pull(number, title=title, body=body, state=state)


def test_what_somebody_merges_while_it_is_closed_is_looked_at_as_a_merge(tmp_path: Path) -> None:
    office = a_proposal(tmp_path)
    calm(office)
    office.detect()
    office.forge = Merging(office.world)
    assert "merged while it was to be closed" in said(office.gate())
    office.forge = MemoryForge(office.world)
    assert "merged without a valid gate" in said(office.gate())


DELETED = "the recipe PASSPORT_BACKLOG is no longer on the base branch"
OTHER = RECIPE.replace(b"PASSPORT_BACKLOG", b"LICENCE_BACKLOG").replace(b"> 20_days", b"> 900_days")


def test_a_recipe_that_is_deleted_takes_its_proposal_with_it(tmp_path: Path) -> None:
    office = a_proposal(tmp_path)
    office.world.review(1, SAM)
    office.world.push(MAIN, {"pow/passport_backlog.yml": None, "pow/licence_backlog.yml": OTHER}, by=RITA)
    assert f"pull request 1 is closed: {DELETED}" in said(office.detect())
    assert DELETED not in said(office.detect())
    office.gate()
    assert office.world.pull(FIRST).state is PullState.CLOSED
    assert "Closed: its recipe is gone" in office.world.comments[FIRST][-1].body
    office.pass_days(7.1)
    office.gate()
    assert outcomes(office) == [OBSOLETE]


def test_a_recipe_that_comes_back_brings_its_proposal_back(tmp_path: Path) -> None:
    office = a_proposal(tmp_path)
    office.world.push(MAIN, {"pow/passport_backlog.yml": None}, by=RITA)
    office.detect()
    office.gate()
    office.world.push(MAIN, {"pow/passport_backlog.yml": RECIPE}, by=RITA)
    office.detect()
    assert office.world.pull(FIRST).state is PullState.OPEN


def test_a_file_that_cannot_be_read_may_be_the_recipe(tmp_path: Path) -> None:
    office = a_proposal(tmp_path)
    office.world.push(MAIN, {"pow/passport_backlog.yml": b"["}, by=RITA)
    assert DELETED not in said(office.detect())


def test_whoever_looks_at_one_recipe_misses_no_other(tmp_path: Path) -> None:
    office = a_proposal(tmp_path, **{"pow/licence_backlog.yml": OTHER})
    assert DELETED not in said(office.trigger("LICENCE_BACKLOG"))
    assert stages(office) == [Stage.PROPOSED]


@pytest.mark.parametrize("act", ["approve", "edit"])
def test_what_people_stand_by_stays_open_and_is_told_so(tmp_path: Path, act: str) -> None:
    policy = Office(tmp_path).world.snapshots[Office(tmp_path).main].files["pow/settings/policy.yml"]
    two = policy.replace(b"MEDIUM: {supervisors: 1}", b"MEDIUM: {supervisors: 2}")
    office = a_proposal(tmp_path, **{"pow/settings/policy.yml": two})
    if act == "approve":
        office.world.review(1, SAM)
    else:
        branch = office.world.pull(FIRST).head_branch
        office.world.push(branch, {SERVICE_PATH: SERVICE.replace(b"px: 2", b"px: 3")}, by=ALICE)
    calm(office)
    office.detect()
    office.gate()
    assert office.world.pull(FIRST).state is PullState.OPEN
    assert "It would be closed, and stays open" in "".join(c.body for c in office.world.comments[FIRST])
    assert stages(office) == [Stage.PROPOSED]
    held = office.ledger.records()
    office.detect()
    office.gate()
    assert office.ledger.records() == held, "it is people's now, and said once"
    office.world.close(1)
    office.gate()
    assert outcomes(office) == ["rejected"]
    office.pass_days(1)
    office.write_waits(26.3)
    assert "it rests until" in said(office.detect())
    assert office.world.pull(FIRST).state is PullState.CLOSED


def test_what_people_kept_is_not_closed_for_its_values_or_its_recipe(tmp_path: Path) -> None:
    office = a_proposal(tmp_path)
    branch = office.world.pull(FIRST).head_branch
    office.world.push(branch, {SERVICE_PATH: SERVICE.replace(b"px: 2", b"px: 3")}, by=ALICE)
    office.world.push(MAIN, {"pow/passport_backlog.yml": None}, by=RITA)
    office.detect()
    office.gate()
    held = office.ledger.records()
    for _ in range(2):
        office.detect()
        office.gate()
    assert office.ledger.records() == held
    assert office.world.pull(FIRST).state is PullState.OPEN


@pytest.mark.parametrize("write", sampled(6, 4))
@pytest.mark.parametrize("moment", ["before", "after"])
def test_dying_while_it_closes_is_no_rejection(tmp_path: Path, write: int, moment: str) -> None:
    office = a_proposal(tmp_path)
    calm(office)
    (office.forge.fail_before if moment == "before" else office.forge.fail_after)(write)
    for step in (office.detect, office.gate):
        try:
            step()
        except Killed:
            step()
    office.detect()
    office.gate()
    assert office.world.pull(FIRST).state is PullState.CLOSED
    assert (stages(office), outcomes(office)) == ([Stage.RESTING], [None])


def test_nothing_is_closed_while_everything_is_stopped(tmp_path: Path) -> None:
    office = a_proposal(tmp_path)
    calm(office)
    office.world.push(MAIN, {"pow/STOP": b"Wait."}, by=RITA)
    office.detect()
    office.gate()
    assert (office.world.pull(FIRST).state, stages(office)) == (PullState.OPEN, [Stage.PROPOSED])
    office.world.push(MAIN, {"pow/STOP": None}, by=RITA)
    office.detect()
    office.world.push(MAIN, {"pow/STOP": b"Wait."}, by=RITA)
    office.gate()
    assert office.world.pull(FIRST).state is PullState.OPEN


# The decisions on plain values

BEFORE = digest_of(SERVICE)
OLD = ChangeId("a" * 16)
FILES = [{"path": SERVICE_PATH, "before": BEFORE, "after": digest_of(b"")}]
MOVED = a_situation(proposed(files=FILES), files={SERVICE_PATH: LATER})
GONE = a_record(Phase.DECIDED, OLD, index=2, result=OBSOLETE, pull=3)
STOPPED = Switch(stops=stops_of_file("pow/STOP", b""))
NOTHING = {
    "there is no proposal": a_situation(files={SERVICE_PATH: LATER}),
    "the record does not say on what": a_situation(proposed(files=None)),
    "the record is odd": a_situation(proposed(files=["x", {"path": 1}, {"path": SERVICE_PATH, "before": None}])),
    "nothing moved": a_situation(proposed(files=FILES), files={SERVICE_PATH: SERVICE}),
    "it is being rolled out": a_situation(
        proposed(files=FILES), a_record(Phase.MERGED, OLD, index=2), files={SERVICE_PATH: LATER}
    ),
    "it is its own merge that moved the base": replace(MOVED, landed=frozenset({OLD})),
    "the policy is paused": replace(MOVED, policy=a_policy(paused=True)),
    "everything is stopped": replace(MOVED, switch=STOPPED),
    "the recipe is muted": replace(MOVED, muted=frozenset({a_recipe().id})),
    "its target is on hold": replace(
        MOVED,
        records=(*MOVED.records, proposed("b" * 16, recipe="OTHER", pull=9), closed("rolled_back", "b" * 16)),
    ),
    "people keep it, and its values stand there already": a_situation(
        proposed(files=FILES),
        a_record(Phase.DECIDED, OLD, index=2, result=KEPT, pull=3),
        files={SERVICE_PATH: SERVICE.replace(b"px: 2", b"px: 4")},
    ),
    "it was gone too long": a_situation(
        proposed(files=FILES), a_record(Phase.DECIDED, OLD, days_ago=8, result=OBSOLETE)
    ),
    "it was replaced": a_situation(proposed(files=FILES), a_record(Phase.DECIDED, OLD, result=SUPERSEDED)),
    "it is gone, and the base moved": a_situation(proposed(files=FILES), GONE, files={SERVICE_PATH: LATER}),
    "it is gone, and another change would come of it": a_situation(
        proposed(files=FILES, episode="other"), GONE, files={SERVICE_PATH: SERVICE}
    ),
}


@pytest.mark.parametrize("situation", NOTHING.values(), ids=NOTHING)
def test_nothing_becomes_of_it(situation: Situation) -> None:
    assert renew(a_recipe(), situation, NOBODY) is None


def one(situation: Situation, edited: frozenset[ChangeId] = NOBODY) -> Renewal:
    renewed = renew(a_recipe(), situation, edited)
    assert renewed is not None
    return renewed


def test_what_cannot_be_computed_anew_stays_and_says_why() -> None:
    held = one(replace(MOVED, files={}))
    assert "there is no patches/services/PHOTO_VALIDATOR.yml" in str(held)


def test_two_recipes_on_one_target_are_never_brought_back_together() -> None:
    first = a_situation(files={SERVICE_PATH: SERVICE})
    (change,) = decide([a_recipe()], first, NOBODY)
    assert isinstance(change, Change)
    record = proposed(change=change.id, episode=change.episode, files=FILES, version=1)
    gone = a_record(Phase.DECIDED, record.change, index=2, result=OBSOLETE, pull=3)
    other = replace(a_recipe(), id=a_recipe().id.replace("PASSPORT", "OTHER"))
    situation = a_situation(record, gone, files={SERVICE_PATH: SERVICE})
    revived, held = decide([a_recipe(), other], situation, NOBODY)
    assert isinstance(revived, Revive)
    assert "pull request 3, which is opened again, changes PHOTO_VALIDATOR as well" in str(held)


def measured(*outcomes: RuleOutcome) -> list[Measurement]:
    return [Measurement(rule="r", outcome=each, sentence="it is low") for each in outcomes]


NOT, HOLDS, MISSING = RuleOutcome.DOES_NOT_HOLD, RuleOutcome.HOLDS, RuleOutcome.NO_DATA
OPEN = standings([proposed()])[0]


@pytest.mark.parametrize(
    ("looks", "gone"),
    [([NOT, NOT, NOT], True), ([NOT, HOLDS, NOT], False), ([NOT, NOT, MISSING], False), ([], False)],
)
def test_it_is_gone_if_it_is_gone_at_every_look(looks: list[RuleOutcome], *, gone: bool) -> None:
    found = fading(OPEN, measured(*looks), timedelta(days=2))
    assert (found is not None) is gone
    if isinstance(found, Retire):
        assert found.sentence == "the bottleneck has been gone for 2 days: it is low"


# What an edited pull request says of itself


def test_title_and_text_show_the_values_that_somebody_has_put_on_the_branch(tmp_path: Path) -> None:
    office = a_proposal(tmp_path)
    branch = office.world.pull(FIRST).head_branch
    before = office.world.pull(FIRST)
    office.world.push(branch, {SERVICE_PATH: SERVICE.replace(b"px: 2", b"px: 3")}, by=ALICE)
    office.gate()
    pull = office.world.pull(FIRST)
    assert pull.title == "PASSPORT_BACKLOG: PHOTO_VALIDATOR max_blur_px from 2 to 3 (edited by hand)"
    assert "+  max_blur_px: 3  # pixels" in pull.body
    assert "max_blur_px: 4" not in pull.body
    assert "Somebody has edited this branch: it now changes one value." in pull.body
    assert pull.body.partition("## The evidence")[2] == before.body.partition("## The evidence")[2]
    office.gate()
    assert office.world.pull(FIRST) == pull
    office.world.push(branch, {SERVICE_PATH: SERVICE.replace(b"px: 2", b"px: 5")}, by=ALICE)
    office.gate()
    assert "from 2 to 5" in office.world.pull(FIRST).title


MARK, END = "<!-- pow:values -->", "<!-- /pow:values -->"


@pytest.mark.parametrize("body", ["", MARK, f"{END}\n{MARK}", f"{MARK}{END}{MARK}{END}", "x" * 57_990])
def test_a_text_that_lost_its_marks_gets_the_values_in_front_once(tmp_path: Path, body: str) -> None:
    office = a_proposal(tmp_path)
    edited = SERVICE.replace(b"px: 2", b"px: 3 #<!-- /pow:values -->")
    office.world.push(office.world.pull(FIRST).head_branch, {SERVICE_PATH: edited}, by=ALICE)
    office.world.pulls[FIRST] = replace(office.world.pulls[FIRST], body=body)
    office.gate()
    pull = office.world.pull(FIRST)
    assert pull.body.startswith("<!-- pow:values -->\nSomebody has edited this branch")
    assert len(pull.body) <= MAX_BODY
    assert (pull.body.count("<!-- pow:values -->"), pull.body.count("<!-- /pow:values -->")) == (1, 1)
    office.gate()
    assert office.world.pull(FIRST).body == pull.body


def test_an_edit_that_changes_nothing_or_cannot_be_read_leaves_the_text_alone(tmp_path: Path) -> None:
    office = a_proposal(tmp_path)
    before = office.world.pull(FIRST)
    for content in (SERVICE, b"["):
        office.world.push(before.head_branch, {SERVICE_PATH: content}, by=ALICE)
        office.gate()
        assert (office.world.pull(FIRST).title, office.world.pull(FIRST).body) == (before.title, before.body)
