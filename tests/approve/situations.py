"""One pull request that the gate approves; a test changes the one fact that it is about."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from fakes.builders import START, a_bot, a_person, a_pull_request, a_review, a_sha

from bot.approve.facts import FileFacts, GateFacts, RecordedProposal
from bot.model.forge import FileStatus, Permission, PullCommit, PullRequest, Push, Review
from bot.model.impact import ImpactPolicy, RelativeChange, ValueRange
from bot.model.json import digest_of
from bot.model.level import Level
from bot.model.names import BranchName, ChangeId, CommitSha, Digest, Login, RecipeId, ServiceName, TeamSlug
from bot.model.recipe import JourneyPatch, Recipe, ServicePatch
from bot.model.settings import Approvers, Policy
from bot.model.switch import Switch
from bot.propose.trailers import ChangeKind, ProposalTrailers

CHANGE = ChangeId("0123456789abcdef")
SERVICE_PATH = "patches/services/PHOTO_VALIDATOR.yml"
EVIDENCE_PATH = f"patches/evidence/{CHANGE}.json"
BEFORE = b"service: PHOTO_VALIDATOR\nchanges:\n  max_blur_px: 2  # pixels\n  min_light: 5\n"
AFTER = BEFORE.replace(b"max_blur_px: 2", b"max_blur_px: 4")
EVIDENCE = b'{"schema": "urn:pow-bot:evidence:v1"}\n'
POLICY_DIGEST = digest_of(b"policy")
NOW = START + timedelta(days=1)
BOT_COMMIT, HUMAN_COMMIT = a_sha("head"), a_sha("edited")
SAM, ALICE, SAVA, MALLORY = a_person("sam"), a_person("alice"), a_person("sava"), a_person("mallory")
SUPERVISORS, SECURITY = TeamSlug("supervisors"), TeamSlug("security")


def a_recipe(**fields: Any) -> Recipe:
    """Return the passport recipe: `max_blur_px` to 4."""
    defaults: dict[str, Any] = {
        "id": RecipeId("PASSPORT_BACKLOG"),
        "version": 1,
        "path": "pow/passport_backlog.yml",
        "digest": digest_of(b"recipe"),
        "watch_feeds": (),
        "bottleneck_rule": "max(wait_time) > 20_days",
        "service_patches": (ServicePatch(service=ServiceName("PHOTO_VALIDATOR"), config={"max_blur_px": 4}),),
        "journey_patches": (),
        "hitl_threshold": Level.MEDIUM,
        "success_metric": "wait_time < 7_days for 3_days",
        "rollback_on": "error_rate > 5%",
    }
    return Recipe(**{**defaults, **fields})


def a_journey_recipe() -> Recipe:
    """Return a recipe that sets a journey's version as well."""
    journeys = (JourneyPatch(journey="passport_renewal", version="v2"),)
    return replace(a_recipe(), journey_patches=journeys)


def a_policy(**fields: Any) -> Policy:
    """Return a policy: MEDIUM needs a supervisor, HIGH a supervisor and the security officer."""
    defaults: dict[str, Any] = {
        "digest": POLICY_DIGEST,
        "approvals": {
            Level.LOW: (),
            Level.MEDIUM: (Approvers(teams=(SUPERVISORS,), count=1),),
            Level.HIGH: (Approvers(teams=(SUPERVISORS,), count=1), Approvers(teams=(SECURITY,), count=1)),
        },
        "threshold_cap": Level.MEDIUM,
        "impact": an_impact_policy(),
        "ranges": {"max_blur_px": ValueRange(minimum=1, maximum=12)},
    }
    return Policy(**{**defaults, **fields})


def an_impact_policy(**fields: Any) -> ImpactPolicy:
    """Return factors by which the passport change is MEDIUM."""
    defaults: dict[str, Any] = {
        "default": Level.LOW,
        "services": {},
        "keys": {"max_blur_px": Level.MEDIUM},
        "journeys": Level.MEDIUM,
        "relative_change": (
            RelativeChange(above=0.5, level=Level.MEDIUM),
            RelativeChange(above=2.0, level=Level.HIGH),
        ),
    }
    return ImpactPolicy(**{**defaults, **fields})


def low_impact() -> Policy:
    """Return a policy by which the passport change is LOW."""
    return a_policy(impact=an_impact_policy(keys={"max_blur_px": Level.LOW}, relative_change=()))


def trailers(**fields: Any) -> ProposalTrailers:
    """Return the trailers of the passport proposal."""
    defaults: dict[str, Any] = {
        "change": CHANGE,
        "kind": ChangeKind.PATCH,
        "recipe": "PASSPORT_BACKLOG@v1",
        "targets": ("PHOTO_VALIDATOR",),
        "impact": Level.MEDIUM,
        "evidence": digest_of(EVIDENCE),
        "policy": Digest(POLICY_DIGEST),
    }
    return ProposalTrailers(**{**defaults, **fields})


def recorded(**fields: Any) -> RecordedProposal:
    """Return what the ledger holds of the passport proposal."""
    defaults: dict[str, Any] = {
        "change": CHANGE,
        "head": BOT_COMMIT,
        "branch": f"pow/passport_backlog/{CHANGE}",
        "pull": 7,
        "evidence_digest": digest_of(EVIDENCE),
        "before": {SERVICE_PATH: digest_of(BEFORE)},
        "rollback_of": None,
    }
    return RecordedProposal(**{**defaults, **fields})


def a_file(**fields: Any) -> FileFacts:
    """Return the changed service file."""
    defaults: dict[str, Any] = {
        "path": SERVICE_PATH,
        "status": FileStatus.MODIFIED,
        "base": BEFORE,
        "head": AFTER,
    }
    return FileFacts(**{**defaults, **fields})


EVIDENCE_FILE = FileFacts(path=EVIDENCE_PATH, status=FileStatus.ADDED, base=None, head=EVIDENCE)


def bot_commit() -> PullCommit:
    """Return the recorded commit."""
    return PullCommit(sha=BOT_COMMIT, message="", author=a_bot(), committer=a_bot())


def pull_request(**fields: Any) -> PullRequest:
    """Return the passport pull request."""
    return a_pull_request(**{"head_branch": BranchName(f"pow/passport_backlog/{CHANGE}"), **fields})


def approval(**fields: Any) -> Review:
    """Return Sam's approval of the head."""
    return a_review(SAM, **fields)


def facts(**fields: Any) -> GateFacts:
    """Return the facts of the passport pull request, approved by Sam."""
    defaults: dict[str, Any] = {
        "pull": pull_request(),
        "base": a_sha("base"),
        "default_branch": BranchName("main"),
        "identity": a_bot(),
        "commits": (bot_commit(),),
        "trailers": trailers(),
        "proposed": recorded(),
        "files": (EVIDENCE_FILE, a_file()),
        "evidence": EVIDENCE,
        "recipe": a_recipe(),
        "reviews": (approval(),),
        "originators": (a_person("rita"),),
        "switch": Switch(),
        "permissions": dict.fromkeys(
            map(Login, ("sam", "alice", "sava", "mallory", "rita", "tom")), Permission.WRITE
        ),
        "teams": {
            SUPERVISORS: frozenset({Login("sam"), Login("alice"), Login("rita"), Login("tom")}),
            SECURITY: frozenset({Login("sava"), Login("sam")}),
        },
    }
    given = {**defaults, **fields}
    return GateFacts(**{"pushes": pushes_of(given["pull"], given["commits"]), **given})


def pushes_of(pull: PullRequest, commits: tuple[PullCommit, ...]) -> tuple[Push, ...]:
    """Return a push for each commit by its author; the first and the head are the bot's where nothing says other."""
    own = (Push(after=commit.sha, actor=commit.author or a_person("kim")) for commit in commits[1:])
    return (Push(after=BOT_COMMIT, actor=pull.author), *own, Push(after=pull.head, actor=pull.author))


def edited_by(person: Any, *, head: bytes = AFTER, committer: Any = "same", **fields: Any) -> GateFacts:
    """Return the facts after a person's commit on the branch, approved by Sam at the new head."""
    by = person if committer == "same" else committer
    commit = PullCommit(sha=HUMAN_COMMIT, message="", author=person, committer=by)
    defaults: dict[str, Any] = {
        "pull": pull_request(head=HUMAN_COMMIT),
        "commits": (bot_commit(), commit),
        "files": (EVIDENCE_FILE, a_file(head=head)),
        "reviews": (approval(commit=HUMAN_COMMIT),),
    }
    return facts(**{**defaults, **fields})


def reviews_of(*wanted: tuple[Any, Any] | tuple[Any, Any, CommitSha | None]) -> tuple[Review, ...]:
    """Return reviews in order: author, state and (if not the head) commit of each."""
    return tuple(
        a_review(each[0], author=each[0], id=number, state=each[1], commit=each[2] if len(each) > 2 else BOT_COMMIT)
        for number, each in enumerate(wanted, start=1)
    )
