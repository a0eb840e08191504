"""Takes a change back: the intent first, then branch, pull request and record, each looked up before it is made."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.ledger.site import Site
from bot.model.change import PROPOSAL_LABEL, Change
from bot.model.errors import LedgerError
from bot.model.forge import PullRequest, PullState
from bot.model.json import Json, digest_of
from bot.model.level import Level
from bot.model.names import CommitSha, Digest
from bot.model.recipe import Recipe
from bot.model.record import Draft, Phase
from bot.model.verdict import Verdict
from bot.monitor.observe import measurement_json
from bot.monitor.rollback import RollbackFacts, RollbackPlan, TakeBack, plan_rollback
from bot.monitor.watched import Watched, rollbacks_within_a_day
from bot.propose.change import rollback_id
from bot.propose.trailers import ChangeKind, ProposalTrailers, proposal_message
from bot.report.watch import rollback_body, rollback_title

ROLLBACK_LABEL = "pow-rollback"
PERSON_LABEL = "pow-needs-person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoing:
    """One change that is to be taken back, with the recipe that says so."""

    watched: Watched
    recipe: Recipe
    base: CommitSha
    rollbacks_per_day: int


def plan_undoing(site: Site, undoing: Undoing) -> RollbackPlan:
    """Run the revert in a work tree and decide what may be done with it."""
    watched, repository = undoing.watched, site.repository
    merge = repository.commit(watched.merge)
    parent = merge.parents[0]
    paths = tuple(file.path for file in repository.changed(parent, watched.merge))
    records = site.ledger.records()
    begun = watched.intent is not None
    facts = RollbackFacts(
        change=watched.id,
        recipe=undoing.recipe,
        merge=watched.merge,
        keys=watched.keys,
        before={path: repository.read(path, parent) for path in paths},
        merged={path: repository.read(path, watched.merge) for path in paths},
        now={path: repository.read(path, undoing.base) for path in paths},
        revert=repository.revert(watched.merge, onto=undoing.base),
        is_rollback=watched.rollback_of is not None,
        rollbacks_today=0 if begun else rollbacks_within_a_day(records, site.now),
        rollbacks_per_day=undoing.rollbacks_per_day,
    )
    return plan_rollback(facts)


def write_intent(site: Site, watched: Watched, verdict: Verdict) -> None:
    """Write down that this change is to be taken back, before anything else happens."""
    site.ledger.append(
        Draft(
            change=watched.id,
            phase=Phase.REVERTED,
            at=site.now,
            facts={
                "rollback": rollback_id(watched.id),
                "merge": watched.merge,
                "sentence": verdict.sentence,
                "measurement": measurement_json(verdict.rollback),
            },
        )
    )


def open_rollback(site: Site, undoing: Undoing, plan: TakeBack, intent: Mapping[str, Json]) -> PullRequest:
    """Make sure that the rollback's branch, pull request, labels and record exist; returns the pull request."""
    change = plan.change
    existing = site.forge.pulls(head=change.branch)
    if existing:
        pull = existing[0]
    else:
        _ensure_branch(site, undoing, plan)
        pull = _open_pull(site, undoing, plan, intent)
    if pull.state is PullState.OPEN:
        person = (PERSON_LABEL,) if plan.draft_because else ()
        site.forge.add_labels(pull.number, (PROPOSAL_LABEL, ROLLBACK_LABEL, *person))
    site.ledger.append(_proposed(site, undoing, plan, pull))
    return pull


def _ensure_branch(site: Site, undoing: Undoing, plan: TakeBack) -> None:
    if site.forge.head(plan.change.branch) is not None:
        return
    commit = site.forge.commit(undoing.base, plan.files, _message(site, undoing, plan.change))
    site.forge.create_branch(plan.change.branch, commit)


def _open_pull(site: Site, undoing: Undoing, plan: TakeBack, intent: Mapping[str, Json]) -> PullRequest:
    original = undoing.watched.pull
    measurement = intent.get("measurement")
    return site.forge.open_pull(
        branch=plan.change.branch,
        base=site.repository.default_branch(),
        title=rollback_title(undoing.recipe, original),
        body=rollback_body(
            plan.change,
            undoing.recipe,
            {key: str(value) for key, value in measurement.items()} if isinstance(measurement, Mapping) else {},
            original=original,
            reasons=plan.draft_because,
        ),
        draft=bool(plan.draft_because),
    )


def _message(site: Site, undoing: Undoing, change: Change) -> str:
    """Return git's own words for a revert, and the trailers that tie it to the change it takes back."""
    watched = undoing.watched
    parent = site.repository.commit(watched.merge).parents[0]
    proposed, decided = watched.latest[Phase.PROPOSED], watched.latest[Phase.DECIDED]
    return proposal_message(
        f'Revert "{undoing.recipe.reference}"',
        ProposalTrailers(
            change=change.id,
            kind=ChangeKind.ROLLBACK,
            recipe=undoing.recipe.reference,
            targets=change.targets,
            impact=_level(proposed.get("impact")),
            evidence=Digest(str(proposed["evidence_digest"])),
            policy=Digest(str(decided["policy_digest"])),
            rollback_of=watched.id,
            reverts=watched.merge,
        ),
        why=f"This reverts commit {watched.merge}, reversing\nchanges made to {parent}.",
    )


def _proposed(site: Site, undoing: Undoing, plan: TakeBack, pull: PullRequest) -> Draft:
    watched, change = undoing.watched, plan.change
    former = watched.latest[Phase.PROPOSED]
    return Draft(
        change=change.id,
        phase=Phase.PROPOSED,
        at=site.now,
        facts={
            **{name: former[name] for name in _INHERITED},
            "pull": pull.number,
            "branch": change.branch,
            "head": pull.head,
            "base": pull.base,
            "episode": change.episode,
            "keys": [
                {"target": key.target, "key": key.key, "before": key.before, "after": key.after}
                for key in change.keys
            ],
            "files": [
                {"path": path, "before": _digest(_read(site, path, undoing.base)), "after": _digest(content)}
                for path, content in sorted(plan.files.items())
            ],
            "rollback_of": watched.id,
        },
    )


_INHERITED = ("recipe", "version", "recipe_digest", "threshold", "evidence_digest", "impact")
"""What a rollback's record takes over from the change that it takes back."""


def _read(site: Site, path: str, at: CommitSha) -> bytes | None:
    return site.repository.read(path, at)


def _digest(content: bytes | None) -> Digest | None:
    return None if content is None else digest_of(content)


def _level(impact: Json) -> Level:
    if not isinstance(impact, Mapping):
        raise LedgerError("a proposed record has no impact", hint="run `git log pow-ledger` to see who wrote it")
    return Level(str(impact["level"]))
