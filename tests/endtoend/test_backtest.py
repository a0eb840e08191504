"""A pull request that changes a recipe: replayed before and after, said in one comment, and never run."""

from base64 import b64encode
from collections.abc import Iterator

import pytest
from stage import ROOT, SMALL, a_town, bot

from bot.sandbox.town import Staging, Town

RECIPE = "pow/passport_backlog.yml"
TEXT = (ROOT / RECIPE).read_text()
STRICTER = TEXT.replace("20_days", "15_days")
HOSTILE = TEXT.replace("20_days", "5%").replace("# file:", "# @maria ```\n# file:")
WORKFLOW = "backtest.yml"


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with a_town(Staging(situation=SMALL)) as town:
        yield town


def propose(town: Town, text: str, *, branch: str = "stricter", path: str = RECIPE) -> int:
    """Open a pull request that changes one file."""
    with town.as_person("maria") as client:
        main = client.get("git/ref/heads/main").json()["object"]["sha"]
        client.post("git/refs", json={"ref": f"refs/heads/{branch}", "sha": main}).raise_for_status()
        there = client.get(f"contents/{path}", params={"ref": branch})
        sha = {"sha": there.json()["sha"]} if there.status_code == 200 else {}
        body = {"message": "Be stricter", "content": b64encode(text.encode()).decode(), "branch": branch, **sha}
        client.put(f"contents/{path}", json=body).raise_for_status()
        pull = client.post("pulls", json={"title": "Be stricter", "head": branch, "base": "main", "body": ""})
        pull.raise_for_status()
        number: int = pull.json()["number"]
        return number


def comments(town: Town, number: int) -> list[str]:
    with town.as_person("maria") as client:
        return [comment["body"] for comment in client.get(f"issues/{number}/comments").json()]


def test_the_workflow_comments_once_with_both_versions_side_by_side(town: Town):
    number = propose(town, STRICTER)
    finished = list(town.run(WORKFLOW))
    assert [each.exit_code for each in finished] == [0], finished
    (body,) = comments(town, number)
    assert "| Rule | `max(wait_time) > 20_days` | `max(wait_time) > 15_days` |" in body
    assert "False rollbacks" in body
    before = body
    assert [each.exit_code for each in town.run(WORKFLOW)] == [0]
    assert comments(town, number) == [before], "the same texts are not replayed again"


@pytest.mark.slow
def test_a_new_head_is_compared_anew_in_the_same_comment(town: Town):
    number = propose(town, STRICTER, branch="again")
    bot(town, f"pow backtest --pull {number} --post")
    with town.as_person("maria") as client:
        sha = client.get(f"contents/{RECIPE}", params={"ref": "again"}).json()["sha"]
        text = b64encode(STRICTER.replace("15_days", "9_days").encode()).decode()
        body = {"message": "Stricter still", "content": text, "branch": "again", "sha": sha}
        client.put(f"contents/{RECIPE}", json=body).raise_for_status()
    bot(town, f"pow backtest --pull {number} --post")
    (body,) = comments(town, number)
    assert "9_days" in body
    assert "15_days" not in body


def test_a_recipe_that_does_not_load_is_said_with_its_place_and_mentions_nobody(town: Town):
    number = propose(town, HOSTILE, branch="hostile")
    finished = bot(town, f"pow backtest --pull {number} --post")
    assert finished.exit_code == 0, finished.output
    (body,) = comments(town, number)
    assert "does not load" in body
    assert f"{RECIPE}:5:" in body
    assert "5%" in body


@pytest.mark.slow
def test_a_new_recipe_stands_alone_and_one_on_an_unknown_feed_does_not_load(town: Town):
    number = propose(town, TEXT.replace("PASSPORT_BACKLOG", "SECOND_BACKLOG"), path="pow/second.yml", branch="second")
    finished = bot(town, f"pow backtest --pull {number}")
    assert finished.exit_code == 0, finished.output
    assert "new: `SECOND_BACKLOG@v1`" in finished.output
    assert comments(town, number) == [], "without --post nothing is written"
    strange = TEXT.replace("PASSPORT_BACKLOG", "THIRD").replace("metrics.passport.wait_time", "metrics.other.wait")
    other = propose(town, strange, path="pow/third.yml", branch="third")
    assert "does not load" in bot(town, f"pow backtest --pull {other}").output


def test_settings_of_the_pull_request_are_not_used(town: Town):
    settings = (ROOT / "pow/settings/targets.yml").read_text().replace("https://metrics.gov", "http://127.0.0.1:1")
    number = propose(town, settings, path="pow/settings/targets.yml", branch="settings")
    finished = bot(town, f"pow backtest --pull {number}")
    assert finished.exit_code == 0, finished.output
    assert "No recipe differs" in finished.output


def test_a_feed_that_cannot_be_read_is_said(town: Town):
    from bot.sandbox.agency.faults import Down  # noqa: PLC0415 -- beside its only use

    number = propose(town, STRICTER, branch="blind")
    town.agency.faults["/passport/wait"] = Down(status=503)
    finished = bot(town, f"pow backtest --pull {number}")
    del town.agency.faults["/passport/wait"]
    assert "could not be read" in finished.output
    assert "503" in finished.output
