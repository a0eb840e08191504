"""The gate's count of reviews against a second, slow and obvious count that was written without looking at it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import permutations, product

from approve.situations import (
    ALICE,
    BOT_COMMIT,
    MALLORY,
    NOW,
    SAM,
    SAVA,
    SECURITY,
    SUPERVISORS,
    a_policy,
    facts,
    reviews_of,
)
from fakes.builders import a_bot, a_person, a_sha
from hypothesis import given, settings
from hypothesis import strategies as st
from tries import tries

from bot.approve.facts import GateFacts
from bot.approve.gate import decide
from bot.model.decision import GateStatus
from bot.model.forge import Actor, Permission, PullCommit, Review, ReviewState
from bot.model.level import Level
from bot.model.names import Login, TeamSlug
from bot.model.settings import Approvers, Policy

RITA = a_person("rita")
PEOPLE = (SAM, ALICE, SAVA, MALLORY, RITA, a_bot(), a_bot("helper[bot]"))
COMMITS = (BOT_COMMIT, a_sha("an older head"), None)

reviews = st.lists(
    st.tuples(st.sampled_from((*PEOPLE, None)), st.sampled_from([*ReviewState]), st.sampled_from(COMMITS)),
    max_size=8,
).map(lambda rows: reviews_of(*rows))
logins = [person.login for person in PEOPLE]
permissions = st.dictionaries(st.sampled_from(logins), st.sampled_from([*Permission]))
teams = st.dictionaries(st.sampled_from((SUPERVISORS, SECURITY)), st.frozensets(st.sampled_from(logins)))
either = st.sampled_from(((SUPERVISORS,), (SECURITY,), (SUPERVISORS, SECURITY)))
groups = st.one_of(
    st.builds(Approvers, teams=either, count=st.integers(1, 2)),
    st.builds(
        Approvers, teams=either, users=st.sampled_from(((), (SAVA.login, RITA.login))), count=st.integers(1, 2)
    ),
    st.just(Approvers(teams=(SUPERVISORS, SECURITY), count=2, distinct=True)),
)
required = st.lists(groups, min_size=1, max_size=2).map(tuple)
originators = st.lists(st.sampled_from((SAM, RITA)), max_size=1).map(tuple)


def oracle(given: GateFacts, wanted: Sequence[Approvers]) -> bool:
    """Walk through the history of reviews day by day, as a clerk with a notebook would."""
    notebook: dict[int, Review] = {}
    for review in given.reviews:
        if review.author is None:
            continue
        if review.state in (ReviewState.COMMENTED, ReviewState.PENDING):
            continue
        notebook[review.author.id] = review
    for page in notebook.values():
        assert page.author is not None
        if page.state == ReviewState.CHANGES_REQUESTED:
            right = given.permissions.get(page.author.login)
            if right is None or right in (Permission.WRITE, Permission.MAINTAIN, Permission.ADMIN):
                return False
    for approvers in wanted:
        if any(team not in given.teams for team in approvers.teams):
            return False
    people = [page.author for page in notebook.values() if page.author and _may(page, page.author, given)]
    plans = product(*(_plans(approvers) for approvers in wanted))
    return any(
        _fits(order, seats, given)
        for plan in plans
        for seats in [[seat for group in plan for seat in group]]
        for order in permutations(people, len(seats))
    )


def _plans(approvers: Approvers) -> Iterable[tuple[tuple[str, ...], ...]]:
    """Write down every way to label a group's chairs with who may sit there: teams, and logins of people."""
    if approvers.distinct:
        return permutations([(team,) for team in approvers.teams], approvers.count)
    return [((*approvers.teams, *(f"login:{login}" for login in approvers.users)),) * approvers.count]


def _may(page: Review, person: Actor, given: GateFacts) -> bool:
    if page.state != ReviewState.APPROVED or page.commit != given.pull.head:
        return False
    if person.kind != "User" or person.login == given.pull.author.login:
        return False
    if any(person == editor for editor in given.originators):
        return False
    return given.permissions.get(person.login) in (Permission.WRITE, Permission.MAINTAIN, Permission.ADMIN)


def _fits(order: Sequence[Actor], seats: Sequence[tuple[str, ...]], given: GateFacts) -> bool:
    return all(
        f"login:{person.login}" in labels
        or any(person.login in given.teams.get(TeamSlug(each), ()) for each in labels)
        for person, labels in zip(order, seats, strict=True)
    )


def policy_for(wanted: tuple[Approvers, ...]) -> Policy:
    return a_policy(approvals={Level.MEDIUM: wanted})


@settings(max_examples=tries(250), deadline=None)
@given(
    history=reviews,
    rights=permissions,
    members=teams,
    wanted=required,
    editors=originators,
)
def test_the_gate_approves_exactly_when_the_clerk_does(
    history: tuple[Review, ...],
    rights: dict[Login, Permission],
    members: dict[TeamSlug, frozenset[Login]],
    wanted: tuple[Approvers, ...],
    editors: tuple[Actor, ...],
) -> None:
    situation = facts(reviews=history, permissions=rights, teams=members, originators=editors)
    decision = decide(situation, policy_for(wanted), NOW)

    assert (decision.status is GateStatus.APPROVED) is oracle(situation, wanted)


everybody = dict.fromkeys(logins, Permission.WRITE)
all_in = {SUPERVISORS: frozenset(logins), SECURITY: frozenset(logins)}


@settings(max_examples=tries(150), deadline=None)
@given(history=reviews, wanted=required)
def test_with_all_rights_granted_gate_and_clerk_still_agree(
    history: tuple[Review, ...], wanted: tuple[Approvers, ...]
) -> None:
    situation = facts(reviews=history, permissions=everybody, teams=all_in, originators=())
    decision = decide(situation, policy_for(wanted), NOW)

    assert (decision.status is GateStatus.APPROVED) is oracle(situation, wanted)
    assert len(decision.reviews) == len(history)


@settings(max_examples=tries(80), deadline=None)
@given(history=reviews, rights=permissions, members=teams, wanted=required)
def test_a_review_that_does_not_count_changes_no_refusal_into_an_approval(
    history: tuple[Review, ...],
    rights: dict[Login, Permission],
    members: dict[TeamSlug, frozenset[Login]],
    wanted: tuple[Approvers, ...],
) -> None:
    before = facts(reviews=history, permissions=rights, teams=members)
    useless = reviews_of((a_bot("helper[bot]"), ReviewState.APPROVED), (None, ReviewState.APPROVED))
    after = facts(reviews=(*history, *useless), permissions=rights, teams=members)
    policy = policy_for(wanted)

    if decide(before, policy, NOW).status is not GateStatus.APPROVED:
        assert decide(after, policy, NOW).status is not GateStatus.APPROVED


@settings(max_examples=tries(80), deadline=None)
@given(history=reviews, wanted=required)
def test_a_push_voids_every_approval(history: tuple[Review, ...], wanted: tuple[Approvers, ...]) -> None:
    pushed = a_sha("pushed")
    commit = PullCommit(sha=pushed, message="", author=MALLORY, committer=MALLORY)
    before = facts(reviews=history, permissions=everybody, teams=all_in, originators=())
    after = replace(before, pull=replace(before.pull, head=pushed), commits=(*before.commits, commit))

    assert decide(after, policy_for(wanted), NOW).status is not GateStatus.APPROVED
