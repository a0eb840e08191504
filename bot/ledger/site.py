"""What every step works on: the forge, the repository, the ledger, and one present for the whole run."""

from dataclasses import dataclass
from datetime import datetime

from bot.forge.port import Forge, Repository
from bot.ledger.port import Ledger
from bot.model.forge import RepoRef
from bot.model.names import Login


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One agency's repository with its forge and ledger, at one moment."""

    repo: RepoRef
    forge: Forge
    repository: Repository
    ledger: Ledger
    now: datetime
    run_url: str = ""
    started_by: tuple[Login, ...] = ()
    """Who asked for this run, where somebody did; what the run proposes is not theirs to approve."""
