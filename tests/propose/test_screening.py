"""`pow detect` over a table that many recipes share: one scan tells the quiet ones, and nothing else changes."""

from pathlib import Path

import duckdb
import pytest
from propose.office import RECIPE, Office

from bot.model.errors import BotError
from bot.model.event import Mark
from bot.model.names import RecipeId
from bot.propose.shard import WHOLE, Shard, parse_shard

FEED = """\
  metrics.passport.wait_{number}:
    source: parquet
    path: data/waits.parquet
    columns: {{at: closed_at, value: days}}
    where: {{office: "{number}"}}
    unit: days
    window: 1_day
"""


def an_agency(root: Path, *, recipes: int, fires: int) -> Office:
    """Offices in one table: number `fires` waits for 30 days, number 1 says nothing, all others wait for 12 days."""
    feeds = "".join(FEED.format(number=number) for number in range(recipes))
    files = {"pow/settings/feeds.yml": f"feeds:\n{feeds}".encode(), "pow/passport_backlog.yml": recipe(0)}
    files |= {f"pow/office_{number}.yml": recipe(number) for number in range(1, recipes)}
    office = Office(root, files)
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE waits (office VARCHAR, closed_at TIMESTAMP, days DOUBLE)")
        connection.execute(
            """
            INSERT INTO waits SELECT o::VARCHAR, $now::TIMESTAMP - to_hours(3 * h + 1), CASE o WHEN $fires THEN 30
              ELSE 12 END FROM range($recipes) offices(o), range(24) hours(h) WHERE o <> 1
            """,
            {"now": office.now.replace(tzinfo=None), "fires": fires, "recipes": recipes},
        )
        connection.execute(f"COPY waits TO '{root / 'data' / 'waits.parquet'}'")
    return office


def recipe(number: int) -> bytes:
    text = RECIPE.decode().replace("PASSPORT_BACKLOG", f"OFFICE_{number}")
    text = text.replace('"complaints.passport", "metrics.passport.wait_time"', f'"metrics.passport.wait_{number}"')
    return text.replace("wait_time", f"wait_{number}").encode()


def test_quiet_recipes_are_told_by_one_scan_and_the_firing_one_is_proposed(tmp_path: Path) -> None:
    office = an_agency(tmp_path, recipes=25, fires=7)
    report = office.detect()
    said = {event.subject: event for event in report.events if event.mark in {Mark.NOTE, Mark.WAIT}}
    assert not report.failed
    assert said["OFFICE_3"].sentence == (
        "OFFICE_3 does not fire: max(wait_3) is 12 days (n=8) over 1 day; needs > 20 days"
    )
    assert said["OFFICE_1"].sentence.startswith("OFFICE_1 cannot be decided (NO_DATA): max(wait_1) has no data")
    assert said["OFFICE_7"].sentence == (
        "OFFICE_7 fires: max(wait_7) is 30 days (n=8) over 1 day to 2026-03-02T09:00Z; needs > 20 days"
    )
    assert [event.subject for event in report.events if event.mark is Mark.DONE] == ["OFFICE_7"]


def test_few_recipes_are_read_as_ever(tmp_path: Path) -> None:
    office = an_agency(tmp_path, recipes=4, fires=2)
    sentences = [event.sentence for event in office.detect().events]
    assert (
        "OFFICE_3 does not fire: max(wait_3) is 12 days (n=8) over 1 day to 2026-03-02T09:00Z; needs > 20 days"
        in sentences
    )


def test_every_recipe_is_in_exactly_one_share() -> None:
    recipes = [RecipeId(f"RECIPE_{number}") for number in range(200)]
    shares = [[recipe for recipe in recipes if Shard(index=index, count=8).holds(recipe)] for index in range(1, 9)]
    assert sorted(recipe for share in shares for recipe in share) == sorted(recipes)
    assert all(10 < len(share) < 45 for share in shares)
    assert all(WHOLE.holds(recipe) for recipe in recipes)
    assert Shard(index=2, count=8).holds(RecipeId("PASSPORT_BACKLOG")) is False


@pytest.mark.parametrize("text", ["", "0/4", "5/4", "1/257", "a/b", "1", "1/2/3", "-1/4", "²/4"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(BotError, match="no share of the recipes"):
        parse_shard(text)


def test_a_share_is_written_with_a_stroke() -> None:
    assert parse_shard("2/8") == Shard(index=2, count=8)
