"""Governance of changes and the locks between them: on plain facts, and on an agency where people work, too."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from approve.situations import (
    AFTER,
    EVIDENCE_FILE,
    NOW,
    SERVICE_PATH,
    a_file,
    a_policy,
    facts,
    pull_request,
)
from fakes.builders import a_sha
from fakes.forge import MemoryForge
from fakes.repository import MemoryRepository
from fakes.world import MAIN
from propose.office import ALICE, MALLORY, POLICY, RITA, SAM, SAVA, SERVICE, Office
from recipes.repository_files import ROOT

from bot.approve.facts import OtherPull, RollbackProof
from bot.approve.gate import decide
from bot.approve.gather import Gatherer
from bot.approve.governance import NAME
from bot.approve.people import look_at
from bot.model.change import GATE_CHECK, GOVERNANCE_CHECK
from bot.model.decision import GateStatus, Reason
from bot.model.errors import UnavailableError
from bot.model.event import Mark
from bot.model.forge import CheckConclusion, PullRequest, PullState
from bot.model.names import BranchName, ChangeId, CommitSha, Login, PullNumber
from bot.model.record import Phase
from bot.model.settings import GovernanceMode
from bot.recipes.governance import Governance, governance_path, read_governance
from bot.recipes.lint import lint

PATH = "pow/governance/PHOTO_VALIDATOR.yml"
GOVERNED = (ROOT / PATH).read_bytes()
REQUIRED = a_policy(governance=GovernanceMode.REQUIRED)


def governed(**fields: Any) -> Any:
    return facts(**{"governance": {PATH: GOVERNED}, **fields})


def verdict(given: Any, policy: Any = REQUIRED) -> tuple[GateStatus, str, Reason]:
    decision = decide(given, policy, NOW)
    reason = next(each for each in decision.reasons if each.name == NAME)
    return decision.status, reason.sentence, reason


def test_the_shipped_governance_files_hold_all_five_sections() -> None:
    paths = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "pow/governance").rglob("*.yml"))
    read = [read_governance(path, (ROOT / path).read_bytes()) for path in paths]
    assert [each.target for each in read if isinstance(each, Governance)] == [
        "PHOTO_VALIDATOR",
        "journeys/passport_renewal",
    ]
    targets = [*(ROOT / "patches" / "services").glob("*.yml"), *(ROOT / "patches" / "journeys").glob("*.yml")]
    assert len(targets) == len(paths), "every target of the demo is governed"


def without(section: str) -> bytes:
    return b"".join(line for line in GOVERNED.splitlines(keepends=True) if not line.startswith(section.encode()))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        *((without(each), f"{PATH}:3:1: `{each}` is missing") for each in ("transparency", "truth", "safety")),
        *((without(each), f"{PATH}:3:1: `{each}` is missing") for each in ("ethics", "privacy")),
        (without("ethics") + b"ethics: ''\n", "`ethics` is shorter than 20 characters"),
        (without("ethics") + b"ethics: '                        '\n", "`ethics` says nothing"),
        (GOVERNED + b"fairness: All people are treated the same way here.\n", "unknown key `fairness`"),
        (without("service"), "a governance file names either a `service` or a `journey`"),
        (GOVERNED + b"journey: passport_renewal\n", "a governance file names either a `service` or a `journey`"),
        (GOVERNED.replace(b": PHOTO_VALIDATOR", b": PHOTO_PRINTER"), "not named after what it governs"),
        (b"[", f"{PATH}:1:2"),
        (None, f"{PATH}:1:1: there is no such file on the base branch"),
    ],
)
def test_what_is_wrong_with_a_governance_file_refuses_the_change_with_its_place(
    content: bytes | None, fault: str
) -> None:
    given = governed(governance={} if content is None else {PATH: content})
    status, sentence, _ = verdict(given)
    assert (status, fault in sentence) == (GateStatus.REFUSED, True), sentence
    assert f"{PATH}:" in sentence

    status, _, reason = verdict(given, a_policy())
    warned = [child.sentence for child in reason.children if child.name == "sections"]
    assert (status, warned[0].startswith("warning: ")) == (GateStatus.APPROVED, True)
    status, _, reason = verdict(given, a_policy(governance=GovernanceMode.OFF))
    assert status is GateStatus.APPROVED
    assert "sections" not in {child.name for child in reason.children}


def test_a_governed_change_passes() -> None:
    status, _, reason = verdict(governed())
    assert status is GateStatus.APPROVED
    assert [child.name for child in reason.children] == ["schema", "ranges", "lock", "sections"]


def test_a_journeys_file_stands_in_a_folder_of_its_own() -> None:
    assert governance_path("journeys/passport_renewal") == "pow/governance/journeys/passport_renewal.yml"


@pytest.mark.parametrize(
    ("head", "fault"),
    [
        (AFTER.replace(b"max_blur_px: 4", b"max_blur_px: 13"), "outside of what policy allows"),
        (AFTER + b"owner: me\n", f"{SERVICE_PATH}:5:1: unknown key `owner`"),
        (b"[", f"{SERVICE_PATH}:1:2"),
        (None, "would be no regular file any more"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_whoever_approves(head: bytes | None, fault: str) -> None:
    status, _, reason = verdict(governed(files=(EVIDENCE_FILE, a_file(head=head))))
    assert status is GateStatus.REFUSED
    assert any(fault in child.sentence for child in reason.children), reason


def other(number: int, *paths: str) -> OtherPull:
    return OtherPull(number=PullNumber(number), author=Login("mallory"), paths=frozenset(paths))


@pytest.mark.parametrize(
    ("others", "locked"),
    [
        ((), None),
        ((other(3, "patches/services/OTHER.yml"),), None),
        ((other(9, SERVICE_PATH),), None),
        ((other(3, SERVICE_PATH),), 3),
        ((other(5, SERVICE_PATH), other(3, "patches/services/OTHER.yml", SERVICE_PATH)), 3),
    ],
)
def test_the_earlier_pull_request_on_a_target_comes_first(others: tuple[OtherPull, ...], locked: int | None) -> None:
    status, sentence, _ = verdict(governed(others=others))
    assert status is (GateStatus.APPROVED if locked is None else GateStatus.PENDING)
    assert locked is None or sentence.startswith(f"locked by #{locked} of mallory")


def test_a_pull_request_that_could_not_be_read_may_change_the_same_target() -> None:
    unread = replace(other(3), paths=None)
    status, sentence, _ = verdict(governed(others=(unread,)))
    assert status is GateStatus.PENDING
    assert sentence.startswith("the branch of #3 moved while it was read")
    assert verdict(governed(others=(replace(unread, number=PullNumber(9)),)))[0] is GateStatus.APPROVED


def test_a_proved_rollback_waits_for_no_lock_and_needs_no_governance() -> None:
    proof = RollbackProof(original=ChangeId("f" * 16), merge=CommitSha(a_sha("merge")), files=1)
    _, sentence, _ = verdict(facts(rollback=proof, others=(other(3, SERVICE_PATH),)))
    assert sentence == "a proved rollback brings back what was governed before"


# On an agency in memory

STRICT = {"pow/settings/policy.yml": POLICY + b"governance: required\n", PATH: GOVERNED}


def opened(office: Office, files: dict[str, bytes | None], *, branch: str = "mine", **fields: Any) -> PullRequest:
    """Let a person open a pull request of their own."""
    by = fields.pop("by", MALLORY)
    office.world.set_branch(BranchName(branch), office.main, by=by)
    office.world.push(BranchName(branch), files, by=by)
    number = PullNumber(len(office.world.pulls) + len(office.world.issues) + 1)
    defaults: dict[str, Any] = {
        "number": number,
        "author": by,
        "head": office.world.branches[BranchName(branch)],
        "head_branch": BranchName(branch),
        "base": office.main,
        "created_at": office.now,
    }
    office.world.pulls[number] = replace(pull_request(), **{**defaults, **fields})
    return office.world.pulls[number]


def shown(office: Office, pull: PullRequest) -> dict[str, CheckConclusion]:
    checks = office.world.checks.get(office.world.pull(pull.number).head, {})
    return {name: check.conclusion for name, check in checks.items()}


YES, WAIT, NO = CheckConclusion.SUCCESS, CheckConclusion.PENDING, CheckConclusion.FAILURE
MINE = SERVICE.replace(b"px: 2", b"px: 3")


def test_what_does_not_touch_the_desired_state_has_nothing_to_decide(tmp_path: Path) -> None:
    office = Office(tmp_path, STRICT)
    pulls = [
        opened(office, {"README.md": b"x"}),
        opened(office, {"patches/README.md": b"x"}, branch="notes"),
        opened(office, {"bot/x.py": b"x"}, branch="fork", same_repository=False),
    ]
    report = office.gate()
    assert report.events == ()
    for pull in pulls:
        assert shown(office, pull) == {GATE_CHECK: YES, GOVERNANCE_CHECK: YES}
    writes = len(office.world.writes)
    office.gate()
    assert len(office.world.writes) == writes


def test_a_persons_own_change_needs_the_approvals_of_a_proposal_and_is_never_merged_by_the_bot(
    tmp_path: Path,
) -> None:
    office = Office(tmp_path, STRICT)
    pull = opened(office, {"patches/services/PHOTO_VALIDATOR.yml": MINE})
    (event,) = office.gate().events
    assert (event.mark, "waits for 1 approval of supervisors" in event.sentence) == (Mark.WAIT, True)
    assert shown(office, pull) == {GATE_CHECK: WAIT, GOVERNANCE_CHECK: YES}

    office.world.review(pull.number, MALLORY)
    assert shown(office, pull)[GATE_CHECK] is WAIT
    office.world.review(pull.number, SAM)
    (event,) = office.gate().events
    assert (event.mark, shown(office, pull)[GATE_CHECK]) == (Mark.NOTE, YES)
    assert office.world.pull(pull.number).state is PullState.OPEN
    assert office.phases() == []


REFUSED: dict[str, tuple[dict[str, bytes | None], dict[str, Any], str]] = {
    "an ungoverned service": (
        {"patches/services/PRINTER.yml": b"service: PRINTER\nchanges:\n  max_blur_px: 2\n"},
        {},
        "pow/governance/PRINTER.yml:1:1: there is no such file on the base branch",
    ),
    "its governance comes in the same pull request": (
        {
            "patches/services/PRINTER.yml": b"service: PRINTER\nchanges:\n  max_blur_px: 2\n",
            "pow/governance/PRINTER.yml": GOVERNED.replace(b"PHOTO_VALIDATOR", b"PRINTER"),
        },
        {},
        "pow/governance/PRINTER.yml:1:1: there is no such file on the base branch",
    ),
    "a value that policy forbids": (
        {"patches/services/PHOTO_VALIDATOR.yml": SERVICE.replace(b"px: 2", b"px: 99")},
        {},
        "outside",
    ),
    "a file that does not read": ({"patches/services/PHOTO_VALIDATOR.yml": b"["}, {}, "PHOTO_VALIDATOR.yml:1:2"),
    "a file that is removed": (
        {"patches/services/PHOTO_VALIDATOR.yml": None},
        {},
        "would be no regular file any more",
    ),
    "evidence by hand": (
        {"patches/evidence/0123456789abcdef.json": b"{}"},
        {},
        "is neither a service's nor a journey's file",
    ),
    "from a fork": (
        {"patches/services/PHOTO_VALIDATOR.yml": MINE},
        {"same_repository": False},
        "from another repository",
    ),
}


@pytest.mark.parametrize(("files", "fields", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_a_persons_own_change_that_must_not_be_is_refused_whoever_approves(
    tmp_path: Path, files: dict[str, bytes | None], fields: dict[str, Any], why: str
) -> None:
    office = Office(tmp_path, STRICT)
    pull = opened(office, files, **fields)
    for who in (SAM, ALICE, RITA, SAVA):
        office.world.review(pull.number, who)
    (event,) = office.gate().events
    said = " ".join([event.sentence, *map(str, event.data.get("lines", ()))])  # type: ignore[call-overload]  # a list
    assert (event.mark, why in said) == (Mark.WARNING, True), said
    assert shown(office, pull)[GATE_CHECK] is NO


@pytest.mark.parametrize(
    ("content", "level"),
    [
        (MINE, "MEDIUM"),
        (SERVICE.replace(b"  max_blur_px: 2", b"  max_blur_px: 2\n  min_light: 5"), "HIGH"),
        (SERVICE + b"tenant: north\n", "HIGH"),
    ],
)
def test_the_impact_of_a_change_by_hand_is_at_least_that_of_its_values(
    tmp_path: Path, content: bytes, level: str
) -> None:
    office = Office(tmp_path, STRICT)
    pull = opened(office, {"patches/services/PHOTO_VALIDATOR.yml": content})
    office.world.review(pull.number, SAM)
    (event,) = office.gate().events
    assert (shown(office, pull)[GATE_CHECK] is YES) is (level == "MEDIUM"), event.sentence
    office.world.review(pull.number, SAVA)
    office.gate()
    assert shown(office, pull)[GATE_CHECK] is YES


def test_a_draft_and_an_unknown_author_wait_or_are_refused(tmp_path: Path) -> None:
    office = Office(tmp_path, STRICT)
    draft = opened(office, {"patches/services/PHOTO_VALIDATOR.yml": MINE}, draft=True)
    files = {**office.world.snapshots[office.main].files, "patches/services/PHOTO_VALIDATOR.yml": MINE}
    unknown = office.world.store((office.main,), files, "Edit", author=None)
    office.world.set_branch(BranchName("nobody"), unknown, by=MALLORY)
    nobody = opened(office, {}, branch="nobody2")
    office.world.set_branch(BranchName("nobody2"), unknown, by=MALLORY)
    office.world.pulls[nobody.number] = replace(nobody, head=unknown)
    for pull in (draft, nobody):
        office.world.review(pull.number, SAM)
    office.gate()
    assert shown(office, draft)[GATE_CHECK] is WAIT
    assert shown(office, nobody)[GATE_CHECK] is NO
    office.world.pushes[BranchName("mine")][0] = replace(office.world.pushes[BranchName("mine")][0], actor=None)
    office.world.pulls[draft.number] = replace(draft, draft=False)
    office.gate()
    assert shown(office, draft)[GATE_CHECK] is WAIT


def test_a_proposal_waits_for_an_earlier_pull_request_and_goes_on_when_that_is_gone(tmp_path: Path) -> None:
    office = Office(tmp_path, STRICT)
    first = opened(office, {"patches/services/PHOTO_VALIDATOR.yml": MINE})
    office.detect()
    (second,) = [pull for pull in office.world.pulls.values() if pull.head_branch.startswith("pow/")]
    office.world.review(second.number, SAM)
    events = {event.subject: event for event in office.gate().events}
    assert "locked by #1 of mallory" in events[f"#{second.number}"].sentence
    assert office.simulate_of(second.number, "approved-by:alice").status is GateStatus.PENDING

    office.world.close(first.number)
    (event,) = office.gate().events
    assert event.mark is Mark.DONE


EVASIONS: dict[str, dict[str, Any]] = {
    "a draft holds nothing": {"draft": True},
    "nor a fork": {"same_repository": False},
}


@pytest.mark.parametrize("fields", EVASIONS.values(), ids=EVASIONS.keys())
def test_what_anybody_could_open_holds_nothing_up(tmp_path: Path, fields: dict[str, Any]) -> None:
    office = Office(tmp_path, STRICT)
    opened(office, {"patches/services/PHOTO_VALIDATOR.yml": MINE}, **fields)
    office.detect()
    (second,) = [pull for pull in office.world.pulls.values() if pull.head_branch.startswith("pow/")]
    office.world.review(second.number, SAM)
    assert Mark.DONE in {event.mark for event in office.gate().events}


def turned_into_a_draft(office: Office) -> tuple[PullNumber, PullNumber]:
    """Let the bot propose, a person open a pull request on the same target, and the first become a draft."""
    office.detect()
    (first,) = office.world.pulls
    second = opened(office, {"patches/services/PHOTO_VALIDATOR.yml": MINE}).number
    office.world.review(second, SAM)
    office.world.pulls[first] = replace(office.world.pull(first), draft=True)
    return first, second


def test_a_proposal_that_somebody_turns_into_a_draft_still_comes_first(tmp_path: Path) -> None:
    office = Office(tmp_path, STRICT)
    first, second = turned_into_a_draft(office)
    told = {event.subject: event.sentence for event in office.gate().events}
    assert "it is a draft" in told[f"#{first}"]
    assert "locked by #1 of " in told[f"#{second}"]
    assert shown(office, office.world.pull(second))[GATE_CHECK] is WAIT


@pytest.mark.parametrize(
    ("phase", "facts"),
    [(Phase.CLOSED, {"outcome": "rejected"}), (Phase.PROPOSED, {"rollback_of": "0" * 16})],
    ids=["ended", "a rollback"],
)
def test_a_draft_of_the_bot_that_is_no_open_proposal_locks_nothing(
    tmp_path: Path, phase: Phase, facts: dict[str, str]
) -> None:
    office = Office(tmp_path, STRICT)
    first, second = turned_into_a_draft(office)
    site, pull = office.site(), office.world.pull(second)
    gatherer = Gatherer(site=site, policy=a_policy(), recipes={}, default_branch=MAIN)
    (held,) = office.ledger.records()
    assert [each.number for each in gatherer.others(pull, office.main, (held,))] == [first]
    ending = replace(held, phase=phase, facts={**held.facts, **facts})
    records = (held, ending) if phase is Phase.CLOSED else (ending,)
    assert gatherer.others(pull, office.main, records) == ()


RELEASE = BranchName("release")


@pytest.mark.parametrize(
    ("fields", "ours", "theirs"),
    [
        ({}, None, 1),
        ({"same_repository": False}, None, 1),
        ({"number": PullNumber(0)}, None, 1),
        ({"base_branch": RELEASE}, None, 1),
        ({"head": "main"}, None, None),
    ],
    ids=["a later one", "a fork's", "an earlier one", "for another base", "another commit"],
)
def test_the_checks_on_the_bots_commit_are_those_of_its_own_pull_request(
    tmp_path: Path, fields: dict[str, Any], ours: int | None, theirs: int | None
) -> None:
    office = Office(tmp_path, STRICT)
    office.detect()
    (own,) = office.world.pulls.values()
    if "head" in fields:
        fields = {"head": office.main}
    office.world.branches[BranchName("mine")] = fields.get("head", own.head)
    number = fields.get("number", PullNumber(2))
    other = replace(own, **{"number": number, "author": MALLORY, "head_branch": BranchName("mine"), **fields})
    office.world.pulls[number] = other
    gatherer = Gatherer(site=office.site(), policy=a_policy(), recipes={}, default_branch=MAIN)
    records = office.ledger.records()
    assert (gatherer.holder(own, records), gatherer.holder(other, records)) == (ours, theirs)


def test_of_two_on_one_commit_that_are_for_another_base_each_speaks_for_itself(tmp_path: Path) -> None:
    office = Office(tmp_path, STRICT)
    for branch in ("one", "two"):
        opened(office, {"README.md": b"x"}, branch=branch, base_branch=RELEASE)
    gatherer = Gatherer(site=office.site(), policy=a_policy(), recipes={}, default_branch=MAIN)
    heads = {pull.head for pull in gatherer.open_pulls()}
    assert (len(heads), [gatherer.holder(pull, ()) for pull in gatherer.open_pulls()]) == (1, [None, None])


class Lagging(MemoryRepository):
    """A clone that a push overtakes: `behind` fetches bring nothing."""

    behind = 0

    def fetch(self) -> None:
        if self.behind:
            self.behind -= 1
        else:
            super().fetch()


@pytest.mark.parametrize(("behind", "paths"), [(0, frozenset({"patches/services/PHOTO_VALIDATOR.yml"})), (1, None)])
def test_a_branch_that_moved_while_it_was_read_holds_up_what_it_may_change(
    tmp_path: Path, behind: int, paths: frozenset[str] | None
) -> None:
    office = Office(tmp_path, STRICT)
    first = opened(office, {"README.md": b"x"})
    office.detect()
    clone = Lagging(office.world)
    site = replace(office.site(), repository=clone)
    gatherer = Gatherer(site=site, policy=a_policy(), recipes={}, default_branch=MAIN)
    assert len(gatherer.open_pulls()) == 2
    office.world.push(first.head_branch, {"patches/services/PHOTO_VALIDATOR.yml": MINE}, by=MALLORY)
    office.world.pulls[first.number] = replace(first, head=office.world.branches[first.head_branch])
    gatherer.open_pulls()
    clone.behind = behind
    stale = Gatherer(site=site, policy=a_policy(), recipes={}, default_branch=MAIN)
    (held,) = stale.others(office.world.pull(PullNumber(2)), office.main, ())
    assert (held.number, held.paths) == (first.number, paths)


class Silent(MemoryForge):
    """A forge that lists pull requests and then gives no answer about any."""

    def pull(self, number: PullNumber) -> PullRequest:
        raise UnavailableError(f"no answer about {number}")


def test_a_pull_request_that_cannot_be_asked_for_holds_up_what_it_may_change(tmp_path: Path) -> None:
    office = Office(tmp_path, STRICT)
    first = opened(office, {"README.md": b"x"})
    office.detect()
    site = replace(office.site(), forge=Silent(office.world))
    office.world.push(first.head_branch, {"README.md": b"y"}, by=MALLORY)
    gatherer = Gatherer(site=site, policy=a_policy(), recipes={}, default_branch=MAIN)
    (held,) = gatherer.others(office.world.pull(PullNumber(2)), office.main, ())
    assert (held.number, held.paths) == (first.number, None)


def test_what_was_closed_while_the_run_went_on_holds_nothing_up(tmp_path: Path) -> None:
    office = Office(tmp_path, STRICT)
    first = opened(office, {"patches/services/PHOTO_VALIDATOR.yml": MINE})
    office.detect()
    gatherer = Gatherer(site=office.site(), policy=a_policy(), recipes={}, default_branch=MAIN)
    gatherer.open_pulls()
    office.world.close(first.number)
    office.world.branches.pop(first.head_branch)
    gatherer.site.repository.fetch()
    assert gatherer.others(office.world.pull(PullNumber(2)), office.main, ()) == ()
    assert [each.number for each in gatherer.open_pulls()] == [2]


def test_a_branch_that_only_lags_behind_touches_nothing(tmp_path: Path) -> None:
    office = Office(tmp_path, STRICT)
    pull = opened(office, {"README.md": b"x"})
    office.world.push(MAIN, {"patches/services/PHOTO_VALIDATOR.yml": SERVICE + b"# later\n"}, by=RITA)
    assert office.gate().events == ()
    assert shown(office, pull) == {GATE_CHECK: YES, GOVERNANCE_CHECK: YES}


def test_a_branch_that_moved_while_it_was_read_is_looked_at_by_the_next_run(tmp_path: Path) -> None:
    office = Office(tmp_path, STRICT)
    pull = opened(office, {"README.md": b"x"})
    lagging = MemoryRepository(office.world)
    office.world.push(BranchName("mine"), {"README.md": b"y"}, by=MALLORY)
    gatherer = Gatherer(
        site=replace(office.site(), repository=lagging),
        policy=a_policy(),
        recipes={},
        default_branch=MAIN,
    )
    stale = replace(office.world.pull(pull.number), head=CommitSha(a_sha("elsewhere")))
    found = look_at(gatherer.site, gatherer, a_policy(), stale, base=office.main, records=())
    assert (found, shown(office, pull)) == (None, {})


def test_another_base_is_not_the_gates_business(tmp_path: Path) -> None:
    office = Office(tmp_path, STRICT)
    pull = opened(office, {"patches/services/PHOTO_VALIDATOR.yml": MINE}, base_branch=BranchName("release"))
    office.gate()
    assert shown(office, pull) == {}


def test_lint_reads_governance_files_as_well():
    whole = {PATH: GOVERNED, "pow/governance/README.md": b"notes"}
    assert [found.path for found in lint(whole, endpoints={}) if found.path in whole] == []
    broken = {PATH: GOVERNED.replace(b"privacy:", b"secrecy:"), "pow/governance/x.yaml": GOVERNED}
    found = {(each.path, each.id) for each in lint(broken, endpoints={}) if each.path in broken}
    assert found == {(PATH, "POW010"), (PATH, "POW011"), ("pow/governance/x.yaml", "POW049")}
