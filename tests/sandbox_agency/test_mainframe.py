"""The batch job: what it takes, when it reads, and what makes it crash."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_agency.desk import START, Desk

from bot.sandbox.agency.mainframe import RECORD_WIDTH, JobStatus, Mainframe, Record, RecordError, parse_records


def line(service: str = "PHOTO_VALIDATOR", key: str = "max_blur_px", value: str = "4", change: str = "c1") -> bytes:
    return f"{service:<20}{key:<20}{value:>12}{change:<16}\n".encode()


def test_a_record_is_read_without_its_padding():
    assert parse_records(line()) == (Record(service="PHOTO_VALIDATOR", key="max_blur_px", value="4", change_id="c1"),)
    assert len(line()) == RECORD_WIDTH + 1


WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)


@given(st.lists(st.tuples(WORDS, WORDS, WORDS, WORDS), max_size=5, unique_by=lambda row: row[:2]))
def test_what_is_padded_to_the_widths_comes_back(rows: list[tuple[str, str, str, str]]):
    content = b"".join(line(*row) for row in rows)
    assert [(r.service, r.key, r.value, r.change_id) for r in parse_records(content)] == rows


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(line()[:-1], "no line feed", id="the last line feed is missing"),
        pytest.param(line()[1:], "record 1: 67 bytes", id="short"),
        pytest.param(line() + b" " + line(), "record 2: 69 bytes", id="long"),
        pytest.param(line().replace(b"\n", b"\r\n"), "record 1: 69 bytes", id="a carriage return"),
        pytest.param(line() + b"\n", "record 2: 0 bytes", id="an empty line"),
        pytest.param(line().replace(b"c1  ", "ç1 ".encode()), "not printable ASCII", id="an accent"),
        pytest.param(line().replace(b"c1", b"c\x00"), "not printable ASCII", id="a null byte"),
        pytest.param(line(service=""), "service is empty", id="no service"),
        pytest.param(line(key=" max_blur_px"), "key is empty or not left", id="key to the right"),
        pytest.param(line(value="4   "), "value is empty or not right", id="value to the left"),
        pytest.param(line(change=""), "change-id is empty", id="no change"),
        pytest.param(line() + line(value="5"), "twice", id="a key twice"),
    ],
)
def test_a_wrong_byte_is_named_with_its_record(content: bytes, reason: str):
    with pytest.raises(RecordError, match=reason):
        parse_records(content)


@given(st.binary(max_size=200))
def test_any_bytes_are_either_records_or_an_error(content: bytes):
    try:
        records = parse_records(content)
    except RecordError:
        return
    assert len(records) == content.count(b"\n")


def test_the_job_reads_every_quarter_of_an_hour_and_keeps_the_last_good_records(desk: Desk, tmp_path: Path):
    file = tmp_path / "STATUS.DAT"
    assert desk.send("GET", "/mainframe").json()["status"] == "WAITING"
    file.write_bytes(line())
    desk.wait(minutes=14)
    assert desk.send("GET", "/mainframe").json()["status"] == "WAITING"
    desk.wait(minutes=1)
    loaded = desk.send("GET", "/mainframe").json()
    assert loaded == {
        "status": "LOADED",
        "reason": None,
        "read_at": "2026-03-02T09:15:00Z",
        "records": [{"service": "PHOTO_VALIDATOR", "key": "max_blur_px", "value": "4", "change_id": "c1"}],
    }
    file.write_bytes(b"garbage\n")
    desk.wait(hours=1)
    crashed = desk.send("GET", "/mainframe").json()
    assert (crashed["status"], crashed["records"]) == ("ABEND", loaded["records"])
    assert "7 bytes where 68 are due" in crashed["reason"]
    file.write_bytes(line(value="5"))
    desk.wait(minutes=15)
    assert desk.send("GET", "/mainframe").json()["records"][0]["value"] == "5"


def test_a_file_that_cannot_be_read_crashes_the_job_without_naming_the_path(tmp_path: Path):
    state = Mainframe(tmp_path, START).state
    assert state.status is JobStatus.ABEND
    assert str(tmp_path) not in (state.reason or "")


def test_an_agency_without_a_mainframe_file_waits_for_one():
    assert Mainframe(None, START).state.status is JobStatus.WAITING
