"""What may happen to a proposal, as a list of events; the oracle reads it, and `play` lets it happen in a world."""

from dataclasses import dataclass, replace
from datetime import timedelta

from fakes.builders import a_bot, a_person
from fakes.forge import MemoryForge
from fakes.world import MAIN, MemoryWorld
from propose.office import SERVICE, SERVICE_PATH

from bot.model.forge import Actor, Permission, PullState, Review, ReviewState
from bot.model.names import BranchName, CommitSha, Login, PullNumber, TeamSlug

FIRST = PullNumber(1)
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
    """`by` reviews the head, or (`stale`) the commit that was the head first."""

    by: str
    state: str
    stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dismiss:
    """Somebody dismisses the `nth` review, if it is an approval or a request for changes."""

    nth: int


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


Event = Push | PushFile | Reset | Opinion | Dismiss | Grant | Members | EditRecipe | MoveBase | Gone | Close | Wait


class Player:
    """Lets a history happen in a memory world in which the bot has proposed."""

    def __init__(self, world: MemoryWorld) -> None:
        self.world = world
        self.branch = world.pull(FIRST).head_branch
        self.first = world.pull(FIRST).head
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
                MemoryForge(world).edit_pull(FIRST, state=PullState.CLOSED)
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
        commit: CommitSha = self.first if event.stale else self.world.pull(FIRST).head
        review = Review(
            id=self.world.next_id(),
            author=_account(event.by),
            state=ReviewState(event.state),
            commit=commit,
            submitted_at=self.world.now,
        )
        self.world.reviews.setdefault(FIRST, []).append(review)

    def _dismiss(self, nth: int) -> None:
        reviews = self.world.reviews.get(FIRST, [])
        if nth < len(reviews) and reviews[nth].state in {ReviewState.APPROVED, ReviewState.CHANGES_REQUESTED}:
            reviews[nth] = replace(reviews[nth], state=ReviewState.DISMISSED)

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
