"""What `pow resume` says of a hold that it lifted, and of one that was lifted before."""

from monitor.test_resume import MARIA, PHOTO, a_hold, asked, lift

from bot.cli.resume import json_of, told


def test_what_goes_on_is_told_in_words_and_as_json():
    tower, _ = a_hold()
    first = lift(tower, asked(tower))
    again = lift(tower, asked(tower))
    assert told(first) == f"{PHOTO} goes on: {MARIA.login} lifted the hold"
    assert told(again).startswith(f"{told(first)}, on 2026-")
    assert told(again).endswith(" already")
    assert [json_of(each)["is_new"] for each in (first, again)] == [True, False]
    assert json_of(first) | {"at": "", "is_new": True} == {
        "target": PHOTO,
        "by": MARIA.login,
        "at": "",
        "is_new": True,
    }
