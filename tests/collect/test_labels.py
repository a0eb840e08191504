"""Feeds whose rows belong to several series: which label values a sample gets, and which rows are dropped."""

import json
from pathlib import Path
from typing import Any

import pytest
from collect.feeds import WEEK, a_collector, a_file

from bot.collect.digests import use_of_series
from bot.collect.samples import MAX_LABEL, metric_query
from bot.model.series import FeedFailure, Series
from bot.model.settings import Columns, SourceKind
from bot.model.unit import PLAIN_COUNT

OFFICES = "closed_at,days,office_id,kind\n2026-01-05T08:00:00Z,3,N1,new\n2026-01-05T08:00:00Z,3,A2,old\n"


def read(root: Path, text: str, **changes: Any) -> Series:
    (root / "wait.csv").write_text(text)
    spec = a_file(SourceKind.CSV, "wait.csv", **({"labels": {"office": "office_id"}} | changes))
    with a_collector(root) as collector:
        found = collector.series(spec, WEEK)
    assert isinstance(found, Series), found
    return found


def labels(found: Series) -> list[tuple[str, ...]]:
    return [sample.labels for sample in found.samples]


def test_samples_carry_the_values_of_their_labels_in_the_order_of_the_labels(tmp_path: Path):
    found = read(tmp_path, OFFICES, labels={"kind": "kind", "office": "office_id"})
    assert found.labels == ("kind", "office")
    assert labels(found) == [("new", "N1"), ("old", "A2")]


def test_samples_of_one_moment_are_in_the_order_of_their_labels(tmp_path: Path):
    assert labels(read(tmp_path, OFFICES)) == [("A2",), ("N1",)]


def test_a_feed_without_labels_asks_for_no_column_of_them(tmp_path: Path):
    found = read(tmp_path, OFFICES, labels={})
    assert found.labels == ()
    assert labels(found) == [(), ()]
    spec = a_file(SourceKind.CSV, "wait.csv", labels={"office": "office_id", "done": "closed_at"})
    assert metric_query(spec, WEEK).columns == ("closed_at", "days", "office_id")


@pytest.mark.parametrize("cell", ["", "   "])
def test_a_row_without_a_value_for_a_label_is_dropped_and_counted(tmp_path: Path, cell: str):
    found = read(tmp_path, f"{OFFICES}2026-01-06T08:00:00Z,4,{cell},new\n")
    assert len(found.samples) == 2
    assert found.dropped == 1


def test_numbers_are_labels_too_and_long_values_are_cut(tmp_path: Path):
    rows = [
        {"closed_at": "2026-01-05T08:00:00Z", "days": 3, "office_id": value}
        for value in (7, True, "x" * 500, None, ["a"], {"b": 1})
    ]
    (tmp_path / "wait.json").write_text(json.dumps(rows))
    spec = a_file(SourceKind.JSON_FILE, "wait.json", labels={"office": "office_id"})
    with a_collector(tmp_path) as collector:
        found = collector.series(spec, WEEK)
    assert isinstance(found, Series), found
    assert labels(found) == [("7",), ("true",), ("x" * MAX_LABEL,)]
    assert found.dropped == 3


def test_a_label_whose_column_is_not_there_fails_the_feed(tmp_path: Path):
    (tmp_path / "wait.csv").write_text(OFFICES)
    spec = a_file(SourceKind.CSV, "wait.csv", labels={"office": "branch"})
    with a_collector(tmp_path) as collector:
        found = collector.series(spec, WEEK)
    assert isinstance(found, FeedFailure)
    assert "branch" in found.message


def test_each_row_may_count_as_one_for_its_label(tmp_path: Path):
    found = read(tmp_path, OFFICES, columns=Columns(at="closed_at"), unit=PLAIN_COUNT)
    assert [(sample.value, sample.labels) for sample in found.samples] == [(1.0, ("A2",)), (1.0, ("N1",))]


def test_the_digest_of_a_series_tells_its_labels_apart(tmp_path: Path):
    one, other = read(tmp_path, OFFICES), read(tmp_path, OFFICES.replace("A2", "B2"))
    assert use_of_series(one).digest != use_of_series(other).digest
