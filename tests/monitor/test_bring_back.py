"""`/bring-back`: one comment on a rollback that did not help lifts the hold, once, or is told why it does not."""

from datetime import timedelta
from typing import Any

import pytest
from approve.situations import a_policy
from fakes.builders import a_bot, a_person
from fakes.forge import MemoryForge
from fakes.ledger import MemoryLedger
from fakes.world import Killed, MemoryWorld
from ledger.ledgers import ONE, TWO, a_draft, a_proposal
from monitor.test_take_back import a_failed_recovery, a_recovery
from monitor.watchtower import HOUR, PHOTO, POLICY, Tower

from bot.ledger.holds import HoldKind, holds
from bot.model.errors import PermissionDeniedError, UnavailableError
from bot.model.event import Event, Mark
from bot.model.forge import Actor, Comment, Permission
from bot.model.names import ChangeId, PullNumber
from bot.model.record import Draft, Phase, Record
from bot.model.settings import Breaker
from bot.monitor.bring_back import DETECT, offers
from bot.propose.change import rollback_id

MIA, TIM = a_person("mia"), a_person("tim")
POLICY_FILE = "pow/settings/policy.yml"
ROLLBACK = PullNumber(2)


def an_offer() -> tuple[Tower, ChangeId]:
    """Return an agency whose rollback did not help, an hour later."""
    tower, change = a_failed_recovery()
    tower.monitor()
    assert tower.closed(change)["recovery"] == "NOT_RECOVERED"
    tower.go(HOUR, errors=0.2)
    tower.world.permissions[MIA.login] = Permission.WRITE
    tower.world.dispatched.clear()
    return tower, change


def ask(tower: Tower, body: str = "/bring-back", *, by: Actor = MIA, edited: bool = False, ago: int = 0) -> None:
    at = tower.now - timedelta(hours=ago)
    comment = Comment(id=tower.world.next_id(), author=by, body=body, created_at=at, edited=edited)
    tower.world.comments.setdefault(ROLLBACK, []).append(comment)


def answered(tower: Tower) -> list[Event]:
    return [event for event in tower.monitor().events if "wants it back" in event.sentence]


def answer(tower: Tower) -> str:
    (said,) = [each.body for each in tower.world.comments[ROLLBACK] if "<!-- pow:bring-back:" in each.body]
    return said


def resting(tower: Tower) -> list[str]:
    return [hold.target for hold in holds(tower.ledger.records(), Breaker())]


def test_the_rollbacks_comment_offers_it():
    tower, _ = an_offer()
    assert "comment `/bring-back` here" in tower.comment(2)
    assert resting(tower) == ["PHOTO_VALIDATOR"]


def test_one_comment_lifts_the_hold_once_and_starts_a_detection():
    tower, change = an_offer()
    ask(tower, "/Bring-Back\nthe scanner was broken")
    (event,) = answered(tower)
    assert (event.mark, event.change) == (Mark.DONE, change)
    assert "mia wants it back: PHOTO_VALIDATOR may go on; its recipe proposes it anew" in event.sentence
    (record,) = tower.of(change, Phase.RESUMED)
    assert (record.facts["by"], record.facts["reason"]) == ("mia", "/bring-back on pull request 2")
    assert resting(tower) == []
    assert "mia asked for it, so nothing holds `PHOTO_VALIDATOR` any more" in answer(tower)
    assert tower.world.dispatched == [DETECT]

    ask(tower)
    writes = len(tower.world.writes)
    assert tower.monitor().events == ()
    assert len(tower.world.writes) == writes


@pytest.mark.parametrize(
    ("body", "by", "more"),
    [
        ("/bring-back", TIM, {}),
        ("/bring-back", a_bot("helper[bot]"), {}),
        ("please /bring-back", MIA, {}),
        ("/bring-back", MIA, {"edited": True}),
        ("/bring-back", MIA, {"ago": 3}),
        ("/keep", MIA, {}),
    ],
    ids=["a stranger", "a machine", "in a sentence", "edited", "before it was known", "another word"],
)
def test_nothing_else_does(body: str, by: Actor, more: dict[str, Any]):
    tower, change = an_offer()
    ask(tower, body, by=by, **more)
    assert tower.monitor().events == ()
    assert tower.of(change, Phase.RESUMED) == ()


def test_somebody_whom_policy_excludes_does_not():
    tower, change = an_offer()
    tower.push({POLICY_FILE: POLICY + b"excluded_approvers: [MIA]\n"})
    ask(tower)
    assert tower.monitor().events == ()
    assert tower.of(change, Phase.RESUMED) == ()


def test_what_somebody_changed_since_is_not_brought_back_until_that_is_looked_at():
    tower, change = an_offer()
    tower.edit(PHOTO, b"px: 2", b"px: 3")
    ask(tower)
    (event,) = answered(tower)
    assert (event.mark, f"{PHOTO} was changed since it was taken back" in event.sentence) == (Mark.WARNING, True)
    assert "pow resume PHOTO_VALIDATOR" in event.hint
    assert "is not brought back" in answer(tower)
    assert 'pow resume PHOTO_VALIDATOR --reason "..."' in answer(tower)
    assert tower.of(change, Phase.RESUMED) == ()
    writes = len(tower.world.writes)
    answered(tower)
    assert len(tower.world.writes) == writes, "said once"
    tower.edit(PHOTO, b"px: 3", b"px: 2")
    (event,) = answered(tower)
    assert event.mark is Mark.DONE
    assert "may come back" in answer(tower)


@pytest.mark.parametrize(
    ("breaker", "words"),
    [
        (b"breaker: {target: 1, agency: 9}\n", "rollbacks of it tripped the breaker"),
        (b"breaker: {target: 9, agency: 1}\n", "everything rests since"),
    ],
)
def test_an_open_breaker_comes_first(breaker: bytes, words: str):
    tower, change = an_offer()
    tower.push({POLICY_FILE: POLICY + breaker})
    ask(tower)
    (event,) = answered(tower)
    assert (event.mark, words in event.sentence) == (Mark.WARNING, True)
    assert tower.of(change, Phase.RESUMED) == ()


class Counting(MemoryForge):
    """A forge that counts who reads comments, and may fail there or where a workflow is started."""

    asked = 0
    is_down = False

    def comments(self, number: PullNumber) -> tuple[Comment, ...]:
        self.asked += 1
        if self.is_down:
            raise UnavailableError("answered 503")
        return super().comments(number)

    def dispatch(self, workflow: str) -> None:
        raise PermissionDeniedError(f"may not start {workflow}")


def test_where_a_rollback_helped_nobody_is_asked():
    tower, _ = a_recovery()
    tower.monitor()
    tower.forge = forge = Counting(tower.world)
    assert tower.monitor().events == ()
    assert forge.asked == 0


def test_while_the_hold_stands_it_costs_one_look_and_an_outage_is_told():
    tower, _ = an_offer()
    tower.forge = forge = Counting(tower.world)
    assert tower.monitor().events == ()
    assert forge.asked == 1
    forge.is_down = True
    (event,) = tower.monitor().events
    assert (event.mark, "cannot be read: answered 503" in event.sentence) == (Mark.WARNING, True)


def test_a_detection_that_cannot_be_started_waits_for_its_schedule():
    tower, change = an_offer()
    tower.forge = Counting(tower.world)
    ask(tower)
    (event,) = answered(tower)
    assert "the detection waits for its schedule: may not start detect.yml" in event.sentence
    assert len(tower.of(change, Phase.RESUMED)) == 1


@pytest.mark.parametrize("way", ["fail_before", "fail_after"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_wherever_a_run_dies_it_is_lifted_once(way: str, number: int):
    tower, change = an_offer()
    ask(tower)
    getattr(tower.forge, way)(number)
    with pytest.raises(Killed):
        tower.monitor()
    tower.world.stay_alive()
    tower.monitor()
    assert len(tower.of(change, Phase.RESUMED)) == 1
    assert "may come back" in answer(tower)
    assert resting(tower) == []


# What is on offer


def written(*drafts: Draft) -> tuple[Record, ...]:
    ledger = MemoryLedger(MemoryWorld())
    for draft in drafts:
        ledger.append(draft)
    return ledger.records()


BACK = rollback_id(ONE)
TAKEN_BACK = (
    a_proposal(),
    a_proposal(change=BACK, rollback_of=ONE, pull=9),
    a_draft(Phase.MERGED, change=BACK, merge="m" * 40),
)
NOT_HELPED = a_draft(Phase.CLOSED, change=BACK, outcome="rolled_back", recovery="NOT_RECOVERED", hours=5)
CLOSED = a_draft(Phase.CLOSED, outcome="rolled_back", recovery="NOT_RECOVERED", hours=5)
BY_HAND = a_draft(Phase.CLOSED, outcome="rolled_back", recovery=None, hours=3)
HOLD = "not_the_cause:PHOTO_VALIDATOR"


@pytest.mark.parametrize(
    ("drafts", "expected"),
    [
        ((*TAKEN_BACK, NOT_HELPED, CLOSED), [9]),
        ((*TAKEN_BACK, BY_HAND, NOT_HELPED), [9]),
        ((*TAKEN_BACK, a_draft(Phase.CLOSED, outcome="rolled_back", recovery="RECOVERED")), []),
        ((*TAKEN_BACK,), []),
        ((*TAKEN_BACK, NOT_HELPED), []),
        ((*TAKEN_BACK, NOT_HELPED, CLOSED, a_draft(Phase.RESUMED, target="PHOTO_VALIDATOR", key=HOLD)), []),
        ((a_proposal(), NOT_HELPED, CLOSED), []),
        ((*TAKEN_BACK[:2], NOT_HELPED, CLOSED), []),
        ((*TAKEN_BACK[:1], a_proposal(change=BACK, rollback_of=ONE, pull=None), NOT_HELPED, CLOSED), []),
        (
            (
                *TAKEN_BACK,
                NOT_HELPED,
                CLOSED,
                a_proposal(change=TWO),
                a_draft(Phase.CLOSED, change=TWO, outcome="rolled_back", recovery="RECOVERED"),
            ),
            [],
        ),
    ],
    ids=[
        "did not help",
        "closed by hand before",
        "helped",
        "open",
        "the change itself is not closed yet",
        "lifted",
        "no rollback is known",
        "it was not merged by the gate",
        "no pull request is known",
        "another change rests the target by now",
    ],
)
def test_what_may_be_asked_back(drafts: tuple[Draft, ...], expected: list[int]):
    assert [offer.pull for offer in offers(written(*drafts), Breaker())] == expected


def test_an_offer_says_what_rests_and_by_whose_recipe():
    (offer,) = offers(written(*TAKEN_BACK, NOT_HELPED, CLOSED), a_policy().breaker)
    assert (offer.targets, offer.recipe) == (("PHOTO_VALIDATOR",), "PASSPORT_BACKLOG")
    assert [hold.kind for hold in offer.holds] == [HoldKind.NOT_THE_CAUSE]
    assert offer.against == ""
