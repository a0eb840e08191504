"""A second opinion on the gate: the rules of approval over a whole history, restated as plainly as possible.

It shares no code with the gate, keeps no table that it could keep a list of, and tries every seating of approvers.
"""

from dataclasses import dataclass, replace
from itertools import permutations

from attacks.history import (
    HELPER,
    LATER,
    MINE,
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
    Push,
    PushFile,
    Reset,
    Reviewed,
    Reword,
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
    "URGENT": [[("supervisors",), ("supervisors",)]],
}
"""For each policy every way to label the chairs with who may sit there: teams, and people by name.

NAMED asks for two approvals from different teams of two, and one of two people by name. WAITS is MEDIUM with an
escalation to HIGH. URGENT asks for two supervisors, or in an emergency for one of security; there an earlier
emergency waits for its review.
"""
ESCALATED = {"WAITS": [[("supervisors", "security")]]}
ESCALATES_AFTER_DAYS = 2
EMERGENCY_SEATS = {"URGENT": [("security",)]}
REVIEW_IS_LATE_AFTER_DAYS = 4
SHORTEST_REASON = 10
OLD_VALUE, PROPOSED_VALUE, LOWEST, HIGHEST = 2, 4, 1, 12
EXPIRES_AFTER_DAYS = 14


def may_merge(history: list[Event], level: str) -> bool:
    """Say whether the proposal may merge after this history, its impact being `level` by policy."""
    if closed(history) or expired(history) or base_moved(history) or foreign_files(history) or locked(history):
        return False
    value = value_at_head(history)
    if value == OLD_VALUE or not LOWEST <= value <= HIGHEST:
        return False
    if anybody_objects(history):
        return False
    if edited(history) and level == "LOW":
        level = "MEDIUM"
    plans = ESCALATED.get(level, SEATS[level]) if waited(history) >= ESCALATES_AFTER_DAYS else SEATS[level]
    return any(all_seats_filled(history, seats) for seats in plans) or emergency(history, level)


def emergency(history: list[Event], level: str) -> bool:
    """Those of the emergency's people who approve with a reason fill its seats, and no earlier review is late."""
    late = waited(history) >= REVIEW_IS_LATE_AFTER_DAYS and not any(isinstance(event, Reviewed) for event in history)
    seats = EMERGENCY_SEATS.get(level)
    return seats is not None and not late and all_seats_filled(history, seats, only_with_a_reason=True)


def locked(history: list[Event]) -> bool:
    """Somebody's earlier pull request is open that changes our file; a draft only counts where it is the bot's."""
    return any(
        changes_our_file(history, which)
        and is_open(history, which)
        and is_for_main(history, which)
        and (which == SIBLING or not is_draft(history, which))
        for which in (MINE, SIBLING)
    )


def so_far(history: list[Event], which: str) -> list[str]:
    """Return what happened to another pull request, up to its merge; the later one changes our file at once."""
    happened: list[str] = ["touch"] if which == LATER else []
    for event in history:
        if isinstance(event, Beside) and event.which == which:
            if event.does == "merge" and is_open_after(happened):
                return [*happened, "merged"]
            happened.append(event.does)
    return happened


def last_of(happened: list[str], *kinds: str) -> str | None:
    found = [each for each in happened if each in kinds]
    return found[-1] if found else None


def is_open_after(happened: list[str]) -> bool:
    return last_of(happened, "close", "reopen", "merged") in {None, "reopen"}


def is_open(history: list[Event], which: str) -> bool:
    return is_open_after(so_far(history, which))


def is_draft(history: list[Event], which: str) -> bool:
    return last_of(so_far(history, which), "draft", "ready") == "draft"


def is_for_main(history: list[Event], which: str) -> bool:
    return last_of(so_far(history, which), "away", "back") != "away"


def changes_our_file(history: list[Event], which: str) -> bool:
    return last_of(so_far(history, which), "touch", "leave") == "touch"


def closed(history: list[Event]) -> bool:
    return any(isinstance(event, Close) for event in history)


def expired(history: list[Event]) -> bool:
    return waited(history) >= EXPIRES_AFTER_DAYS


def waited(history: list[Event]) -> int:
    return sum(event.days for event in history if isinstance(event, Wait))


def base_moved(history: list[Event]) -> bool:
    merged = (which for which in (MINE, SIBLING, LATER) if "merged" in so_far(history, which))
    if any(changes_our_file(history, which) and is_for_main(history, which) for which in merged):
        return True
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A review as it stands at the end: who said what on which head; heads are counted, the bot's commit is 0."""

    by: str
    state: str
    on: int
    says: str


def reviews(history: list[Event]) -> list[Given]:
    given: list[Given] = []
    heads, head = 0, 0
    for event in happened(history):
        if isinstance(event, Push | PushFile):
            heads += 1
            head = heads
        elif isinstance(event, Reset):
            head = 0
        elif isinstance(event, Opinion):
            given.append(Given(by=event.by, state=event.state, on=0 if event.stale else head, says=event.says))
        elif isinstance(event, Reword) and event.nth < len(given):
            given[event.nth] = replace(given[event.nth], says=event.says)
        elif isinstance(event, Dismiss) and event.nth < len(given):
            is_opinion = given[event.nth].state in {"APPROVED", "CHANGES_REQUESTED"}
            given[event.nth] = replace(given[event.nth], state="DISMISSED") if is_opinion else given[event.nth]
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


def last_opinion(history: list[Event], who: str) -> Given | None:
    own = [review for review in reviews(history) if review.by == who and review.state != "COMMENTED"]
    return own[-1] if own else None


def gives_a_reason(history: list[Event], who: str) -> bool:
    """The first line of the last opinion is the command, and what can be seen behind it is long enough."""
    opinion = last_opinion(history, who)
    first = opinion.says.split("\n")[0] if opinion else ""
    command, _, reason = first.partition(" ")
    seen = " ".join("".join(char for char in reason if char.isprintable()).split())
    return command == "/emergency" and len(seen) >= SHORTEST_REASON


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
        and opinion.state == "APPROVED"
        and opinion.on == head_at_end(history)
        and who != HELPER
        and can_write(history, who)
        and not had_a_hand(history, who)
    )


def anybody_objects(history: list[Event]) -> bool:
    for who in PEOPLE:
        opinion = last_opinion(history, who)
        if opinion is not None and opinion.state == "CHANGES_REQUESTED" and can_write(history, who):
            return True
    return False


def all_seats_filled(history: list[Event], seats: list[tuple[str, ...]], *, only_with_a_reason: bool = False) -> bool:
    people = [who for who in PEOPLE if approves(history, who)]
    if only_with_a_reason:
        people = [who for who in people if gives_a_reason(history, who)]
    return any(
        all(any(is_meant(history, name, who) for name in seat) for seat, who in zip(seats, chosen, strict=True))
        for chosen in permutations(people, len(seats))
    )


def is_meant(history: list[Event], name: str, who: str) -> bool:
    return name == f"@{who}" or (not name.startswith("@") and is_member(history, name, who))
