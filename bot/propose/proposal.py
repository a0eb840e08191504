"""A change with all its texts: what is committed, what the pull request says, what the ledger records (pure)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bot.model.change import PROPOSAL_LABEL, URGENT_LABEL, Change, Proposal
from bot.model.clock import format_time
from bot.model.finding import Finding
from bot.model.forge import PullRequest
from bot.model.json import Json, canonical, digest_of
from bot.model.names import CommitSha, Digest, Login
from bot.model.record import Draft, Phase
from bot.model.settings import Policy
from bot.propose.desired import evidence_path, files_before
from bot.propose.evidence import affected_json, evidence_of, files_json, impact_json, keys_json
from bot.propose.impact import affected_by, impact_of, stakes_of, threshold_of
from bot.propose.trailers import proposal_message, subject_of, trailers_for
from bot.recipes.library import CompiledRecipe
from bot.report.pull_request import Case, body_of, title_of
from bot.rules.shape import threshold_of as limit_of


def case_of(
    change: Change, compiled: CompiledRecipe, finding: Finding, policy: Policy, *, at: datetime, run_url: str = ""
) -> Case:
    """Judge a change by the policy and bring together what its texts are made of."""
    affected = affected_by(finding.sources)
    stakes = stakes_of(compiled.recipe, files_before(change), affected)
    impact = impact_of(change.keys, policy.impact, stakes)
    shape = limit_of(compiled.bottleneck)
    charted = shape is not None and shape.limit.unit.name == finding.daily_unit
    return Case(
        change=change,
        recipe=compiled.recipe,
        finding=finding,
        impact=impact,
        threshold=threshold_of(compiled.recipe, policy),
        approvers=policy.approvals.get(impact.level, ()),
        policy_digest=policy.digest,
        evidence_path=evidence_path(change.id),
        at=at,
        limit=shape.limit if shape and charted else None,
        run_url=run_url,
        affected=affected,
    )


def proposal_of(
    case: Case, *, base: CommitSha, started_by: tuple[Login, ...] = (), accounts: tuple[int, ...] = ()
) -> Proposal:
    """Write all texts of a proposal on a base; `started_by` are those who asked for the run, by their `accounts`."""
    evidence = evidence_of(case)
    content = canonical(evidence)
    digest = digest_of(content)
    trailers = replace(
        trailers_for(case.change, case.impact, evidence=digest, policy=case.policy_digest),
        started_by=started_by,
        accounts=accounts,
    )
    why = f"The rule of {case.recipe.reference} fired at {format_time(case.finding.at)}."
    return Proposal(
        change=case.change,
        base=base,
        files={**{edit.path: edit.after for edit in case.change.edits}, case.evidence_path: content},
        commit_message=proposal_message(subject_of(case.change.keys), trailers, why=why),
        title=title_of(case),
        body=body_of(case),
        labels=(PROPOSAL_LABEL, f"impact:{case.impact.level}", *((URGENT_LABEL,) if case.change.urgent else ())),
        evidence=evidence,
        evidence_digest=digest,
        impact=case.impact,
        threshold=case.threshold,
        created_at=case.at,
        affected=case.affected,
    )


def proposed(proposal: Proposal, pull: PullRequest, *, head: CommitSha, base: CommitSha, evidence: Digest) -> Draft:
    """Return the ledger's record; head, base and evidence are those of the commit that really is on the branch."""
    change = proposal.change
    facts: Mapping[str, Json] = {
        "recipe": change.recipe,
        "version": change.version,
        "recipe_digest": proposal.evidence["recipe_digest"],
        "pull": pull.number,
        "branch": change.branch,
        "head": head,
        "base": base,
        "episode": change.episode,
        "threshold": proposal.threshold.value,
        "evidence_digest": evidence,
        "impact": impact_json(proposal.impact),
        "affected": affected_json(proposal.affected),
        "keys": keys_json(change),
        "files": files_json(change),
        "rollback_of": None,
        "urgent": change.urgent,
    }
    return Draft(change=change.id, phase=Phase.PROPOSED, at=proposal.created_at, facts=facts)
