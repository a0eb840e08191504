"""The gateway's client against a real server: patches followed to their end, lost answers, and every refusal."""

from collections.abc import Iterator

import pytest
from deploy.gateway_server import JOURNEYS, SERVICES, Management, a_gateway, targets_at
from sync.loopback import Lose, Reply, a_client

from bot.deploy.gateway import Gateway
from bot.model.deployment import Applied, PatchService, PatchStatus, SetJourney
from bot.model.errors import TargetError
from bot.model.names import ServiceName

PHOTO = ServiceName("PHOTO_VALIDATOR")
RAISE = PatchService(service=PHOTO, changes={"max_blur_px": 4}, expected={"max_blur_px": 2})
RENEW = SetJourney(journey="passport_renewal", version="v2", expected="v1")


@pytest.fixture
def management() -> Iterator[Management]:
    with a_gateway() as management:
        yield management


@pytest.fixture
def gateway(management: Management) -> Iterator[Gateway]:
    with a_client() as client:
        yield Gateway(targets=targets_at(management.server.url), client=client)


def test_live_values_are_the_plain_ones(gateway: Gateway, management: Management):
    management.services[PHOTO] = {"a": 1, "b": True, "c": "x", "d": 0.5, "e": [1], "f": None, "g": {}}
    assert gateway.live(PHOTO) == {"a": 1, "b": True, "c": "x", "d": 0.5}


def test_a_journey_has_a_version_or_none(gateway: Gateway):
    assert gateway.journey("passport_renewal") == "v1"
    assert gateway.journey("unheard_of") is None


def test_a_patch_is_followed_until_it_is_applied_and_read_back(gateway: Gateway, management: Management):
    assert gateway.apply(RAISE, idempotency_key="change:merge") == Applied(
        target=PHOTO, patch_id="784", status=PatchStatus.APPLIED, values={"max_blur_px": 4}
    )
    [post] = management.server.sent("POST")
    assert post.body == {"service": PHOTO, "changes": {"max_blur_px": 4}, "expected": {"max_blur_px": 2}}
    assert post.headers["idempotency-key"] == "change:merge"
    assert management.server.calls[-1].path == SERVICES + PHOTO


def test_a_patch_says_for_whom_and_when(gateway: Gateway, management: Management):
    action = PatchService(
        service=PHOTO,
        changes={"max_blur_px": 4},
        expected={},
        tenant="state",
        version_selector=">=2.1.0",
        window=("2026-03-02T09:00:00Z", "2026-03-03T09:00:00Z"),
    )
    gateway.apply(action, idempotency_key="k")
    assert management.server.sent("POST")[0].body == {
        "service": PHOTO,
        "changes": {"max_blur_px": 4},
        "expected": {},
        "tenant": "state",
        "version_selector": ">=2.1.0",
        "window": {"start": "2026-03-02T09:00:00Z", "end": "2026-03-03T09:00:00Z"},
    }


def test_the_same_patch_again_is_the_same_patch(gateway: Gateway, management: Management):
    first = gateway.apply(RAISE, idempotency_key="k")
    assert gateway.apply(RAISE, idempotency_key="k") == first
    assert len(management.patches) == 1


def test_a_patch_that_is_applied_at_once_needs_no_question(gateway: Gateway, management: Management):
    management.services[PHOTO] = {"max_blur_px": 4}
    management.server.faults.append(("POST", Reply(body={"patch_id": "7", "status": "APPLIED"})))
    assert gateway.apply(RAISE, idempotency_key="k").patch_id == "7"


def test_a_refusal_by_governance_is_an_answer_with_the_reason(gateway: Gateway, management: Management):
    action = PatchService(service=PHOTO, changes={"max_blur_px": 99}, expected={"max_blur_px": 2})
    assert gateway.apply(action, idempotency_key="k") == Applied(
        target=PHOTO,
        patch_id="784",
        status=PatchStatus.REFUSED,
        values={},
        reason="max_blur_px must not be above 10",
    )
    assert management.services[PHOTO] == {"max_blur_px": 2}


def test_a_patch_that_stays_queued_is_an_answer_after_a_bounded_time(gateway: Gateway, management: Management):
    management.stuck = True
    applied = gateway.apply(RAISE, idempotency_key="k")
    assert (applied.status, applied.patch_id) == (PatchStatus.QUEUED, "784")
    assert management.patches[784]["asked"] == 4


@pytest.mark.parametrize("fault", [Lose.REQUEST, Lose.ANSWER, Reply(status=502), Reply(status=429)], ids=str)
def test_a_lost_answer_is_asked_for_with_the_same_key(gateway: Gateway, management: Management, fault: Lose | Reply):
    management.server.faults.append(("POST", fault))
    assert gateway.apply(RAISE, idempotency_key="k").status is PatchStatus.APPLIED
    assert {call.headers["idempotency-key"] for call in management.server.sent("POST")} == {"k"}
    assert len(management.patches) == 1


@pytest.mark.parametrize("fault", [Lose.REQUEST, Reply(status=503, body={"detail": "maintenance"})], ids=str)
def test_when_every_answer_is_lost_the_live_values_decide(
    gateway: Gateway, management: Management, fault: Lose | Reply
):
    management.server.faults += [("POST", fault)] * 3
    with pytest.raises(TargetError, match="PHOTO_VALIDATOR was not patched: ") as caught:
        gateway.apply(RAISE, idempotency_key="k")
    assert caught.value.hint
    management.services[PHOTO] = {"max_blur_px": 4, "other": 1}
    management.server.faults += [("POST", fault)] * 3
    assert gateway.apply(RAISE, idempotency_key="k") == Applied(
        target=PHOTO, patch_id="", status=PatchStatus.APPLIED, values={"max_blur_px": 4}
    )


def test_drift_since_the_plan_names_who_changed_what(gateway: Gateway, management: Management):
    management.services[PHOTO] = {"max_blur_px": 3}
    with pytest.raises(TargetError) as caught:
        gateway.apply(RAISE, idempotency_key="k")
    assert caught.value.message == (
        "PHOTO_VALIDATOR was changed by kim since this was planned: max_blur_px is 3, not 2"
    )
    assert "plans anew" in caught.value.hint
    assert management.patches == {}


def test_drift_by_nobody_known_says_so_without_a_name(gateway: Gateway, management: Management):
    del management.services[PHOTO]["max_blur_px"]
    management.server.faults.append(("POST", Reply(status=409)))
    with pytest.raises(TargetError, match="was changed since this was planned: max_blur_px is not set, not 2"):
        gateway.apply(RAISE, idempotency_key="k")


def test_a_conflict_without_drift_gives_the_gateways_reason(gateway: Gateway, management: Management):
    gateway.apply(RAISE, idempotency_key="k")
    other = PatchService(service=PHOTO, changes={"max_blur_px": 6}, expected={"max_blur_px": 4})
    with pytest.raises(TargetError, match="was not patched: the key came with another body"):
        gateway.apply(other, idempotency_key="k")
    assert management.services[PHOTO] == {"max_blur_px": 4}


def test_a_patch_without_effect_is_found_by_reading_back(gateway: Gateway, management: Management):
    management.deaf = True
    with pytest.raises(TargetError, match="took the patch but shows other values: max_blur_px is 2, not 4") as caught:
        gateway.apply(RAISE, idempotency_key="k")
    assert caught.value.hint


def test_an_effect_that_shows_late_is_waited_for(gateway: Gateway, management: Management):
    management.services[PHOTO]["max_blur_px"] = 4
    stale = Reply(body={"config": {"max_blur_px": 2}})
    management.server.faults += [("POST", Reply(body={"patch_id": 1, "status": "APPLIED"})), *[("GET", stale)] * 3]
    assert gateway.apply(RAISE, idempotency_key="k").values == {"max_blur_px": 4}
    management.server.faults += [("POST", Reply(body={"patch_id": 1, "status": "APPLIED"})), *[("GET", stale)] * 4]
    assert gateway.apply(RAISE, idempotency_key="k").values == {"max_blur_px": 4}


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_form_the_management_layer_rejects_is_a_refusal(gateway: Gateway, management: Management, status: int):
    management.server.faults.append(("POST", Reply(status=status, body={"detail": "unknown field `x`"})))
    applied = gateway.apply(RAISE, idempotency_key="k")
    assert (applied.status, applied.reason) == (PatchStatus.REFUSED, "unknown field `x`")


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body={"status": "APPLIED"}),
        Reply(body={"patch_id": 1}),
        Reply(body={"patch_id": 1, "status": "DONE"}),
        Reply(body={"patch_id": {}, "status": "APPLIED"}),
        Reply(body=[]),
        Reply(raw=b"<html>"),
    ],
)
def test_an_answer_to_a_patch_that_makes_no_sense_is_an_error(gateway: Gateway, management: Management, reply: Reply):
    management.server.faults.append(("POST", reply))
    with pytest.raises(TargetError, match="the gateway's answer about a patch cannot be read") as caught:
        gateway.apply(RAISE, idempotency_key="k")
    assert "targets.yml" in caught.value.hint


def test_an_answer_about_a_patch_that_makes_no_sense_is_an_error(gateway: Gateway, management: Management):
    management.server.faults.append(("GET", Reply(body={"status": "LOST"})))
    with pytest.raises(TargetError, match="cannot be read"):
        gateway.apply(RAISE, idempotency_key="k")


@pytest.mark.parametrize("reply", [Reply(body=[]), Reply(body={}), Reply(body={"config": 1}), Reply(raw=b"")])
def test_live_values_that_make_no_sense_are_an_error(gateway: Gateway, management: Management, reply: Reply):
    management.server.faults.append(("GET", reply))
    with pytest.raises(TargetError, match="answer for PHOTO_VALIDATOR cannot be read"):
        gateway.live(PHOTO)


@pytest.mark.parametrize("reply", [Reply(body=[]), Reply(body={"version": 2})])
def test_a_journey_that_makes_no_sense_is_an_error(gateway: Gateway, management: Management, reply: Reply):
    management.server.faults.append(("GET", reply))
    with pytest.raises(TargetError, match="answer for the journey passport_renewal cannot be read"):
        gateway.journey("passport_renewal")


def test_an_unknown_service_is_an_error_that_names_the_file(gateway: Gateway):
    with pytest.raises(TargetError, match="the gateway knows no service NOBODY: unknown service NOBODY") as caught:
        gateway.live(ServiceName("NOBODY"))
    assert "patches/services/NOBODY.yml" in caught.value.hint


def test_a_redirect_is_an_error_and_not_followed(gateway: Gateway, management: Management):
    management.server.faults.append(("GET", Reply(status=301, headers={"Location": "http://127.0.0.1:1/"})))
    with pytest.raises(TargetError, match="answered GET /v1/mgt/services/PHOTO_VALIDATOR with: status 301"):
        gateway.live(PHOTO)
    management.server.faults.append(("POST", Reply(status=301)))
    with pytest.raises(TargetError, match="was not patched: status 301"):
        gateway.apply(RAISE, idempotency_key="k")


def test_a_token_that_is_refused_names_the_variable_and_not_the_token(management: Management):
    with a_client(bearer="WR0NG") as client, pytest.raises(TargetError) as caught:
        Gateway(targets=targets_at(management.server.url), client=client).apply(RAISE, idempotency_key="k")
    assert "token refused: expired" in caught.value.message
    assert "POW_GATEWAY_TOKEN" in caught.value.hint
    assert "WR0NG" not in f"{caught.value.message}{caught.value.hint}"


def test_a_gateway_without_an_endpoint_is_an_error():
    with a_client() as client, pytest.raises(TargetError, match="plain http is for this machine only"):
        Gateway(targets=targets_at(""), client=client).live(PHOTO)


def test_names_cannot_leave_their_path(gateway: Gateway, management: Management):
    with pytest.raises(TargetError):
        gateway.live(ServiceName("../../patch/1?x=#"))
    assert management.server.calls[0].path == SERVICES + "..%2F..%2Fpatch%2F1%3Fx%3D%23"


def test_a_journey_is_set_on_what_it_ran_and_read_back(gateway: Gateway, management: Management):
    assert gateway.apply(RENEW, idempotency_key="k") == Applied(
        target="journeys/passport_renewal", patch_id="", status=PatchStatus.APPLIED, values={"version": "v2"}
    )
    [put] = management.server.sent("PUT")
    assert (put.path, put.body) == (JOURNEYS + "passport_renewal", {"version": "v2", "expected": "v1"})
    assert put.headers["idempotency-key"] == "k"


def test_a_journey_without_a_version_is_set_without_expecting_one(gateway: Gateway, management: Management):
    action = SetJourney(journey="passport_renewal", version="v2", expected=None)
    gateway.apply(action, idempotency_key="k")
    assert management.server.sent("PUT")[0].body == {"version": "v2"}


def test_a_version_that_does_not_exist_is_a_refusal(gateway: Gateway):
    applied = gateway.apply(SetJourney(journey="passport_renewal", version="v9", expected="v1"), idempotency_key="k")
    assert (applied.status, applied.reason) == (PatchStatus.REFUSED, "no version v9")


def test_a_journey_that_drifted_says_what_it_runs(gateway: Gateway, management: Management):
    management.journeys["passport_renewal"] = "v3"
    with pytest.raises(TargetError, match="passport_renewal runs v3, not v2: passport_renewal runs v3"):
        gateway.apply(RENEW, idempotency_key="k")


def test_a_journey_set_without_effect_is_found_by_reading_back(gateway: Gateway, management: Management):
    management.deaf = True
    with pytest.raises(TargetError, match=r"journey passport_renewal runs v1, not v2$"):
        gateway.apply(RENEW, idempotency_key="k")


def test_a_journey_whose_every_answer_is_lost_is_decided_by_what_runs(gateway: Gateway, management: Management):
    management.server.faults += [("PUT", Lose.ANSWER)] * 3
    assert gateway.apply(RENEW, idempotency_key="k").status is PatchStatus.APPLIED
    management.journeys.clear()
    management.server.faults += [("PUT", Lose.REQUEST)] * 3
    with pytest.raises(TargetError, match="runs no version, not v2: no connection"):
        gateway.apply(RENEW, idempotency_key="k")
