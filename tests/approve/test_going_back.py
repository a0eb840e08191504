"""Which recorded changes a pull request may take back, and under which name that is recorded."""

from typing import Any

import pytest
from fakes.builders import a_sha
from fakes.ledger import MemoryLedger
from fakes.world import MemoryWorld
from ledger.ledgers import ONE, TWO, a_draft, a_proposal

from bot.approve.going_back import formers, going_back
from bot.model.names import ChangeId, CommitSha, PullNumber
from bot.model.record import Draft, Phase, Record
from bot.propose.change import return_id, rollback_id

PATH = "patches/services/PHOTO_VALIDATOR.yml"
MINE = PullNumber(9)


def written(*drafts: Draft) -> tuple[Record, ...]:
    ledger = MemoryLedger(MemoryWorld())
    for draft in drafts:
        ledger.append(draft)
    return ledger.records()


def proposal(change: ChangeId = ONE, *, path: str = PATH, **facts: Any) -> Draft:
    files = [{"path": path, "before": None, "after": None}]
    return a_proposal(change=change, **{"branch": "pow/x", "evidence_digest": "sha256:1", "files": files, **facts})


def merged(change: ChangeId = ONE, **facts: Any) -> Draft:
    return a_draft(Phase.MERGED, change=change, **{"merge": a_sha("merge"), **facts})


@pytest.mark.parametrize(
    ("drafts", "expected"),
    [
        ((proposal(), merged()), (ONE,)),
        ((proposal(), merged(), proposal(TWO), merged(TWO)), (TWO, ONE)),
        ((proposal(),), ()),
        ((merged(),), ()),
        ((proposal(rollback_of=TWO), merged()), ()),
        ((proposal(path="patches/services/PRINTER.yml"), merged()), ()),
        ((proposal(branch=None), merged()), ()),
        ((proposal(), merged(merge=None)), ()),
    ],
    ids=["merged", "the newest first", "open", "unknown", "a rollback", "elsewhere", "not whole", "no merge told"],
)
def test_what_may_be_taken_back(drafts: tuple[Draft, ...], expected: tuple[ChangeId, ...]) -> None:
    assert tuple(each.change for each in formers(written(*drafts), [PATH, "notes.md"])) == expected


def test_only_files_of_desired_state_tell_which_change_it_is() -> None:
    evidence = f"patches/evidence/{ONE}.json"
    assert formers(written(proposal(path=evidence), merged()), [evidence]) == ()


BACK = rollback_id(ONE)
NAMES: dict[str, tuple[tuple[Draft, ...], bool, ChangeId, str]] = {
    "nobody began": ((), True, BACK, ""),
    "begun by the bot, and not opened": ((a_draft(Phase.REVERTED, rollback=BACK),), True, BACK, ""),
    "it is recorded itself": ((proposal(BACK, rollback_of=ONE, pull=MINE),), True, BACK, ""),
    "the bot's is open": (
        (proposal(BACK, rollback_of=ONE, pull=8),),
        True,
        return_id(ONE, MINE),
        "its rollback is pull request 8 already",
    ),
    "the bot's was closed": (
        (proposal(BACK, rollback_of=ONE, pull=8), a_draft(Phase.CLOSED, change=BACK)),
        True,
        return_id(ONE, MINE),
        "",
    ),
    "it was taken back before": (
        (proposal(BACK, rollback_of=ONE, pull=8), merged(BACK), a_draft(Phase.CLOSED, change=BACK)),
        True,
        return_id(ONE, MINE),
        "pull request 8 took it back before",
    ),
    "from elsewhere": ((), False, BACK, "it comes from another repository"),
}


@pytest.mark.parametrize(("drafts", "from_here", "name", "blocked"), NAMES.values(), ids=NAMES)
def test_under_which_name_it_is_recorded(
    drafts: tuple[Draft, ...], name: ChangeId, blocked: str, *, from_here: bool
) -> None:
    records = written(proposal(), merged(), *drafts)
    (former,) = (each for each in formers(records, [PATH]) if each.change == ONE)
    found = going_back(former, records, MINE, from_here=from_here)
    assert former.merge == CommitSha(a_sha("merge"))
    assert (found.change, found.blocked) == (name, blocked)
