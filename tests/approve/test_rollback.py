"""The proof of a rollback: good, and broken in every way that matters."""

from dataclasses import replace
from typing import Any

import pytest
from fakes.builders import START, a_sha

from bot.approve.facts import NoProof, RollbackProof
from bot.approve.rollback import Bytes, RollbackFacts, merge_of, prove
from bot.model.json import digest_of
from bot.model.names import ChangeId
from bot.model.record import Phase, Record
from bot.propose.change import rollback_id

ORIGINAL = ChangeId("0123456789abcdef")
ROLLBACK = rollback_id(ORIGINAL)
MERGE = a_sha("merge")
FILE = "patches/services/PHOTO_VALIDATOR.yml"
EVIDENCE = f"patches/evidence/{ORIGINAL}.json"
OWN = f"patches/evidence/{ROLLBACK}.json"


def a_record(phase: Phase, change: ChangeId = ORIGINAL, **facts: Any) -> Record:
    return Record(
        index=1, sequence=1, previous=None, digest=digest_of(b""), change=change, phase=phase, at=START, facts=facts
    )


PROPOSED = a_record(Phase.PROPOSED, rollback_of=None)
MERGED = a_record(Phase.MERGED, merge=MERGE)
INTENT = a_record(Phase.REVERTED, rollback=ROLLBACK, merge=MERGE)
RESTORED = Bytes(before=b"2", merged=b"4", base=b"4", head=b"2")
REMOVED = Bytes(before=None, merged=b"{}", base=b"{}", head=None)
GOOD = RollbackFacts(
    change=ROLLBACK,
    original=ORIGINAL,
    reverts=MERGE,
    untouched=True,
    records=(PROPOSED, MERGED, INTENT),
    files={FILE: RESTORED, EVIDENCE: REMOVED},
)


@pytest.mark.parametrize(
    "files",
    [
        {FILE: RESTORED, EVIDENCE: REMOVED},
        {FILE: RESTORED},
        {FILE: RESTORED, EVIDENCE: replace(REMOVED, head=b"{}")},
        {FILE: RESTORED, EVIDENCE: REMOVED, OWN: Bytes(before=None, merged=None, base=None, head=b"{}")},
    ],
    ids=["evidence removed", "no evidence", "evidence kept", "evidence of its own"],
)
def test_a_rollback_that_restores_the_bytes_is_proved(files: dict[str, Bytes]) -> None:
    assert prove(replace(GOOD, files=files)) == RollbackProof(original=ORIGINAL, merge=MERGE, files=1)


BAD = {
    "another change id": (replace(GOOD, change=ChangeId("f" * 16)), "not that of the one rollback"),
    "the original is unknown": (replace(GOOD, records=(MERGED, INTENT)), "no rollback"),
    "a rollback of a rollback": (
        replace(GOOD, records=(a_record(Phase.PROPOSED, rollback_of="a" * 16), MERGED, INTENT)),
        "no rollback",
    ),
    "never merged": (replace(GOOD, records=(PROPOSED, INTENT)), "no such merge"),
    "another merge": (replace(GOOD, reverts=a_sha("other")), "no such merge"),
    "no intent": (replace(GOOD, records=(PROPOSED, MERGED)), "no intent"),
    "intent for another rollback": (
        replace(GOOD, records=(PROPOSED, MERGED, a_record(Phase.REVERTED, rollback="f" * 16, merge=MERGE))),
        "no intent",
    ),
    "intent for another merge": (
        replace(GOOD, records=(PROPOSED, MERGED, a_record(Phase.REVERTED, rollback=ROLLBACK, merge="x"))),
        "names another merge",
    ),
    "records of another change": (
        replace(GOOD, records=tuple(replace(record, change=ROLLBACK) for record in GOOD.records)),
        "no rollback",
    ),
    "somebody pushed": (replace(GOOD, untouched=False), "somebody edited"),
    "not restored": (replace(GOOD, files={FILE: replace(RESTORED, head=b"3")}), "is not restored"),
    "touched since": (replace(GOOD, files={FILE: replace(RESTORED, base=b"5")}), "changed again since"),
    "one more file": (
        replace(
            GOOD,
            files={FILE: RESTORED, "pow/settings/policy.yml": Bytes(before=b"", merged=b"", base=b"", head=b"x")},
        ),
        "was not touched by the change",
    ),
    "evidence rewritten": (replace(GOOD, files={FILE: RESTORED, EVIDENCE: replace(REMOVED, head=b"x")}), "rewritten"),
    "nothing restored": (replace(GOOD, files={EVIDENCE: REMOVED}), "restores no file"),
}


@pytest.mark.parametrize(("facts", "reason"), BAD.values(), ids=BAD.keys())
def test_anything_else_is_no_proof(facts: RollbackFacts, reason: str) -> None:
    outcome = prove(facts)

    assert isinstance(outcome, NoProof)
    assert reason in outcome.reason


def test_a_merge_is_known_from_its_record_only() -> None:
    assert merge_of((PROPOSED, MERGED), ORIGINAL) == MERGE
    assert merge_of((PROPOSED,), ORIGINAL) is None
    assert merge_of((a_record(Phase.MERGED, merge=7),), ORIGINAL) is None
