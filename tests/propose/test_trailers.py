"""Commit messages: what is written is what git and the gate read back, and GitHub acts on none of it."""

from typing import Any

import pytest
from approve.situations import CHANGE, trailers
from fakes.builders import a_sha
from fakes.trailers import trailers_of
from hypothesis import given, settings
from hypothesis import strategies as st
from tries import tries

from bot.model.change import KeyChange
from bot.model.json import digest_of
from bot.model.names import ChangeId, Login
from bot.propose.trailers import (
    ChangeKind,
    MergeTrailers,
    checked,
    faults_of,
    merge_message,
    merge_title,
    proposal_message,
    read_proposal,
    subject_of,
)

KEY = KeyChange(target="PHOTO_VALIDATOR", key="max_blur_px", before=2, after=4)
ROLLBACK = {"kind": ChangeKind.ROLLBACK, "rollback_of": ChangeId("f" * 16), "reverts": a_sha("merge")}


STARTED = {"started_by": (Login("sam"), Login("pow-agent[bot]")), "accounts": (7, 9_007_199_254_740_993)}


@pytest.mark.parametrize("fields", [{}, ROLLBACK, {"targets": ("A", "journeys/b")}, STARTED])
def test_a_proposal_is_read_as_it_was_written(fields: dict[str, Any]) -> None:
    wanted = trailers(**fields)
    message = proposal_message(subject_of([KEY]), wanted, why="The rule fired at 2026-03-02T09:00:00Z.")

    assert read_proposal(trailers_of(message)) == wanted
    assert message.startswith("PHOTO_VALIDATOR: max_blur_px 2 -> 4\n\nThe rule fired")


def test_a_subject_that_would_close_an_issue_is_not_written() -> None:
    subject = subject_of([KeyChange(target="FIX", key="closes", before="GH-1", after="GH-2"), KEY])
    assert subject == "FIX: values (and 1 more) (see the file)"
    assert faults_of(subject) == ()


PAIRS = trailers_of(proposal_message("subject", trailers()))


@pytest.mark.parametrize("number", ["", "0", "-1", "07", "x", "1" * 20])
def test_an_account_that_is_no_number_makes_it_none(number: str) -> None:
    assert read_proposal([*PAIRS, ("Started-By-Account", "7")]) is not None
    assert read_proposal([*PAIRS, ("Started-By-Account", number)]) is None


@pytest.mark.parametrize("name", [name for name, _ in PAIRS])
def test_a_proposal_without_one_of_its_trailers_is_none(name: str) -> None:
    assert read_proposal(pair for pair in PAIRS if pair[0] != name) is None


@pytest.mark.parametrize("name", ["Change-Id", "Change-Kind", "Recipe", "Impact", "Evidence-Digest", "Policy-Digest"])
def test_a_trailer_that_stands_twice_is_ambiguous(name: str) -> None:
    assert read_proposal([*PAIRS, *(pair for pair in PAIRS if pair[0] == name)]) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Change-Id", "0123"),
        ("Change-Id", "0123456789ABCDEF"),
        ("Change-Kind", "anything"),
        ("Change-Kind", "rollback"),
        ("Impact", "NONE"),
        ("Evidence-Digest", "sha256:0"),
        ("Policy-Digest", "md5:0"),
        ("Recipe", ""),
    ],
)
def test_a_trailer_of_another_form_is_refused(name: str, value: str) -> None:
    assert read_proposal((key, value if key == name else held) for key, held in PAIRS) is None


@pytest.mark.parametrize(
    "extra",
    [
        [("Rollback-Of", "f" * 16), ("Reverts", a_sha("m"))],
        [("Rollback-Of", "f" * 16), ("Rollback-Of", "e" * 16)],
        [("Reverts", a_sha("m")), ("Reverts", a_sha("n"))],
    ],
)
def test_a_patch_that_claims_to_revert_something_is_refused(extra: list[tuple[str, str]]) -> None:
    assert read_proposal([*PAIRS, *extra]) is None


FAULTS = {
    "a word that stops workflows": ["x [skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[ACTIONS SKIP]"],
    "a trailer that stops checks": ["x\n\nskip-checks: true", "Skip-Checks:true"],
    "a line that ends a message": ["x\n---\ny", "---"],
    "a word that closes an issue": [
        "fixes #1",
        "Closes agency/pow#12",
        "resolved: #3",
        "close GH-4",
        "fixed https://x.example/a/b/issues/1",
    ],
    "a mention": ["@alice", "x (@alice)", "x\n@org/team", "Reviewed-By: @x"],
    "a character that cannot be seen": ["x\u202e", "x\t", "x\r", "é"],
    "a line that is too long": ["x" * 300],
}


@pytest.mark.parametrize(("fault", "message"), [(fault, text) for fault, texts in FAULTS.items() for text in texts])
def test_what_github_would_act_on_is_found(fault: str, message: str) -> None:
    assert fault in faults_of(message)
    with pytest.raises(ValueError, match="commit message"):
        checked(message)


@pytest.mark.parametrize(
    "message",
    [
        "PHOTO_VALIDATOR: max_blur_px 2 -> 4",
        "Recipe: PASSPORT_BACKLOG@v1",
        "Approved-By: sam <1+sam@users.noreply.github.com>",
        "The fix is in place, 3 of 4",
        "prefixes #1",
    ],
)
def test_ordinary_sentences_pass(message: str) -> None:
    assert faults_of(message) == ()


def a_merge(**fields: Any) -> MergeTrailers:
    defaults: dict[str, Any] = {
        "change": CHANGE,
        "decision": "approved",
        "approved_by": ((Login("sam"), 7), (Login("ada"), 8)),
        "approval_refs": ("https://forge.example/r/1", "https://forge.example/r/2"),
        "head": a_sha("head"),
        "evidence": digest_of(b"e"),
        "policy": digest_of(b"p"),
    }
    return MergeTrailers(**{**defaults, **fields})


def test_a_merge_names_everyone_who_approved() -> None:
    found = trailers_of("title\n\n" + merge_message(a_merge()))

    assert [value for key, value in found if key == "Approved-By"] == [
        "sam <7+sam@users.noreply.github.com>",
        "ada <8+ada@users.noreply.github.com>",
    ]
    assert len([value for key, value in found if key == "Approval-Ref"]) == 2


def test_a_rollbacks_merge_names_what_it_takes_back() -> None:
    message = merge_message(a_merge(rollback_of=ChangeId("f" * 16), reverts=a_sha("m"), approved_by=()))
    found = dict(trailers_of("title\n\n" + message))

    assert (found["Rollback-Of"], found["Reverts"]) == ("f" * 16, a_sha("m"))


def test_a_login_or_an_address_of_another_alphabet_is_left_out() -> None:
    message = merge_message(
        a_merge(approved_by=((Login("x\n@y"), 1),), approval_refs=("javascript:x", "https://a b"))
    )

    assert "Approved-By" not in message
    assert "Approval-Ref" not in message


def test_titles_say_what_is_merged() -> None:
    assert merge_title(CHANGE, "A@v1", rollback=True) == f"Roll back change {CHANGE} of A"
    assert merge_title(CHANGE, "A@v1", rollback=False) == f"Merge change {CHANGE} of A"


@pytest.mark.parametrize("fields", [{"recipe": "no version"}, {"targets": ("a b",)}, {"targets": ("x\ny",)}])
def test_a_value_of_another_alphabet_makes_no_trailer(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="cannot hold"):
        proposal_message("subject", trailers(**fields))


values = st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=60))


@settings(max_examples=tries(200), deadline=None)
@given(values, values, st.integers(1, 3))
def test_no_value_makes_a_subject_that_github_acts_on(before: Any, after: Any, count: int) -> None:
    keys = [KeyChange(target="S", key="k", before=before, after=after)] * count

    assert faults_of(subject_of(keys)) == ()
    assert ("more)" in subject_of(keys)) is (count > 1)
