"""Reading a table column by column gives the series that reading it row by row gives, or leaves it to that."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tries import tries

from bot.collect.bulk import bulk_series
from bot.collect.query import UnreadableError
from bot.collect.samples import metric_query, series_of
from bot.model.names import FeedName
from bot.model.series import SeriesKind, Window
from bot.model.settings import Columns, FeedShape, FeedSpec, SourceKind
from bot.model.unit import DAY, PLAIN_RATIO

START = datetime(2026, 1, 5, tzinfo=UTC)
WINDOW = Window(start=START, end=START + timedelta(days=1))


def spec_of(**changed: object) -> FeedSpec:
    fields: dict[str, object] = {
        "name": FeedName("metrics.a.b"),
        "shape": FeedShape.METRIC,
        "source": SourceKind.CSV,
        "path": "b.csv",
        "unit": DAY,
        "kind": SeriesKind.READINGS,
        "window": timedelta(minutes=5),
        "columns": Columns(at="at", value="value"),
    }
    return FeedSpec(**(fields | changed))  # type: ignore[arg-type]


RATIO = {"columns": Columns(at="at", value="value", of="of"), "kind": SeriesKind.RATIO, "unit": PLAIN_RATIO}
SPECS = [
    spec_of(),
    spec_of(**RATIO),
    spec_of(min_value=0.0, max_value=10.0),
    spec_of(source=SourceKind.JSON_FILE),
    spec_of(source=SourceKind.PARQUET, **RATIO),
    spec_of(labels={"office": "office"}),
    spec_of(time_zone="Europe/Amsterdam"),
    spec_of(columns=Columns(at="at"), unit=PLAIN_RATIO),
]

moments = st.integers(-30, 60 * 25).map(lambda minute: START + timedelta(minutes=minute))
texts = moments.map(datetime.isoformat) | moments.map(lambda at: at.replace(tzinfo=None).isoformat())
offsets = moments.map(lambda at: at.isoformat().replace("+00:00", "+02:00"))
times = [texts, moments.map(lambda at: at.isoformat().replace("+00:00", "Z")), offsets, moments]
times += [
    moments.map(lambda at: at.replace(tzinfo=None)),
    st.sampled_from([None, "soon", "0001-01-01T00:00:00+10:00"]),
]
numbers = [st.integers(0, 9).map(str), st.floats(-1, 20), st.integers(0, 9)]
numbers += [st.sampled_from([None, "1_000", "nan", "inf", "1e400", "few", True, 10**400, " 7 "])]


@st.composite
def tables(draw: st.DrawFn, width: int) -> list[tuple[object, ...]]:
    kinds = [draw(st.sampled_from(times[:5]))]
    kinds += [draw(st.sampled_from(numbers[:3])) for _ in range(width - 1)]
    rows = draw(st.lists(st.tuples(*kinds), max_size=12))
    if rows and draw(st.integers(0, 3)) == 0:
        odd = tuple(draw(st.one_of(*choices)) for choices in (times, *[numbers] * (width - 1)))
        rows.insert(draw(st.integers(0, len(rows))), odd)
    return rows


def outcome(read, rows, query):
    try:
        return read(rows, query, WINDOW)
    except UnreadableError as error:
        return error.message


@settings(max_examples=tries(150), deadline=None)
@given(data=st.data(), spec=st.sampled_from(SPECS[:5]))
def test_a_series_is_the_same_either_way(data, spec):
    query = metric_query(spec, WINDOW)
    rows = data.draw(tables(len(query.columns)))
    found = bulk_series(rows, query, WINDOW)
    assert found is None or found == outcome(series_of, rows, query)


def test_a_plain_table_is_read_by_columns():
    rows = [(f"2026-01-05T0{hour}:00:00Z", str(hour)) for hour in range(9)]
    found = bulk_series(rows, metric_query(spec_of(), WINDOW), WINDOW)
    assert found is not None
    assert [sample.value for sample in found.samples] == [float(hour) for hour in range(9)]


@pytest.mark.parametrize("spec", SPECS[5:], ids=["labels", "a time zone", "no value"])
def test_what_is_not_plain_is_left_alone(spec):
    query = metric_query(spec, WINDOW) if spec.columns.value else metric_query(SPECS[0], WINDOW)
    query = type(query)(spec=spec, columns=query.columns, time_column="at", window=WINDOW)
    assert bulk_series([("2026-01-05T00:00:00Z", "1", "x")[: len(query.columns)]], query, WINDOW) is None


@pytest.mark.parametrize(
    "row",
    [
        ("soon", "1"),
        (None, "1"),
        ("2026-01-05", None),
        ("2026-01-05", "few"),
        ("2026-01-05", "1_0"),
        ("2026-01-05", "nan"),
        ("2026-01-05", 10**400),
        ("0001-01-01T00:00:00+10:00", "1"),
    ],
)
def test_an_odd_cell_leaves_the_table_to_the_other_way(row):
    assert bulk_series([row], metric_query(spec_of(), WINDOW), WINDOW) is None


def test_a_time_without_an_offset_is_none_in_json():
    query = metric_query(spec_of(source=SourceKind.JSON_FILE), WINDOW)
    assert bulk_series([("2026-01-05T00:00:00", 1)], query, WINDOW) is None
    assert bulk_series([("2026-01-05T00:00:00+01:00", 1)], query, WINDOW) is not None


def test_weightless_and_impossible_readings_are_left_to_the_other_way():
    ratio = metric_query(spec_of(**RATIO), WINDOW)
    assert bulk_series([("2026-01-05T00:00:00Z", "0", "0")], ratio, WINDOW) is None
    ranged = metric_query(spec_of(min_value=0.0), WINDOW)
    assert bulk_series([("2026-01-05T00:00:00Z", "-1")], ranged, WINDOW) is None
    assert bulk_series([], ranged, WINDOW) is None
