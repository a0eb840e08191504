"""What a run does with proposals that stand, where something is in its way."""

from pathlib import Path
from typing import Any

from approve.situations import a_policy
from fakes.forge import MemoryForge
from propose.cases import a_case, a_change, a_finding, a_ranking, a_situation
from propose.office import Office

from bot.ledger.lifecycle import Standing, standings
from bot.model.errors import UnavailableError
from bot.model.event import Mark
from bot.propose import messages
from bot.propose.askers import Askers
from bot.propose.desk import Desk
from bot.propose.figures import Texts
from bot.propose.life import Replace, Retire, Revive
from bot.propose.publish import Publisher
from bot.propose.upkeep import retire, revive, supersede


class Closed(MemoryForge):
    """A forge that changes no pull request."""

    def edit_pull(self, *_: Any, **__: Any) -> None:
        raise UnavailableError("no usable answer")


def a_desk(root: Path) -> tuple[Desk, Standing, Office]:
    office = Office(root)
    office.detect()
    (old,) = standings(office.ledger.records())
    office.forge = Closed(office.world)
    site = office.site()
    desk = Desk(
        site=site,
        policy=a_policy(),
        readings={},
        dry_run=False,
        rehearse=None,
        publisher=Publisher(site=site),
        texts=Texts(site=site),
        askers=Askers(forge=site.forge, logins=()),
    )
    return desk, old, office


def test_a_paused_policy_closes_nothing(tmp_path: Path) -> None:
    desk, old, _ = a_desk(tmp_path)
    retired = Retire(old=old, sentence="it is gone")
    assert list(retire(desk, retired, a_situation(policy=a_policy(paused=True)))) == []
    assert desk.drafts == []


def test_what_could_not_be_published_replaces_nothing(tmp_path: Path) -> None:
    desk, old, _ = a_desk(tmp_path)
    assert list(supersede(desk, Replace(old=old, change=a_change(), why="its base moved"))) == []
    assert desk.drafts == []


def test_a_pull_request_that_the_forge_does_not_open_again_is_told_and_not_recorded(tmp_path: Path) -> None:
    desk, old, office = a_desk(tmp_path)
    (event,) = revive(desk, Revive(old=old, change=a_change()), office.ledger.records())
    assert event.mark is Mark.FAILURE
    assert event.sentence == f"pull request {old.pull} is not opened again: no usable answer"
    assert desk.drafts == []


def test_what_fires_is_said_with_the_worst_wait_and_the_complaints() -> None:
    told = [each.sentence for each in messages.firing(a_case(finding=a_finding()))]
    assert len(told) == 3
    assert told[0].startswith("PASSPORT_BACKLOG fires: ")
    assert "Manual photo review" in told[1]
    assert "complain" in told[2]
    quiet = a_finding(ranking=a_ranking("a", "b", count=0), complaints=None)
    assert len(list(messages.firing(a_case(finding=quiet)))) == 1
