"""The evidence file that travels in the pull request: what was measured, on what, and what follows (pure).

It holds counts, names and digests; no complaint's text ever reaches this module.
"""

from collections.abc import Mapping

from bot.model.change import Affected, Change, Factor, Impact, KeyChange
from bot.model.clock import format_time
from bot.model.finding import ComplaintCount, Finding, Ranking
from bot.model.json import Json, digest_of
from bot.model.names import Digest
from bot.model.series import Window
from bot.report.pull_request import Case
from bot.report.untrusted import visible

SCHEMA = "urn:pow-bot:evidence:v1"
_HAND_OVERS = 100
_TOPICS = 100
_GROUPS = 1_000


def evidence_of(case: Case) -> Mapping[str, Json]:
    """Return a proposal's evidence as JSON."""
    finding, recipe = case.finding, case.recipe
    return {
        "schema": SCHEMA,
        "change_id": case.change.id,
        "recipe": recipe.id,
        "version": recipe.version,
        "recipe_digest": recipe.digest,
        "episode": case.change.episode,
        "created_at": format_time(case.at),
        "rule": finding.rule,
        "observed": visible(finding.observed),
        "finding": visible(finding.sentence, limit=400),
        "measured_at": format_time(finding.at),
        "keys": [_with_how(key, facts) for key, facts in zip(case.change.keys, keys_json(case.change), strict=True)],
        "files": files_json(case.change),
        "sources": _sources(finding),
        "daily": {
            "unit": visible(finding.daily_unit, limit=20),
            "values": [[day, value] for day, value in finding.daily],
        },
        "ranking": _ranking(finding.ranking) if finding.ranking else None,
        "complaints": _complaints(finding.complaints) if finding.complaints else None,
        "impact": impact_json(case.impact),
        "affected": affected_json(case.affected),
        "threshold": case.threshold.value,
        "success_metric": recipe.success_metric,
        "rollback_on": recipe.rollback_on,
        "policy_digest": case.policy_digest,
        **({"groups": [visible(group) for group in finding.groups[:_GROUPS]]} if finding.groups else {}),
    }


def keys_json(change: Change) -> list[Mapping[str, Json]]:
    """Return a change's values."""
    return [{"target": key.target, "key": key.key, "before": key.before, "after": key.after} for key in change.keys]


def _with_how(key: KeyChange, facts: Mapping[str, Json]) -> Mapping[str, Json]:
    """Add how a computed value came about."""
    return {**facts, "how": key.how} if key.how else facts


def files_json(change: Change) -> list[Json]:
    """Return the digests of a change's files; `before` is null for a new file."""
    return [
        {"path": edit.path, "before": _digest(edit.before), "after": digest_of(edit.after)} for edit in change.edits
    ]


def impact_json(impact: Impact) -> Mapping[str, Json]:
    """Return an impact with its factors."""
    return {"level": impact.level.value, "factors": [_factor(factor) for factor in impact.factors]}


def affected_json(affected: Affected | None) -> Json:
    """Return how many people are affected in 30 days, null where that is not known."""
    return {"people": affected.people, "feed": affected.feed} if affected else None


def _factor(factor: Factor) -> Json:
    return {"name": factor.name, "level": factor.level.value, "sentence": factor.sentence}


def _digest(content: bytes | None) -> Digest | None:
    return None if content is None else digest_of(content)


def _sources(finding: Finding) -> list[Json]:
    return [
        {
            "feed": use.feed,
            "samples": use.samples,
            "window": _window(use.window),
            "digest": use.digest,
            "people": use.people,
        }
        for use in finding.sources
    ]


def _window(window: Window | None) -> Json:
    return None if window is None else {"start": format_time(window.start), "end": format_time(window.end)}


def _ranking(ranking: Ranking) -> Json:
    """Return the ranking, times in seconds; the longest hand-overs only."""
    return {
        "feed": ranking.feed,
        "cases": ranking.cases,
        "events": ranking.events,
        "activities": ranking.activities,
        "total_seconds": ranking.total,
        "window": _window(ranking.window),
        "hand_overs": [
            {
                "source": visible(each.source),
                "target": visible(each.target),
                "passages": each.passages,
                "total_seconds": each.total,
                "mean_seconds": each.mean,
                "median_seconds": each.median,
                "p95_seconds": each.p95,
                "share": each.share,
            }
            for each in ranking.hand_overs[:_HAND_OVERS]
        ],
    }


def _complaints(counts: ComplaintCount) -> Json:
    top = sorted(counts.topics.items(), key=lambda item: (-item[1], item[0]))[:_TOPICS]
    return {
        "feed": counts.feed,
        "total": counts.total,
        "window": _window(counts.window),
        "topics": {visible(topic, limit=60): count for topic, count in top},
    }
