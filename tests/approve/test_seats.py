"""Who fills which seat: the largest assignment there is, found on plain tables and against trying everything."""

from itertools import product

import pytest
from fakes.builders import a_person
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.approve.seats import empty_seats
from bot.model.names import Login, TeamSlug
from bot.model.settings import Approvers

A, B, C = map(TeamSlug, ("a", "b", "c"))
PEOPLE = {"ann": (A,), "abe": (A, B), "bea": (B,), "cid": (C,), "all": (A, B, C), "eve": ()}


def group(count: int, *teams: TeamSlug, users: tuple[str, ...] = (), distinct: bool = False) -> Approvers:
    return Approvers(count=count, teams=teams, users=tuple(map(Login, users)), distinct=distinct)


def left(people: tuple[str, ...], wanted: tuple[Approvers, ...]) -> tuple[int, ...]:
    found = empty_seats(
        tuple(map(a_person, people)),
        wanted,
        in_team=lambda person, team: team in PEOPLE[person.login],
        is_named=lambda person, login: person.login == login,
    )
    return tuple(each.count for each in found)


@pytest.mark.parametrize(
    ("people", "wanted", "empty"),
    [
        ((), (group(1, A),), (1,)),
        ((), (), ()),
        (("eve",), (group(1, A),), (1,)),
        (("ann",), (group(1, A),), ()),
        (("abe",), (group(1, A), group(1, B)), (1,)),
        (("abe", "ann"), (group(1, A), group(1, B)), ()),
        (("all", "abe", "ann"), (group(1, A), group(1, B), group(1, C)), ()),
        (("eve",), (group(1, users=("eve",)),), ()),
        (("eve",), (group(2, A, users=("eve", "ann")),), (1,)),
        (("ann", "abe"), (group(2, A, B, distinct=True),), ()),
        (("ann", "ann"), (group(2, A, B, distinct=True),), (1,)),
        (("abe", "ann", "bea"), (group(2, A, B, C, distinct=True), group(1, A)), ()),
        (("abe", "bea"), (group(2, A, B, distinct=True), group(1, B)), (1,)),
        (("abe", "all", "ann"), (group(2, A, B, C, distinct=True), group(1, B)), ()),
        (("ann", "abe", "all"), (group(3, A, B, C, distinct=True),), ()),
    ],
)
def test_as_many_as_possible_are_seated(
    people: tuple[str, ...], wanted: tuple[Approvers, ...], empty: tuple[int, ...]
) -> None:
    assert left(people, wanted) == empty


groups = st.one_of(
    st.builds(
        lambda count, teams, users: group(count, *teams, users=users),
        st.integers(1, 2),
        st.sampled_from(((A,), (B,), (A, C), ())),
        st.sampled_from(((), ("eve",), ("eve", "ann"))),
    ),
    st.builds(
        lambda count, teams: group(count, *teams, distinct=True),
        st.integers(1, 3),
        st.sampled_from(((A, B), (A, B, C), (B, C))),
    ),
)


def most_by_trying(people: tuple[str, ...], wanted: tuple[Approvers, ...]) -> int:
    """Send everybody everywhere, and keep the best outcome that breaks no rule."""
    ways = [
        [None, *((n, t) for n, g in enumerate(wanted) for t in (*g.teams, "") if _may_go(who, g, t))]
        for who in people
    ]
    best = 0
    for chosen in product(*ways):
        gone = [way for way in chosen if way is not None]
        full = any(sum(1 for n, _ in gone if n == number) > each.count for number, each in enumerate(wanted))
        twice = any(wanted[n].distinct and gone.count((n, team)) > 1 for n, team in gone)
        best = best if full or twice else max(best, len(gone))
    return best


def _may_go(who: str, wanted: Approvers, team: str) -> bool:
    return team in PEOPLE[who] if team else who in wanted.users


@settings(max_examples=150, deadline=None)
@given(
    people=st.lists(st.sampled_from(sorted(PEOPLE)), max_size=4).map(tuple),
    wanted=st.lists(groups, max_size=3).map(tuple),
)
def test_no_assignment_seats_more(people: tuple[str, ...], wanted: tuple[Approvers, ...]) -> None:
    seats = sum(each.count for each in wanted)
    assert seats - sum(left(people, wanted)) == most_by_trying(people, wanted)
