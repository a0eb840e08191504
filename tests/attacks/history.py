"""What may happen to a proposal, as a list of events; the oracle reads it, and `play` lets it happen in a world."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from fakes.builders import a_bot, a_person
from fakes.forge import MemoryForge
from fakes.world import MAIN, MemoryWorld
from propose.office import SERVICE, SERVICE_PATH

from bot.forge.emergency import claim_of
from bot.model.forge import Actor, Permission, PullRequest, PullState, Review, ReviewState
from bot.model.names import BranchName, CommitSha, Login, PullNumber, TeamSlug

OURS = "pow/passport_backlog/"
"""What the branch of the proposal that is decided on begins with."""
MINE, FORK, SIBLING, LATER = "mine", "theirs", "pow/an_earlier_one/", "late"
"""What the branches of the other pull requests begin with.

In order: a person's, a fork's, another proposal of the bot's; and one that a person opened after ours.
"""
RELEASE = BranchName("release")
HELPER = "helper[bot]"
PEOPLE = ("sam", "ada", "dora", "sava", "mallory")
TEAMS = {"supervisors": ("sam", "ada", "dora"), "security": ("dora", "sava")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """`by` pushes a commit that sets the value; the commit says that `author` made it (None: an unknown address)."""

    by: str
    author: str | None
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PushFile:
    """`by` pushes a file that is none of the proposal's."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """`by` moves the branch back to the bot's commit, by force."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """`by` reviews the head, or (`stale`) the commit that was the head first, and says this in it."""

    by: str
    state: str
    stale: bool = False
    says: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dismiss:
    """Somebody dismisses the `nth` review, if it is an approval or a request for changes."""

    nth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reword:
    """The author of the `nth` review edits what it says."""

    nth: int
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """What was merged in an emergency before is reviewed afterwards, and that is recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Something happens to another open pull request, which its branch names.

    It begins or ceases to change the file that ours changes (`touch`, `leave`), becomes a draft or none any more
    (`draft`, `ready`), goes for another base or for main (`away`, `back`), or is closed, reopened or merged.
    """

    which: str
    does: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """`who` gets these rights, and has no others."""

    who: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """The team has these members now; None: it can no longer be read."""

    team: str
    who: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EditRecipe:
    """`by` edits the recipe on the base."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveBase:
    """Somebody changes the proposal's file on the base, or (`elsewhere`) another one."""

    elsewhere: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """The account is deleted."""

    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """A person closes the pull request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Days pass."""

    days: int


Event = (
    Push
    | PushFile
    | Reset
    | Opinion
    | Dismiss
    | Reword
    | Reviewed
    | Beside
    | Grant
    | Members
    | EditRecipe
    | MoveBase
    | Gone
    | Close
    | Wait
)


def open_beside(world: MemoryWorld, branch: str, *, touches: bool, is_fork: bool = False) -> None:
    """Let mallory open a pull request that changes our file, or another one."""
    by, name = a_person("mallory"), BranchName(branch)
    files = {SERVICE_PATH: SERVICE.replace(b"px: 2", b"px: 3")} if touches else {"README.md": b"mine\n"}
    base = world.branches[MAIN]
    head = world.store((base,), {**world.snapshots[base].files, **files}, "Mine", author=by)
    number = PullNumber(len(world.pulls) + len(world.issues) + 1)
    if not is_fork:
        world.set_branch(name, head, by=by)
    world.pulls[number] = PullRequest(
        number=number,
        title="x",
        body="",
        state=PullState.OPEN,
        draft=False,
        merged=False,
        author=by,
        head=head,
        head_branch=name,
        base=base,
        base_branch=MAIN,
        same_repository=not is_fork,
        labels=frozenset(),
        created_at=world.now,
    )


def number_of(world: MemoryWorld, branch: str) -> PullNumber:
    """Return the newest pull request whose branch begins so."""
    return max(number for number, pull in world.pulls.items() if pull.head_branch.startswith(branch))


class Player:
    """Lets a history happen in a memory world in which the bot has proposed."""

    def __init__(self, world: MemoryWorld) -> None:
        self.world = world
        self.number = number_of(world, OURS)
        self.branch = world.pull(self.number).head_branch
        self.first = world.pull(self.number).head
        world.branches[RELEASE] = world.branches[MAIN]
        world.permissions = {Login(login): Permission.WRITE for login in PEOPLE}
        world.teams = {TeamSlug(slug): frozenset(map(Login, who)) for slug, who in TEAMS.items()}
        self.gone: set[str] = set()

    def play(self, event: Event) -> None:  # noqa: C901, PLR0912 - one line for each kind
        """Let one event happen."""
        world = self.world
        match event:
            case Push():
                content = SERVICE.replace(b"px: 2", b"px: %d" % event.value)
                self._push({SERVICE_PATH: content}, by=event.by, author=event.author)
            case PushFile():
                self._push({"README.md": b"evil\n"}, by=event.by, author=event.by)
            case Reset():
                world.set_branch(self.branch, self.first, by=self._actor(event.by))
            case Opinion():
                self._review(event)
            case Dismiss():
                self._dismiss(event.nth)
            case Reword():
                self._reword(event)
            case Reviewed():
                pass  # the ledger has it
            case Beside():
                self._beside(event)
            case Grant():
                world.permissions[Login(event.who)] = Permission(event.role)
            case Members(who=None):
                world.teams.pop(TeamSlug(event.team), None)
            case Members():
                members = frozenset(map(Login, event.who or ())) - self.gone
                world.teams[TeamSlug(event.team)] = frozenset(map(Login, members))
            case EditRecipe():
                later = world.snapshots[world.branches[MAIN]].files["pow/passport_backlog.yml"] + b"# later\n"
                world.push(MAIN, {"pow/passport_backlog.yml": later}, by=_account(event.by))
            case MoveBase():
                files = {"NOTES.md": b"x"} if event.elsewhere else {SERVICE_PATH: SERVICE + b"# moved\n"}
                world.push(MAIN, files, by=a_person("root"))
            case Gone():
                self._delete(event.who)
            case Close():
                MemoryForge(world).edit_pull(self.number, state=PullState.CLOSED)
            case Wait():
                world.now += timedelta(days=event.days)

    def _actor(self, login: str) -> Actor | None:
        return None if login in self.gone else _account(login)

    def _push(self, files: dict[str, bytes], *, by: str, author: str | None) -> None:
        if by in self.gone:
            return
        world, parent = self.world, self.world.branches[self.branch]
        tree = {**world.snapshots[parent].files, **files}
        named = None if author is None else self._actor(author)
        world.now += timedelta(seconds=1)
        world.set_branch(self.branch, world.store((parent,), tree, "Edit", author=named), by=_account(by))

    def _review(self, event: Opinion) -> None:
        if event.by in self.gone:
            return
        commit: CommitSha = self.first if event.stale else self.world.pull(self.number).head
        review = Review(
            id=self.world.next_id(),
            author=_account(event.by),
            state=ReviewState(event.state),
            commit=commit,
            submitted_at=self.world.now,
            claim=claim_of(event.says),
        )
        self.world.reviews.setdefault(self.number, []).append(review)

    def _dismiss(self, nth: int) -> None:
        reviews = self.world.reviews.get(self.number, [])
        if nth < len(reviews) and reviews[nth].state in {ReviewState.APPROVED, ReviewState.CHANGES_REQUESTED}:
            reviews[nth] = replace(reviews[nth], state=ReviewState.DISMISSED)

    def _reword(self, event: Reword) -> None:
        reviews = self.world.reviews.get(self.number, [])
        if event.nth < len(reviews) and reviews[event.nth].author is not None:
            reviews[event.nth] = replace(reviews[event.nth], claim=claim_of(event.says))

    def _beside(self, event: Beside) -> None:
        """Let something happen to another pull request; what is merged stays as it is."""
        world, number = self.world, number_of(self.world, event.which)
        pull = world.pull(number)
        match event.does:
            case _ if pull.merged:
                pass
            case "touch" if pull.same_repository:
                world.push(pull.head_branch, {SERVICE_PATH: SERVICE.replace(b"px: 2", b"px: 3")}, by=a_person("root"))
            case "leave" if pull.same_repository:
                world.push(pull.head_branch, {SERVICE_PATH: SERVICE}, by=a_person("root"))
            case "draft" | "ready":
                world.pulls[number] = replace(pull, draft=event.does == "draft")
            case "away" | "back":
                world.pulls[number] = replace(pull, base_branch=RELEASE if event.does == "away" else MAIN)
            case "close" | "reopen":
                state = PullState.CLOSED if event.does == "close" else PullState.OPEN
                world.pulls[number] = replace(pull, state=state)
            case "merge" if pull.state is PullState.OPEN and pull.same_repository:
                with suppress(ValueError):  # git finds a conflict, for the base has moved
                    world.merge_by_hand(number, a_person("root"))

    def _delete(self, login: str) -> None:
        world, gone = self.world, _account(login)
        self.gone.add(login)
        world.permissions.pop(Login(login), None)
        world.teams = {slug: members - {Login(login)} for slug, members in world.teams.items()}
        world.reviews = {
            number: [replace(each, author=None) if each.author == gone else each for each in reviews]
            for number, reviews in world.reviews.items()
        }
        world.pushes = {
            BranchName(branch): [replace(each, actor=None) if each.actor == gone else each for each in pushes]
            for branch, pushes in world.pushes.items()
        }
        world.snapshots = {
            sha: replace(each, author=None) if each.author == gone else each for sha, each in world.snapshots.items()
        }


def _account(login: str) -> Actor:
    return a_bot(login) if login.endswith("[bot]") else a_person(login)
