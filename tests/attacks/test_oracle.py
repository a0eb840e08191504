"""Whatever happens to a proposal, the gate approves only what a slow and obvious reading of the rules does, too."""

import tempfile
from collections import Counter
from copy import copy
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from attacks.history import (
    FORK,
    HELPER,
    LATER,
    MINE,
    OURS,
    PEOPLE,
    SIBLING,
    TEAMS,
    Beside,
    Close,
    Dismiss,
    EditRecipe,
    Event,
    Gone,
    Grant,
    Members,
    MoveBase,
    Opinion,
    Player,
    Push,
    PushFile,
    Reset,
    Reviewed,
    Reword,
    Wait,
    number_of,
    open_beside,
)
from attacks.oracle import may_merge
from fakes.forge import MemoryForge
from fakes.ledger import MemoryLedger
from fakes.repository import MemoryRepository
from fakes.world import MAIN, MemoryWorld
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from propose.office import ALICE, POLICY, RECIPE, SAM, SAVA, SERVICE, Office
from tries import tries

from bot.approve.gate import decide
from bot.approve.gather import Gatherer
from bot.forge.emergency import claim_of
from bot.ledger.site import Site
from bot.model.decision import Authority, GateDecision, GateStatus
from bot.model.forge import RepoRef
from bot.model.record import Record
from bot.recipes.library import Library

STRICTER = {
    "the author of a commit is not known": "nobody that the forge knows wrote commit",
    "somebody who pushed is not known any more": "an account that is gone pushed to the branch",
    "the editor of the recipe is not known any more": "nobody that the forge knows last edited the recipe",
    "a machine objects, and nobody asks for a machine's rights": "helper[bot] asked for changes",
    "a team that could give a seat cannot be read": "cannot be read",
}
"""Where the gate says no and the rules alone would not: it cannot tell whom to bar, or whom to count."""

EXAMPLES = {"NAMED": 2000}
"""It takes three of few people to approve there, so an approval is rarer."""

NAMED = b"""\
MEDIUM:
    - {teams: [supervisors, security], count: 2, distinct: true}
    - {users: [sam, Rita]}"""
URGENT = b"""\
MEDIUM: {supervisors: 2}"""
EMERGENCY = b"emergency: {approvers: {security: 1}, review_within: 4_days}\n"
REASON = "/emergency the counters are closed until noon"
TEXTS = (
    "",
    REASON,
    REASON,
    "/emergency too short",
    "/emergency 10 letters",
    f"/emergency {chr(0x200B) * 12} ok",
    "/emergency a               b",
    f"Please do not write this:\n{REASON}",
    f" {REASON}",
    "/emergencythe counters are closed",
    "/EMERGENCY the counters are closed until noon",
)
people = st.sampled_from(PEOPLE)
anybody = st.sampled_from((*PEOPLE, HELPER))
teams = st.sampled_from(tuple(TEAMS))
opinions = st.builds(
    Opinion,
    by=anybody,
    state=st.sampled_from(("APPROVED", "APPROVED", "APPROVED", "CHANGES_REQUESTED", "COMMENTED")),
    stale=st.sampled_from((False, False, False, True)),
    says=st.sampled_from(TEXTS),
)
approvals = st.lists(st.tuples(people, st.sampled_from(TEXTS)), unique_by=lambda each: each[0], max_size=4).map(
    lambda given: [Opinion(by=login, state="APPROVED", says=says) for login, says in given]
)
neighbours = st.builds(
    Beside,
    which=st.sampled_from((MINE, MINE, MINE, SIBLING, SIBLING, FORK, LATER)),
    does=st.sampled_from(("touch", "touch", "leave", "draft", "ready", "away", "back", "close", "reopen", "merge")),
)
events = st.one_of(
    opinions,
    st.builds(Push, by=people, author=st.one_of(people, st.none()), value=st.sampled_from((0, 1, 3, 4, 12))),
    st.builds(Push, by=people, author=people, value=st.sampled_from((3, 4, 13, 2))),
    st.builds(Reset, by=people),
    st.builds(Dismiss, nth=st.integers(0, 4)),
    st.builds(Reword, nth=st.integers(0, 4), says=st.sampled_from(TEXTS)),
    neighbours,
    st.builds(Grant, who=people, role=st.sampled_from(("none", "read", "triage", "write", "maintain", "admin"))),
    st.builds(Members, team=teams, who=st.one_of(st.none(), st.lists(people, unique=True).map(tuple))),
    st.builds(EditRecipe, by=people),
    st.builds(Gone, who=people),
    st.sampled_from((MoveBase(elsewhere=True), MoveBase(elsewhere=True), MoveBase(elsewhere=False))),
    st.sampled_from((Wait(days=3), Wait(days=1), Wait(days=9), PushFile(by="mallory"))),
)
IN_AN_EMERGENCY = Opinion(by="sava", state="APPROVED", says=REASON)
ENDINGS: tuple[list[Event], ...] = (
    *([[]] * 4),
    *(
        [IN_AN_EMERGENCY, *after]
        for after in ([], [Wait(days=5)], [Wait(days=5), Reviewed()], [Grant(who="sava", role="read")])
    ),
    *(
        [Beside(which=which, does=each) for each in ("touch", "back", "reopen", last)]
        for which, ends in {
            MINE: ("ready", "draft", "away", "away", "close"),
            SIBLING: ("draft", "draft", "draft"),
            FORK: ("ready", "ready"),
        }.items()
        for last in ends
    ),
)
"""What a history may end with, so that what is rare by itself is seen often enough."""
histories = st.tuples(
    st.lists(opinions, max_size=3),
    st.lists(neighbours, max_size=2),
    st.lists(events, max_size=6),
    approvals,
    st.sampled_from(ENDINGS),
    st.sampled_from([[]] * 19 + [[Close()]]),
).map(lambda parts: [event for part in parts for event in part])


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where a history begins: a proposal of the bot's among other pull requests, and what the ledger holds.

    `reviewed`: what it holds once an emergency from before was reviewed afterwards.
    """

    world: MemoryWorld
    library: Library
    records: tuple[Record, ...]
    reviewed: tuple[Record, ...]


@cache
def proposed(level: str) -> Stage:
    """Let the bot propose a change of this impact, after a person, a fork and itself have opened others."""
    impact = level if level in {"LOW", "HIGH"} else "MEDIUM"
    policy = POLICY.replace(b"max_blur_px: MEDIUM", f"max_blur_px: {impact}".encode())
    for name, approvals in (("NAMED", NAMED), ("URGENT", URGENT)):
        policy = policy.replace(b"MEDIUM: {supervisors: 1}", approvals) if level == name else policy
    policy += b"waiting: {escalate_after: 2_days}\n" if level == "WAITS" else b""
    policy += EMERGENCY if level == "URGENT" else b""
    files = {"pow/settings/policy.yml": policy, **another("AN_EARLIER_ONE")}
    office = Office(Path(tempfile.mkdtemp()), files | another("AN_EMERGENCY") if level == "URGENT" else files)
    open_beside(office.world, MINE, touches=False)
    open_beside(office.world, FORK, touches=True, is_fork=True)
    office.detect()
    reviewed = settled_emergency(office) if level == "URGENT" else ()
    open_beside(office.world, LATER, touches=True)
    assert number_of(office.world, MINE) < number_of(office.world, SIBLING) < number_of(office.world, OURS)
    records = tuple(record for record in office.ledger.records() if record not in reviewed)
    return Stage(world=office.world, library=office.library(), records=records, reviewed=(*records, *reviewed))


def another(name: str) -> dict[str, bytes]:
    """Return a recipe like ours for a service of its own, to be proposed before ours."""
    recipe = RECIPE.replace(b"PASSPORT_BACKLOG", name.encode()).replace(b"PHOTO_VALIDATOR", name.encode())
    service = SERVICE.replace(b"PHOTO_VALIDATOR", name.encode())
    return {f"pow/{name.lower()}.yml": recipe, f"patches/services/{name}.yml": service}


def settled_emergency(office: Office) -> tuple[Record, ...]:
    """Merge another proposal in an emergency, and return what its review afterwards brings to the ledger."""
    number = number_of(office.world, "pow/an_emergency/")
    office.world.review(number, SAVA, claim=claim_of(REASON))
    office.gate(only=number)
    merged = office.ledger.records()
    for who in (SAM, ALICE):
        office.world.review(number, who)
    office.gate(only=number)
    later = office.ledger.records()[len(merged) :]
    assert later, "the review must have been recorded"
    return later


def copied(world: MemoryWorld) -> MemoryWorld:
    """Copy every table of a world; what stands in them never changes."""
    twin = copy(world)
    for name, table in vars(world).items():
        if isinstance(table, dict):
            setattr(twin, name, {key: list(v) if isinstance(v, list) else v for key, v in table.items()})
        elif isinstance(table, list):
            setattr(twin, name, list(table))
    return twin


def gate_says(history: list[Event], level: str) -> GateDecision:
    """Let a history happen to a copy of the proposal, and have the gate decide on what it gathers."""
    stage = proposed(level)
    library, world = stage.library, copied(stage.world)
    records = stage.reviewed if Reviewed() in history else stage.records
    player = Player(world)
    for event in history:
        player.play(event)
    repository, forge = MemoryRepository(world), MemoryForge(world)
    site = Site(
        repo=RepoRef(owner="agency", name="pow"),
        forge=forge,
        repository=repository,
        ledger=MemoryLedger(world),
        now=world.now,
    )
    assert library.settings is not None
    gatherer = Gatherer(
        site=site,
        policy=library.settings.policy,
        recipes={each.recipe.id: each.recipe for each in library.recipes},
        default_branch=MAIN,
    )
    facts = gatherer.facts(forge.pull(player.number), base=world.branches[MAIN], records=records)
    return decide(facts, library.settings.policy, world.now)


LEVELS = ["LOW", "MEDIUM", "HIGH", pytest.param("NAMED", marks=pytest.mark.slow), "WAITS", "URGENT"]


@pytest.mark.parametrize("level", LEVELS)
def test_the_gate_is_never_laxer_than_the_oracle_and_stricter_only_for_known_reasons(level: str) -> None:
    seen: Counter[str] = Counter()

    @settings(
        max_examples=tries(EXAMPLES.get(level, 750)),
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(history=histories)
    def agree(history: list[Event]) -> None:
        decision, allowed = gate_says(history, level), may_merge(history, level)
        approved = decision.status is GateStatus.APPROVED
        assert allowed or not approved, "the gate approves what the oracle does not"
        if allowed and not approved:
            seen[next(why for why, words in STRICTER.items() if words in decision.sentence)] += 1
        seen["approved" if approved else "refused"] += 1
        seen["in an emergency"] += decision.authority is Authority.EMERGENCY
        alone = [event for event in history if not isinstance(event, Beside)]
        seen["held up by others alone"] += not allowed and may_merge(alone, level)

    agree()
    assert seen["approved"] >= 20, seen
    assert seen["refused"] >= 20, seen
    assert seen["held up by others alone"] >= 8, seen
    assert (seen["in an emergency"] >= 10) is (level == "URGENT"), seen
    assert sum(seen[why] for why in STRICTER) * 5 <= sum(seen[each] for each in ("approved", "refused")), seen


SAM_APPROVES = Opinion(by="sam", state="APPROVED")
TOUCHED = Beside(which=MINE, does="touch")


@pytest.mark.parametrize(
    ("history", "level", "approved"),
    [
        ([], "LOW", True),
        ([], "MEDIUM", False),
        ([Opinion(by="sam", state="APPROVED")], "MEDIUM", True),
        ([Opinion(by="sam", state="APPROVED")], "HIGH", False),
        ([Opinion(by="dora", state="APPROVED")], "HIGH", False),
        ([Opinion(by="dora", state="APPROVED"), Opinion(by="sava", state="APPROVED")], "HIGH", True),
        ([Opinion(by="sava", state="APPROVED"), Wait(days=1)], "WAITS", False),
        ([Opinion(by="sava", state="APPROVED"), Wait(days=1), Wait(days=3)], "WAITS", True),
        ([Opinion(by="mallory", state="APPROVED"), Wait(days=3)], "WAITS", False),
        ([Opinion(by="sava", state="APPROVED"), Wait(days=3)], "MEDIUM", False),
        ([Opinion(by=who, state="APPROVED") for who in ("sam", "sava")], "NAMED", False),
        ([Opinion(by=who, state="APPROVED") for who in ("sam", "sava", "ada")], "NAMED", True),
        ([Opinion(by=who, state="APPROVED") for who in ("sam", "rita", "ada")], "NAMED", False),
        ([Opinion(by=who, state="APPROVED") for who in ("ada", "dora", "sava")], "NAMED", False),
        ([Push(by="sam", author="mallory", value=3), Opinion(by="sam", state="APPROVED")], "MEDIUM", False),
        ([Push(by="sam", author="mallory", value=3), Opinion(by="ada", state="APPROVED")], "MEDIUM", True),
        ([SAM_APPROVES, TOUCHED], "MEDIUM", False),
        ([TOUCHED], "LOW", False),
        *(
            ([SAM_APPROVES, TOUCHED, Beside(which=MINE, does=each)], "MEDIUM", each != "ready")
            for each in ("leave", "draft", "away", "close", "ready")
        ),
        (
            [SAM_APPROVES, TOUCHED, Beside(which=MINE, does="draft"), Beside(which=MINE, does="ready")],
            "MEDIUM",
            False,
        ),
        ([SAM_APPROVES, TOUCHED, Beside(which=MINE, does="merge")], "MEDIUM", False),
        ([SAM_APPROVES, Beside(which=MINE, does="merge")], "MEDIUM", True),
        ([SAM_APPROVES, Beside(which=SIBLING, does="touch"), Beside(which=SIBLING, does="draft")], "MEDIUM", False),
        ([SAM_APPROVES, Beside(which=FORK, does="touch")], "MEDIUM", True),
        ([SAM_APPROVES, Beside(which=LATER, does="ready")], "MEDIUM", True),
        ([SAM_APPROVES, Beside(which=LATER, does="merge")], "MEDIUM", False),
        ([IN_AN_EMERGENCY], "URGENT", True),
        ([IN_AN_EMERGENCY], "MEDIUM", False),
        ([IN_AN_EMERGENCY, TOUCHED], "URGENT", False),
        ([IN_AN_EMERGENCY, Wait(days=5)], "URGENT", False),
        ([IN_AN_EMERGENCY, Wait(days=5), Reviewed()], "URGENT", True),
        ([IN_AN_EMERGENCY, Opinion(by="sava", state="APPROVED")], "URGENT", False),
        ([IN_AN_EMERGENCY, Opinion(by="sava", state="COMMENTED")], "URGENT", True),
        ([IN_AN_EMERGENCY, Opinion(by="ada", state="CHANGES_REQUESTED")], "URGENT", False),
        ([IN_AN_EMERGENCY, Push(by="mallory", author="mallory", value=3)], "URGENT", False),
        ([IN_AN_EMERGENCY, Grant(who="sava", role="read")], "URGENT", False),
        ([IN_AN_EMERGENCY, Members(team="security", who=("dora",))], "URGENT", False),
        ([IN_AN_EMERGENCY, Dismiss(nth=0)], "URGENT", False),
        ([IN_AN_EMERGENCY, Reword(nth=0, says="/emergency too short")], "URGENT", False),
        ([IN_AN_EMERGENCY, Reword(nth=0, says="/emergency 10 letters")], "URGENT", True),
        ([Opinion(by="sava", state="APPROVED"), Reword(nth=0, says=REASON)], "URGENT", True),
        ([Opinion(by="sam", state="APPROVED", says=REASON)], "URGENT", False),
        ([Opinion(by=HELPER, state="APPROVED", says=REASON)], "URGENT", False),
        ([IN_AN_EMERGENCY, EditRecipe(by="sava")], "URGENT", False),
        ([IN_AN_EMERGENCY, Gone(who="sava")], "URGENT", False),
        ([SAM_APPROVES, Opinion(by="ada", state="APPROVED"), Wait(days=5)], "URGENT", True),
    ],
)
def test_gate_and_oracle_know_the_plain_cases(history: list[Event], level: str, *, approved: bool) -> None:
    assert may_merge(history, level) is approved
    assert (gate_says(history, level).status is GateStatus.APPROVED) is approved
