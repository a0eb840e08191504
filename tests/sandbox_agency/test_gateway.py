"""The gateway's door and the management layer: tokens, patches on their way, journeys, limits."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
from sandbox_agency.desk import SECRET, START, Desk, open_desk

from bot.sandbox.agency.gateway import AUDIENCE, ISSUER, RateLimit, token
from bot.sandbox.agency.governance import PATCHES_PER_DAY
from bot.sandbox.agency.refusal import RefusedError

PATCH = "/gateway/v1/mgt/patch"
BODY = {"service": "PHOTO_VALIDATOR", "changes": {"max_blur_px": 4}}
JOURNEY = "/gateway/v1/journeys/passport_renewal"


def encoded(secret: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "pow-bot",
        "role": "release_manager",
        "exp": int(START.timestamp()) + 600,
    }
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    return jwt.encode(claims, secret, algorithm=algorithm)


@pytest.mark.parametrize(
    ("authorization", "status", "reason"),
    [
        pytest.param(None, 401, "no bearer token", id="no token"),
        pytest.param("Basic cG93OmJvdA==", 401, "no bearer token", id="another scheme"),
        pytest.param("Bearer", 401, "no bearer token", id="empty"),
        pytest.param("Bearer not.a.token", 401, "token refused", id="not a token"),
        pytest.param(f"Bearer {encoded('x' * 40)}", 401, "Signature verification failed", id="other secret"),
        pytest.param(f"Bearer {encoded('', 'none')}", 401, "token refused", id="unsigned"),
        pytest.param(f"Bearer {encoded('y' * 64, 'HS512')}", 401, "token refused", id="other algorithm"),
        pytest.param(f"Bearer {encoded(aud='hms-other')}", 401, "Audience", id="other audience"),
        pytest.param(f"Bearer {encoded(iss='https://elsewhere.example')}", 401, "issuer", id="other issuer"),
        pytest.param(f"Bearer {encoded(exp=None)}", 401, "exp", id="no expiry"),
        pytest.param(f"Bearer {encoded(exp='soon')}", 401, "exp", id="expiry is no time"),
        pytest.param(f"Bearer {encoded(exp=float('nan'))}", 401, "token refused", id="expiry is no number"),
        pytest.param(f"Bearer {encoded(exp=int(START.timestamp()))}", 401, "expired", id="expires now"),
        pytest.param(f"Bearer {encoded(nbf=int(START.timestamp()) + 1)}", 401, "not valid yet", id="too early"),
        pytest.param(f"Bearer {encoded(role=None)}", 401, "role", id="no role"),
        pytest.param(f"Bearer {encoded(role='citizen')}", 403, "release_manager is needed", id="other role"),
        pytest.param(f"Bearer {encoded(role='adapter_admin')}", 403, "release_manager is needed", id="adapters only"),
    ],
)
def test_a_patch_without_a_release_managers_valid_token_is_refused_with_the_reason(
    untouched: Desk, authorization: str | None, status: int, reason: str
):
    headers = {"Idempotency-Key": "k"} | ({"Authorization": authorization} if authorization else {})
    answer = untouched.send("POST", PATCH, json=BODY, headers=headers)
    assert answer.status_code == status
    assert reason in answer.json()["detail"]
    assert (answer.headers.get("WWW-Authenticate") == "Bearer") is (status == 401)


def test_a_valid_token_of_a_release_manager_opens_the_door(desk: Desk):
    headers = {"Idempotency-Key": "k", "Authorization": f"bearer {encoded()}"}
    assert desk.send("POST", PATCH, json=BODY, headers=headers).status_code == 202


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("GET", "/gateway/v1/mgt/services/PHOTO_VALIDATOR", 401, id="live configuration"),
        pytest.param("GET", f"{PATCH}/1", 401, id="a patch"),
        pytest.param("GET", JOURNEY, 401, id="a journey"),
        pytest.param("PUT", JOURNEY, 401, id="changing a journey"),
        pytest.param("POST", "/adapter/sync/PASSPORT_PHOTO", 401, id="syncing"),
        pytest.param("GET", "/adapter/sync/PASSPORT_PHOTO", 401, id="reading a synced system"),
    ],
)
def test_nothing_behind_the_gateway_is_open(untouched: Desk, method: str, path: str, status: int):
    assert untouched.send(method, path, json={}).status_code == status


def test_a_token_lives_on_the_agencys_clock(desk: Desk):
    headers = {"Authorization": f"Bearer {token(SECRET, START, ttl=timedelta(minutes=5))}"}
    service = "/gateway/v1/mgt/services/PHOTO_VALIDATOR"
    desk.wait(minutes=4)
    assert desk.send("GET", service, headers=headers).status_code == 200
    desk.wait(minutes=1)
    assert desk.send("GET", service, headers=headers).status_code == 401


def test_a_patch_is_queued_and_applied_half_a_minute_later(desk: Desk):
    answer = desk.patch({"max_blur_px": 4})
    assert (answer.status_code, answer.json()) == (202, {"patch_id": 1, "status": "QUEUED"})
    assert desk.live()["max_blur_px"] == 2
    desk.wait(seconds=29)
    assert desk.live()["max_blur_px"] == 2
    desk.wait(seconds=1)
    assert desk.live() == {"max_blur_px": 4, "rate_limit_rps": 50}
    state = desk.state()
    assert (state["status"], state["reason"], state["decided_at"]) == ("APPLIED", None, "2026-03-02T09:00:30Z")


def test_who_asks_twice_while_time_stands_still_sees_it_applied(desk: Desk):
    desk.patch({"max_blur_px": 4})
    assert [desk.state()["status"] for _ in range(3)] == ["QUEUED", "APPLIED", "APPLIED"]
    assert desk.live()["max_blur_px"] == 4


def test_an_applied_patch_changes_how_the_office_works(desk: Desk):
    def manual() -> float:
        windows = desk.agency.office.windows.between(int(desk.clock.now().timestamp()) - 86_400, None)
        return sum(window.manual for window in windows) / sum(window.submissions for window in windows)

    desk.patch({"max_blur_px": 9})
    desk.wait(days=2)
    assert manual() < 0.15
    desk.patch({"max_blur_px": 2}, key="back")
    desk.wait(days=2)
    assert manual() > 0.7


def test_the_history_is_the_same_however_the_clock_moves_and_whoever_looks(desk: Desk):
    other = open_desk()
    for one in (desk, other):
        one.patch({"max_blur_px": 4})
    desk.wait(hours=36)
    for minutes in [1, 4, 25, 90, 60, 180] * 6:
        other.wait(minutes=minutes)
        other.live()
        other.send("GET", "/passport/error")
    for path in ("/passport/wait", "/passport/error", "/passport/events", "/complaints/passport", "/metrics"):
        assert desk.send("GET", path).content == other.send("GET", path).content


@pytest.mark.parametrize(
    ("changes", "fields", "reason"),
    [
        pytest.param({"accept_blur_px": 4}, {}, "did you mean 'max_blur_px'", id="unknown key"),
        pytest.param({"colour": 4}, {}, "unknown key 'colour'", id="unknown key far from all"),
        pytest.param({"max_blur_px": 10.5}, {}, "between 0 and 10", id="too high"),
        pytest.param({"max_blur_px": -1}, {}, "between 0 and 10", id="negative"),
        pytest.param({"max_blur_px": "4"}, {}, "must be a number", id="text"),
        pytest.param({"max_blur_px": True}, {}, "must be a number", id="truth value"),
        pytest.param({"rate_limit_rps": 1001}, {}, "between 1 and 1000", id="over the platform's cap"),
        pytest.param({"rate_limit_rps": 10.5}, {}, "whole number", id="half a request"),
        pytest.param(
            {"max_blur_px": 4},
            {"window": {"start": "2026-03-03T00:00:00Z", "end": "2026-03-02T00:00:00Z"}},
            "ends before it starts",
            id="window backwards",
        ),
        pytest.param(
            {"max_blur_px": 4},
            {"window": {"start": "2026-03-01T00:00:00Z", "end": "2026-03-02T00:00:00Z"}},
            "window is over",
            id="window in the past",
        ),
        pytest.param({"max_blur_px": 4}, {"version_selector": ">=3.0"}, "no running version", id="other version"),
        pytest.param({"max_blur_px": 4}, {"version_selector": "newest"}, "no running version", id="no selector"),
    ],
)
def test_governance_refuses_with_the_reason_and_changes_nothing(
    desk: Desk, changes: dict[str, Any], fields: dict[str, Any], reason: str
):
    before = desk.live()
    assert desk.patch(changes, **fields).json()["status"] == "QUEUED"
    desk.wait(minutes=1)
    state = desk.state()
    assert state["status"] == "REFUSED"
    assert reason in state["reason"]
    assert desk.live() == before


@pytest.mark.parametrize("selector", [">=2.1.0", ">2", "<=2.1", "<3", "==2.1.0", " == 2.1 "])
def test_a_selector_that_fits_the_running_version_lets_the_patch_pass(desk: Desk, selector: str):
    desk.patch({"max_blur_px": 4}, version_selector=selector)
    desk.wait(minutes=1)
    assert desk.state()["status"] == "APPLIED"


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        pytest.param(b"max_blur_px: 4", 400, "not JSON", id="yaml"),
        pytest.param(b"[" * 30_000, 400, "not JSON", id="bottomless"),
        pytest.param(b'{"service": "\\ud800"}', 400, "not JSON", id="half a character"),
        pytest.param(b"[]", 400, "not a JSON object", id="list"),
        pytest.param(b"{}", 400, "changes is not an object", id="empty"),
        pytest.param(b'{"service": "PHOTO_VALIDATOR", "changes": {}}', 400, "changes is empty", id="no change"),
        pytest.param(b'{"service": "PHOTO_VALIDATOR", "changes": {"a": [1]}}', 400, "changes.a", id="nested"),
        pytest.param(b'{"service": "PHOTO_VALIDATOR", "changes": {"a": NaN}}', 400, "not JSON", id="not a number"),
        pytest.param(b'{"service": "PHOTO_VALIDATOR", "changes": {"a": 1e999}}', 400, "finite", id="infinite"),
        pytest.param(b'{"service": 7, "changes": {"a": 1}}', 400, "service is not a text", id="service is a number"),
        pytest.param(b'{"changes": {"a": 1}, "config": {}}', 400, "unknown field 'config'", id="unknown field"),
        pytest.param(
            b'{"service": "NO_SUCH", "changes": {"a": 1}}', 404, "no service 'NO_SUCH'", id="unknown service"
        ),
        pytest.param(
            b'{"service": "PHOTO_VALIDATOR", "changes": {"a": 1}, "window": {"start": "x", "end": "y"}}',
            400,
            "window",
            id="window of no times",
        ),
        pytest.param(b"x" * 70_000, 413, "65536 bytes", id="too large"),
    ],
)
def test_a_body_that_makes_no_sense_is_refused_at_once(untouched: Desk, body: bytes, status: int, reason: str):
    answer = untouched.send("POST", PATCH, content=body, headers={**untouched.bearer(), "Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["code"]) == (status, status)
    assert reason in answer.json()["detail"]
    assert untouched.get(f"{PATCH}/1").status_code == 404


def test_the_same_key_gives_the_same_patch_and_applies_it_once(desk: Desk):
    first = desk.patch({"max_blur_px": 4})
    desk.wait(minutes=1)
    second = desk.patch({"max_blur_px": 4})
    assert (first.json()["patch_id"], second.json()) == (1, {"patch_id": 1, "status": "APPLIED"})
    assert desk.get(f"{PATCH}/2").status_code == 404


def test_the_same_key_is_recognised_even_when_the_expected_values_are_gone(desk: Desk):
    for _ in range(2):
        answer = desk.patch({"max_blur_px": 4}, expected={"max_blur_px": 2})
        assert (answer.status_code, answer.json()["patch_id"]) == (202, 1)
        desk.wait(minutes=1)


def test_the_same_key_with_another_body_is_a_conflict(desk: Desk):
    desk.patch({"max_blur_px": 4})
    assert desk.patch({"max_blur_px": 5}).status_code == 409


def test_a_patch_without_a_key_is_refused(untouched: Desk):
    answer = untouched.send("POST", PATCH, json=BODY, headers=untouched.bearer())
    assert (answer.status_code, "Idempotency-Key" in answer.json()["detail"]) == (400, True)


def test_expected_values_that_are_not_live_are_a_conflict_that_shows_the_live_ones(untouched: Desk):
    answer = untouched.patch({"max_blur_px": 9}, expected={"max_blur_px": 4})
    assert answer.status_code == 409
    assert answer.json()["live"] == {"max_blur_px": 2, "rate_limit_rps": 50}


def test_of_two_patches_that_expect_the_same_only_the_first_is_applied(desk: Desk):
    desk.patch({"max_blur_px": 4}, key="a", expected={"max_blur_px": 2})
    desk.patch({"max_blur_px": 9}, key="b", expected={"max_blur_px": 2})
    desk.wait(minutes=1)
    assert [desk.state(number)["status"] for number in (1, 2)] == ["APPLIED", "REFUSED"]
    assert desk.live()["max_blur_px"] == 4


def test_a_window_delays_the_patch_and_takes_it_back_at_its_end(desk: Desk):
    window = {"start": "2026-03-02T12:00:00Z", "end": "2026-03-02T15:00:00Z"}
    desk.patch({"max_blur_px": 4}, window=window)
    seen = [(desk.live()["max_blur_px"], desk.state()["status"])]
    for _ in range(3):
        desk.wait(hours=2)
        seen.append((desk.live()["max_blur_px"], desk.state()["status"]))
    assert seen == [(2, "QUEUED"), (2, "QUEUED"), (4, "APPLIED"), (2, "APPLIED")]
    assert desk.state()["expired_at"] == "2026-03-02T15:00:00Z"


def test_the_end_of_a_window_leaves_alone_what_somebody_changed_since(desk: Desk):
    window = {"start": "2026-03-02T09:00:00Z", "end": "2026-03-02T15:00:00Z"}
    desk.patch({"max_blur_px": 4}, window=window)
    desk.wait(hours=1)
    desk.patch({"max_blur_px": 3}, key="b")
    desk.wait(days=1)
    assert desk.live()["max_blur_px"] == 3


def test_too_many_patches_a_day_exceed_the_quota_until_the_next_day(desk: Desk):
    for number in range(PATCHES_PER_DAY + 1):
        desk.patch({"max_blur_px": 2 + number % 2}, key=f"k{number}")
    desk.wait(minutes=1)
    assert desk.state(PATCHES_PER_DAY)["status"] == "APPLIED"
    assert "quota" in desk.state(PATCHES_PER_DAY + 1)["reason"]
    desk.wait(days=1)
    desk.patch({"max_blur_px": 4}, key="tomorrow")
    desk.wait(minutes=1)
    assert desk.state(PATCHES_PER_DAY + 2)["status"] == "APPLIED"


def test_a_service_is_shown_with_its_version_and_the_time_of_its_last_change(desk: Desk):
    service = "/gateway/v1/mgt/services/PHOTO_VALIDATOR"
    before = desk.get(service).json()
    assert (before["service"], before["version"], before["revision"]) == ("PHOTO_VALIDATOR", "2.1.0", 1)
    desk.patch({"max_blur_px": 4})
    desk.wait(minutes=1)
    after = desk.get(service).json()
    assert (after["revision"], after["updated_at"]) == (2, "2026-03-02T09:00:30Z")


@pytest.mark.parametrize("path", ["/gateway/v1/mgt/services/NO_SUCH", f"{PATCH}/99", "/gateway/v1/journeys/none"])
def test_what_does_not_exist_is_not_found(untouched: Desk, path: str):
    assert untouched.get(path).status_code == 404


def test_a_journey_gets_a_version_and_new_cases_start_under_it(desk: Desk):
    assert desk.get(JOURNEY).json()["version"] == "v1"
    answer = desk.write("PUT", JOURNEY, {"version": "v2", "expected": "v1"})
    assert (answer.status_code, answer.json()["version"]) == (200, "v2")
    assert desk.get(JOURNEY).json() == answer.json()
    desk.wait(days=3)
    newest = desk.agency.office.closed.between(None, None)
    assert {case.application.journey for case in newest if case.application.submitted < START.timestamp()} == {"v1"}
    assert {case.application.journey for case in newest if case.application.submitted > START.timestamp()} == {"v2"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param({"version": "v3"}, 422, id="unknown version"),
        pytest.param({"version": "v2", "expected": "v2"}, 409, id="another version is live"),
        pytest.param({"version": 2}, 400, id="no text"),
        pytest.param({"version": "v2", "force": True}, 400, id="unknown field"),
    ],
)
def test_a_journey_change_that_cannot_be_made_is_refused(untouched: Desk, body: dict[str, Any], status: int):
    assert untouched.write("PUT", JOURNEY, body).status_code == status
    assert untouched.get(JOURNEY).json()["version"] == "v1"


def test_every_answer_of_the_gateway_has_a_trace_id_its_own_or_the_callers(untouched: Desk):
    first, second = untouched.get(JOURNEY), untouched.send("GET", JOURNEY)
    assert first.headers["X-Trace-ID"] != second.headers["X-Trace-ID"]
    given = untouched.send("GET", JOURNEY, headers={"X-Trace-ID": "mine"})
    assert given.headers["X-Trace-ID"] == "mine"
    odd = untouched.send("GET", JOURNEY, headers={"X-Trace-ID": "<b>" + "x" * 1_000})
    assert odd.headers["X-Trace-ID"].startswith("trace-")


def ticking(times: list[float]) -> Callable[[], float]:
    """Return a clock that shows these times, one after the other."""
    remaining = iter(times)
    return lambda: next(remaining)


def test_who_comes_too_often_within_a_second_is_told_to_slow_down(desk: Desk):
    desk.agency.rate_limit = RateLimit(2, ticking([0.0, 0.5, 0.9, 1.1]))
    answers = [desk.get(JOURNEY) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 200]
    assert answers[2].json() == {"code": 429, "detail": "Slow down"}
    assert answers[2].headers["Retry-After"] == "1"


def test_clients_are_limited_each_for_itself():
    limit = RateLimit(1, ticking([0.0, 0.1, 0.2]))
    limit.admit("10.0.0.1")
    limit.admit("10.0.0.2")
    with pytest.raises(RefusedError, match="Slow down"):
        limit.admit("10.0.0.1")


def test_a_short_secret_is_refused(desk: Desk):
    with pytest.raises(ValueError, match="32 bytes"):
        type(desk.agency).create(seed=1, clock=desk.clock, secret="short")


def test_a_virtual_clock_wants_aware_times_and_does_not_run_backwards(desk: Desk):
    with pytest.raises(ValueError, match="aware"):
        type(desk.clock)(datetime(2026, 1, 1))  # noqa: DTZ001 - the naive time is the point
    with pytest.raises(ValueError, match="backwards"):
        desk.clock.advance(timedelta(seconds=-1))
