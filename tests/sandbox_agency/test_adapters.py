"""Systems that only take a sync: versions, repetitions, and who may write."""

from typing import Any

import pytest
from sandbox_agency.desk import Desk

SYNC = "/adapter/sync/PASSPORT_PHOTO"
VALUES = {"max_blur_px": 4}


def test_what_was_synced_reads_back_the_same(desk: Desk):
    answer = desk.write("POST", SYNC, {"version": 3, "values": VALUES})
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "SYNCED",
        "name": "PASSPORT_PHOTO",
        "version": 3,
        "values": VALUES,
        "change": None,
    }
    assert desk.get(SYNC).json() == answer.json()


def test_a_system_that_was_never_synced_is_not_found(untouched: Desk):
    assert untouched.get(SYNC).status_code == 404


def test_an_adapter_admin_may_sync_and_a_clerk_may_not(desk: Desk):
    body = {"version": 1, "values": VALUES}
    for role, status in (("clerk", 403), ("adapter_admin", 200)):
        headers = {**desk.bearer(role), "Idempotency-Key": "k"}
        assert desk.send("POST", SYNC, json=body, headers=headers).status_code == status


def test_a_repeated_sync_is_answered_as_before_and_does_not_undo_a_later_one(desk: Desk):
    old, new = {"version": 1, "values": VALUES}, {"version": 2, "values": {"max_blur_px": 5}}
    desk.write("POST", SYNC, old, key="old")
    desk.write("POST", SYNC, new, key="new")
    again = desk.write("POST", SYNC, old, key="old")
    assert (again.status_code, again.json()["version"]) == (200, 1)
    assert desk.get(SYNC).json()["version"] == 2


def test_an_older_version_is_refused_unless_it_is_a_rollback(desk: Desk):
    desk.write("POST", SYNC, {"version": 5, "values": VALUES}, key="a")
    older = {"version": 4, "values": {"max_blur_px": 2}}
    refused = desk.write("POST", SYNC, older, key="b")
    assert (refused.status_code, refused.json()["version"], refused.json()["values"]) == (409, 5, VALUES)
    assert desk.write("POST", SYNC, {**older, "rollback": True}, key="c").status_code == 200
    assert desk.get(SYNC).json()["version"] == 4


@pytest.mark.parametrize(
    ("body", "key"),
    [
        pytest.param({"version": 1, "values": {"max_blur_px": 9}}, "b", id="same version, other values"),
        pytest.param({"version": 2, "values": VALUES}, "a", id="same key, other content"),
    ],
)
def test_a_contradiction_is_a_conflict(desk: Desk, body: dict[str, Any], key: str):
    desk.write("POST", SYNC, {"version": 1, "values": VALUES}, key="a")
    assert desk.write("POST", SYNC, body, key=key).status_code == 409


def test_the_same_key_for_another_system_is_a_conflict(desk: Desk):
    body = {"version": 1, "values": VALUES}
    desk.write("POST", SYNC, body, key="a")
    assert desk.write("POST", "/adapter/sync/OTHER", body, key="a").status_code == 409


@pytest.mark.parametrize(
    ("path", "body", "status", "reason"),
    [
        pytest.param(SYNC, {"values": VALUES}, 400, "version", id="no version"),
        pytest.param(SYNC, {"version": True, "values": VALUES}, 400, "version", id="truth value for a version"),
        pytest.param(SYNC, {"version": -1, "values": VALUES}, 400, "version", id="negative version"),
        pytest.param(SYNC, {"version": 1}, 400, "values", id="no values"),
        pytest.param(SYNC, {"version": 1, "values": {"a": {}}}, 400, "values.a", id="nested values"),
        pytest.param(SYNC, {"version": 1, "values": {}, "rollback": "yes"}, 400, "rollback", id="rollback is text"),
        pytest.param(SYNC, {"version": 1, "values": {}, "x": 1}, 400, "unknown field 'x'", id="unknown field"),
        pytest.param("/adapter/sync/photo%20", {"version": 1, "values": {}}, 404, "no adapter", id="no such name"),
    ],
)
def test_a_sync_that_makes_no_sense_is_refused(
    untouched: Desk, path: str, body: dict[str, Any], status: int, reason: str
):
    answer = untouched.write("POST", path, body)
    assert answer.status_code == status
    assert reason in answer.json()["detail"]


def test_a_sync_without_a_key_is_refused(untouched: Desk):
    answer = untouched.send("POST", SYNC, json={"version": 1, "values": VALUES}, headers=untouched.bearer())
    assert answer.status_code == 400
