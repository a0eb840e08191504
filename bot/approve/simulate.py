"""What the gate would say if somebody gave a review: the same facts, supposed reviews added; it writes nothing."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.approve.emergency import SHORTEST_REASON
from bot.approve.facts import GateFacts, lower
from bot.approve.gate import decide
from bot.approve.gather import Gatherer
from bot.approve.rego import RegoProgram
from bot.ledger.site import Site
from bot.model.decision import GateDecision
from bot.model.errors import BotError, DiagnosticError
from bot.model.forge import Actor, ActorKind, Claim, Review, ReviewState
from bot.model.json import digest_of
from bot.model.names import CommitSha, Login, PullNumber
from bot.recipes.library import Library

_BOT_SUFFIX = "[bot]"
_STATES = {
    "approved-by": ReviewState.APPROVED,
    "changes-requested-by": ReviewState.CHANGES_REQUESTED,
    "commented-by": ReviewState.COMMENTED,
    "emergency-by": ReviewState.APPROVED,
}
_SUPPOSED = Claim(length=SHORTEST_REASON, digest=digest_of(b"supposed"))
SUPPOSITIONS = tuple(_STATES)
"""The words before the colon of a supposition: `approved-by:alice`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supposition:
    """A review that nobody gave: on the present head, after all that were given."""

    state: ReviewState
    login: Login
    claim: Claim | None = None


def read_supposition(text: str) -> Supposition | None:
    """Read `approved-by:alice`; None for anything else."""
    word, colon, login = text.partition(":")
    state = _STATES.get(word)
    if state is None or not colon or not login or login != login.strip():
        return None
    return Supposition(state=state, login=Login(login), claim=_SUPPOSED if word == "emergency-by" else None)


def simulate(
    site: Site,
    number: PullNumber,
    supposed: tuple[Supposition, ...],
    *,
    library: Library,
    base: CommitSha,
    rego: RegoProgram | None = None,
) -> GateDecision:
    """Decide on a pull request as `pow gate` would now, as if the supposed reviews had been given.

    BotError where there is no such pull request, DiagnosticError where the settings cannot be read.
    """
    if library.settings is None:
        raise DiagnosticError(library.diagnostics)
    pull = site.forge.pull(number)
    site.repository.fetch()
    if site.repository.head(pull.head_branch) != pull.head:
        raise BotError(
            f"the branch of pull request {number} is not here, or it moved",
            hint="only open pull requests of this repository can be simulated",
        )
    gatherer = Gatherer(
        site=site,
        policy=library.settings.policy,
        recipes={compiled.recipe.id: compiled.recipe for compiled in library.recipes},
        default_branch=site.repository.default_branch(),
        rego=rego,
    )
    logins = tuple(each.login for each in supposed)
    facts = gatherer.facts(pull, base=base, records=site.ledger.records(), also=logins)
    return decide(suppose(facts, supposed), library.settings.policy, site.now)


def suppose(facts: GateFacts, supposed: Iterable[Supposition]) -> GateFacts:
    """Add reviews to the facts, in order, as the newest; an account seen nowhere yet is taken for a person's."""
    for place, each in enumerate(supposed, start=1):
        review = Review(
            id=-place,
            author=_known(each.login, facts) or _stranger(each.login, place),
            state=each.state,
            commit=facts.pull.head,
            submitted_at=None,
            claim=each.claim,
        )
        facts = replace(facts, reviews=(*facts.reviews, review))
    return facts


def _known(login: Login, facts: GateFacts) -> Actor | None:
    """Find an account among those that have to do with the pull request: it compares by number, too."""
    commits = [actor for commit in facts.commits for actor in (commit.author, commit.committer)]
    everybody = (facts.pull.author, *(review.author for review in facts.reviews), *commits, *facts.originators)
    return next((actor for actor in everybody if actor is not None and lower(actor.login) == lower(login)), None)


def _stranger(login: Login, place: int) -> Actor:
    kind = ActorKind.BOT if login.endswith(_BOT_SUFFIX) else ActorKind.USER
    return Actor(login=login, id=-place, kind=kind)
