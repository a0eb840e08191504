import pytest
from fakes.builders import a_bot, a_person

from bot.forge.marking import all_own, find_own, marked
from bot.model.forge import Actor, Comment

MARKER = "<!-- pow:gate:1 -->"


@pytest.mark.parametrize(
    ("body", "marker", "text"),
    [
        ("Waiting.", MARKER, f"{MARKER}\nWaiting."),
        (f"Waiting.\n{MARKER}", MARKER, f"Waiting.\n{MARKER}"),
        ("Waiting.", "pow:gate:1", f"{MARKER}\nWaiting."),
    ],
)
def test_a_marker_is_put_in_once_and_never_shows(body: str, marker: str, text: str) -> None:
    assert marked(body, marker) == text


@pytest.mark.parametrize(
    ("author", "identity", "ours"),
    [
        (a_bot(), a_bot(), True),
        (a_person(), a_bot(), False),
        (a_bot("other[bot]"), a_bot(), False),
        (a_person("pow-bot[bot]"), a_bot("pow-bot[bot]"), False),
        (a_bot(), None, True),
        (a_person(), None, False),
        (a_person("machine"), a_person("machine"), True),
    ],
)
def test_a_marker_counts_only_in_a_comment_of_our_own(author: Actor, identity: Actor | None, *, ours: bool) -> None:
    comment = Comment(id=1, author=author, body=f"{MARKER}\nText")
    assert (find_own((comment,), marker=MARKER, identity=identity) == comment) is ours


def test_our_comment_with_another_marker_is_another_comment() -> None:
    comment = Comment(id=1, author=a_bot(), body="<!-- pow:gate:12 -->\nText")
    assert find_own((comment,), marker=MARKER, identity=a_bot()) is None


def test_of_several_of_our_own_the_oldest_is_the_one_and_all_are_known() -> None:
    young, old, foreign = (
        Comment(id=number, author=author, body=f"{MARKER}\nText")
        for number, author in ((9, a_bot()), (3, a_bot()), (1, a_person()))
    )
    given = (young, foreign, old)
    assert find_own(given, marker=MARKER, identity=a_bot()) == old
    assert all_own(given, marker=MARKER, identity=a_bot()) == (old, young)
