"""A person who is asked can answer: `/keep`."""

from dataclasses import replace
from datetime import timedelta

import pytest
from fakes.builders import a_bot, a_person
from fakes.forge import MemoryForge
from monitor.test_step import recipe_with
from monitor.watchtower import DAY, HOUR, PHOTO, POLICY, SAM, Tower, a_watch

from bot.model.errors import PermissionDeniedError
from bot.model.event import Mark
from bot.model.forge import Actor, Comment, Permission
from bot.model.names import ChangeId, Login
from bot.model.record import Phase

PAT = a_person("pat")
SHORT = recipe_with(b"watch: {deadline: 5_days}")
MINUTE = timedelta(minutes=1)


def asked(**files: bytes) -> tuple[Tower, ChangeId]:
    """A change without a verdict by its deadline: a person has been asked at the last look."""
    tower, change = a_watch(blur=SHORT, **files)
    tower.world.permissions[PAT.login] = Permission.WRITE
    tower.go(5 * DAY)
    assert "a person must decide" in tower.only().sentence
    return tower, change


def say(tower: Tower, body: str, *, author: Actor = PAT, later: timedelta = MINUTE, edited: bool = False) -> None:
    given = Comment(id=tower.world.next_id(), author=author, body=body, created_at=tower.now + later, edited=edited)
    tower.world.comments.setdefault(tower.world.pull(1).number, []).append(given)


@pytest.mark.parametrize("body", ["/keep", "/Keep", "  /keep  \nit is the season, not the change", "/keep\r\n"])
def test_whoever_may_write_can_keep_a_change_and_the_ledger_says_who(body):
    tower, change = asked()
    assert "comment `/keep` here" in tower.comment(1)
    say(tower, body)
    tower.go(HOUR)
    event = tower.only()
    assert (event.data["closed"], event.mark) == ("kept", Mark.WARNING)
    assert event.sentence == "pat answered `/keep`, so the change is kept"
    closed = tower.closed(change)
    assert (closed["outcome"], closed["by"]) == ("kept", "pat")
    assert "season" not in str(closed), "a reason stays where it was written"
    assert "### Watch: the change is kept" in tower.comment(1)
    assert "pat was asked" in tower.comment(1)
    assert tower.monitor().events == (), "it is not watched any longer"


@pytest.mark.parametrize(
    ("body", "how"),
    [
        pytest.param("/keeps failing", {}, id="another word"),
        pytest.param("/keep calm", {}, id="more on the line"),
        pytest.param("> /keep", {}, id="a quotation"),
        pytest.param("I would say\n/keep", {}, id="not the first line"),
        pytest.param("/keep", {"edited": True}, id="edited"),
        pytest.param("/keep", {"later": -HOUR}, id="before the question"),
        pytest.param("/keep", {"author": a_bot("helper[bot]")}, id="a machine"),
        pytest.param("/keep", {"author": a_person("reader")}, id="no write access"),
        pytest.param("/keep", {"author": a_person("mallory")}, id="barred by the policy"),
        pytest.param("/keep", {"author": a_person("robot")}, id="a machine by the policy"),
    ],
)
def test_what_is_no_answer_leaves_the_question_open(body, how):
    barred = POLICY + b"excluded_approvers: [Mallory]\nbots: [robot]\n"
    tower, change = asked(settings__policy=barred)
    tower.world.permissions |= {Login("mallory"): Permission.ADMIN, Login("robot"): Permission.ADMIN}
    tower.world.permissions[Login("reader")] = Permission.READ
    say(tower, body, **how)
    tower.go(HOUR)
    assert "a person must decide" in tower.only().sentence
    assert not tower.of(change, Phase.CLOSED)


def test_one_who_may_not_does_not_stand_in_the_way_of_one_who_may():
    tower, change = asked()
    say(tower, "/keep", author=a_person("reader"))
    say(tower, "/keep")
    tower.go(HOUR)
    tower.monitor()
    assert tower.closed(change)["by"] == "pat"


def test_an_answer_without_a_time_is_none():
    tower, change = asked()
    say(tower, "/keep")
    held = tower.world.comments[1]
    held[-1] = replace(held[-1], created_at=None)
    tower.go(HOUR)
    tower.monitor()
    assert not tower.of(change, Phase.CLOSED)


def test_nobody_is_heard_who_was_not_asked():
    tower, change = a_watch()
    tower.world.permissions[PAT.login] = Permission.WRITE
    tower.go(DAY)
    tower.monitor()
    say(tower, "/keep")
    tower.go(HOUR, errors=0.2)
    assert tower.monitor().events[0].sentence.startswith("it got worse"), "a veto beforehand is none"
    assert tower.of(change, Phase.REVERTED)


def test_a_question_that_no_longer_stands_is_not_answered():
    tower, change = asked()
    tower.record(change, Phase.MEASURED, key="later", verdict="HOLD")
    say(tower, "/keep")
    tower.go(HOUR)
    assert "a person must decide" in tower.only().sentence
    assert not tower.of(change, Phase.CLOSED)


def test_another_changes_question_is_not_this_ones():
    tower, change = asked()
    other = tower.land(2, old=b"a: 1", new=b"a: 2")
    say(tower, "/keep")
    tower.world.comments[tower.world.pull(2).number] = [tower.world.comments[1][-1]]
    tower.go(HOUR)
    tower.monitor()
    assert tower.of(change, Phase.CLOSED)
    assert not tower.of(other, Phase.CLOSED)


class Unreadable(MemoryForge):
    """A forge whose token may not see anybody's rights."""

    def permission(self, login: Login) -> Permission:
        raise PermissionDeniedError(f"the rights of {login} cannot be read", hint="grant metadata: read")


def test_rights_that_cannot_be_read_are_no_answer_and_the_watch_goes_on():
    tower, change = asked()
    say(tower, "/keep")
    tower.forge = Unreadable(tower.world)
    tower.go(HOUR)
    unread, still = tower.monitor().events
    assert unread.sentence == "whether somebody answered cannot be read: the rights of pat cannot be read"
    assert unread.hint == "grant metadata: read"
    assert "a person must decide" in still.sentence
    assert not tower.of(change, Phase.CLOSED)


def test_a_rollback_that_was_begun_and_cannot_be_finished_can_be_given_up():
    tower, change = a_watch()
    tower.world.permissions[PAT.login] = Permission.WRITE
    tower.go(DAY)
    tower.record(change, Phase.REVERTED, sentence="worse", measurement={})
    tower.edit(PHOTO, b"px: 4", b"px: 6")
    event = tower.only()
    assert "the rollback was begun, but git cannot" in event.sentence
    assert "comment `/keep`" in event.hint
    say(tower, "/keep", author=SAM)
    assert "the rollback was begun, but git cannot" in tower.only().sentence, "sam may not write"
    say(tower, "/keep")
    assert tower.only().data["closed"] == "kept"
    assert tower.closed(change)["by"] == "pat"


def test_an_inconclusive_watch_begins_anew_when_a_person_says_so_and_only_then():
    tower, change = asked()
    assert "comment `/watch` here" in tower.comment(1)
    tower.go(HOUR, waits=3.0)
    assert tower.only().mark is Mark.WARNING
    say(tower, "/watch\nthe holidays are over")
    tower.go(HOUR)
    assert tower.only().mark is Mark.WAIT
    newest = tower.of(change, Phase.MEASURED)[-1].facts
    assert (newest["renewed_by"], newest["verdict"]) == ("pat", "HOLD")
    tower.go(5 * DAY - HOUR)
    assert tower.only().mark is Mark.WAIT, "the deadline counts from the answer on"
    tower.go(HOUR)
    assert "no verdict by" in tower.only().sentence
    tower.go(HOUR)
    assert "no verdict by" in tower.only().sentence, "an old answer is none to a new question"


def test_a_watch_that_was_renewed_can_succeed():
    tower, change = asked()
    say(tower, "/watch")
    tower.go(4 * DAY, waits=3.0)
    assert tower.only().data["closed"] == "success"
    assert tower.closed(change)["outcome"] == "success"


@pytest.mark.parametrize("author", [a_bot("helper"), a_person("guest")])
def test_a_watch_is_not_renewed_by_whoever_comes_along(author):
    tower, _ = asked()
    say(tower, "/watch", author=author)
    tower.go(HOUR)
    assert "no verdict by" in tower.only().sentence
