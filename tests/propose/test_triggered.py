"""A detection that somebody asks for: of one recipe, once in a window, and never theirs to approve."""

from pathlib import Path

import pytest
from fakes.forge import MemoryForge
from propose.office import POLICY, RECIPE, SERVICE, Office

from bot.model.errors import BotError, DiagnosticError, PermissionDeniedError
from bot.model.event import Mark
from bot.model.names import PullNumber
from bot.model.record import Phase

FIRST = PullNumber(1)
OTHER = RECIPE.replace(b"PASSPORT_BACKLOG", b"PRINT_QUEUE").replace(b"PHOTO_VALIDATOR", b"PRINTER")
PRINTER = SERVICE.replace(b"PHOTO_VALIDATOR", b"PRINTER")
TWO = {"pow/print_queue.yml": OTHER, "patches/services/PRINTER.yml": PRINTER}


def test_a_trigger_looks_at_its_recipe_only_and_proposes_what_the_rule_finds(tmp_path: Path) -> None:
    office = Office(tmp_path, TWO)
    report = office.trigger()

    assert not report.failed
    assert (
        report.events[0].sentence == "agent asked for a detection of PASSPORT_BACKLOG, through the account a2a[bot]"
    )
    assert [event.subject for event in report.events if event.mark is Mark.DONE] == ["PASSPORT_BACKLOG"]
    assert list(office.world.pulls) == [FIRST]
    assert office.phases() == [Phase.PROPOSED, Phase.TRIGGERED]


def test_those_who_asked_stand_in_the_commit_and_may_not_approve(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.trigger(by="sam", actors=("alice",))
    commit = office.world.snapshots[office.world.pull(FIRST).head].commit

    assert [value for key, value in commit.trailers if key == "Started-By"] == ["alice", "sam"]
    for barred in ("sam", "alice"):
        assert office.simulate(f"approved-by:{barred}").waiting_for == ("1 approval of supervisors",)
    assert office.simulate("approved-by:rita").waiting_for == ()


def test_those_who_asked_may_not_approve_what_takes_its_place_either(tmp_path: Path) -> None:
    """Another run, of the schedule, replaces the proposal once the base has moved."""
    office = Office(tmp_path)
    office.trigger(by="sam", actors=("alice",))
    office.replace_by_another_run()
    second = PullNumber(2)
    commit = office.world.snapshots[office.world.pull(second).head].commit
    assert not [value for key, value in commit.trailers if key == "Started-By"]

    for barred in ("sam", "alice"):
        assert office.simulate_of(2, f"approved-by:{barred}").waiting_for == ("1 approval of supervisors",)
    assert office.simulate_of(2, "approved-by:rita").waiting_for == ()


def test_the_reason_is_shown_without_calling_anybody_and_stays_out_of_git_and_logs(tmp_path: Path) -> None:
    office = Office(tmp_path)
    report = office.trigger()
    (comment,) = [each.body for each in office.forge.comments(FIRST)]

    assert "`agent` asked for the detection that found this, through `a2a[bot]`" in comment
    assert "waits grow" in comment
    assert "@everyone" not in comment
    kept = repr((office.world.snapshots, office.ledger.held, report))
    assert "waits grow" not in kept
    facts = office.record(Phase.TRIGGERED).facts
    assert (facts["recipe"], facts["by"], facts["actors"]) == ("PASSPORT_BACKLOG", "agent", ["a2a[bot]"])
    assert str(facts["reason_digest"]).startswith("sha256:")


def test_a_further_trigger_within_the_window_is_the_same_one(tmp_path: Path) -> None:
    office = Office(tmp_path, TWO)
    office.trigger()
    office.pass_days(59 / 1440)
    office.write_waits(26.3)
    writes = len(office.world.writes)
    again = office.trigger(by="other")

    assert [event.mark for event in again.events] == [Mark.NOTE]
    assert "agent asked for PASSPORT_BACKLOG at 2026-03-02T09:00:00Z already" in again.events[0].sentence
    assert "within 1 hour" in again.events[0].sentence
    assert len(office.world.writes) == writes
    assert office.trigger("PRINT_QUEUE").events[-1].mark is Mark.DONE, "another recipe is another matter"
    office.pass_days(1 / 1440)
    office.write_waits(26.3)
    assert "proposed already in pull request 1" in office.trigger().events[-1].sentence
    assert office.phases().count(Phase.TRIGGERED) == 3


def test_policy_says_how_long_the_window_is(tmp_path: Path) -> None:
    office = Office(tmp_path, {"pow/settings/policy.yml": POLICY + b"trigger_window: 2_days\n"})
    office.trigger()
    office.pass_days(1.5)

    assert "within 2 days" in office.trigger().events[0].sentence


def test_a_rule_that_does_not_hold_proposes_nothing_whoever_asks(tmp_path: Path) -> None:
    office = Office(tmp_path, longest=15.0)
    report = office.trigger()

    assert "does not fire" in report.events[-1].sentence
    assert office.phases() == [Phase.TRIGGERED]
    assert not office.world.pulls


@pytest.mark.parametrize(
    ("name", "hint"), [("PASSPORT_BACKLOGS", "did you mean `PASSPORT_BACKLOG`?"), ("X0", "known: PASSPORT_BACKLOG")]
)
def test_an_unknown_recipe_is_refused_with_the_likely_one(tmp_path: Path, name: str, hint: str) -> None:
    office = Office(tmp_path)
    with pytest.raises(BotError, match=f"there is no recipe {name}") as caught:
        office.trigger(name)

    assert caught.value.hint == hint
    assert not office.phases()


def test_a_recipe_whose_rules_are_broken_is_told_and_others_do_not_matter(tmp_path: Path) -> None:
    office = Office(tmp_path, {"pow/print_queue.yml": OTHER.replace(b"max(wait_time)", b"max(wait)"), **PRINTED})
    with pytest.raises(DiagnosticError):
        office.trigger("PRINT_QUEUE")

    assert not office.trigger().failed


PRINTED = {"patches/services/PRINTER.yml": PRINTER}


def test_broken_settings_stop_it_and_leave_no_record(tmp_path: Path) -> None:
    office = Office(tmp_path, {"pow/settings/policy.yml": b"approvals: {}\n"})

    assert office.trigger().failed
    assert not office.phases()


def test_a_look_that_failed_may_be_asked_for_again_at_once(tmp_path: Path) -> None:
    office = Office(tmp_path)
    (tmp_path / "data" / "waits.json").unlink()

    assert office.trigger().failed
    office.write_waits(26.3)
    assert office.trigger().events[-1].mark is Mark.DONE


class Mute(MemoryForge):
    """A forge on which the bot may not comment."""

    def put_comment(self, number: PullNumber, *, marker: str, body: str) -> None:
        raise PermissionDeniedError(f"may not comment on {number} ({marker}, {len(body)})")


def test_a_comment_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.forge = Mute(office.world)
    report = office.trigger()

    assert not report.failed
    assert "no comment says who asked for it" in report.events[-1].sentence
    assert office.phases() == [Phase.PROPOSED, Phase.TRIGGERED]


def test_a_trigger_is_no_change(tmp_path: Path) -> None:
    """Its record has a place of its own, and nothing that folds changes takes it for one."""
    office = Office(tmp_path, longest=15.0)
    office.trigger()
    office.write_waits(26.3)
    office.pass_days(1)
    office.write_waits(26.3)

    assert not office.gate().failed
    assert office.detect().events[-1].mark is Mark.DONE
