"""How many of the required seats people can fill at once: a maximum flow, so that nobody keeps another out (pure).

One person fills one seat, whoever could fill several. People flow through the teams that let them in to the groups
of the policy; a team of a `distinct` group lets one person through. The flow grows by augmenting paths until none is
left, and then it is largest (Ford and Fulkerson 1956, https://doi.org/10.4153/CJM-1956-045-5).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from bot.model.forge import Actor
from bot.model.names import Login, TeamSlug
from bot.model.settings import Approvers

InTeam: TypeAlias = Callable[[Actor, TeamSlug], bool]
IsNamed: TypeAlias = Callable[[Actor, Login], bool]
_Node: TypeAlias = tuple[object, ...]
_Room: TypeAlias = dict[_Node, dict[_Node, int]]
_PEOPLE: _Node = ("people",)
_SEATS: _Node = ("seats",)


def empty_seats(
    people: Sequence[Actor], wanted: Sequence[Approvers], *, in_team: InTeam, is_named: IsNamed
) -> tuple[Approvers, ...]:
    """Seat as many people as possible; return the seats that stay empty, group by group."""
    room: _Room = {_PEOPLE: {}, _SEATS: {}}
    for number, group in enumerate(wanted):
        _allow(room, ("group", number), _SEATS, group.count)
        for team in group.teams:
            _allow(room, ("team", number, team), ("group", number), 1 if group.distinct else group.count)
    for place, person in enumerate(people):
        _allow(room, _PEOPLE, ("person", place), 1)
        for way in _ways(person, wanted, in_team=in_team, is_named=is_named):
            _allow(room, ("person", place), way, 1)
    while _seat_one(room, _PEOPLE, set()):
        pass
    left = [room[("group", number)][_SEATS] for number in range(len(wanted))]
    return tuple(replace(group, count=count) for group, count in zip(wanted, left, strict=True) if count)


def _ways(person: Actor, wanted: Sequence[Approvers], *, in_team: InTeam, is_named: IsNamed) -> list[_Node]:
    """Return where a person may go: to a group by name, and to each of its teams that they are in."""
    ways: list[_Node] = []
    for number, group in enumerate(wanted):
        ways += [("group", number)] if any(is_named(person, login) for login in group.users) else []
        ways += [("team", number, team) for team in group.teams if in_team(person, team)]
    return ways


def _allow(room: _Room, start: _Node, end: _Node, count: int) -> None:
    """Let so many through an edge; the edge back has room for whoever went through."""
    room.setdefault(start, {})[end] = count
    room.setdefault(end, {})[start] = 0


def _seat_one(room: _Room, node: _Node, seen: set[_Node]) -> bool:
    """Bring one more person to a seat, moving others where that helps; False where no way is left."""
    if node == _SEATS:
        return True
    seen.add(node)
    for following, free in room[node].items():
        if free and following not in seen and _seat_one(room, following, seen):
            room[node][following] -= 1
            room[following][node] += 1
            return True
    return False
