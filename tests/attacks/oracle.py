"""A second opinion on the gate: the rules of approval over a whole history, restated as plainly as possible.

It shares no code with the gate, keeps no table that it could keep a list of, and tries every seating of approvers.
"""

from itertools import permutations

from attacks.history import (
    HELPER,
    PEOPLE,
    TEAMS,
    Close,
    Dismiss,
    EditRecipe,
    Event,
    Gone,
    Grant,
    Members,
    MoveBase,
    Opinion,
    Push,
    PushFile,
    Reset,
    Wait,
)

SEATS: dict[str, list[list[tuple[str, ...]]]] = {
    "LOW": [[]],
    "MEDIUM": [[("supervisors",)]],
    "HIGH": [[("supervisors",), ("security",)]],
    "WAITS": [[("supervisors",)]],
    "NAMED": [
        [("supervisors",), ("security",), ("@sam", "@rita")],
        [("security",), ("supervisors",), ("@sam", "@rita")],
    ],
}
"""For each policy every way to label the chairs with who may sit there: teams, and people by name.

NAMED asks for two approvals from different teams of two, and one of two people by name. WAITS is MEDIUM with an
escalation to HIGH.
"""
ESCALATED = {"WAITS": [[("supervisors", "security")]]}
ESCALATES_AFTER_DAYS = 2
OLD_VALUE, PROPOSED_VALUE, LOWEST, HIGHEST = 2, 4, 1, 12
EXPIRES_AFTER_DAYS = 14


def may_merge(history: list[Event], level: str) -> bool:
    """Say whether the proposal may merge after this history, its impact being `level` by policy."""
    if closed(history) or expired(history) or base_moved(history) or foreign_files(history):
        return False
    value = value_at_head(history)
    if value == OLD_VALUE or not LOWEST <= value <= HIGHEST:
        return False
    if anybody_objects(history):
        return False
    if edited(history) and level == "LOW":
        level = "MEDIUM"
    plans = ESCALATED.get(level, SEATS[level]) if waited(history) >= ESCALATES_AFTER_DAYS else SEATS[level]
    return any(all_seats_filled(history, seats) for seats in plans)


def closed(history: list[Event]) -> bool:
    return any(isinstance(event, Close) for event in history)


def expired(history: list[Event]) -> bool:
    return waited(history) >= EXPIRES_AFTER_DAYS


def waited(history: list[Event]) -> int:
    return sum(event.days for event in history if isinstance(event, Wait))


def base_moved(history: list[Event]) -> bool:
    return any(isinstance(event, MoveBase) and not event.elsewhere for event in history)


def happened(history: list[Event]) -> list[Event]:
    """Leave out what an account did after it was deleted."""
    real: list[Event] = []
    for event in history:
        by = getattr(event, "by", None)
        if not any(isinstance(each, Gone) and each.who == by for each in real):
            real.append(event)
    return real


def on_the_branch(history: list[Event]) -> list[Event]:
    """Return the pushes whose commits are on the branch at the end."""
    present: list[Event] = []
    for event in happened(history):
        if isinstance(event, Reset):
            present = []
        elif isinstance(event, Push | PushFile):
            present.append(event)
    return present


def foreign_files(history: list[Event]) -> bool:
    return any(isinstance(event, PushFile) for event in on_the_branch(history))


def edited(history: list[Event]) -> bool:
    return bool(on_the_branch(history))


def value_at_head(history: list[Event]) -> int:
    values = [event.value for event in on_the_branch(history) if isinstance(event, Push)]
    return values[-1] if values else PROPOSED_VALUE


def reviews(history: list[Event]) -> list[tuple[str, str, int]]:
    """Return who said what on which head, at the end; heads are counted, the bot's commit is 0."""
    given: list[tuple[str, str, int]] = []
    heads, head = 0, 0
    for event in happened(history):
        if isinstance(event, Push | PushFile):
            heads += 1
            head = heads
        elif isinstance(event, Reset):
            head = 0
        elif isinstance(event, Opinion):
            given.append((event.by, event.state, 0 if event.stale else head))
        elif isinstance(event, Dismiss) and event.nth < len(given):
            by, state, on = given[event.nth]
            if state in {"APPROVED", "CHANGES_REQUESTED"}:
                given[event.nth] = (by, "DISMISSED", on)
    return given


def head_at_end(history: list[Event]) -> int:
    heads, head = 0, 0
    for event in happened(history):
        if isinstance(event, Push | PushFile):
            heads += 1
            head = heads
        elif isinstance(event, Reset):
            head = 0
    return head


def last_opinion(history: list[Event], who: str) -> tuple[str, str, int] | None:
    own = [review for review in reviews(history) if review[0] == who and review[1] != "COMMENTED"]
    return own[-1] if own else None


def can_write(history: list[Event], who: str) -> bool:
    if who not in PEOPLE or any(isinstance(event, Gone) and event.who == who for event in history):
        return False
    role = "write"
    for event in history:
        if isinstance(event, Grant) and event.who == who:
            role = event.role
    return role in {"write", "maintain", "admin"}


def is_member(history: list[Event], team: str, who: str) -> bool:
    members: tuple[str, ...] | None = TEAMS[team]
    for event in history:
        if isinstance(event, Members) and event.team == team:
            members = event.who
    return members is not None and who in members


def had_a_hand(history: list[Event], who: str) -> bool:
    """Whoever pushed anything ever, is named by a commit that is there, or edited the recipe last."""
    real = happened(history)
    if any(isinstance(event, Push | PushFile | Reset) and event.by == who for event in real):
        return True
    if any(isinstance(event, Push) and event.author == who for event in on_the_branch(history)):
        return True
    editors = [event.by for event in real if isinstance(event, EditRecipe)]
    return bool(editors) and editors[-1] == who


def approves(history: list[Event], who: str) -> bool:
    opinion = last_opinion(history, who)
    return (
        opinion is not None
        and opinion[1] == "APPROVED"
        and opinion[2] == head_at_end(history)
        and who != HELPER
        and can_write(history, who)
        and not had_a_hand(history, who)
    )


def anybody_objects(history: list[Event]) -> bool:
    for who in PEOPLE:
        opinion = last_opinion(history, who)
        if opinion is not None and opinion[1] == "CHANGES_REQUESTED" and can_write(history, who):
            return True
    return False


def all_seats_filled(history: list[Event], seats: list[tuple[str, ...]]) -> bool:
    people = [who for who in PEOPLE if approves(history, who)]
    return any(
        all(any(is_meant(history, name, who) for name in seat) for seat, who in zip(seats, chosen, strict=True))
        for chosen in permutations(people, len(seats))
    )


def is_meant(history: list[Event], name: str, who: str) -> bool:
    return name == f"@{who}" or (not name.startswith("@") and is_member(history, name, who))
