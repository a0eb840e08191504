"""Who asked for a run, by number: known under another name, asked for once, and never guessed."""

from dataclasses import replace
from pathlib import Path

import pytest
from fakes.builders import a_person
from fakes.forge import MemoryForge
from fakes.world import MemoryWorld
from propose.office import MALLORY, SAM, SAVA, Office

from bot.model.errors import BotError
from bot.model.forge import Permission
from bot.model.names import Login, PullNumber
from bot.model.record import Phase
from bot.propose.askers import Askers, numbers_of

NOBODY, AGENT = Login("nobody"), Login("a2a[bot]")


def a_forge() -> MemoryForge:
    world = MemoryWorld()
    world.permissions = dict.fromkeys((SAM.login, SAVA.login), Permission.WRITE)
    return MemoryForge(world)


def test_people_are_looked_up_and_machines_are_not() -> None:
    assert numbers_of(a_forge(), (SAM.login, AGENT, SAM.login), perhaps=(SAVA.login, NOBODY)) == (SAM.id, SAVA.id)


def test_a_login_that_is_nobodys_any_more_is_an_error_but_in_an_agents_own_words() -> None:
    assert numbers_of(a_forge(), (), perhaps=(NOBODY,)) == ()
    with pytest.raises(BotError, match="as nobody has no such account any more"):
        numbers_of(a_forge(), (SAM.login, NOBODY), perhaps=(NOBODY,))


def test_they_are_asked_for_once_and_not_at_all_where_they_are_known() -> None:
    forge = a_forge()
    askers = Askers(forge=forge, logins=(SAM.login,))
    assert askers.numbers() == (SAM.id,)
    forge.world.accounts[SAM.login] = None
    assert askers.numbers() == (SAM.id,)
    assert Askers(forge=forge, logins=(SAM.login,), known=()).numbers() == ()


def renamed(office: Office, login: Login) -> None:
    """Rename an account, let somebody else take the login that it left, and approve with the new one."""
    new = replace(a_person(login), login=Login("samuel"))
    office.world.accounts[login] = MALLORY
    office.world.permissions[new.login] = Permission.WRITE
    office.world.teams = {slug: members | {new.login} for slug, members in office.world.teams.items()}
    office.world.review(PullNumber(len(office.world.pulls)), new)


def test_whoever_started_the_run_stays_barred_under_another_name(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.detect(started_by=(SAM.login,))
    commit = office.world.snapshots[office.world.pull(PullNumber(1)).head].commit
    assert commit.trailer("Started-By-Account") == str(SAM.id)
    renamed(office, SAM.login)
    assert "waits for 1 approval" in office.gate().events[0].sentence


def test_so_does_whoever_triggered_what_another_run_replaces(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.trigger(by="sava", actors=("sam", "a2a[bot]"))
    assert office.record(Phase.TRIGGERED).facts["accounts"] == [SAM.id, SAVA.id]
    office.replace_by_another_run()
    renamed(office, SAM.login)
    office.gate()
    (event,) = office.gate().events
    assert (event.subject, "waits for 1 approval" in event.sentence) == ("#2", True)


@pytest.mark.parametrize("asks", ["detect", "trigger"])
def test_nothing_is_proposed_for_somebody_who_cannot_be_told(tmp_path: Path, asks: str) -> None:
    office = Office(tmp_path)
    if asks == "detect":
        report = office.detect(started_by=(NOBODY,))
        assert "as nobody has no such account any more" in report.events[-1].sentence
        assert report.failed
    else:
        with pytest.raises(BotError, match="as nobody has no such account any more"):
            office.trigger(actors=(str(NOBODY),))
    assert (office.phases(), office.world.pulls) == ([], {})
