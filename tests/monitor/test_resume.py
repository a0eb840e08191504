"""Lifting a hold: by a person with write access now, once, with a reason that may stand in Git for ever."""

from dataclasses import replace
from datetime import datetime

import pytest
from fakes.builders import a_bot, a_person
from fakes.forge import MemoryForge
from fakes.world import Killed
from monitor.test_take_back import a_breach, a_recovery, a_rollback
from monitor.watchtower import DAY, HOUR, POLICY, Tower

from bot.ledger.holds import HoldKind, holds
from bot.ledger.site import Site
from bot.model.errors import BotError, PermissionDeniedError
from bot.model.event import Mark
from bot.model.forge import Actor, Permission
from bot.model.limits import Breaker
from bot.model.names import ChangeId, Login, PullNumber
from bot.model.record import Phase
from bot.model.settings import Policy
from bot.monitor.resume import LONGEST, Resumed, checked_reason, resume
from bot.propose.change import rollback_id
from bot.recipes.library import load_library

PHOTO = "PHOTO_VALIDATOR"
REASON = "looked at the scanners, the limit was not it"
MARIA = a_person("maria")


def policy_of(tower: Tower) -> Policy:
    library = load_library(tower.site().repository.read_many("pow/", tower.main), endpoints={})
    assert library.settings is not None
    return library.settings.policy


def a_hold(**files: bytes) -> tuple[Tower, ChangeId]:
    tower, change = a_recovery()
    for name, content in files.items():
        tower.push({f"pow/settings/{name}.yml": content})
    tower.monitor()
    tower.world.permissions[MARIA.login] = Permission.WRITE
    return tower, change


def asked(tower: Tower, *, by: Actor | None = MARIA, started_by: tuple[str, ...] = ()) -> Site:
    """Return the site as a run sees it that a person's token, or the bot's for whoever dispatched it, works on."""
    forge = MemoryForge(tower.world, actor=by) if by else tower.forge
    return replace(tower.site(), forge=forge, started_by=tuple(map(Login, started_by)))


def lift(tower: Tower, site: Site, *, target: str = PHOTO, reason: str = REASON) -> Resumed:
    return resume(site, target=target, reason=reason, policy=policy_of(tower))


def test_a_person_lifts_a_hold_and_the_ledger_knows_who_and_why():
    tower, change = a_hold()
    done = lift(tower, asked(tower))
    assert done.is_new
    (record,) = tower.of(change, Phase.RESUMED)
    assert record.facts == {"target": PHOTO, "hold": "rolled_back", "by": "maria", "reason": REASON}
    assert holds(tower.ledger.records(), Breaker()) == ()


def test_once_is_enough():
    tower, change = a_hold()
    lift(tower, asked(tower))
    tower.go(DAY)
    again = lift(tower, asked(tower), reason="another reason for the same")
    assert not again.is_new
    assert again.record.facts["reason"] == REASON
    assert len(tower.of(change, Phase.RESUMED)) == 1


@pytest.mark.parametrize("way", ["fail_before", "fail_after"])
def test_a_run_that_dies_at_its_one_write_is_simply_run_again(way: str):
    tower, change = a_hold()
    getattr(tower.forge, way)(1)
    with pytest.raises(Killed):
        lift(tower, asked(tower))
    lift(tower, asked(tower))
    assert len(tower.of(change, Phase.RESUMED)) == 1


def test_what_is_not_on_hold_is_said_with_what_is():
    tower, _ = a_hold()
    with pytest.raises(BotError, match="nothing holds `PHOTO`") as refused:
        lift(tower, asked(tower), target="PHOTO")
    assert f"on hold: {PHOTO}" in refused.value.hint


def test_where_nothing_is_on_hold_that_is_said():
    tower, _ = a_breach()
    with pytest.raises(BotError, match="nothing holds") as refused:
        lift(tower, asked(tower))
    assert "nothing is" in refused.value.hint


def test_the_workflow_lifts_it_for_whoever_started_it():
    tower, change = a_hold()
    lift(tower, asked(tower, by=None, started_by=("maria",)))
    (record,) = tower.of(change, Phase.RESUMED)
    assert record.facts["by"] == "maria"


REFUSED: dict[str, tuple[Actor | None, tuple[str, ...], str]] = {
    "nobody": (None, (), "a machine cannot"),
    "a machine": (None, ("other[bot]",), "a machine cannot"),
    "a machine's account": (a_bot("ci[bot]"), (), "a machine cannot"),
    "a stranger": (a_person("stranger"), (), "no write access"),
    "a stranger who started it": (None, ("stranger",), "no write access"),
    "a stranger who started it again": (None, ("maria", "stranger"), "no write access"),
    "an excluded person": (a_person("cora"), (), "a machine cannot"),
    "an account that the policy calls a machine": (a_person("robo"), (), "a machine cannot"),
}


@pytest.mark.parametrize(("by", "started_by", "words"), REFUSED.values(), ids=REFUSED)
def test_who_may_not(by: Actor | None, started_by: tuple[str, ...], words: str):
    tower, change = a_hold(policy=POLICY + b"excluded_approvers: [CORA]\nbots: [robo]\n")
    for login in ("cora", "robo", "other[bot]", "ci[bot]"):
        tower.world.permissions[Login(login)] = Permission.WRITE
    with pytest.raises(BotError, match=words):
        lift(tower, asked(tower, by=by, started_by=started_by))
    assert not tower.of(change, Phase.RESUMED)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("", "shorter than"),
        ("fine now", "shorter than"),
        ("\u200b" * 50, "shorter than"),
        ("x" * (LONGEST + 1), "longer than"),
        ("anna.smith@mail.example called and was content", "somebody's"),
        ("case 4711-0815 is solved, so it may go on", "somebody's"),
    ],
)
def test_which_reasons_may_not_stand_in_git_for_ever(reason: str, words: str):
    with pytest.raises(BotError, match=words):
        checked_reason(reason)


def test_a_reason_is_one_visible_line():
    assert checked_reason("looked\n at\x1b[31m it,\u202e all of it") == "looked at[31m it, all of it"


# The breaker, and what comes of a hold


class WithoutIssues(MemoryForge):
    """A forge whose issues are switched off."""

    def open_issue(
        self, *, marker: str, title: str, body: str, labels: tuple[str, ...], since: datetime
    ) -> PullNumber:
        del marker, title, body, labels, since
        raise PermissionDeniedError("may not open issues")


def test_so_many_rollbacks_open_one_issue_and_stop_the_target():
    tower, change = a_breach(settings__policy=POLICY + b"breaker: {target: 1}\n")
    warning = tower.monitor().events[-1]
    assert warning.mark is Mark.WARNING
    assert "tripped the breaker" in warning.sentence
    assert f"pow resume {PHOTO}" in warning.hint
    (issue,) = tower.world.issues.values()
    assert issue.title == f"Stopped after 1 rollbacks: {PHOTO}"
    assert change in issue.text.body
    tower.go(HOUR)
    tower.monitor()
    assert len(tower.world.issues) == 1
    tower.roll_out(rollback_id(change))
    tower.go(2 * HOUR)
    tower.monitor()
    assert [hold.kind for hold in holds(tower.ledger.records(), Breaker(target=1))] == [HoldKind.BREAKER]
    assert tower.monitor().events == ()


@pytest.mark.parametrize("way", ["fail_before", "fail_after"])
def test_the_issue_comes_even_if_the_run_died_before_it(way: str):
    tower, _ = a_breach(settings__policy=POLICY + b"breaker: {agency: 1}\n")
    getattr(tower.forge, way)(10)
    with pytest.raises(Killed):
        tower.monitor()
    tower.monitor()
    (issue,) = tower.world.issues.values()
    assert issue.title == "Stopped after 1 rollbacks: everything"


def test_a_forge_without_issues_is_told_and_the_target_stands_all_the_same():
    tower, change = a_breach(settings__policy=POLICY + b"breaker: {target: 1}\n")
    tower.forge = WithoutIssues(tower.world)
    warning = tower.monitor().events[-1]
    assert warning.change == change
    assert "tripped the breaker" in warning.sentence
    assert warning.sentence.endswith("; no issue could be opened: may not open issues")
    assert [hold.target for hold in holds(tower.ledger.records(), Breaker(target=1))] == [PHOTO]


def test_not_recovered_holds_the_target_and_says_how_to_bring_the_change_back():
    tower, change = a_rollback()
    tower.roll_out(rollback_id(change))
    tower.go(2 * DAY, errors=0.2)
    tower.monitor()
    (hold,) = holds(tower.ledger.records(), Breaker())
    assert hold.kind is HoldKind.NOT_THE_CAUSE
    said = tower.comment(2)
    assert f"pow resume {PHOTO}" in said
    assert "proposes it anew" in said
