"""Gateway client and adapters against the simulated agency, as the sandbox serves it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from deploy.gateway_server import targets_at
from sync.samples import LAYOUT, NOW, a_spec, an_item

from bot.deploy.gateway import Gateway
from bot.model.deployment import PatchService, PatchStatus, SetJourney
from bot.model.errors import TargetError
from bot.model.names import ServiceName
from bot.model.settings import AdapterKind
from bot.sandbox.agency.agency import Agency
from bot.sandbox.agency.clock import VirtualClock
from bot.sandbox.agency.faults import Down, LostAnswer
from bot.sandbox.agency.gateway import token
from bot.sandbox.agency.routes import create_app
from bot.sandbox.forge.serve import serve
from bot.sync.adapters.fixed_width import FixedWidthAdapter
from bot.sync.adapters.http import HttpAdapter
from bot.sync.exchange import JsonClient, Patience

SECRET = "a secret of the sandbox, thirty-two bytes"
PHOTO = ServiceName("PHOTO_VALIDATOR")
RAISE = PatchService(service=PHOTO, changes={"max_blur_px": 4}, expected={"max_blur_px": 2})
QUICK = Patience(attempts=2, polls=4, sleep=lambda _: None)


@dataclass(kw_only=True)
class Ground:
    """A running agency and what talks to it."""

    agency: Agency
    clock: VirtualClock
    url: str
    client: JsonClient
    file: Path

    @property
    def gateway(self) -> Gateway:
        targets = targets_at(self.url + "/gateway")
        return Gateway(targets=targets, client=self.client)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with _an_agency(tmp_path_factory.mktemp("mainframe") / "status.txt") as ground:
        yield ground


@pytest.fixture
def ground(shared: Ground) -> Ground:
    """The one agency, its photo validator back at 2 and nothing broken."""
    shared.agency.faults.clear()
    live = shared.gateway.live(PHOTO)
    if live["max_blur_px"] != 2:
        back = PatchService(service=PHOTO, changes={"max_blur_px": 2}, expected={})
        shared.gateway.apply(back, idempotency_key=f"back {shared.agency.next_trace()}")
    return shared


@contextmanager
def _an_agency(file: Path) -> Iterator[Ground]:
    clock = VirtualClock(NOW)
    agency = Agency.create(seed=7, clock=clock, secret=SECRET, mainframe_file=file, requests_per_second=10_000)
    with serve(create_app(agency)) as served, httpx.Client(trust_env=False, timeout=60) as http:
        client = JsonClient(http=http, token=lambda: token(SECRET, clock.now()), patience=QUICK)
        yield Ground(agency=agency, clock=clock, url=served.base_url, client=client, file=file)


def test_a_patch_goes_live(ground: Ground):
    applied = ground.gateway.apply(RAISE, idempotency_key="goes live")
    assert (applied.status, applied.values) == (PatchStatus.APPLIED, {"max_blur_px": 4})
    assert applied.patch_id
    assert ground.gateway.live(PHOTO)["max_blur_px"] == 4


def test_a_patch_whose_answers_are_all_lost_is_found_live_or_applied_later_once(ground: Ground):
    ground.agency.faults["/gateway/v1/mgt/patch"] = LostAnswer()
    with pytest.raises(TargetError, match="was not patched"):
        ground.gateway.apply(RAISE, idempotency_key="lost")
    ground.agency.faults.clear()
    applied = ground.gateway.apply(RAISE, idempotency_key="lost")
    assert (applied.status, ground.gateway.live(PHOTO)["max_blur_px"]) == (PatchStatus.APPLIED, 4)


def test_governance_refuses_with_its_reason(ground: Ground):
    action = PatchService(service=PHOTO, changes={"max_blur_px": 99}, expected={"max_blur_px": 2})
    applied = ground.gateway.apply(action, idempotency_key="too much")
    assert applied.status is PatchStatus.REFUSED
    assert "max_blur_px must lie between" in applied.reason


def test_drift_is_told(ground: Ground):
    action = replace(RAISE, expected={"max_blur_px": 3})
    with pytest.raises(TargetError, match="was changed since this was planned: max_blur_px is 2, not 3"):
        ground.gateway.apply(action, idempotency_key="drift")


def test_a_gateway_that_is_down_is_told_with_a_hint(ground: Ground):
    ground.agency.faults["/gateway/*"] = Down()
    with pytest.raises(TargetError) as caught:
        ground.gateway.live(PHOTO)
    assert caught.value.hint


@pytest.mark.parametrize(("role", "ttl"), [("clerk", 10), ("release_manager", -10)])
def test_a_token_of_the_wrong_role_or_time_is_told_with_the_variable(ground: Ground, role: str, ttl: int):
    bearer = token(SECRET, NOW - timedelta(minutes=20) if ttl < 0 else NOW, role=role, ttl=timedelta(minutes=10))
    client = replace(ground.client, token=lambda: bearer)
    with pytest.raises(TargetError) as caught:
        Gateway(targets=ground.gateway.targets, client=client).apply(RAISE, idempotency_key="no rights")
    assert "POW_GATEWAY_TOKEN" in caught.value.hint


def test_a_journey_goes_live(ground: Ground):
    action = SetJourney(journey="passport_renewal", version="v2", expected="v1")
    assert ground.gateway.apply(action, idempotency_key="journey").values == {"version": "v2"}
    assert ground.gateway.journey("passport_renewal") == "v2"
    assert ground.gateway.journey("unheard_of") is None


def test_an_adapter_takes_newer_versions_only(ground: Ground):
    adapter = HttpAdapter(spec=a_spec(), endpoint=ground.url + "/adapter", client=ground.client)
    assert adapter.push(an_item(2)).version == 2
    assert adapter.push(an_item(2)).version == 2
    assert adapter.push(an_item(1, values={"max_blur_px": 9})).version == 2
    assert adapter.push(an_item(3, values={"max_blur_px": 2})).version == 3


def test_the_mainframe_reads_what_the_adapter_writes(ground: Ground):
    spec = a_spec(AdapterKind.FIXED_WIDTH, name="STATUS_FILE", path=ground.file.name, fields=LAYOUT)
    FixedWidthAdapter(spec=spec, endpoint=ground.file.parent.as_uri()).push(an_item(1, values={"max_blur_px": 4}))
    ground.clock.advance(timedelta(minutes=16))
    loaded = httpx.get(ground.url + "/mainframe", trust_env=False).json()
    assert (loaded["status"], loaded["records"]) == (
        "LOADED",
        [{"service": PHOTO, "key": "max_blur_px", "value": "4", "change_id": an_item(1).change}],
    )
