"""What waits, in which order, and what came past the gate."""

from typing import Any

import pytest
from fakes.builders import START, a_commit, a_sha

from bot.deploy.desired import MergedFile, changes_of
from bot.deploy.pending import (
    Pending,
    Ungated,
    by_hand,
    deployed_after,
    find_ungated,
    followed,
    is_overtaken,
    pending_changes,
    standing_targets,
)
from bot.model.forge import Commit
from bot.model.names import ChangeId, Digest
from bot.model.record import Phase, Record

PATH = "patches/services/PHOTO_VALIDATOR.yml"


def _id(number: int) -> ChangeId:
    return ChangeId(f"{number:016x}")


def _record(index: int, change: int, phase: Phase, **facts: Any) -> Record:
    return Record(
        index=index,
        sequence=index,
        previous=None,
        digest=Digest("sha256:0"),
        change=_id(change),
        phase=phase,
        at=START,
        facts=facts,
    )


def _merged(index: int, change: int) -> Record:
    return _record(index, change, Phase.MERGED, merge=a_sha(change))


def _history(*numbers: int) -> tuple[Commit, ...]:
    """Newest first."""
    return tuple(a_commit(sha=a_sha(number), parents=(a_sha("p"), a_sha(f"head {number}"))) for number in numbers)


def _pending(number: int) -> Pending:
    return Pending(change=_id(number), merge=a_sha(number))


def _service(**values: Any) -> bytes:
    lines = "".join(f"  {key}: {value}\n" for key, value in values.items())
    return f"service: PHOTO_VALIDATOR\nchanges:\n{lines}".encode()


def _file(before: bytes | None, after: bytes | None, path: str = PATH) -> MergedFile:
    return MergedFile(path=path, is_regular=True, before=before, after=after, approved=after)


def test_what_was_merged_and_neither_deployed_nor_closed_waits_oldest_merge_first():
    records = (
        _merged(1, 3),
        _merged(2, 1),
        _merged(3, 2),
        _merged(4, 4),
        _merged(5, 5),
        _record(6, 4, Phase.DEPLOYED, merge=a_sha(4)),
        _record(7, 5, Phase.CLOSED),
        _record(8, 6, Phase.PROPOSED),
    )
    assert pending_changes(records, _history(5, 4, 3, 2, 1)) == (_pending(1), _pending(2), _pending(3))


def test_a_merge_that_is_not_in_history_comes_last():
    assert pending_changes((_merged(1, 9), _merged(2, 1)), _history(2, 1)) == (_pending(1), _pending(9))


def test_newer_merges_that_are_deployed_already_are_found():
    records = (_record(1, 3, Phase.DEPLOYED, merge=a_sha(3)), _record(2, 1, Phase.DEPLOYED, merge=a_sha(1)))
    history = _history(4, 3, 2, 1)
    assert deployed_after(_pending(2), records, history) == (a_sha(3),)
    assert deployed_after(_pending(4), records, history) == ()
    assert deployed_after(_pending(9), records, history) == ()


@pytest.mark.parametrize(
    ("later", "overtaken"),
    [
        (_file(_service(a=4, b=1), _service(a=9, b=1)), True),
        (_file(_service(a=4, b=1), _service(a=4, b=2)), False),
        (_file(b"journey: x\nversion: v1\n", b"journey: x\nversion: v2\n", "patches/journeys/x.yml"), False),
    ],
    ids=["the same key", "another key", "another target"],
)
def test_a_change_is_overtaken_by_a_later_one_of_the_same_key(later: MergedFile, overtaken: object):
    [change] = changes_of((_file(_service(a=2, b=1), _service(a=4, b=1)),))
    assert is_overtaken(change, changes_of((later,))) is overtaken


def _commit(number: int, *parents: str, trailer: str | None = None) -> Commit:
    trailers = {} if trailer is None else {"Change-Id": trailer}
    return a_commit(sha=a_sha(number), parents=tuple(a_sha(parent) for parent in parents), trailers=trailers)


def _ungated(number: int, change: ChangeId | None, *, is_approved: bool = False, is_merge: bool = True) -> Ungated:
    return Ungated(commit=a_sha(number), change=change, is_merge=is_merge, is_approved=is_approved)


@pytest.mark.parametrize(
    ("commit", "found"),
    [
        (_commit(1, "p", "head", trailer=_id(1)), _ungated(1, _id(1))),
        (_commit(1, "p", "head with trailer"), _ungated(1, _id(7))),
        (_commit(1, "p", trailer=_id(1)), _ungated(1, _id(1), is_merge=False)),
        (_commit(1, "p", "head", trailer="<script>@everyone"), _ungated(1, None)),
        (_commit(1, "p", "head", trailer=_id(1).upper() + "X"), _ungated(1, None)),
        (_commit(1, "p", "approved", trailer=_id(1)), _ungated(1, _id(1), is_approved=True)),
        (_commit(1, "p", "rejected", trailer=_id(1)), _ungated(1, _id(1))),
        (_commit(1, "p", "head"), None),
        (_commit(1, "p"), None),
        (_commit(2, "p", "head", trailer=_id(2)), None),
    ],
    ids=[
        "a merge with a Change-Id",
        "a merge by hand of a head with one",
        "a squash",
        "hostile text",
        "no Change-Id at all",
        "approved and not yet recorded",
        "rejected and merged all the same",
        "an ordinary merge",
        "an ordinary commit",
        "a recorded merge",
    ],
)
def test_commits_that_carry_a_change_past_the_gate_are_found(commit: Commit, found: Ungated | None):
    heads = {
        a_sha("head"): a_commit(sha=a_sha("head")),
        a_sha("head with trailer"): a_commit(sha=a_sha("head with trailer"), trailers={"Change-Id": _id(7)}),
        a_sha("approved"): a_commit(sha=a_sha("approved")),
        a_sha("rejected"): a_commit(sha=a_sha("rejected")),
    }
    records = (
        _merged(1, 2),
        _record(2, 1, Phase.DECIDED, result="auto", head=a_sha("approved")),
        _record(3, 1, Phase.DECIDED, result="rejected", head=a_sha("rejected")),
    )
    assert tuple(find_ungated(records, (commit,), heads, {})) == (() if found is None else (found,))
    is_recorded = commit.sha == a_sha(2)
    assert by_hand(records, (commit,), heads, {}) == ({commit.sha} if found is None and not is_recorded else set())


def test_no_first_commit_and_nothing_with_evidence_is_by_hand():
    first, hidden = _commit(1), _commit(3, "p")
    assert by_hand((), (hidden, first), {}, {hidden.sha: "anything"}) == set()


@pytest.mark.parametrize(
    ("file", "now", "targets"),
    [
        (_file(_service(a=2), _service(a=4)), _service(a=4), ("PHOTO_VALIDATOR",)),
        (_file(_service(a=2, b=1), _service(a=4, b=2)), _service(a=2, b=2), ("PHOTO_VALIDATOR",)),
        (_file(_service(a=2), _service(a=4)), _service(a=2), ()),
        (_file(_service(a=2), _service(a=4)), _service(b=4), ()),
        (_file(_service(a=2), _service(a=4)), None, ()),
        (_file(_service(a=2), None), _service(a=2), ()),
        (_file(_service(a=2), b"broken"), b"broken", (PATH,)),
        (_file(_service(a=2), b"broken"), _service(a=2), ()),
        (_file(_service(a=2), _service(a=4)), b"broken", ()),
    ],
    ids=[
        "it stands",
        "half of it stands",
        "it was reverted",
        "the key is gone",
        "the file is gone",
        "it removed a file",
        "it broke the file",
        "it broke the file, which was mended",
        "the file was broken later",
    ],
)
def test_what_an_ungated_commit_set_stands_until_it_is_taken_back(
    file: MergedFile, now: bytes | None, targets: tuple[str, ...]
):
    assert standing_targets((file,), {PATH: now}) == targets


@pytest.mark.parametrize(
    ("history", "is_merge", "found"),
    [
        ((_commit(3, "2"), _commit(2, "1"), _commit(1, "0")), False, {3, 2}),
        ((_commit(3, "2"), _commit(4, "1"), _commit(1, "0")), False, set()),
        ((_commit(3, "2"), _commit(2, "1", "x"), _commit(1, "0")), False, set()),
        ((_commit(2, "1"), _commit(1, "0", "y")), True, set()),
        ((_commit(1, "0"),), False, set()),
    ],
    ids=["a rebase of three", "another's in between", "a merge in between", "after a merge", "the newest"],
)
def test_what_follows_an_ungated_commit_directly_goes_with_it(
    history: tuple[Commit, ...], found: set[int], *, is_merge: bool
):
    ungated = _ungated(1, _id(1), is_merge=is_merge)
    own = frozenset({a_sha(2), a_sha(3)})
    assert followed((ungated,), history, own) == {a_sha(number): ungated for number in found}
