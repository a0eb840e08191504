"""What the HTTP adapter adds to the contract: looking first, and saying what is wrong."""

import pytest
from sync.loopback import Lose, Reply, a_client
from sync.samples import PHOTO, a_spec, an_item
from sync.system_server import System, a_system

from bot.model.deployment import Synced, SyncItem
from bot.model.errors import TargetError
from bot.model.names import ServiceName
from bot.model.settings import SyncSpec
from bot.sync.adapters.http import HttpAdapter


def _push(system: System, item: SyncItem, spec: SyncSpec | None = None) -> Synced:
    with a_client() as client:
        return HttpAdapter(spec=spec or a_spec(), endpoint=system.server.url, client=client).push(item)


def test_the_body_and_key_are_those_of_the_brief_to_the_system():
    with a_system() as system:
        item = an_item(3)
        _push(system, item)
        [post] = system.server.sent("POST")
    assert post.path == "/sync/PASSPORT_PHOTO"
    assert post.body == {"version": 3, "values": {"max_blur_px": 4, "rate_limit_rps": 50}, "change": item.change}
    assert post.headers["idempotency-key"] == f"{item.change}:{item.merge}:PHOTO_VALIDATOR"


def test_a_system_that_is_in_step_is_not_written_to():
    with a_system() as system:
        _push(system, an_item(3))
        _push(system, an_item(3))
        assert len(system.server.sent("POST")) == 1


def test_a_lost_answer_leads_to_one_change_only():
    with a_system() as system:
        system.server.faults.append(("POST", Lose.ANSWER))
        assert _push(system, an_item(3)).version == 3
        keys = {call.headers["idempotency-key"] for call in system.server.sent("POST")}
        assert (len(system.server.sent("POST")), len(keys)) == (2, 1)


def test_a_newer_version_that_came_in_between_is_left_alone():
    with a_system() as system:
        _push(system, an_item(9, values={"max_blur_px": 2}))
        # The first look is answered as if nothing had been there yet.
        system.server.faults.append(("GET", Reply(status=404)))
        assert _push(system, an_item(3)).version == 9
        assert system.held["/sync/PASSPORT_PHOTO"]["values"] == {"max_blur_px": 2}


def test_a_path_may_name_the_service():
    with a_system() as system:
        spec = a_spec(path="/sync/{service}", services=(PHOTO, ServiceName("PRINTER")))
        _push(system, an_item(), spec)
        assert list(system.held) == ["/sync/PHOTO_VALIDATOR"]


def test_several_services_in_one_place_are_refused_before_anything_is_sent():
    with a_system() as system:
        with pytest.raises(TargetError, match="one place for several services"):
            _push(system, an_item(), a_spec(services=(PHOTO, ServiceName("PRINTER"))))
        assert system.server.calls == []


@pytest.mark.parametrize(
    ("method", "reply", "message"),
    [
        ("GET", Reply(status=400, body={"detail": "no such sync"}), r"PASSPORT_PHOTO refused: no such sync \(400\)"),
        ("GET", Reply(status=302), r"PASSPORT_PHOTO refused: status 302 \(302\)"),
        ("GET", Reply(body=[]), "without a version and values"),
        ("GET", Reply(body={"version": True, "values": {}}), "without a version and values"),
        ("GET", Reply(body={"version": "3", "values": {}}), "without a version and values"),
        ("GET", Reply(body={"version": 3, "values": []}), "without a version and values"),
        ("POST", Reply(status=400, body={"detail": "bad values"}), r"PASSPORT_PHOTO refused: bad values \(400\)"),
        ("POST", Reply(status=404), r"PASSPORT_PHOTO refused: status 404 \(404\)"),
        ("POST", Reply(status=200), "took version 3 of PHOTO_VALIDATOR but shows nothing"),
    ],
)
def test_what_a_system_says_wrongly_is_an_error_with_a_hint(method: str, reply: Reply, message: str):
    with a_system() as system:
        system.server.faults.append((method, reply))
        with pytest.raises(TargetError, match=message) as caught:
            _push(system, an_item(3))
    assert caught.value.hint


def test_a_system_that_takes_a_push_and_shows_other_values_is_an_error():
    with a_system() as system:
        _push(system, an_item(3))
        system.held["/sync/PASSPORT_PHOTO"]["values"] = {"max_blur_px": 8}
        with pytest.raises(TargetError, match="shows version 3 with other values"):
            _push(system, an_item(3))
