"""What goes wrong outside: a clear word with its place and a hint, the right exit code, and nothing half done."""

import re
from base64 import b64encode
from collections.abc import Iterator

import pytest
from stage import ROOT, SMALL, a_town, bot, records, told

from bot.model.record import Phase
from bot.sandbox.agency.faults import Down, Empty, Fault, Huge, Slow, WrongShape
from bot.sandbox.story import GOOD, open_pull
from bot.sandbox.town import BOT_PERMISSIONS, BOT_TOKEN, Staging, Town

RECIPE = "pow/passport_backlog.yml"


@pytest.fixture
def town() -> Iterator[Town]:
    with a_town() as town:
        yield town


@pytest.fixture(scope="module")
def quiet_town() -> Iterator[Town]:
    """A town for commands that change nothing in it."""
    with a_town() as town:
        yield town


SLOW = pytest.mark.slow
FEEDS = [
    pytest.param(Down(status=503), "503", id="down"),
    pytest.param(Empty(), "no data", id="empty", marks=SLOW),
    pytest.param(
        WrongShape(body='{"days": "many"}', media_type="application/json"),
        "closed_at",
        id="of the wrong shape",
        marks=SLOW,
    ),
    pytest.param(WrongShape(body="<html>", media_type="text/html"), "JSON", id="no JSON", marks=SLOW),
    pytest.param(Huge(size=64 * 1024 * 1024), "bytes", id="huge", marks=SLOW),
]


@pytest.mark.parametrize(("fault", "word"), FEEDS)
def test_a_feed_that_fails_is_named_and_the_other_recipes_go_on(town: Town, fault: Fault, word: str):
    town.agency.faults["/passport/wait"] = fault
    finished = bot(town, "pow detect")
    assert word in finished.output, finished.output
    assert "Traceback" not in finished.output
    assert "PASSPORT_BACKLOG cannot be decided" in finished.output
    assert open_pull(town, "PASSPORT_MANUAL_CHECKS") == 1, "the recipe on another feed is proposed all the same"
    assert not [r for r in records(town) if r.facts.get("recipe") == GOOD]


@SLOW
def test_a_slow_feed_is_given_up(town: Town):
    settings = town.read("pow/settings/feeds.yml").decode()
    slower = re.sub(r"(history: 7_days +# what.*\n)", r"\1    timeout: 1s\n", settings, count=1)
    assert slower != settings
    _change(town, "pow/settings/feeds.yml", slower.encode())
    town.agency.faults["/passport/wait"] = Slow(seconds=5)
    finished = bot(town, "pow detect")
    assert "in time" in finished.output or "1 s" in finished.output, finished.output
    assert open_pull(town, "PASSPORT_MANUAL_CHECKS") == 1


@SLOW
def test_no_data_during_the_watch_is_never_success_and_never_a_rollback(town: Town):
    _live(town)
    town.agency.faults["/passport/*"] = Down(status=503)
    finished = bot(town, "pow monitor")
    assert "cannot be measured" in finished.output
    assert not [r for r in records(town) if r.phase in {Phase.CLOSED, Phase.REVERTED}]


def test_a_broken_recipe_is_shown_with_its_place_and_the_others_go_on():
    broken = (ROOT / RECIPE).read_bytes().replace(b"PASSPORT_BACKLOG", b"BROKEN").replace(b"20_days", b"5%")
    with a_town(Staging(situation=SMALL, files={"pow/broken.yml": broken})) as town:
        finished = bot(town, "pow detect")
        assert finished.exit_code == 1
        assert "pow/broken.yml:4:36" in finished.output
        assert "hint:" in finished.output
        assert open_pull(town, GOOD) == 1


def test_broken_settings_stop_every_step_and_nothing_is_written():
    with a_town(Staging(situation=SMALL, files={"pow/settings/policy.yml": b"approvals: {LOW: 3\n"})) as town:
        before = told(town)
        for command in ("pow detect", "pow gate", "pow deploy", "pow monitor", "pow run"):
            finished = bot(town, command)
            assert finished.exit_code == 1, finished.output
            assert "pow/settings/policy.yml:" in finished.output
            assert "Traceback" not in finished.output
        assert told(town) == before


def test_a_gateway_that_refuses_leaves_the_change_undeployed_and_says_why(town: Town):
    _merge(town)
    town.agency.faults["/gateway/*"] = Down(status=403, detail="governance says no")
    finished = bot(town, "pow deploy")
    assert finished.exit_code == 1
    assert "governance says no" in finished.output
    assert "hint:" in finished.output
    assert not [r for r in records(town) if r.phase is Phase.DEPLOYED]
    town.agency.faults.clear()
    assert bot(town, "pow deploy").exit_code == 0
    assert len([r for r in records(town) if r.phase is Phase.DEPLOYED]) == 1


MISSING = [
    ("contents", "pow detect", "contents"),
    pytest.param("pull_requests", "pow detect", "pull", marks=SLOW),
]


@pytest.mark.parametrize(("permission", "command", "word"), MISSING)
def test_a_token_without_rights_is_told_which(town: Town, permission: str, command: str, word: str):
    town.forge.add_app("pow-bot", token=BOT_TOKEN, permissions={**BOT_PERMISSIONS, permission: "read"})
    finished = bot(town, command)
    assert finished.exit_code == 1, finished.output
    assert word in finished.output.lower()
    assert "hint:" in finished.output
    assert "Traceback" not in finished.output
    town.forge.add_app("pow-bot", token=BOT_TOKEN, permissions=BOT_PERMISSIONS)
    assert bot(town, command).exit_code == 0
    assert open_pull(town, GOOD) == 1, "once the right is there the same run goes on, with one pull request"


@SLOW
def test_without_a_view_of_the_teams_nobody_is_taken_for_a_supervisor(town: Town):
    bot(town, "pow detect")
    town.review(1, login="sam", event="APPROVE", body="")
    blind = {name: level for name, level in BOT_PERMISSIONS.items() if name != "members"}
    town.forge.add_app("pow-bot", token=BOT_TOKEN, permissions=blind)
    finished = bot(town, "pow gate")
    assert "supervisors" in finished.output
    assert not [r for r in records(town) if r.phase is Phase.MERGED]


def test_a_wrong_token_is_one_sentence(quiet_town: Town):
    finished = bot(quiet_town, "GITHUB_TOKEN=wrong pow gate")
    assert finished.exit_code == 1
    assert "hint:" in finished.output
    assert "Traceback" not in finished.output
    assert "wrong" not in finished.output, "no part of a token is ever printed"


@pytest.mark.parametrize(
    "command", ["GITHUB_REPOSITORY= pow run", "POW_NOW=yesterday pow run", "GITHUB_TOKEN= pow gate"]
)
def test_a_missing_or_senseless_variable_is_named(quiet_town: Town, command: str):
    finished = bot(quiet_town, command)
    assert finished.exit_code == 1
    assert command.partition("=")[0] in finished.output
    assert "hint:" in finished.output


def test_usage_errors_exit_with_2(quiet_town: Town):
    assert bot(quiet_town, "pow detect --no-such-option").exit_code == 2
    assert bot(quiet_town, "pow no-such-command").exit_code == 2


def _change(town: Town, path: str, content: bytes) -> None:
    """Commit a file to main as the maintainer does."""
    with town.as_person("maria") as client:
        sha = client.get(f"contents/{path}").json()["sha"]
        body = {"message": f"Change {path}", "content": b64encode(content).decode(), "sha": sha}
        client.put(f"contents/{path}", json=body).raise_for_status()


def _merge(town: Town) -> None:
    bot(town, "pow detect")
    town.review(1, login="sam", event="APPROVE", body="")
    assert bot(town, "pow gate").exit_code == 0


def _live(town: Town) -> None:
    _merge(town)
    assert bot(town, "pow deploy").exit_code == 0
