"""What others did about a change binds the bot only if they may decide, or if the bytes say so."""

from typing import Any

import pytest
from fakes.builders import a_commit, a_person, a_pull_request, a_sha

from bot.approve.precedent import (
    Attempt,
    Precedent,
    Relanded,
    Subject,
    TakenUp,
    Vetoed,
    in_words,
    is_about,
    names_revert_of,
    precedent_of,
    reverts,
)
from bot.model.forge import PullState, RepoRef
from bot.model.names import BranchName, CommitSha, PullNumber

MERGE = a_sha("merge")
SUBJECT = Subject(repo=RepoRef(owner="agency", name="pow"), pull=PullNumber(7), merge=MERGE)
BACK = a_sha("back")


def an_attempt(number: int, state: str = "open", *, restores: bool = False, may: bool = True) -> Attempt:
    pull = a_pull_request(
        number=number,
        author=a_person("mia"),
        state=PullState.OPEN if state == "open" else PullState.CLOSED,
        merged=state == "merged",
    )
    return Attempt(pull=pull, restores=restores, may_decide=may)


MIA = a_person("mia").login
CASES: dict[str, tuple[list[Attempt], CommitSha | None, Precedent | None]] = {
    "nobody did anything": ([], None, None),
    "a person's open revert": ([an_attempt(8)], None, TakenUp(pull=PullNumber(8), by=MIA)),
    "a stranger's claim": ([an_attempt(8, may=False)], None, None),
    "a machine's branch that holds the bytes": (
        [an_attempt(8, restores=True, may=False)],
        None,
        TakenUp(pull=PullNumber(8), by=MIA),
    ),
    "a person's closed revert": ([an_attempt(8, "closed")], None, Vetoed(pull=PullNumber(8), by=MIA)),
    "a stranger's closed revert": ([an_attempt(8, "closed", may=False)], None, None),
    "a merged one says nothing: the bytes do": ([an_attempt(8, "merged")], None, None),
    "an open one after a closed one": (
        [an_attempt(8, "closed"), an_attempt(9)],
        None,
        TakenUp(pull=PullNumber(9), by=MIA),
    ),
    "an open one before a closed one": (
        [an_attempt(8), an_attempt(9, "closed")],
        None,
        TakenUp(pull=PullNumber(8), by=MIA),
    ),
    "two open ones": ([an_attempt(8), an_attempt(9)], None, TakenUp(pull=PullNumber(9), by=MIA)),
    "brought back after a revert": ([], BACK, Relanded(commit=BACK)),
    "brought back, and vetoed": ([an_attempt(8, "closed")], BACK, Vetoed(pull=PullNumber(8), by=MIA)),
}


@pytest.mark.parametrize(("attempts", "reverted_by", "expected"), CASES.values(), ids=CASES)
def test_what_binds_the_bot(attempts: list[Attempt], reverted_by: CommitSha | None, expected: Precedent | None):
    assert precedent_of(attempts, reverted_by=reverted_by) == expected


@pytest.mark.parametrize(
    ("precedent", "words"),
    [
        (TakenUp(pull=PullNumber(8), by=MIA), "pull request 8 of mia takes it back already"),
        (Vetoed(pull=PullNumber(8), by=MIA), "closed unmerged: a veto"),
        (Relanded(commit=BACK), f"{BACK[:12]} took it back, and people brought it back since"),
    ],
)
def test_it_is_said_in_words(precedent: Precedent, words: str):
    assert words in in_words(precedent)


ABOUT: dict[str, tuple[dict[str, Any], bool]] = {
    "the button's branch": ({"head_branch": "revert-7-pow/blur/1"}, True),
    "the button's text": ({"body": "Reverts agency/pow#7"}, True),
    "a short reference": ({"body": "So:\n\nreverts #7, it made things worse"}, True),
    "in the title": ({"title": "Revert #7: too blurred"}, True),
    "git's words": ({"body": f"This reverts commit {MERGE}, reversing"}, True),
    "git's words, short": ({"body": f"This reverts commit {MERGE[:9]}."}, True),
    "another number": ({"head_branch": "revert-77-x", "title": "Revert #77", "body": "Reverts agency/pow#77"}, False),
    "another repository": ({"body": "Reverts agency/other#7"}, False),
    "another commit": ({"body": f"This reverts commit {a_sha('other')}."}, False),
    "only mentioned": ({"title": "Better than #7", "body": "see #7, do not revert"}, False),
    "another base": ({"body": "Reverts #7", "base_branch": "release"}, False),
    "the bot's own branch": ({"body": "Reverts #7", "head_branch": "pow/blur/1"}, False),
    "a fork's branch with the bot's name": (
        {"body": "Reverts #7", "head_branch": "pow/blur/1", "same_repository": False},
        True,
    ),
    "the change itself": ({"number": 7, "body": "Reverts #7"}, False),
}


@pytest.mark.parametrize(("fields", "expected"), ABOUT.values(), ids=ABOUT)
def test_which_pull_requests_say_that_they_take_it_back(fields: dict[str, Any], *, expected: bool):
    pull = a_pull_request(**{"number": 9, "head_branch": BranchName("mia/blur"), "title": "Blur", **fields})
    assert is_about(pull, SUBJECT, base="main") is expected


def test_a_commit_says_it_in_its_message_or_by_a_trailer():
    assert reverts(a_commit(message=f'Revert "x"\n\nThis reverts commit {MERGE}.'), MERGE)
    assert reverts(a_commit(trailers={"Reverts": MERGE}, message="x"), MERGE)
    assert not reverts(a_commit(message="x", trailers={"Reverts": a_sha("other")}), MERGE)
    assert not names_revert_of(f"This reverts commit {MERGE[:6]}.", MERGE), "six digits name no commit"
