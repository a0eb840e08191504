"""What a person squashed or rebased is recognised by what the base branch has."""

import pytest
from fakes.builders import a_commit, a_person, a_sha

from bot.approve.landing import landing_of
from bot.model.forge import Commit, PullCommit
from bot.model.names import CommitSha
from bot.report.incident import Incident, revert_command


def on_base(*messages: str) -> tuple[Commit, ...]:
    """Return commits of the base branch, the newest first."""
    return tuple(a_commit(sha=a_sha(f"base {message}"), message=message) for message in messages)


def in_pull(*messages: str) -> tuple[PullCommit, ...]:
    sam = a_person("sam")
    return tuple(PullCommit(sha=a_sha(message), message=message, author=sam, committer=sam) for message in messages)


@pytest.mark.parametrize(
    ("history", "commits", "words", "first"),
    [
        (("Propose", "older"), ("Propose",), "squashed or rebased into a new commit", "Propose"),
        (("Edit\n", "Propose", "older"), ("Propose", "Edit"), "rebased into 2 new commits", "Propose"),
        (("Propose (#7)", "older"), ("Propose", "Edit"), "squashed into one new commit", "Propose (#7)"),
        (("Propose",), ("Propose", "Edit"), "squashed into one new commit", "Propose"),
        (("Other", "older"), ("Propose",), "squashed or rebased into a new commit", "Other"),
        (("Other",), (), "squashed or rebased", "Other"),
    ],
)
def test_how_it_came_onto_the_base(history: tuple[str, ...], commits: tuple[str, ...], words: str, first: str):
    landing = landing_of(on_base(*history), in_pull(*commits))
    assert words in landing.reason
    assert landing.first == next(each.sha for each in on_base(*history) if each.message.strip() == first)
    assert landing.count == (2 if "2 new" in words else 1)


def test_a_branch_that_was_pushed_onto_the_base_is_neither():
    commits = in_pull("Propose", "Edit")
    history = (a_commit(sha=commits[1].sha), a_commit(sha=commits[0].sha))
    landing = landing_of(history, commits)
    assert "the branch itself was pushed" in landing.reason
    assert (landing.first, landing.count) == (commits[0].sha, 2)


def test_a_rebase_is_taken_back_from_its_first_commit_on():
    incident = Incident(commit=CommitSha("b" * 40), is_merge=False, reason="x", first=CommitSha("a" * 40))
    assert revert_command(incident) == f"git revert {'a' * 12}^..{'b' * 12}"
