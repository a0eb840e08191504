import base64
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fakes.builders import START, a_sha
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger.ledgers import ONE, TWO, a_draft, a_proposal
from tries import tries

from bot.ledger.chain import extends, read_chain, verify_chain
from bot.ledger.envelope import PAYLOAD_TYPE, path_of, record_path, seal, unseal
from bot.model.errors import LedgerError
from bot.model.names import ChangeId, Digest
from bot.model.record import Draft, Phase, Record

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
PATH = f"records/{ONE}/001-proposed.json"


def statement_of(content: bytes) -> dict[str, Any]:
    envelope = json.loads(content)
    statement: dict[str, Any] = json.loads(base64.b64decode(envelope["payload"]))
    return statement


def altered(content: bytes, **predicate: Any) -> bytes:
    statement = statement_of(content)
    statement["predicate"] |= predicate
    payload = base64.b64encode(json.dumps(statement).encode()).decode()
    return json.dumps({**json.loads(content), "payload": payload}).encode()


@settings(max_examples=tries(100), deadline=None)
@given(
    facts=st.dictionaries(st.text(max_size=9), JSON, max_size=4),
    phase=st.sampled_from(list(Phase)),
    key=st.text(max_size=9),
    seconds=st.integers(0, 10**9),
)
def test_whatever_is_sealed_is_unsealed_the_same(facts: Any, phase: Phase, key: str, seconds: int) -> None:
    draft = Draft(change=ONE, phase=phase, at=START + timedelta(seconds=seconds), facts=facts, key=key)
    record, content = seal(draft, index=7, sequence=2, previous=Digest("sha256:00"))
    assert unseal(content, path=path_of(record)) == record
    assert (record.facts, record.at, record.key, record.phase) == (draft.facts, draft.at, key, phase)


@settings(max_examples=tries(200), deadline=None)
@given(content=st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_whatever_stands_in_a_file_it_is_a_record_or_a_ledger_error(content: bytes) -> None:
    with pytest.raises(LedgerError, match=PATH):
        unseal(content, path=PATH)


def test_the_envelope_is_dsse_and_says_that_nobody_signed() -> None:
    _, content = seal(a_proposal(), index=1, sequence=1, previous=None)
    envelope = json.loads(content)
    assert set(envelope) == {"payloadType", "payload", "signatures"}
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    assert envelope["signatures"] == []


def test_the_statement_names_the_commits_that_the_facts_speak_of() -> None:
    draft = a_draft(Phase.MERGED, pull=7, merge=a_sha("merge"), head=a_sha("head"), parent="not a commit")
    _, content = seal(draft, index=1, sequence=1, previous=None)
    assert statement_of(content)["subject"] == [
        {"name": "head", "digest": {"gitCommit": a_sha("head")}},
        {"name": "merge", "digest": {"gitCommit": a_sha("merge")}},
    ]


def test_a_statement_about_no_commit_is_about_the_change_itself() -> None:
    _, content = seal(a_draft(Phase.CLOSED, outcome="expired"), index=1, sequence=1, previous=None)
    (subject,) = statement_of(content)["subject"]
    assert subject["name"] == ONE
    assert len(subject["digest"]["sha256"]) == 64


@pytest.mark.parametrize("change", ["", "..", "a/b", "../../etc", "x" * 65, "-", "a b"])
def test_a_change_id_is_never_a_path(change: str) -> None:
    with pytest.raises(LedgerError, match="not a change id"):
        record_path(ChangeId(change), 1, Phase.PROPOSED)


@pytest.mark.parametrize(
    "predicate",
    [
        {"index": 0},
        {"index": "1"},
        {"index": True},
        {"sequence": -1},
        {"phase": "invented"},
        {"time": "2026-03-02T09:00:00"},
        {"time": 7},
        {"facts": []},
        {"key": None},
        {"change": "../../main"},
        {"change": None},
        {"previous": 5},
    ],
)
def test_a_record_with_a_wrong_value_is_refused_with_its_place(predicate: dict[str, Any]) -> None:
    _, content = seal(a_proposal(), index=1, sequence=1, previous=None)
    with pytest.raises(LedgerError, match=PATH):
        unseal(altered(content, **predicate), path=PATH)


def test_a_record_is_refused_at_another_path() -> None:
    _, content = seal(a_proposal(), index=1, sequence=1, previous=None)
    with pytest.raises(LedgerError, match="wrong place"):
        unseal(content, path=f"records/{ONE}/002-proposed.json")


def enveloped(statement: Any, **fields: Any) -> bytes:
    """Put a statement into an envelope, whoever wrote it."""
    payload = base64.b64encode(json.dumps(statement).encode()).decode()
    return json.dumps({"payloadType": PAYLOAD_TYPE, "payload": payload, "signatures": []} | fields).encode()


def test_a_statement_in_an_envelope_of_another_hand_is_a_record_too() -> None:
    record, content = seal(a_proposal(), index=1, sequence=1, previous=None)
    read = unseal(enveloped(statement_of(content)), path=PATH)
    assert replace(read, digest=record.digest) == record


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"payloadType": "text/plain"}, "unknown payload type: 'text/plain'"),
        ({"payload": "not base64!"}, "the payload is not base64"),
        ({"payload": "e30"}, "the payload is not base64"),
        ({"payload": "bm90IGpzb24="}, "cannot be read"),
    ],
)
def test_an_envelope_that_the_ledger_does_not_write_is_refused_with_the_reason(
    fields: dict[str, Any], reason: str
) -> None:
    _, content = seal(a_proposal(), index=1, sequence=1, previous=None)
    with pytest.raises(LedgerError, match=f"{PATH}.*{reason}"):
        unseal(enveloped(statement_of(content), **fields), path=PATH)


@pytest.mark.parametrize("stray", ["!", "\n", " "])
def test_a_payload_with_characters_that_a_lenient_reader_skips_is_refused(stray: str) -> None:
    _, content = seal(a_proposal(), index=1, sequence=1, previous=None)
    envelope = json.loads(content)
    padded = json.dumps(envelope | {"payload": stray + envelope["payload"]}).encode()
    with pytest.raises(LedgerError, match="the payload is not base64"):
        unseal(padded, path=PATH)


@pytest.mark.parametrize("field", ["_type", "predicateType"])
def test_a_statement_of_another_kind_is_no_record(field: str) -> None:
    _, content = seal(a_proposal(), index=1, sequence=1, previous=None)
    foreign = statement_of(content) | {field: "https://slsa.dev/provenance/v1"}
    with pytest.raises(LedgerError, match="not a record's statement"):
        unseal(enveloped(foreign), path=PATH)


# The chain


def a_chain(length: int) -> tuple[dict[str, bytes], tuple[Record, ...]]:
    files: dict[str, bytes] = {}
    records: list[Record] = []
    for index in range(1, length + 1):
        previous = records[-1].digest if records else None
        draft = a_draft(Phase.MEASURED, key=str(index))
        record, content = seal(draft, index=index, sequence=index, previous=previous)
        files[path_of(record)] = content
        records.append(record)
    return files, tuple(records)


def test_a_whole_chain_is_read_in_order() -> None:
    files, records = a_chain(4)
    assert read_chain(dict(reversed(files.items()))) == records
    assert read_chain({}) == ()


@settings(max_examples=tries(60), deadline=None)
@given(data=st.data())
def test_no_record_but_the_last_can_be_left_out(data: st.DataObject) -> None:
    files, records = a_chain(5)
    gone = data.draw(st.sampled_from(records[:-1]))
    del files[path_of(gone)]
    with pytest.raises(LedgerError):
        read_chain(files)


@settings(max_examples=tries(60), deadline=None)
@given(order=st.permutations(range(4)))
def test_records_are_accepted_in_one_order_only(order: list[int]) -> None:
    _, records = a_chain(4)
    shuffled = tuple(records[place] for place in order)
    if shuffled == records:
        assert verify_chain(shuffled) == records
    else:
        with pytest.raises(LedgerError):
            verify_chain(shuffled)


def test_a_record_that_stands_twice_is_named() -> None:
    _, (first, second) = a_chain(2)
    with pytest.raises(LedgerError, match="repeats number 1"):
        verify_chain((first, first, second))


def test_a_record_that_skips_a_number_of_its_change_is_named() -> None:
    _, (first,) = a_chain(1)
    skipping, content = seal(a_draft(Phase.MERGED), index=2, sequence=3, previous=first.digest)
    with pytest.raises(LedgerError, match=r"003-merged\.json should be number 2 of its change"):
        verify_chain((first, skipping))
    other, _ = seal(a_draft(Phase.PROPOSED, change=TWO), index=2, sequence=1, previous=first.digest)
    assert verify_chain((first, other)) == (first, other)
    with pytest.raises(LedgerError, match="should be number 2"):
        read_chain({**a_chain(1)[0], path_of(skipping): content})


def test_a_longer_ledger_extends_a_shorter_and_not_the_other_way() -> None:
    _, records = a_chain(3)
    assert extends(records, records[:2])
    assert extends(records, ())
    assert not extends(records[:2], records)
