"""The label that asks for a draft: who counts, and what is unknown; and who is asked to look at one."""

import pytest
from approve.situations import a_policy
from fakes.builders import a_bot, a_person
from fakes.forge import MemoryForge
from monitor.test_take_back import a_breach
from monitor.watchtower import HOUR, POLICY, SAM, Tower, a_watch

from bot.model.errors import ForgeError, NotFoundError, PermissionDeniedError, UnavailableError
from bot.model.forge import Actor, Labelling, Permission
from bot.model.names import Login, PullNumber, TeamSlug
from bot.model.record import Phase
from bot.monitor.opt_out import ASK_FIRST_LABEL, movers, reservation

MIA, TIM = a_person("mia"), a_person("tim")
RIGHTS = {MIA.login: Permission.WRITE, TIM.login: Permission.READ}
LAWS = a_policy(bots=(Login("Robot"),), excluded_approvers=(Login("guest"),))


def move(actor: Actor | None, *, added: bool = True, label: str = ASK_FIRST_LABEL) -> Labelling:
    return Labelling(label=label, added=added, actor=actor)


CASES: dict[str, tuple[tuple[Labelling, ...], bool, str]] = {
    "nobody moved it": ((), False, ""),
    "another label": ((move(MIA, label="bug"),), False, ""),
    "who may write asks": ((move(MIA),), True, "mia asked to be asked first"),
    "in other letters": ((move(MIA, label="POW-Ask-First"),), True, "mia asked to be asked first"),
    "who may not write asks": ((move(TIM),), True, ""),
    "a machine asks": ((move(a_bot("labeler[bot]")),), True, ""),
    "a machine with a person's account asks": ((move(a_person("robot")),), True, ""),
    "somebody whom policy excludes asks": ((move(a_person("Guest")),), True, ""),
    "whose account is gone": ((move(None),), True, ""),
    "taken off again": ((move(MIA), move(MIA, added=False)), False, ""),
    "taken off by somebody who may not": ((move(MIA), move(TIM, added=False)), False, "mia asked to be asked first"),
    "put on again by somebody who may not": ((move(MIA), move(MIA, added=False), move(TIM)), True, ""),
    "rights unread": ((move(a_person("eve")),), True, "eve moved the label `pow-ask-first`, and whether they may"),
    "rights unread of who took it off": (
        (move(MIA), move(a_person("eve"), added=False)),
        False,
        "eve moved the label `pow-ask-first`, and whether they may",
    ),
    "rights unread of who does not matter": (
        (move(a_person("eve")), move(MIA, added=False)),
        False,
        "",
    ),
    "it is there, and no event tells of it": ((), True, "the forge does not tell who put it there"),
}


@pytest.mark.parametrize(("moves", "is_on", "expected"), CASES.values(), ids=CASES)
def test_what_the_label_asks(moves: tuple[Labelling, ...], expected: str, *, is_on: bool):
    found = reservation(moves, RIGHTS, LAWS, is_on=is_on)
    assert (found is None) is (expected == "")
    assert expected in (found or "")


def test_only_those_are_looked_up_whose_word_could_count():
    moves = [move(MIA), move(a_bot()), move(None), move(TIM, label="bug"), move(TIM), move(MIA, added=False)]
    assert movers(moves, LAWS) == (MIA.login, TIM.login)


def labelled(by: Actor, may: Permission) -> Tower:
    tower, _ = a_watch()
    tower.world.permissions[by.login] = may
    tower.world.label(1, ASK_FIRST_LABEL, by=by)
    tower.go(2 * HOUR, errors=0.2)
    return tower


@pytest.mark.parametrize(
    ("may", "expected"), [(Permission.WRITE, True), (Permission.TRIAGE, False), (Permission.NONE, False)]
)
def test_the_label_makes_a_draft_if_who_put_it_there_may_write(may: Permission, *, expected: bool):
    tower = labelled(MIA, may)
    tower.monitor()
    pull = tower.world.pull(PullNumber(2))
    assert pull.draft is expected
    assert ("mia asked to be asked first, by the label" in pull.body) is expected


class Counting(MemoryForge):
    """A forge that counts who asks for labels, and fails there if told to."""

    asked = 0
    fault: ForgeError | None = None

    def labellings(self, number: PullNumber) -> tuple[Labelling, ...]:
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        return super().labellings(number)


def test_while_no_rollback_is_due_nobody_asks_for_labels():
    tower, _ = a_watch()
    tower.forge = forge = Counting(tower.world)
    tower.go(2 * HOUR)
    tower.monitor()
    assert forge.asked == 0
    tower.go(2 * HOUR, errors=0.2)
    tower.monitor()
    assert forge.asked == 1


@pytest.mark.parametrize("fault", [PermissionDeniedError("may not read events"), NotFoundError("no events")])
def test_a_label_that_nobody_can_read_makes_a_draft(fault: ForgeError):
    tower, _ = a_breach()
    tower.forge = forge = Counting(tower.world)
    forge.fault = fault
    tower.monitor()
    pull = tower.world.pull(PullNumber(2))
    assert pull.draft
    assert "cannot be read" in pull.body


def test_an_outage_takes_nothing_back_until_it_is_over():
    tower, change = a_breach()
    tower.forge = forge = Counting(tower.world)
    forge.fault = UnavailableError("answered 503")
    assert tower.monitor().failed
    assert not tower.of(change, Phase.REVERTED)
    forge.fault = None
    assert not tower.monitor().failed
    assert not tower.world.pull(PullNumber(2)).draft


class Shy(Counting):
    """A forge that tells nobody's rights."""

    def permission(self, login: Login) -> Permission:
        raise PermissionDeniedError(f"may not read the rights of {login}")


def test_where_rights_cannot_be_read_the_label_makes_a_draft():
    tower = labelled(MIA, Permission.WRITE)
    tower.forge = Shy(tower.world)
    tower.monitor()
    assert "mia moved the label" in tower.world.pull(PullNumber(2)).body


# Who is asked to look at a draft


def reviewers(tower: Tower) -> list[TeamSlug]:
    return tower.world.requested.get(PullNumber(2), [])


def test_a_draft_asks_those_who_approve_such_a_change_and_a_proved_rollback_nobody():
    tower = labelled(MIA, Permission.WRITE)
    tower.monitor()
    assert reviewers(tower) == ["supervisors"]
    tower, _ = a_breach()
    tower.monitor()
    assert reviewers(tower) == []


def test_policies_without_teams_ask_nobody():
    tower = labelled(MIA, Permission.WRITE)
    alone = POLICY.replace(b"MEDIUM: {supervisors: 1}", b"MEDIUM: [{users: [sam]}]")
    tower.push({"pow/settings/policy.yml": alone})
    tower.monitor()
    assert tower.world.pull(PullNumber(2)).draft
    assert reviewers(tower) == []


class Unfriendly(MemoryForge):
    """A forge that lets nobody be asked."""

    fault: type[ForgeError] = PermissionDeniedError

    def request_reviews(
        self, number: PullNumber, teams: tuple[TeamSlug, ...], *, known: frozenset[TeamSlug] | None = None
    ) -> None:
        raise self.fault(f"may not ask {', '.join(teams)} to look at {number}, known: {known}")


def test_where_nobody_can_be_asked_the_draft_is_made_and_says_so():
    tower = labelled(SAM, Permission.WRITE)
    tower.forge = Unfriendly(tower.world)
    report = tower.monitor()
    assert not report.failed
    assert "; no review was requested: may not ask supervisors to look at 2" in report.events[1].sentence
    assert len(tower.rollback_pulls(report.events[1].change)) == 1


def test_an_outage_while_asking_is_gone_on_with_by_the_next_run():
    tower = labelled(SAM, Permission.WRITE)
    tower.forge = forge = Unfriendly(tower.world)
    forge.fault = UnavailableError
    assert tower.monitor().failed
    tower.forge = MemoryForge(tower.world)
    assert not tower.monitor().failed
    assert reviewers(tower) == ["supervisors"]
    tower.monitor()
    assert reviewers(tower) == ["supervisors"], "asked once"
