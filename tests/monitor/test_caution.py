"""When a rollback that could be made is only proposed, and with what reasons."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from approve.situations import a_policy
from fakes.builders import START
from fakes.ledger import MemoryLedger
from fakes.world import MemoryWorld
from ledger.ledgers import ONE, TWO, a_draft, a_proposal

from bot.model.limits import Breaker, RollbackLimits
from bot.model.names import ChangeId, Login
from bot.model.record import Draft, Phase, Record
from bot.monitor.caution import Surroundings, begun_within_a_day, cautions, drafted
from bot.monitor.edited import RecipeSince
from bot.propose.change import rollback_id

PHOTO = "PHOTO_VALIDATOR"
NOW = START + timedelta(hours=100)
ELSEWHERE = [{"target": "PRINTER", "key": "a", "before": 1, "after": 2}]


def written(*drafts: Draft) -> tuple[Record, ...]:
    ledger = MemoryLedger(MemoryWorld())
    for draft in drafts:
        ledger.append(draft)
    return ledger.records()


def begun(change: ChangeId = TWO, *, hours: int = 99, **facts: Any) -> Draft:
    return a_draft(Phase.REVERTED, change=change, hours=hours, rollback="r" * 16, **facts)


def around(*drafts: Draft, **fields: Any) -> Surroundings:
    given = Surroundings(
        change=ONE,
        targets=(PHOTO,),
        effective_at=START,
        records=written(a_proposal(), *drafts),
        policy=a_policy(),
        now=NOW,
    )
    return replace(given, **fields)


def several(count: int, **facts: Any) -> list[Draft]:
    changes = [ChangeId(f"{number:016x}") for number in range(count)]
    return [each for c in changes for each in (a_proposal(change=c, keys=ELSEWHERE), begun(c, **facts))]


CASES: dict[str, tuple[Surroundings, tuple[str, ...]]] = {
    "nothing speaks against it": (around(), ()),
    "its own intent is no other rollback": (around(begun(ONE)), ()),
    "somebody asked to be asked": (around(reserved_by=Login("mia")), ("mia asked to be asked first",)),
    "its recipe was edited": (around(recipe_since=RecipeSince.EDITED), ("its recipe was edited on the base",)),
    "its recipe is gone": (around(recipe_since=RecipeSince.GONE), ("its recipe is no longer on the base branch",)),
    "too old": (around(effective_at=NOW - timedelta(days=30)), ("longer than the policy's `max_age`",)),
    "almost too old": (around(effective_at=NOW - timedelta(days=30) + timedelta(seconds=1)), ()),
    "the day's limit": (around(*several(4)), ("4 rollbacks in a day went their way",)),
    "not yet the day's limit": (around(*several(3)), ()),
    "drafts do not count": (around(*several(6, draft_because=["old"])), ()),
    "yesterday's do not count": (around(*several(6, hours=76)), ()),
    "its target was taken back just now": (
        around(a_proposal(change=TWO), begun()),
        (f"{PHOTO} was taken back at",),
    ),
    "its target was taken back the day before": (around(a_proposal(change=TWO), begun(hours=76)), ()),
    "another target was taken back": (around(a_proposal(change=TWO, keys=ELSEWHERE), begun()), ()),
    "another change is approved": (
        around(a_proposal(change=TWO), a_draft(Phase.DECIDED, change=TWO, result="approved")),
        (f"change {TWO} of PASSPORT_BACKLOG is on its way to {PHOTO}",),
    ),
    "another change is merged": (
        around(a_proposal(change=TWO), a_draft(Phase.MERGED, change=TWO)),
        ("is on its way to",),
    ),
    "another change is proposed only": (around(a_proposal(change=TWO)), ()),
    "another change is live": (
        around(a_proposal(change=TWO), a_draft(Phase.MERGED, change=TWO), a_draft(Phase.DEPLOYED, change=TWO)),
        (),
    ),
    "another change is merged elsewhere": (
        around(a_proposal(change=TWO, keys=ELSEWHERE), a_draft(Phase.MERGED, change=TWO)),
        (),
    ),
    "its own rollback is merged": (
        around(a_proposal(change=rollback_id(ONE), rollback_of=ONE), a_draft(Phase.MERGED, change=rollback_id(ONE))),
        (),
    ),
    "the agency's breaker is open": (
        around(*several(2, hours=10), policy=a_policy(breaker=Breaker(target=9, agency=2))),
        ("2 rollbacks tripped the circuit breaker of everything",),
    ),
    "the target's breaker is open": (
        around(a_proposal(change=TWO), begun(hours=10), policy=a_policy(breaker=Breaker(target=1, agency=9))),
        (f"1 rollbacks tripped the circuit breaker of {PHOTO}",),
    ),
    "another target's breaker is open": (
        around(*several(1, hours=10), policy=a_policy(breaker=Breaker(target=1, agency=9))),
        (),
    ),
    "several at once": (
        around(
            a_proposal(change=TWO),
            begun(),
            reserved_by=Login("mia"),
            policy=a_policy(rollbacks_per_day=1, rollbacks=RollbackLimits(max_age=timedelta(hours=1))),
        ),
        ("mia asked", "max_age", "1 rollbacks in a day", "was taken back at"),
    ),
}


@pytest.mark.parametrize(("surroundings", "expected"), CASES.values(), ids=CASES)
def test_what_makes_it_a_draft(surroundings: Surroundings, expected: tuple[str, ...]):
    found = cautions(surroundings)
    assert len(found) == len(expected), found
    assert all(words in reason for words, reason in zip(expected, found, strict=True)), found


def test_a_clock_that_was_set_back_forgets_no_rollback():
    records = written(a_proposal(), begun(TWO, hours=500))
    assert len(begun_within_a_day(records, NOW, but=ONE)) == 1
    assert begun_within_a_day(records, NOW, but=TWO) == ()


@pytest.mark.parametrize(
    ("facts", "expected"), [({}, ()), ({"draft_because": ["a", "b"]}, ("a", "b")), ({"draft_because": "a"}, ())]
)
def test_an_intent_holds_why_it_is_a_draft(facts: dict[str, Any], expected: tuple[str, ...]):
    assert drafted(facts) == expected
