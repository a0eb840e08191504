import gzip
from datetime import timedelta
from pathlib import Path

import pytest
import realdata
from diagnose.logs import BEGIN, Step, a_log
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tries import tries

from bot.collect.passages import Basis
from bot.diagnose.log import LogOptions, guess_columns, rank_file
from bot.diagnose.process import rank
from bot.diagnose.xes import read_xes
from bot.model.errors import BotError
from bot.model.finding import HandOver, Ranking
from bot.model.settings import Columns

LIMIT = 1 << 20
CSV = "case:concept:name,concept:name,time:timestamp\n1,a,2026-01-01T00:00:00Z\n1,b,2026-01-01T02:00:00+01:00\n"


def numbers_of(each: HandOver) -> tuple[float, ...]:
    return each.total, each.mean, each.median, each.p95, each.share


def shape(ranking: Ranking) -> tuple[object, ...]:
    """Return a ranking without its feed's name, its numbers rounded to the microsecond."""
    rows = [
        (each.source, each.target, each.passages, *(round(number, 6) for number in numbers_of(each)))
        for each in ranking.hand_overs
    ]
    return ranking.cases, ranking.events, ranking.activities, round(ranking.total, 6), rows


def rank_text(folder: Path, text: str, options: LogOptions | None = None) -> Ranking:
    (folder / "log.csv").write_text(text)
    return rank_file(folder / "log.csv", options)


def as_csv(steps: list[Step], *, starts: bool) -> str:
    lines = ["case_id,activity,end,start" if starts else "case_id,activity,end"]
    for step in steps:
        times = [(BEGIN + timedelta(hours=hours)).isoformat() for hours in step[2:]]
        lines.append(",".join([step[0], step[1], *times]))
    return "\n".join(lines) + "\n"


events = st.tuples(st.sampled_from("123"), st.sampled_from("abcd"), st.integers(0, 30))
spans = st.tuples(st.sampled_from("123"), st.sampled_from("abcd"), st.integers(10, 30), st.integers(0, 10))


@settings(max_examples=tries(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(events, min_size=1, max_size=25))
def test_the_query_and_the_pure_ranking_agree(tmp_path: Path, steps: list[Step]):
    assert shape(rank_text(tmp_path, as_csv(steps, starts=False))) == shape(rank(a_log(steps)))


@settings(max_examples=tries(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(spans, min_size=1, max_size=25), basis=st.sampled_from([None, *Basis]))
def test_they_agree_on_logs_with_starts_as_well(tmp_path: Path, steps: list[Step], basis: Basis | None):
    queried = rank_text(tmp_path, as_csv(steps, starts=True), LogOptions(basis=basis))
    assert shape(queried) == shape(rank(a_log(steps), basis=basis))


@pytest.mark.parametrize(
    ("known", "given_columns", "expected"),
    [
        (
            ("case:concept:name", "concept:name", "time:timestamp", "org:resource"),
            Columns(),
            Columns(case="case:concept:name", activity="concept:name", end="time:timestamp", resource="org:resource"),
        ),
        (
            ("Case ID", "Activity", "Start Timestamp", "Complete Timestamp", "Resource"),
            Columns(),
            Columns(
                case="Case ID",
                activity="Activity",
                start="Start Timestamp",
                end="Complete Timestamp",
                resource="Resource",
            ),
        ),
        (
            ("case", "activity", "end", "mine"),
            Columns(end="mine"),
            Columns(case="case", activity="activity", end="mine"),
        ),
        ((), Columns(), Columns()),
    ],
)
def test_columns_are_guessed_by_their_usual_names(known: tuple[str, ...], given_columns: Columns, expected: Columns):
    assert guess_columns(dict.fromkeys(known), given_columns) == expected


def test_offsets_count_and_times_without_one_are_of_the_zone(tmp_path: Path):
    assert rank_text(tmp_path, CSV).total == 3_600
    over_the_change = "case,activity,end\n1,a,2026-03-28 12:00\n1,b,2026-03-29 12:00\n"
    assert rank_text(tmp_path, over_the_change).total == 24 * 3_600
    assert rank_text(tmp_path, over_the_change, LogOptions(time_zone="Europe/Amsterdam")).total == 23 * 3_600


def test_only_completed_events_count(tmp_path: Path):
    lines = ["1,a,2026-01-01,complete", "1,b,2026-01-02,start", "1,b,2026-01-03,COMPLETE"]
    ranking = rank_text(tmp_path, "\n".join(["case,activity,end,lifecycle:transition", *lines]))
    assert (ranking.events, ranking.total) == (2, 2 * 86_400)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("log.csv", "case,activity\n1,a\n", "log.csv has no column that looks like the end; it has: activity, case"),
        ("log.csv", "case,activity,end\n1,a,soon\n", "log.csv: 1 of its times in `end` cannot be read"),
        ("log.txt", "", "log.txt is no event log that can be read"),
        ("log.parquet", "no parquet", "`log.parquet` cannot be read as PARQUET (InvalidInputException)"),
        ("log.xes", "no xml", "log.xes is not an XES log at line 1"),
        ("log.xes", "<log>", "log.xes is not an XES log at line 1"),
        ("log.xes.gz", "no gzip", "log.xes.gz is not an XES log"),
    ],
)
def test_what_cannot_be_ranked_is_told(tmp_path: Path, name: str, text: str, told: str):
    (tmp_path / name).write_text(text)
    with pytest.raises(BotError) as caught:
        rank_file(tmp_path / name)
    assert caught.value.message == told
    assert caught.value.hint


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (LogOptions(columns=Columns(case="nope")), "log.csv has no column `nope`"),
        (LogOptions(time_zone="Mars/Phobos"), "there is no time zone Mars/Phobos"),
    ],
)
def test_options_that_do_not_fit_are_told(tmp_path: Path, options: LogOptions, told: str):
    with pytest.raises(BotError, match=told):
        rank_text(tmp_path, CSV, options)


def test_a_file_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(BotError, match="there is no file"):
        rank_file(tmp_path / "log.csv")


XES = """<?xml version="1.0"?>
<log xmlns="http://www.xes-standard.org/">
  <global scope="event"><date key="time:timestamp" value="1970-01-01T00:00:00Z"/></global>
  <trace>
    <string key="concept:name" value="1"><string key="concept:name" value="nested"/></string>
    <event>
      <string key="concept:name" value="a"/><date key="time:timestamp" value="2026-01-01T00:00:00+01:00"/>
    </event>
    <event>
      <string key="org:resource" value="Ann"/><date key="time:timestamp" value="2026-01-01T01:00:00+00:00"/>
      <list key="x"><string key="concept:name" value="nested"/></list><string key="concept:name" value="b"/>
    </event>
    <event><string key="concept:name" value="b"/><string key="lifecycle:transition" value="start"/></event>
    <event><string key="concept:name" value="no time"/></event>
  </trace>
  <trace><event><string key="concept:name" value="no case"/></event></trace>
</log>
"""


def test_an_xes_log_is_read_without_what_is_nested(tmp_path: Path):
    (tmp_path / "log.xes").write_text(XES)
    log = read_xes(tmp_path / "log.xes", max_bytes=LIMIT)
    assert [(event.case, event.activity, event.resource) for event in log.events] == [
        ("1", "a", ""),
        ("1", "b", "Ann"),
    ]
    assert (rank(log).total, log.dropped) == (2 * 3_600, 2)


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE log [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
        '<!DOCTYPE log SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE log [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_an_xes_log_with_a_document_type_is_refused(tmp_path: Path, doctype: str):
    (tmp_path / "log.xes").write_text(XES.replace("<log", f"{doctype}<log", 1))
    with pytest.raises(BotError, match="is not an XES log"):
        read_xes(tmp_path / "log.xes", max_bytes=LIMIT)


def test_an_xes_log_nested_without_end_is_refused(tmp_path: Path):
    (tmp_path / "log.xes").write_text("<a>" * 5_000)
    with pytest.raises(BotError, match="is not an XES log"):
        read_xes(tmp_path / "log.xes", max_bytes=LIMIT)


def test_a_gzip_bomb_stops_at_the_limit(tmp_path: Path):
    (tmp_path / "log.xes.gz").write_bytes(gzip.compress(b"<log>" + b" " * 30_000_000))
    with pytest.raises(BotError, match="more than 1,048,576 bytes unpacked"):
        read_xes(tmp_path / "log.xes.gz", max_bytes=LIMIT)


def facts(ranking: Ranking) -> list[tuple[object, ...]]:
    return [
        (each.source[:3], each.target[:3], each.passages, round(each.total / 86_400, 2))
        for each in ranking.hand_overs[:3]
    ]


@pytest.mark.parametrize("name", ["receipt/receipt.xes.gz", "receipt/receipt.parquet"])
def test_the_building_permits_give_the_numbers_that_are_known_of_them(name: str):
    """The Parquet file holds local times: only with their zone does it tell the same as the XES with its offsets."""
    ranking = rank_file(realdata.path(name), LogOptions(time_zone="Europe/Amsterdam"))
    first = ranking.hand_overs[0]
    assert (ranking.cases, ranking.events, ranking.activities, len(ranking.hand_overs)) == (1_434, 8_577, 27, 99)
    assert round(ranking.total / 86_400, 2) == 7_755.28
    assert facts(ranking) == [
        ("T05", "T06", 791, 2_422.14),
        ("Con", "T02", 1_079, 901.21),
        ("T04", "T05", 1_177, 758.01),
    ]
    assert (round(first.share, 3), round(first.mean / 86_400, 3)) == (0.312, 3.062)
    assert (round(first.median, 1), round(first.p95 / 86_400, 2)) == (37.5, 14.08)


def test_both_files_of_the_building_permits_agree_in_every_hand_over():
    zone = LogOptions(time_zone="Europe/Amsterdam")
    queried = rank_file(realdata.path("receipt/receipt.parquet"), zone)
    streamed = rank_file(realdata.path("receipt/receipt.xes.gz"))
    assert shape(queried) == shape(streamed)


def test_both_files_of_the_running_example_agree_in_every_hand_over():
    queried = rank_file(realdata.path("running_example/running-example.csv"))
    streamed = rank_file(realdata.path("running_example/running-example.xes"))
    assert shape(queried) == shape(streamed)
    assert (queried.cases, queried.events) == (6, 42)
