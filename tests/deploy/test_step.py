"""`pow deploy` as a whole, on real HTTP: what goes live, what is recorded, what is refused, what heals."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from deploy.stage import (
    JOURNEY,
    PHOTO,
    PRINTER,
    SUPERVISOR,
    Stage,
    a_journey,
    a_service,
    a_stage,
    an_id,
    told,
)
from fakes.forge import MemoryForge
from fakes.world import MAIN, Killed
from sync.loopback import Lose, Reply

from bot.model.errors import PermissionDeniedError
from bot.model.event import Mark
from bot.model.names import CommitSha
from bot.model.record import Phase
from bot.sync.exchange import Patience

FOUR = {PHOTO: a_service(max_blur_px=4, retries=1)}
NINE = {PHOTO: a_service(max_blur_px=9, retries=1)}
TWO = {PHOTO: a_service(max_blur_px=2, retries=1)}


@pytest.fixture
def stage() -> Iterator[Stage]:
    with a_stage() as stage:
        yield stage


def test_nothing_merged_means_nothing_done(stage: Stage):
    report = stage.run()
    assert report.events == ()
    assert stage.management.server.calls == []


def test_a_merged_change_goes_live_is_synced_and_is_recorded(stage: Stage):
    merge = stage.land(1, FOUR)
    report = stage.run()
    assert stage.live()["max_blur_px"] == 4
    [deployed] = stage.of(1, Phase.DEPLOYED)
    assert deployed.facts == {
        "merge": merge,
        "effective_at": "2026-03-02T09:01:00Z",
        "patches": [
            {
                "target": "PHOTO_VALIDATOR",
                "patch_id": "784",
                "status": "APPLIED",
                "values": {"max_blur_px": 4, "retries": 1},
            }
        ],
    }
    [synced] = stage.of(1, Phase.SYNCED)
    assert [(each["name"], each["version"]) for each in synced.facts["systems"]] == [("PASSPORT_PHOTO", 1)]
    assert stage.system.held["/sync/PASSPORT_PHOTO"]["values"] == {"max_blur_px": 4, "retries": 1}
    [shown] = stage.world.deployments
    assert (shown.commit, shown.environment, shown.success) == (merge, "production", True)
    assert stage.world.dispatched == ["monitor.yml"]
    assert not report.failed
    assert [event.sentence for event in report.events] == [
        "PHOTO_VALIDATOR: max_blur_px 2 → 4 is live (patch 784)",
        "PASSPORT_PHOTO shows version 1 of PHOTO_VALIDATOR",
        "in step: PASSPORT_PHOTO",
    ]


def test_a_second_run_repeats_nothing(stage: Stage):
    stage.land(1, FOUR)
    stage.run()
    writes, calls = list(stage.world.writes), len(stage.management.server.calls)
    assert stage.run().events == ()
    assert stage.world.writes == writes
    assert len(stage.management.server.calls) == calls


def test_what_else_a_service_holds_goes_nowhere(stage: Stage):
    stage.land(1, FOUR)
    report = stage.run()
    everything = [record.facts for record in stage.ledger.records()]
    assert "s3cret" not in json.dumps(everything)
    assert "s3cret" not in repr(report) + repr(stage.system.held) + repr(stage.world.deployments)


def test_a_service_and_a_journey_go_live_together(stage: Stage):
    stage.land(1, {**FOUR, JOURNEY: a_journey("v2")})
    report = stage.run()
    assert stage.management.journeys == {"passport_renewal": "v2"}
    [deployed] = stage.of(1, Phase.DEPLOYED)
    assert [(each["target"], each["status"]) for each in deployed.facts["patches"]] == [
        ("journeys/passport_renewal", "APPLIED"),
        ("PHOTO_VALIDATOR", "APPLIED"),
    ]
    assert "journeys/passport_renewal: version v1 → v2 is live" in report.events[0].sentence


def test_changes_go_live_in_the_order_of_their_merges_and_from_their_own_blobs(stage: Stage):
    stage.land(1, FOUR)
    stage.land(2, NINE)
    stage.run()
    posts = [call.body for call in stage.management.server.sent("POST")]
    assert [(post["expected"], post["changes"]) for post in posts] == [
        ({"max_blur_px": 2}, {"max_blur_px": 4}),
        ({"max_blur_px": 4}, {"max_blur_px": 9}),
    ]
    assert [stage.of(number, Phase.DEPLOYED)[0].index for number in (1, 2)] == [7, 8]
    assert stage.system.held["/sync/PASSPORT_PHOTO"]["version"] == 2


def test_a_rollback_is_deployed_and_synced_as_a_newer_version(stage: Stage):
    stage.land(1, NINE)
    stage.run()
    stage.land(2, TWO)
    stage.run()
    assert stage.live()["max_blur_px"] == 2
    held = stage.system.held["/sync/PASSPORT_PHOTO"]
    assert (held["version"], held["values"]) == (2, {"max_blur_px": 2, "retries": 1})


def test_only_keys_that_the_merge_set_are_sent(stage: Stage):
    # Somebody pushed another key of the same file to main past the gate.
    stage.world.push("main", {PHOTO: a_service(max_blur_px=2, retries=99)}, by=SUPERVISOR)
    stage.land(1, {PHOTO: a_service(max_blur_px=4, retries=99)})
    report = stage.run()
    assert stage.live()["retries"] == 1
    assert stage.management.server.sent("POST")[0].body["changes"] == {"max_blur_px": 4}
    [warning, differing] = told(report, Mark.WARNING)
    assert "retries was 1, which nobody approved; it is left alone" in warning.sentence
    assert "retries is 99 there and 1 live" in differing.sentence


def test_a_live_value_that_nobody_approved_is_told_and_replaced(stage: Stage):
    stage.live()["max_blur_px"] = 3
    stage.land(1, FOUR)
    report = stage.run()
    assert stage.live()["max_blur_px"] == 4
    [warning] = told(report, Mark.WARNING)
    assert "max_blur_px was 3, which nobody approved; it is 4 by this change" in warning.sentence


def test_what_is_live_already_counts_as_deployed(stage: Stage):
    stage.live()["max_blur_px"] = 4
    stage.land(1, FOUR)
    report = stage.run()
    assert stage.management.server.sent("POST") == []
    [deployed] = stage.of(1, Phase.DEPLOYED)
    assert deployed.facts["patches"][0]["status"] == "UNCHANGED"
    assert "was so already" in report.events[0].sentence


def test_a_merge_that_sets_no_value_is_deployed_with_nothing(stage: Stage):
    stage.land(1, {PHOTO: a_service(max_blur_px=2, retries=1) + b"# a comment\n"})
    report = stage.run()
    assert stage.of(1, Phase.DEPLOYED)[0].facts["patches"] == []
    assert report.events[0].sentence == "the change sets no value: nothing had to go live"


# Refusals


def test_a_refusal_by_governance_fails_and_is_asked_again_as_the_same_patch(stage: Stage):
    stage.land(1, {PHOTO: a_service(max_blur_px=99, retries=1)})
    report = stage.run()
    [failure] = told(report, Mark.FAILURE)
    assert failure.sentence == "PHOTO_VALIDATOR refused the patch 784: max_blur_px must not be above 10"
    assert failure.hint
    assert stage.of(1, Phase.DEPLOYED) == ()
    assert [(shown.success, shown.description) for shown in stage.world.deployments] == [
        (False, "not live: PHOTO_VALIDATOR")
    ]
    assert stage.world.dispatched == []
    assert told(stage.run(), Mark.FAILURE) == [failure]
    assert len(stage.management.patches) == 1
    assert len(stage.world.deployments) == 1


def test_the_way_out_of_a_refusal_goes_live_and_ends_the_refused_change(stage: Stage):
    stage.land(1, {PHOTO: a_service(max_blur_px=99, retries=1)})
    stage.run()
    stage.land(2, FOUR)
    stage.run()
    assert stage.live()["max_blur_px"] == 4
    report = stage.run()
    [closed] = stage.of(1, Phase.CLOSED)
    assert closed.facts["outcome"] == "failed"
    assert "a later change has set the same keys of PHOTO_VALIDATOR" in closed.facts["sentence"]
    assert [event.mark for event in report.events] == [Mark.WARNING]
    assert stage.live()["max_blur_px"] == 4
    assert stage.run().events == ()


def test_a_failing_target_holds_later_changes_of_it_and_no_others(stage: Stage):
    stage.land(1, FOUR)
    stage.land(2, NINE)
    stage.land(3, {PRINTER: a_service("PRINTER", speed=7)})
    stage.management.server.faults += [("POST", Reply(status=503))] * 3
    report = stage.run()
    assert [(event.mark, event.change) for event in report.events[:3]] == [
        (Mark.FAILURE, an_id(1)),
        (Mark.WAIT, an_id(2)),
        (Mark.DONE, an_id(3)),
    ]
    assert (stage.live()["max_blur_px"], stage.live("PRINTER")["speed"]) == (2, 7)
    stage.run()
    assert stage.live()["max_blur_px"] == 9
    assert len(stage.of(1, Phase.DEPLOYED)) == len(stage.of(2, Phase.DEPLOYED)) == 1


def test_what_waits_behind_a_waiting_change_waits_too(stage: Stage):
    stage.land(1, FOUR)
    stage.land(2, {**NINE, PRINTER: a_service("PRINTER", speed=7)})
    stage.land(3, {PRINTER: a_service("PRINTER", speed=8)})
    stage.management.server.faults += [("POST", Reply(status=503))] * 3
    stage.run()
    assert stage.live("PRINTER")["speed"] == 5
    stage.run()
    assert stage.live("PRINTER")["speed"] == 8
    assert all(len(stage.of(number, Phase.DEPLOYED)) == 1 for number in (1, 2, 3))


def test_one_target_of_two_failing_leaves_the_change_undeployed_until_both_are_live(stage: Stage):
    stage.land(1, {**FOUR, JOURNEY: a_journey("v2")})
    stage.management.server.faults += [("PUT", Lose.REQUEST)] * 3
    report = stage.run()
    assert stage.live()["max_blur_px"] == 4
    assert [event.subject for event in told(report, Mark.FAILURE)] == ["journeys/passport_renewal"]
    assert stage.of(1, Phase.DEPLOYED) == ()
    stage.run()
    [deployed] = stage.of(1, Phase.DEPLOYED)
    assert [each["status"] for each in deployed.facts["patches"]] == ["APPLIED", "UNCHANGED"]


def test_a_patch_that_waits_for_its_window_is_asked_about_again(stage: Stage):
    stage.land(1, FOUR)
    stage.management.stuck = True
    [waiting] = told(stage.run(), Mark.WAIT)
    assert waiting.sentence == "patch 784 for PHOTO_VALIDATOR is queued"
    assert stage.of(1, Phase.DEPLOYED) == ()
    stage.management.stuck = False
    stage.run()
    assert stage.of(1, Phase.DEPLOYED)[0].facts["patches"][0]["patch_id"] == "784"
    assert len(stage.management.patches) == 1


def test_a_merge_whose_bytes_were_not_approved_is_not_deployed(stage: Stage):
    pull = stage.propose(1, FOUR)
    stage.decide(1, pull)
    # A person pushes to the approved branch, and the merge takes that along.
    stage.world.push(pull.head_branch, NINE, by=SUPERVISOR)
    stage.record_merge(1, stage.merge(1, pull))
    report = stage.run()
    [failure] = told(report, Mark.FAILURE)
    assert "was never approved" in failure.sentence
    assert failure.hint
    assert stage.live()["max_blur_px"] == 2


def test_an_edited_and_approved_change_goes_live_as_edited(stage: Stage):
    pull = stage.propose(1, FOUR)
    stage.world.push(pull.head_branch, {PHOTO: a_service(max_blur_px=3, retries=1)}, by=SUPERVISOR)
    stage.decide(1, pull)
    stage.record_merge(1, stage.merge(1, pull))
    assert not stage.run().failed
    assert stage.live()["max_blur_px"] == 3


def test_a_broken_file_is_told_with_its_place_and_stops_nothing_else(stage: Stage):
    stage.land(1, {PRINTER: b"service: PRINTER\nchanges:\n  speed: [1]\n"})
    stage.land(2, FOUR)
    report = stage.run()
    [failure] = told(report, Mark.FAILURE)
    assert failure.sentence.startswith(f"{PRINTER}:3:")
    assert stage.live()["max_blur_px"] == 4


def test_a_token_without_rights_is_told_with_the_variable(stage: Stage):
    stage.land(1, FOUR)
    stage.management.server.faults += [("GET", Reply(status=403, body={"detail": "role release_manager is needed"}))]
    [failure] = told(stage.run(), Mark.FAILURE)
    assert "role release_manager is needed" in failure.sentence
    assert "POW_GATEWAY_TOKEN" in failure.hint


# Merges past the gate


def test_a_merge_by_hand_is_reported_until_it_is_reverted_and_never_deployed(stage: Stage):
    pull = stage.propose(1, FOUR)
    merge = stage.world.merge_by_hand(pull.number, SUPERVISOR)
    for _ in range(2):
        [failure] = told(stage.run(), Mark.FAILURE)
        said = f"{merge[:12]} (PHOTO_VALIDATOR) was merged without a valid gate; not deployed; see incident #2"
        assert failure.sentence == said
        assert "git revert -m 1" in failure.hint
    assert stage.live()["max_blur_px"] == 2
    assert stage.ledger.of(an_id(1))[-1].phase is Phase.PROPOSED
    stage.world.push("main", TWO, by=SUPERVISOR)
    [settled] = stage.run().events
    assert settled.sentence.startswith("incident #2 is settled and closed: nothing of what it set stands")
    assert stage.run().events == ()


def test_a_merge_whose_message_hides_the_change_is_known_by_its_evidence(stage: Stage):
    pull = stage.propose(1, FOUR)
    edited = stage.world.push(pull.head_branch, {PHOTO: a_service(max_blur_px=9, retries=1)}, by=SUPERVISOR)
    files = stage.world.snapshots[edited].files
    squash = stage.world.store((stage.world.branches[MAIN],), files, "Tidy up", author=SUPERVISOR)
    stage.world.set_branch(MAIN, squash)
    for _ in range(2):
        [failure] = told(stage.run(), Mark.FAILURE)
        assert failure.change == an_id(1)
        assert failure.sentence.startswith(f"{squash[:12]} (PHOTO_VALIDATOR) was merged without a valid gate")
    [issue] = stage.world.issues.values()
    assert (issue.title, issue.labels) == (f"Merged without a valid gate: change {an_id(1)}", ("pow:incident",))
    assert f"git revert {squash[:12]}" in issue.text.body
    assert stage.live()["max_blur_px"] == 2


def test_an_edit_that_was_rebased_with_its_proposal_belongs_to_the_same_incident(stage: Stage):
    pull = stage.propose(1, FOUR)
    edited = stage.world.push(pull.head_branch, NINE, by=SUPERVISOR)
    proposed = pull.head
    for commit, message in ((proposed, f"Propose\n\nChange-Id: {an_id(1)}"), (edited, "Edit")):
        files = stage.world.snapshots[commit].files
        landed = stage.world.store((stage.world.branches[MAIN],), files, message, author=SUPERVISOR)
        stage.world.set_branch(MAIN, landed)
    for _ in range(2):
        [warning] = stage.run().events
        assert f"{landed[:12]} was set by hand" in warning.sentence
        assert "max_blur_px is 9 there and 2 live; see incident #2" in warning.sentence
    [issue] = stage.world.issues.values()
    assert issue.title == f"Merged without a valid gate: change {an_id(1)}"
    assert stage.live()["max_blur_px"] == 2


def test_a_recorded_merge_that_is_not_what_was_approved_opens_an_incident_once(stage: Stage):
    pull = stage.propose(1, FOUR)
    merge = stage.merge(1, pull)
    stage.record_merge(1, merge)
    for _ in range(2):
        [failure] = told(stage.run(), Mark.FAILURE)
        assert "was never approved; see incident #2" in failure.sentence
    [issue] = stage.world.issues.values()
    assert f"git revert -m 1 {merge[:12]}" in issue.text.body


def test_a_squash_onto_main_is_reported_too(stage: Stage):
    stage.world.push("main", FOUR, by=SUPERVISOR, message=f"Squashed\n\nChange-Id: {an_id(1)}")
    [failure] = told(stage.run(), Mark.FAILURE)
    assert failure.change == an_id(1)
    assert "`git revert " in failure.hint
    assert "-m 1" not in failure.hint


def test_an_approved_merge_that_is_not_recorded_yet_waits_for_the_gate(stage: Stage):
    pull = stage.propose(1, FOUR)
    stage.decide(1, pull)
    merge = stage.merge(1, pull)
    [event] = stage.run().events
    assert (event.mark, event.sentence) == (
        Mark.WAIT,
        f"the merge {merge[:12]} (PHOTO_VALIDATOR) is not recorded yet",
    )
    assert stage.live()["max_blur_px"] == 2
    stage.record_merge(1, merge)
    assert not stage.run().failed
    assert stage.live()["max_blur_px"] == 4


# Values by hand


@pytest.mark.parametrize(
    "files",
    [
        {"docs/notes.md": b"patches/services/PHOTO_VALIDATOR.yml\n"},
        {PHOTO: a_service(max_blur_px=2, retries=1) + b"# a note\n"},
        {PHOTO: a_service(max_blur_px=2)},
        {PHOTO: None},
    ],
    ids=["no desired state", "only a comment", "one key fewer", "no file any more"],
)
def test_a_commit_that_sets_no_value_asks_nobody(stage: Stage, files: dict[str, bytes | None]):
    stage.world.push("main", files, by=SUPERVISOR)
    assert stage.run().events == ()
    assert stage.management.server.calls == []


def test_an_adoption_asks_for_its_own_target_and_is_quiet(stage: Stage):
    stage.management.services["NEW"] = {"a": 1, "b": 2}
    stage.world.push("main", {"patches/services/NEW.yml": a_service("NEW", a=1.0)}, by=SUPERVISOR)
    assert stage.run().events == ()
    assert [call.path.rpartition("/")[2] for call in stage.management.server.calls] == ["NEW"]
    assert stage.world.issues == {}


def test_a_value_by_hand_that_is_not_live_is_told_with_one_incident_until_both_agree(stage: Stage):
    commit = stage.world.push("main", {**NINE, JOURNEY: a_journey("v2")}, by=SUPERVISOR)
    values = "journeys/passport_renewal: version is v2 there and v1 live; "
    values += "PHOTO_VALIDATOR: max_blur_px is 9 there and 2 live"
    for _ in range(2):
        [event] = stage.run().events
        sentence = f"{commit[:12]} was set by hand on the base branch and is not live: {values}; see incident #1"
        assert (event.mark, event.sentence) == (Mark.WARNING, sentence)
        assert f"`git revert {commit[:12]}`" in event.hint
    [issue] = stage.world.issues.values()
    assert (issue.title, issue.labels) == (f"Set by hand and not live: commit {commit[:12]}", ("pow:incident",))
    assert "| `PHOTO_VALIDATOR` | `max_blur_px` | `9` | `2` |" in issue.text.body
    assert f"git revert {commit[:12]}" in issue.text.body
    assert (stage.live()["max_blur_px"], stage.management.patches) == (2, {})
    stage.live()["max_blur_px"] = 9
    stage.management.journeys["passport_renewal"] = "v2"
    [settled] = stage.run().events
    assert settled.sentence.startswith("incident #1 is settled and closed: what stands of it on the branch is live")
    assert stage.run().events == ()


def test_a_value_by_hand_is_settled_by_its_revert(stage: Stage):
    stage.world.push("main", NINE, by=SUPERVISOR)
    assert told(stage.run(), Mark.WARNING)
    stage.world.push("main", TWO, by=SUPERVISOR)
    [settled] = stage.run().events
    assert settled.sentence.startswith("incident #1 is settled and closed: nothing of what it set stands")
    assert stage.run().events == ()


def test_a_value_by_hand_is_settled_by_a_change_of_the_bot(stage: Stage):
    stage.world.push("main", NINE, by=SUPERVISOR)
    stage.land(1, FOUR)
    assert not told(stage.run(), Mark.WARNING)[1:]  # what was live was not what the change was to replace: told once
    assert stage.live()["max_blur_px"] == 4
    assert stage.run().events == ()
    assert stage.world.issues == {}


def test_a_rollback_by_hand_of_a_deployed_change_says_that_live_still_differs(stage: Stage):
    stage.land(1, FOUR)
    stage.run()
    stage.world.push("main", TWO, by=SUPERVISOR, message='Revert "By the gate"')
    [event] = stage.run().events
    assert "PHOTO_VALIDATOR: max_blur_px is 2 there and 4 live; see incident #" in event.sentence
    stage.live()["max_blur_px"] = 2
    assert [each.mark for each in stage.run().events] == [Mark.NOTE]
    assert stage.run().events == ()


def test_where_the_gateway_does_not_say_what_is_live_that_is_told_and_is_no_incident(stage: Stage):
    stage.world.push("main", {"patches/services/NEW.yml": a_service("NEW", a=1)}, by=SUPERVISOR)
    stage.world.push("main", {PRINTER: b"service: [\n"}, by=SUPERVISOR)
    report = stage.run()
    said = [event.sentence for event in report.events]
    assert [event.mark for event in report.events] == [Mark.WARNING, Mark.WARNING]
    assert said[0].startswith("patches/services/NEW.yml was edited by hand; is it live? ")
    assert said[1].startswith(f"{PRINTER} was edited by hand; is it live? {PRINTER}:")
    assert stage.world.issues == {}


def test_a_run_killed_at_its_incident_opens_one_all_the_same():
    for kill in ("fail_before", "fail_after"):
        with a_stage() as stage:
            stage.world.push("main", NINE, by=SUPERVISOR)
            getattr(stage.world, kill)(1)
            with pytest.raises(Killed):
                stage.run()
            for _ in range(2):
                [event] = stage.run().events
                assert event.sentence.endswith("see incident #1")
            assert len(stage.world.issues) == 1


# The forge and crashes


def test_a_merge_that_is_no_longer_on_main_is_not_deployed(stage: Stage):
    start = stage.world.branches[MAIN]
    merge = stage.land(1, FOUR)
    stage.world.branches[MAIN] = start
    stage.world.branches["old"] = merge
    [failure] = told(stage.run(), Mark.FAILURE)
    assert "is not in the history of the base branch" in failure.sentence
    assert stage.live()["max_blur_px"] == 2


class _ForgeWithoutDeployments(MemoryForge):
    """A forge seen with a token that may neither show deployments nor start workflows."""

    def record_deployment(self, commit: CommitSha, **_: object) -> None:
        raise PermissionDeniedError(f"may not show a deployment of {commit[:7]}", hint="grant deployments: write")

    def dispatch(self, workflow: str) -> None:
        raise PermissionDeniedError(f"may not start {workflow}", hint="grant actions: write")


def test_a_forge_that_shows_no_deployments_is_a_warning_and_hinders_nothing(stage: Stage):
    stage.land(1, FOUR)
    stage.forge = _ForgeWithoutDeployments(stage.world)
    report = stage.run()
    hints = [event.hint for event in told(report, Mark.WARNING)]
    assert hints == ["grant deployments: write", "grant actions: write"]
    assert not report.failed
    assert len(stage.of(1, Phase.DEPLOYED)) == len(stage.of(1, Phase.SYNCED)) == 1


def test_a_run_killed_while_its_patch_is_queued_is_finished_with_the_same_patch(stage: Stage):
    def die(_: float) -> None:
        raise Killed("while waiting")

    stage.land(1, FOUR)
    patient = stage.client
    stage.client = replace(patient, patience=Patience(sleep=die))
    with pytest.raises(Killed):
        stage.run()
    assert stage.live()["max_blur_px"] == 2
    stage.client = patient
    stage.run()
    assert stage.of(1, Phase.DEPLOYED)[0].facts["patches"][0]["patch_id"] == "784"
    assert len(stage.management.patches) == 1


def test_a_record_that_does_not_say_what_was_deployed_fails_the_sync_and_not_the_deployment(stage: Stage):
    stage.record(9, Phase.DEPLOYED, merge="x")
    stage.land(1, FOUR)
    report = stage.run()
    assert [event.mark for event in report.events] == [Mark.DONE, Mark.FAILURE]
    assert "does not say what was deployed" in report.events[1].sentence
    assert len(stage.of(1, Phase.DEPLOYED)) == 1


def test_every_kill_between_two_writes_ends_in_the_same_state(stage: Stage):
    stage.land(1, {**FOUR, JOURNEY: a_journey("v2")})
    stage.run()
    clean = _state(stage)
    count = len(stage.world.writes)
    with a_stage() as other:
        other.land(1, {**FOUR, JOURNEY: a_journey("v2")})
        writes = count - len(other.world.writes)
    assert writes == 4
    for place in range(1, writes + 1):
        for kill in ("fail_before", "fail_after"):
            with a_stage() as other:
                other.land(1, {**FOUR, JOURNEY: a_journey("v2")})
                getattr(other.world, kill)(place)
                with pytest.raises(Killed):
                    other.run()
                other.run()
                other.run()
                assert _state(other) == clean, (kill, place)


def _state(stage: Stage) -> object:
    """What must not depend on where a run was killed: everything but how a target came to be as it is."""
    phases = [(record.change, record.phase) for record in stage.ledger.records()]
    deployed = [each["values"] for each in stage.of(1, Phase.DEPLOYED)[0].facts["patches"]]
    return (
        phases,
        deployed,
        stage.management.services,
        stage.management.journeys,
        len(stage.management.patches),
        stage.system.held,
        stage.world.deployments,
    )


def test_what_is_stopped_is_not_deployed_and_nothing_goes_before_it(stage: Stage):
    stage.land(1, FOUR)
    stage.land(2, NINE)
    stage.land(3, {PRINTER: a_service("PRINTER", speed=7)})
    stage.world.push(MAIN, {"pow/STOP": b"target:PHOTO_VALIDATOR\n"}, by=SUPERVISOR)
    report = stage.run()
    assert (stage.live()["max_blur_px"], stage.live("PRINTER")["speed"]) == (2, 7)
    waiting = [event.sentence for event in told(report, Mark.WAIT)]
    assert waiting[0] == "merged, and it waits: PHOTO_VALIDATOR is stopped by pow/STOP"
    assert [record.change for record in stage.ledger.held if record.phase is Phase.DEPLOYED] == [an_id(3)]
    stage.world.push(MAIN, {"pow/STOP": None}, by=SUPERVISOR)
    stage.run()
    assert stage.live()["max_blur_px"] == 9


def test_what_is_live_is_brought_to_the_systems_whatever_is_stopped(stage: Stage):
    stage.land(1, FOUR)
    stage.system.server.faults += [("POST", Reply(status=503))] * 3
    stage.run()
    assert not stage.of(1, Phase.SYNCED)
    stage.world.push(MAIN, {"pow/STOP": b""}, by=SUPERVISOR)
    stage.run()
    assert stage.of(1, Phase.SYNCED)
