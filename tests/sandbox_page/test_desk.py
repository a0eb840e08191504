"""The desk between the page and its worker: a bounded queue one way, the newest state the other."""

import json
import threading

import pytest

from bot.model.errors import BotError
from bot.sandbox.page.actions import Pass
from bot.sandbox.page.desk import Desk


def version(desk: Desk) -> int:
    content = desk.read()
    assert content is not None
    number = json.loads(content)["version"]
    assert isinstance(number, int)
    return number


def test_a_state_that_is_the_same_is_no_news():
    desk = Desk()
    desk.publish({"now": "Monday"})
    first = version(desk)
    desk.publish({"now": "Monday"})
    assert desk.read(after=first) is None
    desk.publish({"now": "Tuesday"})
    assert json.loads(desk.read(after=first) or b"")["state"] == {"now": "Tuesday"}


def test_a_lone_surrogate_cannot_stop_the_page():
    desk = Desk()
    desk.publish({"title": "\ud800"})
    assert json.loads(desk.read() or b"")["state"] == {"title": "?"}


def test_actions_come_out_in_the_order_in_which_they_went_in():
    desk = Desk()
    desk.open()
    desk.submit(Pass(hours=1))
    desk.submit(Pass(hours=24))
    assert [desk.take(), desk.take()] == [Pass(hours=1), Pass(hours=24)]


def test_where_nobody_works_an_action_is_refused():
    with pytest.raises(BotError, match="nobody works"):
        Desk().submit(Pass(hours=1))


def test_who_clicks_too_fast_is_told_so():
    desk = Desk()
    desk.open()
    for _ in range(4):
        desk.submit(Pass(hours=1))
    with pytest.raises(BotError, match="too much is waiting"):
        desk.submit(Pass(hours=1))


def test_a_closing_desk_forgets_what_waits_and_wakes_its_worker():
    desk = Desk()
    desk.open()
    taken: list[object] = ["nothing yet"]
    worker = threading.Thread(target=lambda: taken.append(desk.take()))
    worker.start()
    desk.close()
    worker.join(5)
    assert taken[-1] is None


def test_after_closing_nothing_is_left_to_do():
    desk = Desk()
    desk.open()
    for _ in range(4):
        desk.submit(Pass(hours=1))
    desk.close()
    assert desk.take() is None
    with pytest.raises(BotError, match="nobody works"):
        desk.submit(Pass(hours=1))
