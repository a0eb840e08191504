"""Which systems are pushed to, with which version of which values; and how values compare."""

from collections.abc import Mapping
from typing import Any

import pytest
from fakes.builders import START, a_sha
from sync.samples import PHOTO, a_change, a_spec

from bot.model.deployment import SyncItem
from bot.model.errors import LedgerError
from bot.model.names import Digest, ServiceName
from bot.model.record import Phase, Record
from bot.sync.plan import Outstanding, Push, plan_sync
from bot.sync.setting import holds, is_same, text_of


def _records(*facts: tuple[Phase, int, Mapping[str, Any]]) -> tuple[Record, ...]:
    return tuple(
        Record(
            index=index,
            sequence=1,
            previous=None,
            digest=Digest("sha256:0"),
            change=a_change(change),
            phase=phase,
            at=START,
            facts={"merge": a_sha(change), **given},
        )
        for index, (phase, change, given) in enumerate(facts, start=1)
    )


def _deployed(change: int, *targets: str, **values: Any) -> tuple[Phase, int, Mapping[str, Any]]:
    patches = [{"target": target, "patch_id": "1", "status": "APPLIED", "values": values} for target in targets]
    return Phase.DEPLOYED, change, {"patches": patches}


def _synced(change: int) -> tuple[Phase, int, Mapping[str, Any]]:
    return Phase.SYNCED, change, {"systems": []}


def _item(change: int, version: int, service: str = PHOTO, **values: Any) -> SyncItem:
    return SyncItem(
        service=ServiceName(service), values=values, change=a_change(change), merge=a_sha(change), version=version
    )


def _outstanding(change: int, *pushes: Push) -> Outstanding:
    return Outstanding(change=a_change(change), merge=a_sha(change), pushes=pushes)


PHOTO_SYNC = a_spec(name="PHOTO")
BOTH = a_spec(name="BOTH", services=(PHOTO, ServiceName("PRINTER")))
OTHER = a_spec(name="OTHER", services=(ServiceName("SOMETHING"),))


def test_nothing_deployed_needs_nothing():
    assert plan_sync((), (PHOTO_SYNC,)) == ()


def test_a_deployed_change_is_pushed_to_every_system_that_shows_its_services():
    records = _records((Phase.MERGED, 1, {}), _deployed(1, PHOTO, "PRINTER", a=1))
    photo, printer = _item(1, 1, a=1), _item(1, 1, "PRINTER", a=1)
    assert plan_sync(records, (PHOTO_SYNC, BOTH, OTHER)) == (
        _outstanding(
            1,
            Push(system="PHOTO", item=photo),
            Push(system="BOTH", item=photo),
            Push(system="BOTH", item=printer),
        ),
    )


def test_a_change_that_no_system_shows_is_outstanding_without_pushes():
    records = _records(_deployed(1, "journeys/passport_renewal", version="v2"))
    assert plan_sync(records, (PHOTO_SYNC,)) == (_outstanding(1),)


def test_a_synced_change_is_settled():
    assert plan_sync(_records(_deployed(1, PHOTO, a=1), _synced(1)), (PHOTO_SYNC,)) == ()


def test_versions_count_deployments_in_the_order_of_the_ledger():
    records = _records(_deployed(1, PHOTO, a=1), _synced(1), _deployed(2, "PRINTER", b=1), _deployed(3, PHOTO, a=3))
    assert plan_sync(records, (PHOTO_SYNC,)) == (
        _outstanding(2),
        _outstanding(3, Push(system="PHOTO", item=_item(3, 3, a=3))),
    )


def test_a_rollback_is_a_new_version_of_the_former_values():
    records = _records(_deployed(1, PHOTO, a=2), _synced(1), _deployed(2, PHOTO, a=1))
    assert plan_sync(records, (PHOTO_SYNC,)) == (_outstanding(2, Push(system="PHOTO", item=_item(2, 2, a=1))),)


def test_only_the_newest_values_are_pushed_and_they_settle_the_older_change_too():
    records = _records(_deployed(1, PHOTO, a=2), _deployed(2, PHOTO, a=9))
    push = Push(system="PHOTO", item=_item(2, 2, a=9))
    assert plan_sync(records, (PHOTO_SYNC,)) == (_outstanding(1, push), _outstanding(2, push))


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"patches": "text"},
        {"patches": {"target": "X"}},
        {"patches": ["text"]},
        {"patches": [{"values": {}}]},
        {"patches": [{"target": "X", "values": []}]},
        {"patches": [{"target": "X", "values": {"a": None}}]},
        {"patches": [{"target": "X", "values": {"a": {"b": 1}}}]},
        {"patches": [], "merge": None},
    ],
)
def test_a_record_that_does_not_say_what_was_deployed_is_an_error(facts: Mapping[str, Any]):
    with pytest.raises(LedgerError, match=r"record 1 \(deployed, change 0000000000000001\)"):
        plan_sync(_records((Phase.DEPLOYED, 1, facts)), (PHOTO_SYNC,))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (4, 4.0, True),
        (4, 5, False),
        (1, True, False),
        (True, 1, False),
        (0, False, False),
        (True, True, True),
        (False, True, False),
        ("4", 4, False),
        ("a", "a", True),
        (None, False, False),
        ([1], [1], True),
    ],
)
def test_values_are_the_same_only_within_their_kind(one: Any, other: Any, same: Any):
    assert is_same(one, other) is same


def test_what_is_wanted_must_be_there_and_the_same():
    assert holds({"a": 1, "b": 2}, {"a": 1.0})
    assert holds({}, {})
    assert not holds({}, {"a": 1})
    assert not holds({"a": True}, {"a": 1})


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (False, "false"), (4, "4"), (0.5, "0.5"), (-3, "-3"), ("x y", "x y")]
)
def test_values_are_written_as_yaml_and_json_do(value: Any, text: str):
    assert text_of(value) == text
