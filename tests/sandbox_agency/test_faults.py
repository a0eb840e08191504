"""Faults as data, and the hook around writes: what the tests of others lean on."""

import time

import httpx
import pytest
from sandbox_agency.desk import START, Desk

from bot.sandbox.agency.faults import Down, Empty, Fault, Huge, LostAnswer, Slow, WrongShape

SYNC = "/adapter/sync/PASSPORT_PHOTO"


def read(desk: Desk, fault: Fault) -> httpx.Response:
    desk.agency.faults["/passport/*"] = fault
    return desk.send("GET", "/passport/wait")


def test_a_feed_that_is_down_says_so(desk: Desk):
    assert read(desk, Down()).status_code == 503
    assert desk.send("GET", "/complaints/passport").status_code == 200


def test_a_slow_feed_answers_in_the_end(desk: Desk):
    start = time.monotonic()
    assert len(read(desk, Slow(seconds=0.05)).json()) == 1_000
    assert time.monotonic() - start >= 0.05


def test_a_feed_can_be_empty_wrong_or_huge(desk: Desk):
    assert read(desk, Empty()).json() == []
    assert "unexpected" in read(desk, WrongShape()).json()
    assert read(desk, WrongShape(body="<html>", media_type="text/html")).text == "<html>"
    huge = read(desk, Huge(size=2_000_000))
    assert len(huge.content) >= 2_000_000
    assert huge.json()[0] == {"days": 1.0, "closed_at": "2026-01-01T00:00:00Z"}


def test_a_gateway_that_is_down_does_nothing(desk: Desk):
    desk.agency.faults["/gateway/*"] = Down(status=503)
    assert desk.patch({"max_blur_px": 4}).status_code == 503
    desk.agency.faults.clear()
    assert desk.get("/gateway/v1/mgt/patch/1").status_code == 404


def test_a_lost_answer_hides_a_write_that_happened(desk: Desk):
    desk.agency.faults["/gateway/v1/mgt/patch"] = LostAnswer()
    assert desk.patch({"max_blur_px": 4}).status_code == 502
    desk.agency.faults.clear()
    assert desk.patch({"max_blur_px": 4}).json()["patch_id"] == 1
    desk.wait(minutes=1)
    assert desk.live()["max_blur_px"] == 4


def test_the_hook_is_told_before_and_after_every_write_and_of_no_read(desk: Desk):
    seen: list[tuple[str, int, str]] = []
    desk.agency.on_write = lambda moment, number, path: seen.append((moment, number, path))
    desk.patch({"max_blur_px": 4})
    desk.state()
    desk.write("POST", SYNC, {"version": 1, "values": {}})
    patch = "/gateway/v1/mgt/patch"
    assert seen == [("before", 1, patch), ("after", 1, patch), ("before", 2, SYNC), ("after", 2, SYNC)]


def test_a_hook_that_raises_before_a_write_prevents_it(desk: Desk):
    def crash(moment: str, number: int, path: str) -> None:
        raise ConnectionAbortedError(f"{moment} {number} {path}")

    desk.agency.on_write = crash
    with pytest.raises(ConnectionAbortedError):
        desk.patch({"max_blur_px": 4})
    desk.agency.on_write = None
    assert desk.get("/gateway/v1/mgt/patch/1").status_code == 404
    assert desk.clock.now() == START
