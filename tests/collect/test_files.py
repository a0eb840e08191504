import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from collect.feeds import NOW, WEEK, a_collector, a_file

from bot.collect.query import UnreadableError
from bot.collect.sources.table import Table, opened
from bot.model.process import ProcessLog
from bot.model.series import FailureKind, FeedFailure, Reading, Series, SeriesKind, Window
from bot.model.settings import Columns, FeedShape, FeedSpec, SourceKind
from bot.model.unit import PLAIN_COUNT, PLAIN_RATIO, UNITS

CSV = (
    "closed_at,days\n2026-01-05T08:00:00Z,23.5\n2026-01-06 09:00:00+01:00,21\n2026-01-07 08:00:00,20\n2025-01-01,3\n"
)
LOG = """\
case,activity,done
1,apply,2026-01-01 00:00
1,review,2026-01-05 00:00
2,apply,2026-01-05 00:00
2,pay,2026-01-06 00:00
2,review,2026-01-07 00:00
3,apply,2026-01-06 12:00
3,review,2026-01-07 12:00
"""
JSON = '[{"closed_at": "2026-01-05T08:00:00Z", "days": 23.5}]'


def read(root: Path, spec: FeedSpec, window: Window = WEEK, **endpoints: str) -> Reading:
    with a_collector(root, endpoints=endpoints) as collector:
        return collector.series(spec, window)


def read_csv(root: Path, text: str, **changes: Any) -> Reading:
    (root / "wait.csv").write_text(text)
    return read(root, a_file(SourceKind.CSV, "wait.csv", **changes))


def read_parquet(root: Path, select: str, **changes: Any) -> Reading:
    place = root / "wait.parquet"
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.sql(select).write_parquet(str(place))
    return read(root, a_file(SourceKind.PARQUET, "wait.parquet", **changes))


def values(reading: Reading) -> list[tuple[str, float]]:
    assert isinstance(reading, Series), reading
    return [(sample.at.strftime("%m-%d %H:%M"), sample.value) for sample in reading.samples]


def the_failure(reading: Reading) -> FeedFailure:
    assert isinstance(reading, FeedFailure), reading
    return reading


def test_a_csv_file_gives_the_samples_of_the_window(tmp_path: Path):
    assert values(read_csv(tmp_path, CSV)) == [("01-05 08:00", 23.5), ("01-06 08:00", 21), ("01-07 08:00", 20)]


def test_times_without_an_offset_belong_to_the_feeds_zone(tmp_path: Path):
    reading = read_csv(tmp_path, CSV, time_zone="America/Los_Angeles")
    assert values(reading) == [("01-05 08:00", 23.5), ("01-06 08:00", 21), ("01-07 16:00", 20)]


def test_a_zone_cuts_the_window_exactly(tmp_path: Path):
    edges = (
        "closed_at,days\n2026-01-02 15:59:59,1\n2026-01-02 16:00:00,2\n2026-01-09 15:59:59,3\n2026-01-09 16:00:00,4\n"
    )
    reading = read_csv(tmp_path, edges, time_zone="America/Los_Angeles")
    assert [value for _, value in values(reading)] == [2, 3]


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Asia/Kolkata"])
def test_an_instant_stays_an_instant_whatever_the_feeds_zone(tmp_path: Path, zone):
    select = """
        SELECT unnest(['2026-01-05 08:00:00+00', '2026-01-06 23:00:00-08', NULL, '2026-01-09 23:59:59+00',
          '2026-01-10 00:00:00+00']::TIMESTAMPTZ[]) AS closed_at, unnest([1, 2, 3, 4, 5]) AS days
        """
    reading = read_parquet(tmp_path, select, time_zone=zone)
    assert values(reading) == [("01-05 08:00", 1), ("01-07 07:00", 2), ("01-09 23:59", 4)]


def test_other_time_formats_are_given_by_the_feed(tmp_path: Path):
    text = "closed_at,days\n01/05/2026 08:30:00 PM,2\n"
    assert values(read_csv(tmp_path, text, time_format="%m/%d/%Y %I:%M:%S %p")) == [("01-05 20:30", 2)]


def test_a_year_is_a_time_too(tmp_path: Path):
    text = "fy,backlog,total\n2025,1,1\n2026,5,1\n2026,6,0\n"
    columns = Columns(at="fy", value="backlog")
    reading = read_csv(tmp_path, text, columns=columns, time_format="%Y", where={"total": "1"}, unit=PLAIN_COUNT)
    assert values(reading) == []
    with a_collector(tmp_path) as collector:
        spec = a_file(SourceKind.CSV, "wait.csv", columns=columns, time_format="%Y", where={"total": "1"})
        year = Window(start=datetime(2026, 1, 1, tzinfo=UTC), end=NOW)
        assert values(collector.series(spec, year)) == [("01-01 00:00", 5)]


def test_two_times_give_a_duration_in_the_feeds_unit_counted_at_the_end(tmp_path: Path):
    rows = ["2026-01-05 08:00,2026-01-05 20:00", "2026-01-05 08:00,", "2026-01-06 08:00,2026-01-05 08:00"]
    text = "\n".join(["opened,closed", *rows])
    reading = read_csv(tmp_path, text, columns=Columns(start="opened", end="closed"), unit=UNITS["hours"])
    assert values(reading) == [("01-05 20:00", 12)]
    assert isinstance(reading, Series)
    assert reading.dropped == 2


def test_an_open_case_is_dated_by_its_beginning_and_lasts_until_now(tmp_path: Path):
    rows = ["2026-01-05 08:00,2026-01-05 20:00", "2026-01-04 08:00,", ",2026-01-05 08:00"]
    text = "\n".join(["opened,closed", *rows])
    columns = Columns(start="opened", end="closed")
    reading = read_csv(tmp_path, text, columns=columns, unit=UNITS["hours"], open_cases=True)
    assert isinstance(reading, Series)
    age = (reading.span.end - datetime(2026, 1, 4, 8, tzinfo=UTC)).total_seconds() / 3600
    assert [(f"{each.at:%d %H:%M}", each.value, each.ended) for each in reading.samples] == [
        ("04 08:00", age, False),
        ("05 08:00", 12, True),
    ]
    assert reading.dropped == 1


def test_without_a_value_each_row_counts_as_one(tmp_path: Path):
    reading = read_csv(tmp_path, CSV, columns=Columns(at="closed_at"), unit=PLAIN_COUNT)
    assert [value for _, value in values(reading)] == [1, 1, 1]


def test_a_hand_over_of_a_log_is_a_metric_at_the_time_of_its_target(tmp_path: Path):
    columns = Columns(case="case", activity="activity", at="done")
    spec = {"columns": columns, "hand_over": ("apply", "review"), "history": timedelta(days=30)}
    assert values(read_csv(tmp_path, LOG, **spec)) == [("01-05 00:00", 4), ("01-07 12:00", 1)]


@pytest.mark.parametrize(
    "select",
    [
        "SELECT TIMESTAMP '2026-01-05 08:00' AS closed_at, 2.5::DOUBLE AS days",
        "SELECT TIMESTAMP_NS '2026-01-05 08:00' AS closed_at, 2.5::FLOAT AS days",
        "SELECT TIMESTAMP_S '2026-01-05 08:00' AS closed_at, 2.5::DECIMAL(9, 3) AS days",
        "SELECT TIMESTAMPTZ '2026-01-05 09:00+01' AS closed_at, '2.5' AS days",
        "SELECT '2026-01-05 08:00' AS closed_at, 2.5::DECIMAL(30, 3) AS days",
    ],
)
def test_parquet_columns_of_any_fitting_type_are_read(tmp_path: Path, select: str):
    outside = select.replace("2026-01-05", "2025-12-05")
    assert values(read_parquet(tmp_path, f"{select} UNION ALL {outside}")) == [("01-05 08:00", 2.5)]


def test_parquet_dates_and_whole_numbers_are_read(tmp_path: Path):
    assert values(read_parquet(tmp_path, "SELECT DATE '2026-01-05' AS closed_at, 7 AS days")) == [("01-05 00:00", 7)]


def test_empty_and_infinite_cells_are_dropped_and_counted(tmp_path: Path):
    text = "closed_at,days\n2026-01-05,\n2026-01-05,nan\n2026-01-05,inf\n,3\n2026-01-05,1\n"
    reading = read_csv(tmp_path, text)
    assert values(reading) == [("01-05 00:00", 1)]
    assert isinstance(reading, Series)
    assert reading.dropped == 4


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("closed,days\n2026-01-05,1\n", "there is no `closed_at`; it has: closed, days"),
        ("closed_at,days\n2026-01-05,soon\n", "`days` should hold a number, found a text of 4 characters"),
        ("closed_at,days\n2026-01-05,1_000\n", "`days` should hold a number, found a text of 5 characters"),
        ("closed_at,days\nsoon,1\n", "`closed_at` should hold an ISO 8601 time, found a text of 4 characters"),
    ],
)
def test_a_wrong_csv_names_the_column_and_what_was_found(tmp_path: Path, text: str, told: str):
    failure = the_failure(read_csv(tmp_path, text))
    assert (failure.kind, failure.message) == (FailureKind.SHAPE, told)


@pytest.mark.parametrize("source", [SourceKind.PARQUET, SourceKind.JSON_FILE])
@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"PAR1 but no more"])
def test_a_broken_file_is_a_wrong_shape(tmp_path: Path, source: SourceKind, content: bytes):
    (tmp_path / "broken").write_bytes(content)
    assert the_failure(read(tmp_path, a_file(source, "broken"))).kind is FailureKind.SHAPE


def test_a_csv_of_arbitrary_bytes_is_a_wrong_shape(tmp_path: Path):
    (tmp_path / "broken").write_bytes(bytes(range(256)) * 40)
    assert the_failure(read(tmp_path, a_file(SourceKind.CSV, "broken"))).kind is FailureKind.SHAPE


def test_a_json_file_is_read_like_an_answer(tmp_path: Path):
    (tmp_path / "wait.json").write_text(JSON)
    assert values(read(tmp_path, a_file(SourceKind.JSON_FILE, "wait.json"))) == [("01-05 08:00", 23.5)]


def test_a_file_below_a_folder_endpoint_is_found(tmp_path: Path):
    folder = tmp_path / "data of ours"
    folder.mkdir()
    (folder / "wait.json").write_text(JSON)
    spec = a_file(SourceKind.JSON_FILE, "wait.json", endpoint="data")
    assert len(values(read(Path("/nowhere"), spec, data=folder.as_uri()))) == 1


def test_a_folder_endpoint_that_is_a_server_is_told(tmp_path: Path):
    spec = a_file(SourceKind.CSV, "wait.csv", endpoint="data")
    failure = the_failure(read(tmp_path, spec, data="https://metrics.gov"))
    assert failure.kind is FailureKind.SETTINGS
    assert "POW_ENDPOINT_DATA" in failure.hint


@pytest.mark.parametrize("source", [SourceKind.CSV, SourceKind.PARQUET, SourceKind.JSON_FILE])
@pytest.mark.parametrize(
    "path",
    [
        "../secret.csv",
        "a/../../secret.csv",
        "/etc/passwd",
        "*.csv",
        "wait?.csv",
        "wait[a].csv",
        "https://x/y",
        "s3://x/y",
    ],
)
def test_a_path_out_of_the_repository_is_refused(tmp_path: Path, source: SourceKind, path: str):
    root = tmp_path / "repository"
    root.mkdir()
    (tmp_path / "secret.csv").write_text(CSV)
    failure = the_failure(read(root, a_file(source, path)))
    assert failure.kind is FailureKind.SETTINGS


def test_a_link_out_of_the_repository_is_refused(tmp_path: Path):
    root = tmp_path / "repository"
    root.mkdir()
    (tmp_path / "secret.csv").write_text(CSV)
    (root / "wait.csv").symlink_to(tmp_path / "secret.csv")
    failure = the_failure(read(root, a_file(SourceKind.CSV, "wait.csv")))
    assert (failure.kind, failure.message) == (FailureKind.SETTINGS, "`path` leads out of its folder")


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path):
    (tmp_path / "folder").mkdir()
    for path in ("wait.csv", "folder"):
        failure = the_failure(read(tmp_path, a_file(SourceKind.CSV, path)))
        assert (failure.kind, failure.message) == (FailureKind.UNREACHABLE, f"there is no file `{path}`")


def test_a_file_that_may_not_be_opened_is_no_named_pipe_that_hangs(tmp_path: Path):
    os.mkfifo(tmp_path / "wait.csv")
    assert the_failure(read(tmp_path, a_file(SourceKind.CSV, "wait.csv"))).kind is FailureKind.UNREACHABLE


def test_a_scan_that_needs_too_much_memory_is_told(tmp_path: Path):
    (tmp_path / "wait.csv").write_text(CSV)
    table = Table(path=tmp_path / "wait.csv", kind=SourceKind.CSV)
    many = "SELECT list(number ORDER BY number DESC) FROM range(5000000) AS numbers(number)"
    with (
        pytest.raises(UnreadableError, match="needs more than 20MB of memory") as caught,
        opened(table, seconds=30, memory="20MB") as connection,
    ):
        connection.execute(many)
    assert caught.value.kind is FailureKind.TOO_LARGE


def test_rows_without_case_activity_or_time_are_left_out_of_a_log_and_counted(tmp_path: Path):
    (tmp_path / "log.csv").write_text(LOG + ",apply,2026-01-05\n4,,2026-01-05\n4,apply,\n")
    columns = Columns(case="case", activity="activity", at="done")
    with a_collector(tmp_path) as collector:
        log = collector.events(a_file(SourceKind.CSV, "log.csv", shape=FeedShape.EVENTS, columns=columns), WEEK)
        unnamed = collector.events(a_file(SourceKind.CSV, "log.csv", shape=FeedShape.EVENTS), WEEK)
    assert isinstance(log, ProcessLog)
    assert ([event.case for event in log.events], log.dropped) == (["1", "1", "2", "2", "2", "3", "3"], 3)
    assert isinstance(unnamed, FeedFailure)
    assert unnamed.kind is FailureKind.SETTINGS


def test_a_ratio_without_a_possible_denominator_is_dropped(tmp_path: Path):
    rows = ["2026-01-05,1,20", "2026-01-05,1,-20", "2026-01-05,1,0", "2026-01-05,0,0", "2026-01-05,50,20"]
    text = "\n".join(["at,errors,requests", *rows])
    columns = Columns(at="at", value="errors", of="requests")
    reading = read_csv(tmp_path, text, columns=columns, kind=SeriesKind.RATIO, unit=PLAIN_RATIO, max_value=1.0)
    assert isinstance(reading, Series)
    assert [(sample.value, sample.of) for sample in reading.samples] == [(0, 0), (1, 20)]
    assert reading.dropped == 3


def test_a_file_above_the_limit_is_too_large(tmp_path: Path):
    failure = the_failure(read_csv(tmp_path, CSV, max_bytes=20))
    assert failure.kind is FailureKind.TOO_LARGE


def test_a_scan_that_takes_too_long_is_interrupted(tmp_path: Path):
    select = "SELECT TIMESTAMP '2026-01-05' AS closed_at, (random() * 9)::VARCHAR AS days FROM range(300000)"
    failure = the_failure(read_parquet(tmp_path, select, timeout=timedelta(milliseconds=20)))
    assert failure.kind is FailureKind.TIMEOUT


@pytest.mark.parametrize(
    "change",
    [
        {"columns": Columns(at="closed_at")},
        {"columns": Columns(start="a", end="b"), "unit": PLAIN_COUNT},
        {"hand_over": ("a", "b")},
        {"time_zone": "Mars/Phobos"},
        {"time_zone": "../../etc/passwd"},
    ],
)
def test_settings_that_name_no_value_are_told(tmp_path: Path, change: dict[str, Any]):
    failure = the_failure(read_csv(tmp_path, CSV, **change))
    assert failure.kind is FailureKind.SETTINGS


def hostile_column(name: str) -> Callable[[Path], Reading]:
    def read_it(root: Path) -> Reading:
        quoted = name.replace('"', '""')
        return read_parquet(
            root,
            f"SELECT TIMESTAMP '2026-01-05' AS closed_at, 3 AS \"{quoted}\"",
            columns=Columns(at="closed_at", value=name),
        )

    return read_it


@pytest.mark.parametrize("name", ['a"; DROP TABLE x; --', "a' OR '1'='1", "$path", "read_csv('/etc/passwd')"])
def test_a_columns_name_is_never_taken_for_sql(tmp_path: Path, name: str):
    assert values(hostile_column(name)(tmp_path)) == [("01-05 00:00", 3)]
    failure = the_failure(read_csv(tmp_path, CSV, columns=Columns(at="closed_at", value=name)))
    assert failure.message == f"there is no `{name}`; it has: closed_at, days"
