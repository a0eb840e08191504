"""Taking a change back: once, exactly, whoever interferes, and wherever a run dies."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from fakes.builders import a_person
from fakes.forge import MemoryForge
from fakes.world import Killed
from monitor.watchtower import DAY, ERRORS, HOUR, PHOTO, POLICY, PRINTER, RECIPE, SAM, Tower, a_watch, run_to_the_end

from bot.model.errors import PermissionDeniedError, UnavailableError
from bot.model.event import Mark
from bot.model.forge import Comment, Labelled, Permission, PullState
from bot.model.names import BranchName, ChangeId, PullNumber
from bot.model.record import Phase
from bot.monitor.act import PERSON_LABEL, ROLLBACK_LABEL
from bot.propose.change import rollback_id
from bot.propose.trailers import ChangeKind, read_proposal

FIRST = ChangeId(f"{1:016x}")


def a_breach(**files: bytes) -> tuple[Tower, ChangeId]:
    """Return an agency in which a change does harm, for certain and lastingly."""
    tower, change = a_watch(**files)
    tower.go(2 * HOUR, errors=0.2)
    return tower, change


def a_rollback(**files: bytes) -> tuple[Tower, ChangeId]:
    """Return an agency whose rollback is open."""
    tower, change = a_breach(**files)
    tower.monitor()
    return tower, change


def a_recovery() -> tuple[Tower, ChangeId]:
    """Return an agency whose rollback is live and helps."""
    tower, change = a_rollback()
    tower.roll_out(rollback_id(change))
    tower.go(2 * HOUR)
    return tower, change


# The way it goes


def test_harm_becomes_one_pull_request_that_is_the_exact_inverse():
    tower, change = a_breach()
    before = tower.world.snapshots[tower.world.snapshots[tower.main].commit.parents[0]].files
    worse, opened = tower.monitor().events
    (pull,) = tower.rollback_pulls(change)
    (intent,) = tower.of(change, Phase.REVERTED)
    (proposed,) = tower.of(rollback_id(change), Phase.PROPOSED)
    commit = tower.world.snapshots[pull.head]

    assert worse.mark is Mark.WARNING
    assert "it got worse" in worse.sentence
    assert (opened.mark, opened.data["opened"]) == (Mark.DONE, pull.number)
    assert "exact inverse" in opened.sentence
    assert dict(commit.files) == dict(before)
    assert not pull.draft
    assert {"pow", ROLLBACK_LABEL} <= pull.labels
    assert PERSON_LABEL not in pull.labels
    assert pull.title == "Revert #1: BLUR made it worse"
    assert "-  max_blur_px: 4" in pull.body
    assert "+  max_blur_px: 2" in pull.body
    assert intent.index < proposed.index
    assert intent.facts["rollback"] == rollback_id(change)
    assert (proposed.facts["head"], proposed.facts["rollback_of"]) == (pull.head, change)
    assert [key["after"] for key in proposed.facts["keys"]] == [2]
    assert tower.world.dispatched == ["gate.yml"]
    assert "the change is taken back" in tower.comment(1)


def test_its_commit_says_what_it_reverts_in_gits_words_and_in_trailers():
    tower, change = a_rollback()
    (pull,) = tower.rollback_pulls(change)
    commit, merge = tower.world.snapshots[pull.head].commit, tower.of(change, Phase.MERGED)[0].facts["merge"]
    trailers = read_proposal(commit.trailers)
    assert trailers is not None
    assert (trailers.kind, trailers.rollback_of, trailers.reverts) == (ChangeKind.ROLLBACK, change, merge)
    assert f"This reverts commit {merge}" in commit.message


def test_the_gate_merges_it_by_proof_and_recovery_closes_both():
    tower, change = a_recovery()
    events = tower.monitor().events
    rollback = rollback_id(change)
    closing, original = tower.closed(rollback), tower.closed(change)
    assert [event.data.get("closed") for event in events] == [None, "RECOVERED", "rolled_back"]
    assert (closing["outcome"], closing["recovery"]) == ("rolled_back", "RECOVERED")
    assert (original["outcome"], original["recovery"]) == ("rolled_back", "RECOVERED")
    assert "The rollback helped" in tower.comment(2)
    assert tower.monitor().events == ()


def test_it_happens_once_however_often_the_monitor_looks():
    tower, change = a_rollback()
    writes = len(tower.world.writes)
    for _ in range(3):
        event = tower.only()
        assert event.mark is Mark.WAIT
        tower.go(HOUR, errors=0.3)
    assert len(tower.world.writes) == writes
    assert len(tower.rollback_pulls(change)) == 1
    assert len(tower.of(change, Phase.REVERTED)) == 1


class NoActions(MemoryForge):
    """A forge whose token may not start workflows."""

    def dispatch(self, workflow: str) -> None:
        raise PermissionDeniedError(f"may not start {workflow}", hint="grant actions: write")


def test_a_gate_that_cannot_be_started_is_a_warning():
    tower, change = a_breach()
    tower.forge = NoActions(tower.world)
    report = tower.monitor()
    assert not report.failed
    assert report.events[-1].mark is Mark.WARNING
    assert "grant actions: write" in report.events[-1].hint
    assert len(tower.rollback_pulls(change)) == 1


# Did it help


def test_right_after_the_rollback_nothing_says_that_it_helped():
    tower, change = a_rollback()
    rollback = rollback_id(change)
    tower.roll_out(rollback)
    tower.go(HOUR / 2, errors=0.2)
    waiting, pending = tower.monitor().events
    assert (waiting.mark, pending.mark) == (Mark.WAIT, Mark.WAIT)
    assert not tower.of(rollback, Phase.CLOSED), "six bad windows are no recovery"
    tower.go(2 * HOUR, errors=0.2)
    assert {event.mark for event in tower.monitor().events} == {Mark.WAIT}
    assert "still measuring" in tower.comment(2)


def test_a_breach_that_stays_says_that_the_change_was_not_the_cause():
    tower, change = a_rollback()
    rollback = rollback_id(change)
    tower.roll_out(rollback)
    tower.go(2 * DAY, errors=0.2)
    events = tower.monitor().events
    assert [event.mark for event in events] == [Mark.WAIT, Mark.WARNING, Mark.DONE]
    assert tower.closed(rollback)["recovery"] == "NOT_RECOVERED"
    assert tower.closed(change)["recovery"] == "NOT_RECOVERED"
    assert "not the cause" in tower.comment(2)


def test_a_feed_that_never_answers_again_asks_a_person_in_the_end():
    tower, change = a_rollback(blur=RECIPE + b"watch: {deadline: 5_days}\n")
    rollback = rollback_id(change)
    tower.roll_out(rollback)
    tower.figures.down = {ERRORS: "answered 503"}
    tower.go(4 * DAY)
    assert {event.mark for event in tower.monitor().events} == {Mark.WAIT}
    tower.go(DAY)
    assert "nothing tells whether the rollback helped" in tower.monitor().events[-1].sentence
    assert PERSON_LABEL in tower.world.pull(2).labels
    assert not tower.of(rollback, Phase.CLOSED)


def test_recovery_is_measured_by_the_recipe_of_the_change_whatever_became_of_it_since():
    tower, change = a_breach()
    tower.monitor()
    tower.push({"pow/blur.yml": None})
    tower.push({"pow/README.md": b"people go on working"})
    tower.roll_out(rollback_id(change))
    tower.go(2 * HOUR)
    assert not tower.monitor().failed
    assert tower.closed(change)["recovery"] == "RECOVERED"


def test_a_rollback_whose_original_was_closed_meanwhile_closes_alone():
    tower, change = a_recovery()
    tower.record(change, Phase.CLOSED, outcome="kept")
    assert tower.only().data["closed"] == "RECOVERED"


# People interfere


def test_a_closed_rollback_is_a_veto_and_the_change_is_kept():
    tower, change = a_rollback()
    tower.world.close(2)
    assert tower.only().mark is Mark.WAIT, "the gate has the word on a closed pull request"
    tower.gate()
    event = tower.only()
    assert (event.mark, event.data["closed"]) == (Mark.WARNING, "kept")
    assert tower.closed(change)["outcome"] == "kept"
    tower.go(DAY, errors=0.3)
    assert tower.monitor().events == ()
    assert len(tower.rollback_pulls(change)) == 1


def test_a_rollback_that_is_closed_before_it_is_recorded_is_a_veto_too():
    tower, change = a_breach()
    tower.forge.fail_after(6)  # measured, comment, intent, commit, branch, pull request
    with pytest.raises(Killed):
        tower.monitor()
    tower.world.close(2)
    del tower.world.branches[tower.world.pull(2).head_branch]
    assert tower.only().data["closed"] == "kept"
    assert tower.monitor().events == ()
    assert len(tower.rollback_pulls(change)) == 1


def test_a_rollback_that_a_person_merges_past_the_gate_is_not_made_again():
    tower, change = a_rollback()
    tower.world.merge_by_hand(2, SAM)
    assert tower.gate().failed, "the gate tells that it never said yes"
    assert tower.only().mark is Mark.WAIT
    assert len(tower.rollback_pulls(change)) == 1


def test_a_rollback_that_a_person_merges_before_it_is_recorded_is_recorded():
    tower, change = a_breach()
    tower.forge.fail_after(6)
    with pytest.raises(Killed):
        tower.monitor()
    tower.world.merge_by_hand(2, SAM)
    assert "pull request 2 (closed)" in tower.monitor().events[0].sentence
    assert len(tower.of(rollback_id(change), Phase.PROPOSED)) == 1
    assert len(tower.rollback_pulls(change)) == 1


@pytest.mark.parametrize("text", [b"px: 2", b"px:  2   # put back by hand"], ids=["the bytes", "the value"])
def test_what_a_person_has_put_back_already_is_closed_and_not_reverted(text: bytes):
    tower, change = a_breach()
    tower.edit(PHOTO, b"px: 4", text)
    event = tower.only()
    assert (event.mark, event.data["closed"]) == (Mark.WARNING, "rolled_back")
    assert "by hand" in event.sentence
    assert "approving the pull request that did so" in event.hint
    assert tower.rollback_pulls(change) == []
    assert tower.closed(change)["recovery"] is None


def test_what_was_put_back_is_no_success_either():
    tower, change = a_watch()
    tower.go(4 * DAY, waits=3.0)
    tower.edit(PHOTO, b"px: 4", b"px: 2")
    assert tower.only().data["closed"] == "rolled_back"
    assert tower.closed(change)["outcome"] == "rolled_back"


def test_a_person_who_reverts_between_intent_and_branch_is_not_doubled():
    tower, change = a_breach()
    tower.forge.fail_after(3)
    with pytest.raises(Killed):
        tower.monitor()
    assert len(tower.of(change, Phase.REVERTED)) == 1
    tower.edit(PHOTO, b"px: 4", b"px: 2")
    assert tower.only().data["closed"] == "rolled_back"
    assert tower.rollback_pulls(change) == []


def test_a_veto_of_what_is_back_anyway_is_called_what_it_is():
    tower, change = a_rollback()
    tower.edit(PHOTO, b"px: 4", b"px: 2")
    tower.world.close(2)
    tower.gate()
    assert tower.only().data["closed"] == "rolled_back"
    assert tower.closed(change)["recovery"] is None


def test_the_pause_holds_a_rollback_that_was_only_meant():
    tower, change = a_breach()
    tower.forge.fail_after(3)
    with pytest.raises(Killed):
        tower.monitor()
    tower.push({"pow/settings/policy.yml": POLICY.replace(b"paused: false", b"paused: true")})
    event = tower.only()
    assert event.mark is Mark.WARNING
    assert "paused" in event.sentence
    assert tower.rollback_pulls(change) == []
    tower.push({"pow/settings/policy.yml": POLICY})
    tower.monitor()
    assert len(tower.rollback_pulls(change)) == 1


def test_a_branch_that_holds_something_else_is_never_opened_in_the_bots_name():
    tower, change = a_breach()
    branch = BranchName(f"pow/blur/{rollback_id(change)}")
    tower.world.push(branch, {PHOTO: b"service: PHOTO_VALIDATOR\nchanges:\n  max_blur_px: 12\n"}, by=SAM)
    report = tower.monitor()
    assert report.failed
    assert "holds something else" in report.events[-1].sentence
    assert f"--delete {branch}" in report.events[-1].hint
    assert tower.rollback_pulls(change) == []
    del tower.world.branches[branch]
    assert not tower.monitor().failed
    assert len(tower.rollback_pulls(change)) == 1


def test_a_forged_commit_with_the_right_trailers_is_not_taken_for_the_bots():
    tower, change = a_rollback()
    (pull,) = tower.rollback_pulls(change)
    message = tower.world.snapshots[pull.head].commit.message
    twin, other = a_breach()
    branch = BranchName(f"pow/blur/{rollback_id(other)}")
    twin.world.push(
        branch,
        {PHOTO: b"service: PHOTO_VALIDATOR\nchanges:\n  max_blur_px: 12\n"},
        by=SAM,
        message=message,
    )
    assert twin.monitor().failed
    assert twin.rollback_pulls(other) == []


def test_a_person_who_edits_the_branch_before_it_is_recorded_leaves_the_bots_commit_on_record():
    tower, change = a_breach()
    tower.forge.fail_after(6)
    with pytest.raises(Killed):
        tower.monitor()
    own = tower.world.pull(2).head
    tower.world.push(tower.world.pull(2).head_branch, {PHOTO: b"service: PHOTO_VALIDATOR\nchanges: {}\n"}, by=SAM)
    tower.monitor()
    (proposed,) = tower.of(rollback_id(change), Phase.PROPOSED)
    assert proposed.facts["head"] == own
    tower.gate()
    assert not tower.world.pull(2).merged, "an edited rollback has no proof"


# What waits for a person

DRAFTS = {
    "mode propose": ({"blur": RECIPE + b"watch: {mode: propose}\n"}, b"", "mode"),
    "not reversible": ({"blur": RECIPE + b"reversible: false\n"}, b"", "not reversible"),
    "another value of the file was changed since": ({}, b"retries: 2", "changed again"),
}


@pytest.mark.parametrize(("files", "later", "reason"), DRAFTS.values(), ids=DRAFTS)
def test_a_draft_says_why_a_person_must_look(files: dict[str, bytes], later: bytes, reason: str):
    tower, change = a_breach(**files)
    if later:
        tower.edit(PHOTO, b"retries: 1", later)
    report = tower.monitor()
    (pull,) = tower.rollback_pulls(change)
    assert pull.draft
    assert PERSON_LABEL in pull.labels
    assert "A person must look at it first" in pull.body
    assert reason in pull.body.replace("\\", "")
    assert "a person must look at the rollback" in tower.comment(1)
    assert reason in tower.comment(1).replace("\\", "")
    assert "draft" in report.events[-1].sentence
    content = tower.world.snapshots[pull.head].files[PHOTO]
    assert b"max_blur_px: 2" in content
    assert (later or b"retries: 1") in content, "what others did since stays"
    tower.gate()
    assert not tower.world.pull(pull.number).merged


def test_a_draft_that_was_made_ready_merges_by_its_proof():
    tower, _ = a_rollback(blur=RECIPE + b"watch: {mode: propose}\n")
    tower.world.pulls[2] = replace(tower.world.pull(2), draft=False)
    tower.gate()
    assert tower.world.pull(2).merged


def test_a_conflict_over_what_somebody_set_since_is_left_to_a_person_and_nothing_is_begun():
    tower, change = a_breach()
    tower.edit(PHOTO, b"px: 4", b"px: 6")
    event = tower.only()
    assert event.mark is Mark.WARNING
    assert f"conflict in {PHOTO}" in event.sentence
    assert "max_blur_px was set to 6 since, which stays" in event.sentence
    assert PERSON_LABEL in tower.world.pull(1).labels
    assert "a person must decide" in tower.comment(1)
    assert not tower.of(change, Phase.REVERTED)
    assert tower.rollback_pulls(change) == []


def a_conflict() -> tuple[Tower, ChangeId]:
    """Return an agency in which somebody wrote on the changed line, and left the value as it is."""
    tower, change = a_breach()
    tower.edit(PHOTO, b"px: 4  # pixels", b"px: 4  # pixels of the edge")
    return tower, change


def test_a_conflict_of_lines_is_a_draft_with_the_values_put_back_and_the_commands_to_finish_it():
    tower, change = a_conflict()
    tower.monitor()
    (pull,) = tower.rollback_pulls(change)
    merge = tower.of(change, Phase.MERGED)[0].facts["merge"]
    assert pull.draft
    assert {PERSON_LABEL, ROLLBACK_LABEL} <= pull.labels
    assert b"px: 2  # pixels of the edge" in tower.world.snapshots[pull.head].files[PHOTO]
    assert "git cannot revert it by itself" in pull.body
    assert f"git revert -m 1 {merge}" in pull.body
    tower.world.pulls[pull.number] = replace(tower.world.pull(pull.number), draft=False)
    tower.gate()
    assert not tower.world.pull(pull.number).merged, "it is no exact inverse, so people must approve it"


def test_a_conflict_that_comes_after_the_intent_asks_and_forgets_nothing():
    tower, change = a_breach()
    tower.forge.fail_after(3)
    with pytest.raises(Killed):
        tower.monitor()
    tower.edit(PHOTO, b"px: 4", b"px: 6")
    assert "the rollback was begun, but git cannot" in tower.only().sentence
    tower.edit(PHOTO, b"px: 6", b"px: 4")
    tower.monitor()
    assert len(tower.rollback_pulls(change)) == 1


def another_rollback(tower: Tower, *, hours_ago: float, drafted: bool = False) -> None:
    """Let a change of something else have been taken back."""
    other = ChangeId("e" * 16)
    now, tower.world.now = tower.now, tower.now - hours_ago * HOUR
    keys = [{"target": "PRINTER", "key": "speed", "before": 5, "after": 6}]
    tower.record(other, Phase.PROPOSED, recipe="PRINT", pull=99, keys=keys)
    tower.record(other, Phase.REVERTED, rollback="d" * 16, draft_because=["old"] if drafted else [])
    tower.record(other, Phase.CLOSED, outcome="kept")
    tower.world.now = now


ONE_A_DAY = POLICY.replace(b"rollbacks_per_day: 2", b"rollbacks_per_day: 1")
OPEN_ONE = POLICY + b"rollbacks: {opened_per_day: 1}\n"


@pytest.mark.parametrize(
    ("policy", "hours_ago", "drafted", "expected"),
    [
        (ONE_A_DAY, 23, False, "draft"),
        (ONE_A_DAY, 25, False, "alone"),
        (ONE_A_DAY, 23, True, "alone"),
        (ONE_A_DAY, -12, False, "draft"),
        (OPEN_ONE, 23, False, "told"),
        (OPEN_ONE, 23, True, "told"),
        (OPEN_ONE, 25, False, "alone"),
        (OPEN_ONE, -12, False, "told"),
    ],
)
def test_beyond_one_daily_cap_a_rollback_is_a_draft_and_beyond_the_other_people_are_only_told(
    policy: bytes, hours_ago: float, *, drafted: bool, expected: str
):
    tower, change = a_breach(settings__policy=policy)
    another_rollback(tower, hours_ago=hours_ago, drafted=drafted)
    last = tower.monitor().events[-1]
    pulls = tower.rollback_pulls(change)
    assert [pull.draft for pull in pulls] == {"draft": [True], "alone": [False], "told": []}[expected]
    assert ("limit of the policy" in last.sentence) is (expected == "told")
    if expected == "draft":
        assert "1 rollbacks in a day went their way already" in pulls[0].body


def test_a_draft_stays_one_however_late_the_run_that_goes_on_with_it():
    tower, change = a_breach(settings__policy=ONE_A_DAY)
    another_rollback(tower, hours_ago=23)
    tower.forge.fail_after(3)
    with pytest.raises(Killed):
        tower.monitor()
    tower.go(DAY, errors=0.2)
    tower.monitor()
    (pull,) = tower.rollback_pulls(change)
    assert pull.draft
    assert "went their way already" in pull.body
    assert tower.of(change, Phase.REVERTED)[0].facts["draft_because"]


MIA = a_person("mia")


@pytest.mark.parametrize(
    ("body", "edited", "may", "expected"),
    [
        ("/ask-first\nwe are counting by hand", False, True, True),
        ("  /Ask-First", False, True, True),
        ("/ask-first", True, True, False),
        ("/ask-first", False, False, False),
        ("please /ask-first", False, True, False),
    ],
    ids=["asked", "in other letters", "edited", "a stranger", "in a sentence"],
)
def test_who_asked_to_be_asked_first_gets_a_draft(body: str, *, edited: bool, may: bool, expected: bool):
    tower, change = a_watch()
    tower.world.permissions[MIA.login] = Permission.WRITE if may else Permission.READ
    comment = Comment(id=900, author=MIA, body=body, created_at=tower.now, edited=edited)
    tower.world.comments.setdefault(PullNumber(1), []).append(comment)
    tower.go(2 * HOUR, errors=0.2)
    tower.monitor()
    (pull,) = tower.rollback_pulls(change)
    assert pull.draft is expected
    assert ("mia asked to be asked first" in pull.body) is expected


def test_the_newest_suspect_is_taken_back_first_and_the_next_one_if_that_did_not_help():
    tower, older = a_watch()
    tower.go(HOUR)
    newer = tower.land(2, PRINTER, b"speed: 5", b"speed: 6")
    tower.go(2 * HOUR, errors=0.2)
    tower.monitor()
    assert [len(tower.rollback_pulls(each)) for each in (newer, older)] == [1, 0]
    assert "is newer: its rollback shows first" in tower.comment(1)
    tower.roll_out(rollback_id(newer))
    tower.go(DAY, errors=0.2)
    tower.monitor()
    assert tower.rollback_pulls(older) == [], "whether it was the cause is still open"
    tower.go(DAY, errors=0.2)
    tower.monitor()
    assert tower.closed(newer)["recovery"] == "NOT_RECOVERED"
    assert len(tower.rollback_pulls(older)) == 1


def test_what_judges_the_older_one_is_well_again_once_the_newest_was_the_cause():
    tower, older = a_watch()
    tower.go(HOUR)
    newer = tower.land(2, PRINTER, b"speed: 5", b"speed: 6")
    tower.go(2 * HOUR, errors=0.2)
    tower.monitor()
    tower.roll_out(rollback_id(newer))
    tower.go(2 * HOUR)
    tower.monitor()
    assert tower.closed(newer)["recovery"] == "RECOVERED"
    assert tower.rollback_pulls(older) == []
    assert not tower.of(older, Phase.CLOSED)


def test_a_rollback_that_nobody_decides_on_keeps_no_other_suspect_for_ever():
    tower, older = a_watch(blur=RECIPE + b"watch: {mode: propose}\n")
    tower.go(HOUR)
    newer = tower.land(2, PRINTER, b"speed: 5", b"speed: 6")
    tower.go(2 * HOUR, errors=0.2)
    tower.monitor()
    tower.go(2 * DAY, errors=0.2)
    tower.monitor()
    assert [len(tower.rollback_pulls(each)) for each in (newer, older)] == [1, 1]


# Wherever it dies


def a_success() -> tuple[Tower, ChangeId]:
    tower, change = a_watch()
    tower.go(4 * DAY, waits=3.0)
    return tower, change


def a_question() -> tuple[Tower, ChangeId]:
    tower, change = a_watch()
    tower.go(22 * DAY)
    return tower, change


def a_failed_recovery() -> tuple[Tower, ChangeId]:
    tower, change = a_rollback()
    tower.roll_out(rollback_id(change))
    tower.go(2 * DAY, errors=0.2)
    return tower, change


def a_veto() -> tuple[Tower, ChangeId]:
    tower, change = a_rollback()
    tower.world.close(2)
    tower.gate()
    return tower, change


def a_draft() -> tuple[Tower, ChangeId]:
    return a_breach(blur=RECIPE + b"watch: {mode: propose}\n")


def a_revert_by_hand() -> tuple[Tower, ChangeId]:
    tower, change = a_breach()
    tower.edit(PHOTO, b"px: 4", b"px: 2")
    return tower, change


SCENES: dict[str, tuple[Callable[[], tuple[Tower, ChangeId]], int]] = {
    "harm": (a_breach, 9),
    "harm, as a draft": (a_draft, 10),
    "harm, in conflict": (a_conflict, 10),
    "recovery": (a_recovery, 4),
    "no recovery": (a_failed_recovery, 4),
    "success": (a_success, 3),
    "a question": (a_question, 3),
    "a veto": (a_veto, 1),
    "a revert by hand": (a_revert_by_hand, 1),
}


def deaths() -> Iterator[tuple[str, str, int]]:
    for name, (_, writes) in SCENES.items():
        for number in range(1, writes + 1):
            yield name, "fail_before", number
            yield name, "fail_after", number


@pytest.mark.parametrize(("scene", "way", "number"), list(deaths()))
def test_a_run_that_dies_at_any_write_ends_where_one_in_peace_ends(scene: str, way: str, number: int):
    setting, _ = SCENES[scene]
    tower, _ = setting()
    tower.monitor()
    expected = tower.told()
    tower, _ = setting()
    getattr(tower.forge, way)(number)
    assert run_to_the_end(tower) == 1
    assert tower.told() == expected
    writes = len(tower.world.writes)
    tower.monitor()
    assert [each for each in tower.world.writes[writes:] if not each.startswith("dispatch")] == []


@pytest.mark.parametrize("scene", SCENES)
def test_the_scenes_die_at_every_write_that_there_is(scene: str):
    setting, writes = SCENES[scene]
    tower, _ = setting()
    before = len(tower.world.writes)
    tower.monitor()
    assert len(tower.world.writes[before:]) == writes, tower.world.writes[before:]


@pytest.mark.parametrize("number", range(1, 10))
def test_an_hour_between_death_and_the_next_run_changes_nothing_of_what_is_done(number: int):
    tower, change = a_breach()
    tower.forge.fail_after(number)
    with pytest.raises(Killed):
        tower.monitor()
    tower.go(HOUR, errors=0.2)
    tower.monitor()
    (pull,) = tower.rollback_pulls(change)
    tower.gate()
    assert tower.world.pull(pull.number).merged
    assert tower.world.pull(pull.number).state is PullState.CLOSED
    assert len(tower.of(change, Phase.REVERTED)) == 1


# What people have stopped


@pytest.mark.parametrize("content", [b"", b"rollback\n", b"recipe:BLUR\n", b"target:PHOTO_VALIDATOR\n"])
def test_a_stop_lets_a_person_decide_and_once_lifted_it_goes_its_way(content: bytes):
    tower, change = a_breach()
    tower.push({"pow/STOP": content})
    event = tower.only()
    assert event.mark is Mark.WARNING
    assert "a person must decide" in event.sentence
    assert "stopped by pow/STOP" in event.sentence
    assert tower.of(change, Phase.REVERTED) == ()
    assert tower.of(change, Phase.MEASURED)
    assert PERSON_LABEL in tower.world.pull(1).labels
    tower.push({"pow/STOP": None})
    tower.go(HOUR, errors=0.2)
    assert "opened" in tower.monitor().events[1].data


def test_a_stop_of_something_else_keeps_no_rollback_back():
    tower, _ = a_breach()
    tower.push({"pow/STOP": b"recipe:OTHER\n"})
    assert "opened" in tower.monitor().events[1].data


def test_a_switch_that_cannot_be_read_lets_a_rollback_be_opened_and_not_merged():
    tower, change = a_breach()
    tower.forge = Blind(tower.world)
    assert "opened" in tower.monitor().events[1].data
    tower.gate()
    assert "the kill switch cannot be read" in tower.gate().events[0].sentence
    assert tower.of(rollback_id(change), Phase.MERGED) == ()
    tower.forge = MemoryForge(tower.world)
    tower.gate()
    assert tower.of(rollback_id(change), Phase.MERGED)


class Blind(MemoryForge):
    """A forge that does not tell what is labelled."""

    def labelled(self, label: str) -> tuple[Labelled, ...]:
        raise UnavailableError(f"502 for {label}")
