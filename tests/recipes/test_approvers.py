"""Who must approve, as people write it: what is read, and what could never approve."""

import pytest
from recipes.repository_files import POLICY, files

from bot.model.level import Level
from bot.model.names import Login, TeamSlug
from bot.model.settings import Approvers
from bot.recipes.library import load_library

GROUPS = """\
  HIGH:
    - {teams: [legal, privacy, security], count: 2, distinct: true}
    - {users: [ada, Kim]}
    - {teams: [supervisors], users: [rita], count: 2}
"""


def with_high(text: str) -> str:
    lines = [line for line in POLICY.splitlines(keepends=True) if not line.startswith("  HIGH:")]
    place = next(number for number, line in enumerate(lines) if line.startswith("  MEDIUM:"))
    return "".join([*lines[: place + 1], text, *lines[place + 1 :]])


def test_groups_of_teams_and_users_are_read() -> None:
    settings = load_library(files(policy=with_high(GROUPS)), endpoints={}).settings
    assert settings is not None
    assert settings.policy.approvals[Level.HIGH] == (
        Approvers(count=2, teams=tuple(map(TeamSlug, ("legal", "privacy", "security"))), distinct=True),
        Approvers(count=1, users=(Login("ada"), Login("Kim"))),
        Approvers(count=2, teams=(TeamSlug("supervisors"),), users=(Login("rita"),)),
    )


@pytest.mark.parametrize(
    ("group", "message"),
    [
        ("{count: 1}", "a group without teams and users can never approve"),
        ("{teams: [a, b], users: [kim], distinct: true}", "`distinct` tells teams apart, and `users` belong to none"),
        ("{teams: [a, b], count: 3, distinct: true}", "3 different teams can never approve: 2 named"),
        ("{users: [kim], count: 2}", "2 people can never approve: 1 named"),
        ("{teams: [], count: 1}", "`approvals.HIGH.0.teams` is empty"),
        ("{team: a}", "unknown key `team` in `approvals.HIGH.0`"),
        ("{teams: [a], count: 0}", "`approvals.HIGH.0.count` is less than 1"),
    ],
)
def test_a_group_that_can_never_approve_is_a_fault_at_its_line(group: str, message: str) -> None:
    text = with_high(f"  HIGH:\n    - {group}\n")
    (fault,) = load_library(files(policy=text), endpoints={}).diagnostics
    line = next(number for number, line in enumerate(text.splitlines(), start=1) if group in line)
    assert (fault.path, fault.line, fault.message) == ("pow/settings/policy.yml", line, message)


def test_an_empty_list_is_nobody() -> None:
    (fault,) = load_library(files(policy=with_high("  HIGH: []\n")), endpoints={}).diagnostics
    assert fault.message == "nobody approves a change of impact HIGH"
