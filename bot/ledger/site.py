"""What every step works on: the forge, the repository, the ledger, and one present for the whole run."""

from dataclasses import dataclass, field
from datetime import datetime

from bot.forge.port import Forge, Repository
from bot.ledger.port import Ledger
from bot.ledger.switch import KillSwitch
from bot.model.forge import RepoRef
from bot.model.names import Login


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One agency's repository with its forge and ledger, at one moment.

    `kill_switch` is its own unless the steps of one cycle are given a shared one, so that it is read once.
    """

    repo: RepoRef
    forge: Forge
    repository: Repository
    ledger: Ledger
    now: datetime
    run_url: str = ""
    started_by: tuple[Login, ...] = ()
    """Who asked for this run, where somebody did; what the run proposes is not theirs to approve."""
    askers: tuple[int, ...] | None = None
    """The numbers of their accounts; None: not looked up."""
    shared_switch: KillSwitch | None = field(default=None, compare=False, repr=False)
    kill_switch: KillSwitch = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        own = self.shared_switch or KillSwitch(forge=self.forge, repository=self.repository)
        object.__setattr__(self, "kill_switch", own)
