"""The gate case by case: each row changes one fact of a pull request that is approved, and names the outcome."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from approve.situations import (
    AFTER,
    ALICE,
    BEFORE,
    BOT_COMMIT,
    CHANGE,
    EVIDENCE,
    EVIDENCE_FILE,
    HUMAN_COMMIT,
    MALLORY,
    NOW,
    SAM,
    SAVA,
    SECURITY,
    SERVICE_PATH,
    SUPERVISORS,
    a_file,
    a_journey_recipe,
    a_policy,
    a_recipe,
    an_impact_policy,
    approval,
    bot_commit,
    edited_by,
    facts,
    low_impact,
    pull_request,
    recorded,
    reviews_of,
    trailers,
)
from fakes.builders import START, a_bot, a_person, a_sha

from bot.approve.facts import FileFacts, GateFacts, NoProof, RollbackProof
from bot.approve.gate import approvers_in, changed_values, decide, has_expired, proof_of
from bot.ledger.stops import stops_of_file, unreadable
from bot.model.calendar import Calendar, Freeze
from bot.model.change import Affected
from bot.model.decision import Authority, GateStatus
from bot.model.forge import Actor, ActorKind, FileStatus, Permission, PullCommit, PullState, Push, ReviewState
from bot.model.impact import HighImpact, KeyClass, PeopleAffected, RelativeChange, ValueRange
from bot.model.json import digest_of
from bot.model.level import Level
from bot.model.names import BranchName, ChangeId, FeedName, Login
from bot.model.recipe import Computed, Operation, ServicePatch
from bot.model.settings import Approvers, Policy
from bot.model.switch import Switch
from bot.propose.trailers import ChangeKind

APPROVED, PENDING = GateStatus.APPROVED, GateStatus.PENDING
DISAPPROVED, REFUSED = GateStatus.DISAPPROVED, GateStatus.REFUSED
YES, NO, COMMENT = ReviewState.APPROVED, ReviewState.CHANGES_REQUESTED, ReviewState.COMMENTED
OLD = a_sha("an older head")
TOM = a_person("tom")
FROZEN = Calendar(freezes=(Freeze(first=date(2000, 1, 1), last=date(2099, 12, 31), reason="moving"),))
WITHOUT_REVIEWS: tuple[Any, ...] = ()


def a_rollback(**fields: Any) -> GateFacts:
    """Return a rollback's pull request, proved unless told otherwise, that nobody reviewed."""
    original = ChangeId("fedcba9876543210")
    claim = trailers(kind=ChangeKind.ROLLBACK, rollback_of=original, reverts=a_sha("merge"))
    removed = f"patches/evidence/{original}.json"
    defaults: dict[str, Any] = {
        "trailers": claim,
        "proposed": recorded(
            rollback_of=original, before={SERVICE_PATH: digest_of(AFTER), removed: digest_of(EVIDENCE)}
        ),
        "files": (
            FileFacts(path=removed, status=FileStatus.REMOVED, base=EVIDENCE, head=None),
            a_file(base=AFTER, head=BEFORE),
        ),
        "evidence": None,
        "reviews": (),
        "rollback": RollbackProof(original=original, merge=a_sha("merge"), files=1),
    }
    return facts(**{**defaults, **fields})


def test_the_passport_pull_request_is_approved_by_its_supervisor() -> None:
    decision = decide(facts(), a_policy(), NOW)

    assert decision.status is APPROVED
    assert decision.authority is Authority.PEOPLE
    assert decision.impact is not None
    assert decision.impact.level is Level.MEDIUM
    assert decision.threshold is Level.MEDIUM
    assert decision.change == CHANGE
    assert decision.waiting_for == ()
    proof = proof_of(decision)
    assert proof is not None
    assert (proof.pull, proof.head, proof.authority) == (7, BOT_COMMIT, Authority.PEOPLE)
    assert approvers_in(decision, facts()) == ((SAM, approval().url),)


ORIGIN = {
    "a fork": (facts(pull=pull_request(same_repository=False)), REFUSED, "another repository"),
    "closed": (facts(pull=pull_request(state=PullState.CLOSED)), REFUSED, "is closed"),
    "a draft": (facts(pull=pull_request(draft=True)), PENDING, "is a draft"),
    "another base branch": (
        facts(pull=pull_request(base_branch=BranchName("release"))),
        REFUSED,
        "it is for release, not for main",
    ),
    "a person's": (facts(pull=pull_request(author=MALLORY)), REFUSED, "mallory opened it"),
    "a look-alike's: same login, other number": (
        facts(pull=pull_request(author=Actor(login=Login("pow-bot[bot]"), id=13, kind=ActorKind.BOT))),
        REFUSED,
        "not the bot",
    ),
    "without trailers": (facts(trailers=None), REFUSED, "no valid trailers"),
    "trailers of another change": (
        facts(trailers=trailers(change=ChangeId("f" * 16))),
        REFUSED,
        "belongs on branch pow/passport_backlog/ffffffffffffffff",
    ),
    "trailers of another recipe": (
        facts(trailers=trailers(recipe="OTHER@v1")),
        REFUSED,
        "belongs on branch pow/other/",
    ),
    "not recorded yet": (facts(proposed=None), PENDING, "no record"),
    "closed in the ledger": (facts(proposed=recorded(closed="rejected")), REFUSED, "closed already (rejected)"),
    "recorded as another pull request": (facts(proposed=recorded(pull=6)), REFUSED, "as pull request 6"),
    "recorded on another branch": (facts(proposed=recorded(branch="pow/x/y")), REFUSED, "ledger knows"),
    "recorded as a rollback": (facts(proposed=recorded(rollback_of="f" * 16)), REFUSED, "disagree"),
    "the policy is paused": (facts(), PENDING, "pauses all merges", a_policy(paused=True)),
    "the calendar is closed": (facts(), PENDING, "the calendar is closed: frozen until", a_policy(calendar=FROZEN)),
}

BOTS_PUSH = Push(after=BOT_COMMIT, actor=a_bot())
PUSHES = {
    "the forge does not tell": (facts(pushes=None), PENDING, "does not tell who pushed"),
    "no push told yet": (facts(pushes=()), PENDING, "does not tell yet who pushed the head"),
    "a person pushed it": (facts(pushes=(Push(after=BOT_COMMIT, actor=MALLORY),)), REFUSED, "mallory pushed"),
    "an account that is gone pushed it": (facts(pushes=(Push(after=BOT_COMMIT, actor=None),)), REFUSED, "a deleted"),
    "pushed only together with another": (
        edited_by(MALLORY, pushes=(Push(after=HUMAN_COMMIT, actor=a_bot()),)),
        REFUSED,
        "nobody pushed the recorded commit by itself",
    ),
    "an account that is gone pushed on top": (
        edited_by(MALLORY, pushes=(BOTS_PUSH, Push(after=HUMAN_COMMIT, actor=None))),
        PENDING,
        "an account that is gone pushed",
    ),
    "the approver pushed another's commit": (
        edited_by(MALLORY, pushes=(BOTS_PUSH, Push(after=HUMAN_COMMIT, actor=SAM))),
        PENDING,
        "waits for",
    ),
    "the approver deleted the branch, and somebody restored it": (
        facts(pushes=(BOTS_PUSH, Push(after=None, actor=SAM), Push(after=BOT_COMMIT, actor=MALLORY))),
        PENDING,
        "waits for",
    ),
    "somebody else restored the branch": (
        facts(pushes=(BOTS_PUSH, Push(after=None, actor=MALLORY), Push(after=BOT_COMMIT, actor=MALLORY))),
        APPROVED,
        "",
    ),
    "not recorded, and a person pushed it": (
        facts(proposed=None, pushes=(Push(after=BOT_COMMIT, actor=MALLORY),)),
        REFUSED,
        "mallory pushed the recorded",
    ),
    "the approver started the run": (facts(trailers=trailers(started_by=(Login("SAM"),))), PENDING, "waits for"),
    "the approver started the run, and was renamed": (
        facts(trailers=trailers(accounts=(SAM.id,))),
        PENDING,
        "waits for",
    ),
    "the approver asked for it, and was renamed": (facts(accounts_asking=frozenset({SAM.id})), PENDING, "waits for"),
    "another started the run": (facts(trailers=trailers(started_by=(Login("rita"),))), APPROVED, ""),
}

COMMITS = {
    "no commits told": (facts(commits=()), PENDING, "moved while it was read"),
    "the head is not the last commit": (facts(pull=pull_request(head=OLD)), PENDING, "moved while it was read"),
    "history rewritten": (
        facts(commits=(PullCommit(sha=OLD, message="", author=a_bot(), committer=a_bot()), bot_commit())),
        REFUSED,
        "no longer starts with the recorded commit",
    ),
    "the recorded commit is a person's": (
        facts(commits=(PullCommit(sha=BOT_COMMIT, message="", author=MALLORY, committer=MALLORY),)),
        REFUSED,
        "mallory wrote the first commit",
    ),
    "the bot's commit with no account": (
        facts(commits=(PullCommit(sha=BOT_COMMIT, message="", author=None, committer=None),)),
        APPROVED,
        "",
    ),
    "an unknown author on top": (edited_by(None), REFUSED, "cannot be barred"),
    "an unknown committer on top": (edited_by(ALICE, committer=None), REFUSED, "cannot be barred"),
    "edited by Alice, approved by Sam": (edited_by(ALICE), APPROVED, ""),
    "edited and approved by Sam": (edited_by(SAM), PENDING, "1 approval of supervisors"),
    "committed by Sam for Alice": (edited_by(ALICE, committer=SAM), PENDING, "1 approval of supervisors"),
}

FILES = {
    "no files": (facts(files=()), REFUSED, "changes no file"),
    "a workflow": (
        facts(files=(a_file(), a_file(path=".github/workflows/gate.yml"))),
        REFUSED,
        ".github/workflows/gate.yml is not a file of this change",
    ),
    "its own policy": (facts(files=(a_file(), a_file(path="pow/settings/policy.yml"))), REFUSED, "policy.yml"),
    "its own recipe": (facts(files=(a_file(), a_file(path="pow/passport_backlog.yml"))), REFUSED, "backlog.yml"),
    "another service": (
        facts(files=(a_file(), a_file(path="patches/services/OTHER.yml"))),
        REFUSED,
        "OTHER.yml is not a file",
    ),
    "another change's evidence": (
        facts(files=(a_file(), a_file(path="patches/evidence/ffffffffffffffff.json"))),
        REFUSED,
        "ffffffffffffffff.json is not a file",
    ),
    "a path that only looks right": (
        facts(files=(a_file(), a_file(path="patches/services/../../x.yml"))),
        REFUSED,
        "is not a file of this change",
    ),
    "a change of mode": (facts(files=(a_file(status=FileStatus.OTHER),)), REFUSED, "mode or type"),
    "a symlink": (facts(files=(a_file(head=None),)), REFUSED, "not a regular file"),
    "a removed service file": (facts(files=(a_file(status=FileStatus.REMOVED),)), REFUSED, "was removed"),
    "a new service file": (facts(files=(a_file(status=FileStatus.ADDED),)), REFUSED, "was added"),
    "a rewritten evidence file": (
        facts(files=(a_file(), replace(EVIDENCE_FILE, status=FileStatus.MODIFIED))),
        REFUSED,
        "was modified",
    ),
    "the base moved under it": (
        facts(files=(EVIDENCE_FILE, a_file(base=BEFORE + b"# later\n", head=AFTER + b"# later\n"))),
        REFUSED,
        "has changed on main since",
    ),
    "a file that the record does not name": (
        facts(proposed=recorded(before={})),
        REFUSED,
        "has changed on main since",
    ),
    "no evidence": (facts(evidence=None), REFUSED, "not the one that was recorded"),
    "other evidence": (facts(evidence=b"{}"), REFUSED, "not the one that was recorded"),
    "trailers that name other evidence": (
        facts(trailers=trailers(evidence=digest_of(b"other"))),
        REFUSED,
        "name different evidence",
    ),
    "no recipe on the base": (facts(recipe=None), REFUSED, "is not a file of this change"),
}

ADDING = a_recipe(
    service_patches=(
        ServicePatch(
            service="PHOTO_VALIDATOR",
            config={"max_blur_px": Computed(operation=Operation.ADD, operand=Decimal(2))},
        ),
    )
)
VALUES = {
    "a value that the recipe does not ask for": (
        facts(files=(EVIDENCE_FILE, a_file(head=BEFORE.replace(b"px: 2", b"px: 5")))),
        REFUSED,
        "asks for max_blur_px = 4, not 5",
    ),
    "the value that the recipe's calculation comes to": (facts(recipe=ADDING), APPROVED, ""),
    "a value that it does not come to": (
        facts(recipe=ADDING, files=(EVIDENCE_FILE, a_file(head=BEFORE.replace(b"px: 2", b"px: 6")))),
        REFUSED,
        "asks for max_blur_px = 4, not 6",
    ),
    "a value that it comes to by the range of now": (
        facts(recipe=ADDING),
        REFUSED,
        "outside of what policy allows: 1 to 3",
        a_policy(ranges={"max_blur_px": ValueRange(minimum=1, maximum=3)}),
    ),
    "the range that bounds it is gone": (
        facts(recipe=ADDING),
        REFUSED,
        "no change of max_blur_px",
        a_policy(ranges={}),
    ),
    "another value chosen by Alice than a calculation": (
        edited_by(ALICE, head=BEFORE.replace(b"px: 2", b"px: 3"), recipe=ADDING),
        APPROVED,
        "",
    ),
    "another value chosen by Alice": (
        edited_by(ALICE, head=BEFORE.replace(b"px: 2", b"px: 3")),
        APPROVED,
        "",
    ),
    "Alice reaches for another key": (
        edited_by(ALICE, head=AFTER.replace(b"min_light: 5", b"min_light: 1")),
        REFUSED,
        "does not ask to change min_light",
    ),
    "Alice takes the change back": (edited_by(ALICE, head=BEFORE + b"# no\n"), REFUSED, "changes no value"),
    "Alice adds a key": (edited_by(ALICE, head=AFTER + b"  new: 1\n"), REFUSED, "adds or removes keys: new"),
    "Alice adds a tenant": (edited_by(ALICE, head=AFTER + b"tenant: all\n"), REFUSED, "more than values"),
    "Alice renames the service": (
        edited_by(ALICE, head=AFTER.replace(b"PHOTO_VALIDATOR", b"OTHER")),
        REFUSED,
        "not the one that the file is named after",
    ),
    "Alice breaks the file": (edited_by(ALICE, head=b"service: [\n"), REFUSED, "line"),
    "Alice leaves the range": (
        edited_by(ALICE, head=BEFORE.replace(b"px: 2", b"px: 13")),
        REFUSED,
        "outside of what policy allows: 1 to 12",
    ),
    "the range was narrowed meanwhile": (
        facts(),
        REFUSED,
        "outside of what policy allows",
        a_policy(ranges={"max_blur_px": ValueRange(minimum=1, maximum=3)}),
    ),
    "the recipe has a new version": (facts(recipe=a_recipe(version=2)), REFUSED, "PASSPORT_BACKLOG@v2 by now"),
    "the recipe asks for another key": (
        facts(recipe=a_recipe(service_patches=(ServicePatch(service="PHOTO_VALIDATOR", config={"min_light": 1}),))),
        REFUSED,
        "does not ask to change max_blur_px",
    ),
    "the value is of another kind": (
        facts(files=(EVIDENCE_FILE, a_file(head=BEFORE.replace(b"px: 2", b"px: 4.0")))),
        REFUSED,
        "asks for max_blur_px = 4",
    ),
    "the base file is broken": (facts(files=(EVIDENCE_FILE, a_file(base=b"["))), REFUSED, "has changed on main"),
}

COUNTING = replace(
    low_impact(),
    impact=replace(low_impact().impact, people_affected=(PeopleAffected(above=10_000, level=Level.HIGH),)),
)
FLAGGED = BEFORE + b"high_impact: true\n"
FEED = FeedName("metrics.passport.wait_time")


def flagged(head: bytes) -> GateFacts:
    """Return the facts of a proposal to a service that the base branch calls high-impact."""
    return facts(
        files=(EVIDENCE_FILE, a_file(base=FLAGGED, head=head)),
        proposed=recorded(before={SERVICE_PATH: digest_of(FLAGGED)}),
        reviews=(),
    )


STAKES = {
    "few people are affected, as the ledger has it": (
        facts(proposed=recorded(affected=Affected(people=9_999, feed=FEED)), reviews=()),
        APPROVED,
        "",
        COUNTING,
    ),
    "many people are affected, as the ledger has it": (
        facts(proposed=recorded(affected=Affected(people=10_001, feed=FEED)), reviews=()),
        PENDING,
        "1 approval of security",
        COUNTING,
    ),
    "the ledger does not tell how many people are affected": (
        facts(reviews=()),
        PENDING,
        "1 approval of security",
        COUNTING,
    ),
    "the evidence in the pull request counts nobody": (
        facts(evidence=b'{"affected": {"people": 0, "feed": "a.b"}}\n', reviews=()),
        REFUSED,
        "the evidence is not the one that was recorded",
        COUNTING,
    ),
    "the service is called high-impact": (
        flagged(FLAGGED.replace(b"px: 2", b"px: 4")),
        PENDING,
        "1 approval of security",
        low_impact(),
    ),
    "the pull request takes the flag away": (
        flagged(FLAGGED.replace(b"px: 2", b"px: 4").replace(b"high_impact: true\n", b"")),
        REFUSED,
        "it changes more than values",
        low_impact(),
    ),
    "the pull request sets the flag to false": (
        flagged(FLAGGED.replace(b"px: 2", b"px: 4").replace(b"true", b"false")),
        REFUSED,
        "it changes more than values",
        low_impact(),
    ),
    "policy calls the service high-impact": (
        facts(reviews=()),
        PENDING,
        "1 approval of security",
        replace(
            low_impact(),
            impact=replace(low_impact().impact, high_impact=HighImpact(targets=frozenset({"PHOTO_VALIDATOR"}))),
        ),
    ),
    "the recipe calls its changes high-impact": (
        facts(recipe=a_recipe(high_impact=True), reviews=()),
        PENDING,
        "1 approval of security",
        low_impact(),
    ),
    "the key is of a class": (
        facts(reviews=()),
        PENDING,
        "1 approval of supervisors",
        replace(
            low_impact(),
            impact=replace(
                low_impact().impact, classes={"identity_check": KeyClass(keys=("*_blur_px",), level=Level.MEDIUM)}
            ),
        ),
    ),
}

LEVELS = {
    "below the threshold nobody is needed": (facts(reviews=()), APPROVED, "", low_impact()),
    "below the threshold a no of a writer stops it": (
        facts(reviews=reviews_of((MALLORY, NO))),
        DISAPPROVED,
        "mallory asked for changes",
        low_impact(),
    ),
    "below the threshold a no of a reader does not": (
        facts(reviews=reviews_of((MALLORY, NO)), permissions={Login("mallory"): Permission.READ}),
        APPROVED,
        "",
        low_impact(),
    ),
    "LOW at threshold LOW asks nobody": (
        facts(reviews=(), recipe=a_recipe(hitl_threshold=Level.LOW)),
        APPROVED,
        "",
        low_impact(),
    ),
    "LOW at threshold LOW with approvers asks them": (
        facts(reviews=(), recipe=a_recipe(hitl_threshold=Level.LOW)),
        PENDING,
        "1 approval of supervisors",
        replace(low_impact(), approvals={Level.LOW: (Approvers(teams=(SUPERVISORS,), count=1),)}),
    ),
    "LOW but edited needs a supervisor": (
        edited_by(ALICE, reviews=()),
        PENDING,
        "1 approval of supervisors",
        low_impact(),
    ),
    "threshold HIGH is capped": (
        facts(reviews=(), recipe=a_recipe(hitl_threshold=Level.HIGH)),
        PENDING,
        "1 approval of supervisors",
    ),
    "threshold HIGH without a cap lets MEDIUM pass": (
        facts(reviews=(), recipe=a_recipe(hitl_threshold=Level.HIGH)),
        APPROVED,
        "",
        a_policy(threshold_cap=Level.HIGH),
    ),
    "HIGH needs the security officer too": (
        facts(),
        PENDING,
        "1 approval of security",
        a_policy(impact=an_impact_policy(keys={"max_blur_px": Level.HIGH})),
    ),
    "HIGH with both": (
        facts(reviews=reviews_of((ALICE, YES), (SAVA, YES))),
        APPROVED,
        "",
        a_policy(impact=an_impact_policy(keys={"max_blur_px": Level.HIGH})),
    ),
    "Sam is in both teams but is one person": (
        facts(reviews=reviews_of((SAM, YES))),
        PENDING,
        "waits for 1 approval of",
        a_policy(impact=an_impact_policy(keys={"max_blur_px": Level.HIGH})),
    ),
    "two supervisors are no security officer": (
        facts(reviews=reviews_of((ALICE, YES), (TOM, YES))),
        PENDING,
        "waits for 1 approval of security",
        a_policy(impact=an_impact_policy(keys={"max_blur_px": Level.HIGH})),
    ),
    "Sam sits where he is needed": (
        facts(reviews=reviews_of((SAM, YES), (ALICE, YES))),
        APPROVED,
        "",
        a_policy(impact=an_impact_policy(keys={"max_blur_px": Level.HIGH})),
    ),
    "a large step is HIGH": (
        facts(reviews=()),
        PENDING,
        "security",
        a_policy(impact=an_impact_policy(relative_change=(RelativeChange(above=0.9, level=Level.HIGH),))),
    ),
    "exactly the step is not above it": (
        facts(),
        APPROVED,
        "",
        a_policy(impact=an_impact_policy(relative_change=(RelativeChange(above=1.0, level=Level.HIGH),))),
    ),
    "a key that policy does not know is HIGH": (
        facts(),
        PENDING,
        "security",
        a_policy(impact=an_impact_policy(keys={})),
    ),
    "a level that names nobody": (
        facts(),
        REFUSED,
        "names nobody who may approve MEDIUM",
        a_policy(approvals={}),
    ),
    "a level with an empty list": (
        facts(),
        REFUSED,
        "names nobody who may approve MEDIUM",
        a_policy(approvals={Level.MEDIUM: ()}),
    ),
    "two of one team": (
        facts(),
        PENDING,
        "1 approval of supervisors",
        a_policy(approvals={Level.MEDIUM: (Approvers(teams=(SUPERVISORS,), count=2),)}),
    ),
    "none of two": (
        facts(reviews=()),
        PENDING,
        "2 approvals of supervisors",
        a_policy(approvals={Level.MEDIUM: (Approvers(teams=(SUPERVISORS,), count=2),)}),
    ),
}

REVIEWS = {
    "no review": (facts(reviews=()), PENDING, "waits for 1 approval of supervisors"),
    "on an older commit": (facts(reviews=reviews_of((SAM, YES, OLD))), PENDING, "waits for"),
    "on a commit that is gone": (facts(reviews=reviews_of((SAM, YES, None))), PENDING, "waits for"),
    "dismissed": (facts(reviews=reviews_of((SAM, ReviewState.DISMISSED))), PENDING, "waits for"),
    "approved, later dismissed": (
        facts(reviews=reviews_of((SAM, YES), (SAM, ReviewState.DISMISSED))),
        PENDING,
        "waits for",
    ),
    "approved, later changes requested": (
        facts(reviews=reviews_of((SAM, YES), (SAM, NO))),
        DISAPPROVED,
        "sam asked for changes",
    ),
    "changes requested, later approved": (facts(reviews=reviews_of((SAM, NO), (SAM, YES))), APPROVED, ""),
    "approved, later commented": (facts(reviews=reviews_of((SAM, YES), (SAM, COMMENT))), APPROVED, ""),
    "approved, later a draft review": (
        facts(reviews=reviews_of((SAM, YES), (SAM, ReviewState.PENDING))),
        APPROVED,
        "",
    ),
    "approved, later an unknown state": (
        facts(reviews=reviews_of((SAM, YES), (SAM, ReviewState.UNKNOWN))),
        PENDING,
        "waits for",
    ),
    "only a comment": (facts(reviews=reviews_of((SAM, COMMENT))), PENDING, "waits for"),
    "only a draft": (facts(reviews=reviews_of((SAM, ReviewState.PENDING))), PENDING, "waits for"),
    "an unknown state": (facts(reviews=reviews_of((SAM, ReviewState.UNKNOWN))), PENDING, "waits for"),
    "a deleted account": (facts(reviews=reviews_of((None, YES))), PENDING, "waits for"),
    "a bot": (facts(reviews=reviews_of((a_bot("helper[bot]"), YES))), PENDING, "waits for"),
    "the bot itself": (facts(reviews=reviews_of((a_bot(), YES))), PENDING, "waits for"),
    "an account that policy calls a bot": (facts(), PENDING, "waits for", a_policy(bots=(Login("SAM"),))),
    "an account that policy excludes": (
        facts(),
        PENDING,
        "waits for",
        a_policy(excluded_approvers=(Login("Sam"),)),
    ),
    "the recipe's last editor": (facts(originators=(SAM,)), PENDING, "waits for"),
    "an unknown last editor": (facts(originators=(None,)), PENDING, "last edited the recipe"),
    "one known and one unknown editor": (facts(originators=(a_person("rita"), None)), PENDING, "last edited"),
    "wrong team": (facts(reviews=reviews_of((SAVA, YES))), PENDING, "waits for"),
    "no team at all": (facts(reviews=reviews_of((MALLORY, YES))), PENDING, "waits for"),
    "a login in capitals is the same person": (
        facts(teams={SUPERVISORS: frozenset({Login("SAM")}), SECURITY: frozenset()}),
        APPROVED,
        "",
    ),
    "write access lost": (facts(permissions={Login("sam"): Permission.TRIAGE}), PENDING, "waits for"),
    "access withdrawn": (facts(permissions={Login("sam"): Permission.NONE}), PENDING, "waits for"),
    "access unknown": (facts(permissions={}), PENDING, "waits for"),
    "maintainers can write": (facts(permissions={Login("sam"): Permission.MAINTAIN}), APPROVED, ""),
    "the team cannot be read": (
        facts(teams={SECURITY: frozenset({Login("sam")})}),
        PENDING,
        "members of team supervisors cannot be read",
    ),
    "another writer asks for changes": (
        facts(reviews=reviews_of((SAM, YES), (MALLORY, NO))),
        DISAPPROVED,
        "mallory asked for changes",
    ),
    "on an older commit it still stands": (
        facts(reviews=reviews_of((MALLORY, NO, OLD), (SAM, YES))),
        DISAPPROVED,
        "mallory asked for changes",
    ),
    "a reader's no does not block": (
        facts(
            reviews=reviews_of((SAM, YES), (MALLORY, NO)),
            permissions={Login("sam"): Permission.WRITE, Login("mallory"): Permission.READ},
        ),
        APPROVED,
        "",
    ),
    "a no of unknown rights blocks": (
        facts(reviews=reviews_of((SAM, YES), (MALLORY, NO)), permissions={Login("sam"): Permission.WRITE}),
        DISAPPROVED,
        "mallory",
    ),
    "a no that was dismissed is gone": (
        facts(reviews=reviews_of((MALLORY, NO), (MALLORY, ReviewState.DISMISSED), (SAM, YES))),
        APPROVED,
        "",
    ),
    "a deleted account's no does not block": (facts(reviews=reviews_of((None, NO), (SAM, YES))), APPROVED, ""),
    "the author of the pull request": (
        facts(
            identity=SAM,
            pull=pull_request(author=SAM),
            commits=(PullCommit(sha=BOT_COMMIT, message="", author=SAM, committer=SAM),),
        ),
        PENDING,
        "waits for",
    ),
    "the same person twice is one person": (
        facts(reviews=reviews_of((SAM, YES), (SAM, YES))),
        PENDING,
        "waits for 1 approval",
        a_policy(approvals={Level.MEDIUM: (Approvers(teams=(SUPERVISORS,), count=2),)}),
    ),
    "the editor approves his own edit": (
        edited_by(SAM, reviews=(approval(commit=HUMAN_COMMIT),)),
        PENDING,
        "waits for",
    ),
    "an approval from before the edit": (edited_by(ALICE, reviews=(approval(),)), PENDING, "waits for"),
}

TIME = {
    "a day before it expires": (facts(pull=pull_request(created_at=NOW - timedelta(days=13))), APPROVED, ""),
    "when it expires": (facts(pull=pull_request(created_at=NOW - timedelta(days=14))), DISAPPROVED, "has expired"),
    "refused goes before expired": (
        facts(pull=pull_request(created_at=START - timedelta(days=30)), files=()),
        REFUSED,
        "changes no file",
    ),
}

ROLLBACKS = {
    "proved": (a_rollback(), APPROVED, ""),
    "proved, but paused": (a_rollback(), PENDING, "pauses", a_policy(paused=True)),
    "proved, and the calendar is closed": (a_rollback(), APPROVED, "", a_policy(calendar=FROZEN)),
    "proved, but a draft": (a_rollback(pull=pull_request(draft=True)), PENDING, "draft"),
    "proved without a recipe on the base": (a_rollback(recipe=None), APPROVED, ""),
    "restores a value that policy no longer allows": (
        a_rollback(),
        APPROVED,
        "",
        a_policy(ranges={"max_blur_px": ValueRange(minimum=3, maximum=12)}),
    ),
    "not proved": (a_rollback(rollback=NoProof(reason="x was changed again")), PENDING, "waits for 1 approval"),
    "not read": (a_rollback(rollback=None), PENDING, "waits for 1 approval"),
    "not proved, but a supervisor approves": (
        a_rollback(rollback=NoProof(reason="x"), reviews=(approval(),)),
        APPROVED,
        "",
    ),
    "not proved and LOW still needs people": (
        a_rollback(rollback=NoProof(reason="x"), recipe=None),
        PENDING,
        "waits for 1 approval",
        low_impact(),
    ),
    "the ledger knows it as a patch": (
        a_rollback(proposed=recorded(before={SERVICE_PATH: digest_of(AFTER)})),
        REFUSED,
        "disagree",
    ),
    "a patch with somebody else's proof": (
        facts(reviews=(), rollback=RollbackProof(original=CHANGE, merge=a_sha("m"), files=1)),
        PENDING,
        "waits for",
    ),
    "touches a file that its record does not name": (
        a_rollback(files=(a_file(path="patches/services/OTHER.yml", base=AFTER, head=BEFORE),)),
        REFUSED,
        "is not a file of this change",
    ),
    "the base moved under it": (
        a_rollback(files=(a_file(base=AFTER + b"# later\n", head=BEFORE),)),
        REFUSED,
        "has changed on main",
    ),
    "removes a service file": (
        a_rollback(files=(a_file(base=AFTER, head=None, status=FileStatus.REMOVED),)),
        REFUSED,
        "was removed",
    ),
}

HALTED = Switch(stops=stops_of_file("pow/STOP", b"Photos are lost.\n"))
OTHERS = Switch(stops=stops_of_file("pow/STOP", b"recipe:OTHER\ntarget:PRINTER\n"))
TAKEN = Switch(stops=stops_of_file("pow/STOP", b"target:PHOTO_VALIDATOR\n"))
NO_ROLLBACKS = Switch(stops=stops_of_file("pow/STOP", b"rollback\n"))
SWITCHED = {
    "everything is stopped": (facts(switch=HALTED), PENDING, "everything is stopped by pow/STOP: Photos are lost."),
    "its target is stopped": (facts(switch=TAKEN), PENDING, "PHOTO_VALIDATOR is stopped by pow/STOP"),
    "the target is claimed otherwise, and touched": (
        facts(switch=TAKEN, trailers=trailers(targets=("PRINTER",))),
        PENDING,
        "PHOTO_VALIDATOR is stopped",
    ),
    "the switch cannot be read": (facts(switch=Switch(stops=(unreadable("502"),))), PENDING, "cannot be read"),
    "others are stopped": (facts(switch=OTHERS), APPROVED, ""),
    "without trailers any recipe's stop counts": (facts(switch=OTHERS, trailers=None), REFUSED, "trailers"),
    "rollbacks are stopped, and it is none": (facts(switch=NO_ROLLBACKS), APPROVED, ""),
    "a proved rollback, and everything is stopped": (a_rollback(switch=HALTED), PENDING, "everything is stopped"),
    "a proved rollback, and rollbacks are stopped": (
        a_rollback(switch=NO_ROLLBACKS),
        PENDING,
        "waits for 1 approval of supervisors",
    ),
    "a rollback that people approve although rollbacks are stopped": (
        a_rollback(switch=NO_ROLLBACKS, reviews=(approval(),)),
        APPROVED,
        "",
    ),
}

TABLES = {
    "switch": SWITCHED,
    "origin": ORIGIN,
    "commits": COMMITS,
    "files": FILES,
    "values": VALUES,
    "stakes": STAKES,
    "levels": LEVELS,
    "reviews": REVIEWS,
    "time": TIME,
    "rollback": ROLLBACKS,
    "pushes": PUSHES,
}
CASES = [
    pytest.param(row[0], row[3] if len(row) > 3 else a_policy(), row[1], row[2], id=f"{table}: {name}")
    for table, rows in TABLES.items()
    for name, row in rows.items()
]


@pytest.mark.parametrize(("given", "policy", "status", "sentence"), CASES)
def test_the_gate_says(given: GateFacts, policy: Policy, status: GateStatus, sentence: str) -> None:
    decision = decide(given, policy, NOW)

    assert (decision.status, sentence in decision.sentence) == (status, True), decision.sentence
    assert (proof_of(decision) is not None) is (status is APPROVED)
    assert decision.reasons[0].status is status


@pytest.mark.parametrize(
    ("given", "policy", "authority"),
    [
        (facts(), a_policy(), Authority.PEOPLE),
        (facts(reviews=()), low_impact(), Authority.AUTO),
        (edited_by(ALICE), low_impact(), Authority.PEOPLE),
        (a_rollback(), a_policy(), Authority.ROLLBACK),
        (a_rollback(rollback=NoProof(reason="x"), reviews=(approval(),)), a_policy(), Authority.PEOPLE),
        (facts(reviews=()), a_policy(), None),
    ],
)
def test_an_approved_change_has_one_right_to_merge(
    given: GateFacts, policy: Policy, authority: Authority | None
) -> None:
    assert decide(given, policy, NOW).authority is authority


@pytest.mark.parametrize(
    ("author", "bots", "approved"),
    [
        (a_bot("github-actions[bot]"), (), True),
        (a_bot("github-actions[bot]"), (Login("pow-bot[bot]"),), False),
        (a_bot("Pow-Bot[bot]"), (Login("pow-bot[bot]"),), True),
        (a_bot("other[bot]"), (), False),
        (a_person("github-actions[bot]"), (), False),
    ],
)
def test_without_an_identity_the_author_must_be_a_bot_that_policy_names(
    author: Actor, bots: tuple[Login, ...], *, approved: bool
) -> None:
    commit = PullCommit(sha=BOT_COMMIT, message="", author=author, committer=author)
    given = facts(identity=None, pull=pull_request(author=author), commits=(commit,))

    assert (decide(given, a_policy(bots=bots), NOW).status is APPROVED) is approved


def test_a_journeys_version_is_a_value_like_any_other() -> None:
    path = "patches/journeys/passport_renewal.yml"
    before, after = b"journey: passport_renewal\nversion: v1\n", b"journey: passport_renewal\nversion: v2\n"
    given = facts(
        recipe=a_journey_recipe(),
        proposed=recorded(before={SERVICE_PATH: digest_of(BEFORE), path: digest_of(before)}),
        files=(EVIDENCE_FILE, a_file(path=path, base=before, head=after), a_file()),
    )
    decision = decide(given, a_policy(), NOW)

    assert decision.status is APPROVED
    assert decision.impact is not None
    assert "journey" in {factor.name for factor in decision.impact.factors}


def test_the_values_come_from_the_bytes_and_not_from_any_text() -> None:
    misleading = facts(
        pull=pull_request(title="max_blur_px from 2 to 3", body="impact: LOW", labels=frozenset({"impact:LOW"})),
        trailers=trailers(impact=Level.LOW),
        reviews=(),
    )
    decision = decide(misleading, a_policy(), NOW)

    assert decision.status is PENDING
    assert decision.impact is not None
    assert decision.impact.level is Level.MEDIUM


def test_a_file_that_is_missing_on_one_side_has_no_values() -> None:
    assert "regular file" in str(changed_values(facts(files=(a_file(base=None),))))


def test_expiry_is_told_even_when_something_worse_blocks() -> None:
    late = pull_request(created_at=NOW - timedelta(days=15))

    assert has_expired(decide(facts(pull=late, files=()), a_policy(), NOW))
    assert not has_expired(decide(facts(), a_policy(), NOW))


def test_every_review_is_explained() -> None:
    given = facts(
        reviews=reviews_of(
            (SAM, YES),
            (ALICE, YES, OLD),
            (MALLORY, YES),
            (a_bot("helper[bot]"), YES),
            (None, YES),
            (SAVA, COMMENT),
        )
    )
    decision = decide(given, a_policy(), NOW)

    assert [(review.login, review.counts) for review in decision.reviews] == [
        ("sam", True),
        ("alice", False),
        ("mallory", False),
        ("helper[bot]", False),
        (None, False),
        ("sava", False),
    ]
    assert all(review.reason for review in decision.reviews)
    assert "by a member of supervisors" in decision.reviews[0].reason
    assert "the head is" in decision.reviews[1].reason


def test_the_reasons_say_why_people_are_needed() -> None:
    sentences = str(decide(facts(reviews=()), a_policy(), NOW).reasons)

    assert "impact MEDIUM, threshold MEDIUM: people must approve" in sentences
    assert "a person edited the branch: people must approve as for MEDIUM" in str(
        decide(edited_by(ALICE), low_impact(), NOW).reasons
    )
    assert "cannot be proved: x was changed" in str(
        decide(a_rollback(rollback=NoProof(reason="x was changed")), a_policy(), NOW).reasons
    )
