"""May this merge be deployed? Every way in which a merge is not what was approved."""

from dataclasses import replace
from typing import Any

import pytest
from fakes.builders import START, a_commit, a_sha

from bot.deploy.authorise import Authorised, MergeFacts, Refused, authorise
from bot.deploy.desired import MergedFile
from bot.model.json import Json, digest_of
from bot.model.names import ChangeId, Digest
from bot.model.record import Phase, Record

CHANGE = ChangeId("0123456789abcdef")
SERVICE = "patches/services/PHOTO_VALIDATOR.yml"
EVIDENCE = f"patches/evidence/{CHANGE}.json"
BEFORE, AFTER = b"max_blur_px: 2\n", b"max_blur_px: 4\n"
PARENT, HEAD, MERGE = a_sha("parent"), a_sha("head"), a_sha("merge")


def _file(path: str = SERVICE, **fields: Any) -> MergedFile:
    return MergedFile(
        **{"path": path, "is_regular": True, "before": BEFORE, "after": AFTER, "approved": AFTER, **fields}
    )


EVIDENCE_FILE = _file(EVIDENCE, before=None, after=b"{}", approved=b"{}")
COMMIT = a_commit(sha=MERGE, parents=(PARENT, HEAD))
FACTS = MergeFacts(commit=COMMIT, is_on_base=True, files=(EVIDENCE_FILE, _file()))


def _proposed(**facts: Any) -> tuple[Phase, dict[str, Json]]:
    files: list[Json] = [{"path": SERVICE, "before": digest_of(BEFORE), "after": digest_of(AFTER)}]
    return Phase.PROPOSED, {"head": HEAD, "files": files, **facts}


def _decided(**facts: Any) -> tuple[Phase, dict[str, Json]]:
    return Phase.DECIDED, {"head": HEAD, "result": "approved", **facts}


def _merged(**facts: Any) -> tuple[Phase, dict[str, Json]]:
    return Phase.MERGED, {"merge": MERGE, "head": HEAD, "parent": PARENT, **facts}


def _records(*facts: tuple[Phase, dict[str, Json]]) -> tuple[Record, ...]:
    return tuple(
        Record(
            index=index,
            sequence=index,
            previous=None,
            digest=Digest("sha256:0"),
            change=CHANGE,
            phase=phase,
            at=START,
            facts=given,
        )
        for index, (phase, given) in enumerate(facts, start=1)
    )


GOOD = _records(_proposed(), _decided(), _merged())


def test_a_merge_of_exactly_what_was_approved_is_authorised_with_its_desired_state():
    assert authorise(GOOD, FACTS) == Authorised(change=CHANGE, merge=MERGE, files=(_file(),))


@pytest.mark.parametrize("result", ["approved", "auto", "rollback"])
def test_every_authority_of_the_gate_counts(result: str):
    assert isinstance(authorise(_records(_proposed(), _decided(result=result), _merged()), FACTS), Authorised)


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        (_records(), f"no record says that {MERGE[:12]} was merged through the gate"),
        (_records(_proposed(), _decided()), f"no record says that {MERGE[:12]} was merged through the gate"),
        (
            _records(_proposed(), _decided(), _merged(merge=a_sha("other"))),
            f"no record says that {MERGE[:12]} was merged through the gate",
        ),
        (_records(_proposed(), _merged()), f"the merged head {HEAD[:12]} was never approved"),
        (_records(_proposed(), _decided(result="rejected"), _merged()), "was never approved"),
        (_records(_proposed(), _decided(result=None), _merged()), "was never approved"),
        (_records(_proposed(), _decided(head=a_sha("earlier")), _merged()), "was never approved"),
        (_records(_proposed(), _decided(), _decided(result="expired"), _merged()), "was never approved"),
        (_records(_decided(), _merged()), "no record says what was proposed"),
        (_records(_proposed(files=None), _decided(), _merged()), f"{SERVICE} was merged and is not in the proposal"),
        (_records(_proposed(files="x"), _decided(), _merged()), f"{SERVICE} was merged and is not in the proposal"),
        (_records(_proposed(files=["x"]), _decided(), _merged()), f"{SERVICE} was merged and is not in the proposal"),
    ],
)
def test_records_that_do_not_carry_the_merge_refuse_it(records: tuple[Record, ...], reason: str):
    verdict = authorise(records, FACTS)
    assert isinstance(verdict, Refused)
    assert reason in verdict.reason


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (replace(FACTS, is_on_base=False), "is not in the history of the base branch"),
        (replace(FACTS, commit=a_commit(sha=MERGE, parents=())), "has 0 parents"),
        (replace(FACTS, commit=a_commit(sha=MERGE, parents=(PARENT,))), "has 1 parent: it is no merge of two"),
        (replace(FACTS, commit=a_commit(sha=MERGE, parents=(PARENT, HEAD, a_sha("x")))), "has 3 parents"),
        (replace(FACTS, commit=a_commit(sha=MERGE, parents=(HEAD, PARENT))), "was never approved"),
        (replace(FACTS, files=()), f"{SERVICE} was proposed and is not in the merge"),
        (replace(FACTS, files=(EVIDENCE_FILE,)), f"{SERVICE} was proposed and is not in the merge"),
        (
            replace(FACTS, files=(_file(), _file("pow/settings/policy.yml"))),
            "the merge changes pow/settings/policy.yml, which no proposal may",
        ),
        (
            replace(FACTS, files=(_file(), _file("patches/services/notes.txt"))),
            "the merge changes patches/services/notes.txt, which no proposal may",
        ),
        (
            replace(FACTS, files=(_file(), _file("patches/services/OTHER.yml"))),
            "patches/services/OTHER.yml was merged and is not in the proposal",
        ),
        (replace(FACTS, files=(_file(is_regular=False),)), "something other than a plain file"),
        (replace(FACTS, files=(_file(after=b"9"),)), f"{SERVICE} was merged with other bytes than were approved"),
        (replace(FACTS, files=(_file(after=None),)), f"{SERVICE} was merged with other bytes than were approved"),
        (
            replace(FACTS, files=(_file(), replace(EVIDENCE_FILE, after=b"forged"))),
            f"{EVIDENCE} was merged with other bytes than were approved",
        ),
        (replace(FACTS, files=(_file(after=b"9", approved=b"9"),)), "with other bytes than were proposed"),
        (replace(FACTS, files=(_file(after=None, approved=None),)), "with other bytes than were proposed"),
        (replace(FACTS, files=(_file(before=b"max_blur_px: 3\n"),)), "had changed before the merge"),
        (replace(FACTS, files=(_file(before=None),)), "had changed before the merge"),
    ],
)
def test_a_merge_that_is_not_what_was_approved_is_refused(facts: MergeFacts, reason: str):
    verdict = authorise(GOOD, facts)
    assert isinstance(verdict, Refused)
    assert reason in verdict.reason


EDITED = _records(_proposed(head=a_sha("proposal")), _decided(), _merged())


def test_a_head_that_a_person_edited_is_authorised_by_its_own_approval():
    edited = _file(after=b"max_blur_px: 3\n", approved=b"max_blur_px: 3\n")
    facts = replace(FACTS, files=(edited, EVIDENCE_FILE))
    assert authorise(EDITED, facts) == Authorised(change=CHANGE, merge=MERGE, files=(edited,))


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (_file(after=b"9"), "was merged with other bytes than were approved"),
        (_file(before=b"max_blur_px: 3\n"), "had changed before the merge"),
    ],
)
def test_an_edited_head_is_held_to_its_approval_and_to_the_former_values(file: MergedFile, reason: str):
    verdict = authorise(EDITED, replace(FACTS, files=(file,)))
    assert isinstance(verdict, Refused)
    assert reason in verdict.reason


def test_a_rollback_may_take_its_evidence_away_with_it():
    gone = _file(f"patches/evidence/{'0' * 16}.json", before=b"{}", after=None, approved=None)
    assert isinstance(authorise(GOOD, replace(FACTS, files=(gone, _file()))), Authorised)


def test_the_first_reason_is_given():
    facts = replace(FACTS, is_on_base=False, commit=a_commit(sha=MERGE, parents=()))
    verdict = authorise(GOOD, facts)
    assert isinstance(verdict, Refused)
    assert "base branch" in verdict.reason
