"""A decision is decided on again from its record: it comes out the same, and what was falsified does not."""

import tempfile
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from approve.situations import (
    ALICE,
    CHANGE,
    NOW,
    SAM,
    SAVA,
    SERVICE_PATH,
    a_policy,
    approval,
    edited_by,
    facts,
    pull_request,
    reviews_of,
)
from attacks.history import Event, Player, Reviewed
from attacks.test_oracle import copied, histories, proposed
from fakes.builders import a_bot, a_sha
from fakes.forge import MemoryForge
from fakes.ledger import MemoryLedger
from fakes.repository import MemoryRepository
from fakes.world import MAIN
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from propose.office import Office
from tries import tries

from bot.approve.facts import GateFacts, NoProof, OtherPull, RollbackProof
from bot.approve.gate import decide, has_expired
from bot.approve.gather import Gatherer
from bot.approve.inputs import RULES, Inputs, Lacking, inputs_json
from bot.approve.read_inputs import _AS_THEY_ARE, _READERS, read_inputs
from bot.approve.records import decided
from bot.approve.rego import Answered, Failed
from bot.approve.replay import replay
from bot.approve.unlike import NOTHING, unlike
from bot.ledger.envelope import seal
from bot.ledger.site import Site
from bot.model.forge import Claim, Permission, Push, RepoRef, ReviewState
from bot.model.json import canonical, digest_of
from bot.model.names import BranchName, ChangeId, Login, PullNumber
from bot.model.record import Draft, Phase, Record
from bot.model.replay import Outcome, Replay, Replayed
from bot.model.settings import Policy
from bot.model.switch import Reach, Stop, Switch
from bot.recipes.library import load_library

REREAD = {
    "trailers",
    "proposed",
    "files",
    "evidence",
    "recipe",
    "asked_by",
    "accounts_asking",
    "governance",
    "overdue",
}
"""The facts that Git and earlier records tell."""
SMOKE = Stop(reach=Reach.TARGET, where="pow/STOP", name="PHOTO_VALIDATOR", reason="smoke")
DOWN = Stop(reach=Reach.EVERYTHING, where="the kill switch", reason="down", known=False)
EARLIER = OtherPull(number=PullNumber(3), author=Login("eve"), paths=frozenset({SERVICE_PATH}))
DISLIKED = reviews_of(
    (ALICE, ReviewState.CHANGES_REQUESTED),
    (SAVA, ReviewState.UNKNOWN),
    (a_bot("x[bot]"), ReviewState.DISMISSED),
)
SITUATIONS: Mapping[str, dict[str, Any]] = {
    "approved": {},
    "nothing known": {"identity": None, "pushes": None, "originators": (None,), "permissions": {}, "teams": {}},
    "a fork's draft": {"pull": pull_request(draft=True, same_repository=False, base_branch=BranchName("next"))},
    "deleted accounts": {
        "reviews": (approval(author=None), approval(id=2, commit=None)),
        "pushes": (Push(after=None, actor=None),),
    },
    "opinions": {"reviews": DISLIKED},
    "an emergency": {"reviews": (approval(claim=Claim(length=12, digest=digest_of(b"why"))),)},
    "stopped": {"switch": Switch(stops=(SMOKE,))},
    "an unreadable switch": {"switch": Switch(stops=(DOWN,), ignored=("who",))},
    "locked": {"others": (EARLIER,)},
    "perhaps locked": {"others": (replace(EARLIER, paths=None),)},
    "proved": {"rollback": RollbackProof(original=CHANGE, merge=a_sha("merge"), files=1)},
    "not proved": {"rollback": NoProof(reason="it was changed again since")},
    "denied": {"rego": Answered(denials=("no", "never"))},
    "allowed": {"rego": Answered(denials=())},
    "no answer": {"rego": Failed(reason="opa did not answer with JSON")},
    "only a reader": {"permissions": {Login("sam"): Permission.READ}},
}
EDITS = {"edited": SAM, "edited by nobody known": None}
EVERY = {
    **{name: facts(**changed) for name, changed in SITUATIONS.items()},
    **{name: edited_by(who) for name, who in EDITS.items()},
}


def written(given_facts: GateFacts) -> dict[str, Any]:
    """Return the facts of the record of a decision, as they come out of a file."""
    policy = a_policy()
    draft = decided(decide(given_facts, policy, NOW), given_facts, policy, at=NOW, result="approved")
    record, _ = seal(draft, index=1, sequence=1, previous=None)
    return deepcopy(dict(record.facts))


def read_again(given_facts: GateFacts) -> GateFacts:
    """Write facts down, read them, and put back what Git tells."""
    read = read_inputs(written(given_facts))
    assert isinstance(read, Inputs), read
    assert read.files == tuple(
        replace(file, path=each.path, status=each.status)
        for file, each in zip(read.files, given_facts.files, strict=True)
    )
    return replace(read.facts, **{name: getattr(given_facts, name) for name in REREAD})


@pytest.mark.parametrize("name", EVERY)
def test_what_is_written_down_is_decided_on_alike(name: str) -> None:
    again, policy = read_again(EVERY[name]), a_policy()

    assert decide(again, policy, NOW) == decide(EVERY[name], policy, NOW)
    assert canonical(inputs_json(again)) == canonical(inputs_json(EVERY[name]))


def test_every_fact_of_the_gate_is_written_down_or_read_again() -> None:
    assert {each.name for each in fields(GateFacts)} == {"pull", *_AS_THEY_ARE.values(), *REREAD}


def test_of_a_team_only_those_are_named_who_reviewed() -> None:
    inputs = inputs_json(facts())

    assert inputs["teams"] == {"supervisors": ["sam"], "security": ["sam"]}


def gathered(history: list[Event], level: str) -> tuple[GateFacts, Policy, MemoryRepository, tuple[Record, ...]]:
    """Let a history happen to a copy of the proposal, and gather the facts as the gate does."""
    stage = proposed(level)
    world = copied(stage.world)
    player = Player(world)
    for event in history:
        player.play(event)
    repository, forge, base = MemoryRepository(world), MemoryForge(world), world.branches[MAIN]
    library = load_library(repository.read_many("pow/", base), endpoints={})
    assert library.settings is not None
    ledger, ref = MemoryLedger(world), RepoRef(owner="agency", name="pow")
    gatherer = Gatherer(
        site=Site(repo=ref, forge=forge, repository=repository, ledger=ledger, now=world.now),
        policy=library.settings.policy,
        recipes={each.recipe.id: each.recipe for each in library.recipes},
        default_branch=MAIN,
    )
    records = stage.reviewed if Reviewed() in history else stage.records
    found = gatherer.facts(forge.pull(player.number), base=base, records=records)
    return found, library.settings.policy, repository, records


@settings(max_examples=tries(60), derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=histories, level=st.sampled_from(("LOW", "MEDIUM", "HIGH", "WAITS", "URGENT")))
def test_whatever_happened_to_a_proposal_its_decision_follows_from_its_record(
    history: list[Event], level: str
) -> None:
    found, policy, repository, records = gathered(history, level)
    now = repository.world.now
    decision = decide(found, policy, now)
    result = decision.authority.value if decision.authority else decision.status.value
    draft = decided(decision, found, policy, at=now, result="expired" if has_expired(decision) else result)
    last = records[-1]
    record, _ = seal(draft, index=last.index + 1, sequence=2, previous=last.digest)
    (*_, replayed) = replay(repository, (*records, record)).decisions

    assert replayed.record == record
    assert replayed.outcome is Outcome.FOLLOWS, (replayed.differences, replayed.lacks)


# What was falsified


def an_approved(folder: Path) -> Office:
    """Return an agency in which the gate has merged what Sam approved, and Alice only commented on."""
    office = Office(folder)
    office.detect()
    office.world.review(1, ALICE, ReviewState.COMMENTED)
    office.world.review(1, SAM)
    office.gate()
    return office


@pytest.fixture(scope="module")
def office() -> Office:
    with tempfile.TemporaryDirectory() as folder:
        return an_approved(Path(folder))


def falsified(office: Office, falsify: Callable[[dict[str, Any]], object], *, phase: Phase = Phase.DECIDED) -> Replay:
    """Replay a ledger in which one record's facts are others, and all digests after it fit again."""
    records: list[Record] = []
    for each in office.ledger.records():
        held = deepcopy(dict(each.facts))
        if each.phase is phase:
            falsify(held)
        draft = Draft(change=each.change, phase=each.phase, at=each.at, facts=held, key=each.key)
        previous = records[-1].digest if records else None
        records.append(seal(draft, index=each.index, sequence=each.sequence, previous=previous)[0])
    return replay(MemoryRepository(office.world), tuple(records))


def only(found: Replay) -> Replayed:
    (replayed,) = found.decisions
    return replayed


def test_what_the_gate_decided_follows_from_its_facts(office: Office) -> None:
    found = falsified(office, lambda _: None)

    assert found.all_follow
    assert (only(found).outcome, only(found).differences, only(found).lacks) == (Outcome.FOLLOWS, (), ())


def nobody(actor: dict[str, Any]) -> None:
    actor.update(login="alice", id=ALICE.id)


FALSIFIED: Mapping[str, tuple[Callable[[dict[str, Any]], object], set[str]]] = {
    "a comment turned into one that counts": (
        lambda held: held["reviews"][0].update(counts=True, reason="an approval of the head by a member"),
        {"reviews[101].counts", "reviews[101].reason"},
    ),
    "another verdict": (lambda held: held.update(result="auto"), {"result"}),
    "an expiry": (lambda held: held.update(result="expired"), {"result"}),
    "a review less": (lambda held: held["inputs"]["reviews"].pop(), {"reviews[102]", "result"}),
    "an approval on another commit": (
        lambda held: held["inputs"]["reviews"][1].update(commit=a_sha("other")),
        {"reviews[102].commit", "reviews[102].counts", "result"},
    ),
    "another reviewer": (
        lambda held: nobody(held["inputs"]["reviews"][1]["author"]),
        {"reviews[102].login", "reviews[102].user_id"},
    ),
    "fewer seats": (lambda held: held.update(seats=[]), {"seats"}),
    "an escalation": (lambda held: held.update(escalated_at="2026-03-03T00:00:00Z"), {"escalated_at"}),
    "a smaller impact": (lambda held: held["impact"].update(level="LOW"), {"impact.level"}),
    "another policy": (lambda held: held.update(policy_digest="sha256:0"), {"policy_digest"}),
    "other evidence": (lambda held: held.update(evidence_digest="sha256:0"), {"evidence_digest"}),
    "other evidence in the branch": (lambda held: held["inputs"].update(evidence=None), {"inputs.evidence"}),
    "another recipe": (lambda held: held["inputs"].update(recipe="sha256:0"), {"inputs.recipe"}),
    "other bytes": (
        lambda held: held["inputs"]["files"][1].update(head="sha256:0"),
        {"inputs.files[patches/services/PHOTO_VALIDATOR.yml].head"},
    ),
    "a file less": (
        lambda held: held["inputs"]["files"].pop(),
        {"inputs.files[patches/services/PHOTO_VALIDATOR.yml]"},
    ),
    "another branch as the base": (
        lambda held: held["inputs"].update(default_branch="next"),
        {"inputs.default_branch"},
    ),
    "more than there is": (lambda held: held.update(note="all is well"), {"note"}),
    "less than there is": (lambda held: held.pop("seats"), {"seats"}),
    "opened long ago": (lambda held: held.update(opened_at="2026-01-01T00:00:00Z"), {"result"}),
    "a truth that is a number": (lambda held: held["reviews"][1].update(counts=1), {"reviews[102].counts"}),
}


@pytest.mark.parametrize("what", FALSIFIED)
def test_a_falsified_record_differs_where_it_was_falsified(office: Office, what: str) -> None:
    falsify, expected = FALSIFIED[what]
    found = falsified(office, falsify)

    assert not found.all_follow
    assert only(found).outcome is Outcome.DIFFERS
    assert expected <= {each.what for each in only(found).differences}


def test_another_head_is_found(office: Office) -> None:
    """A head that is in no clone is found by the merge, which brought another one."""
    main = office.world.branches[MAIN]
    known = falsified(office, lambda held: held.update(head=main))
    unknown = falsified(office, lambda held: held.update(head=a_sha("nowhere")))

    assert {"head", "result"} & {each.what for each in only(known).differences}
    assert only(unknown).outcome is Outcome.NOT_REPLAYABLE
    assert "is not in the clone" in only(unknown).lacks[0]
    assert [each.phase for each in unknown.undecided] == [Phase.MERGED]
    assert not unknown.all_follow


def test_a_base_that_the_branch_does_not_hold_is_told_even_where_all_else_fits(office: Office) -> None:
    """Whoever falsifies a decision would choose a base with a policy that lets it pass."""
    head = str(office.record(Phase.DECIDED).facts["head"])
    aside = office.world.push("aside", {"pow/settings/policy.yml": b"x"}, by=SAM)

    for base, lacks in ((head, False), (aside, True)):
        found = only(falsified(office, lambda held, base=base: held.update(base=base)))
        assert ("base" in {each.what for each in found.differences}) is lacks


def test_a_commit_that_the_record_leaves_out_is_found(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.detect()
    office.world.push(office.world.pull(PullNumber(1)).head_branch, {"README.md": b"1"}, by=SAM)
    office.pass_days(14)
    office.gate()

    def leave_out(held: dict[str, Any]) -> None:
        assert held["inputs"]["commits"].pop()["author"]["login"] == "sam"

    found = only(falsified(office, leave_out))

    assert found.outcome is Outcome.DIFFERS
    assert any(each.what.startswith("inputs.commits") for each in found.differences)


def test_a_head_that_grew_from_no_commit_of_the_base_is_found(office: Office) -> None:
    alone = office.world.store((), {"README.md": b"1"}, "Begin", author=SAM)
    office.world.set_branch(BranchName("alone"), alone)
    found = only(falsified(office, lambda held: held.update(head=alone)))

    assert found.outcome is Outcome.DIFFERS
    assert "result" in {each.what for each in found.differences}


def test_each_of_several_decisions_on_one_base_is_replayed(office: Office) -> None:
    records, decided = office.ledger.records(), office.record(Phase.DECIDED)
    again = replace(decided, index=len(records) + 1)
    found = replay(MemoryRepository(office.world), (*records, again))

    assert [each.outcome for each in found.decisions] == [Outcome.FOLLOWS, Outcome.FOLLOWS]


def test_a_merge_without_a_decision_is_told(office: Office) -> None:
    records = tuple(each for each in office.ledger.records() if each.phase is not Phase.DECIDED)
    found = replay(MemoryRepository(office.world), records)

    assert (found.decisions, found.all_follow) == ((), False)
    assert [each.phase for each in found.undecided] == [Phase.MERGED]


def test_only_what_is_asked_for_is_replayed(office: Office) -> None:
    repository, records = MemoryRepository(office.world), office.ledger.records()

    assert len(replay(repository, records, change=office.record(Phase.DECIDED).change).decisions) == 1
    assert replay(repository, records, change=ChangeId("0" * 16)) == Replay(decisions=())


def test_decisions_that_others_made_are_none_of_the_gates(office: Office) -> None:
    draft = Draft(change=CHANGE, phase=Phase.DECIDED, at=NOW, facts={"result": "obsolete"})
    record, _ = seal(draft, index=1, sequence=1, previous=None)

    assert replay(MemoryRepository(office.world), (record,)).decisions == ()


# What lacks


@pytest.mark.parametrize("name", [*_READERS, "inputs"])
def test_a_record_that_lacks_a_fact_is_not_taken_for_good(office: Office, name: str) -> None:
    def lose(held: dict[str, Any]) -> None:
        place, _, key = name.rpartition(".")
        del (held[place] if place else held)[key]

    found = only(falsified(office, lose))
    if name == "result":
        assert found.lacks == ("result",)
    assert found.outcome is Outcome.NOT_REPLAYABLE
    assert found.lacks[0] == name


@pytest.mark.parametrize(
    "value", [None, 3, 1.5, True, "x", "x\0", "\ud800", [], ["x"], [None], {}, {"x": 1}, [{}], {"x": []}]
)
@pytest.mark.parametrize("name", _READERS)
def test_whatever_stands_in_a_record_is_read_or_named(name: str, value: Any) -> None:
    held = written(facts())
    place, _, key = name.rpartition(".")
    (held[place] if place else held)[key] = value
    read = read_inputs(held)

    assert isinstance(read, Inputs) or read == Lacking(names=(name,))


def test_a_flag_of_a_pull_request_is_read_or_named() -> None:
    held = written(facts())
    held["inputs"]["pull"]["draft"] = "no"

    assert read_inputs(held) == Lacking(names=("inputs.pull",))


@pytest.mark.parametrize("inputs", [None, [], "x", 3])
def test_inputs_that_are_no_mapping_are_none(inputs: Any) -> None:
    assert read_inputs({**written(facts()), "inputs": inputs}) == Lacking(names=("inputs",))


def test_a_decision_by_other_rules_is_for_the_bot_of_that_time(office: Office) -> None:
    found = only(falsified(office, lambda held: held["inputs"].update(rules=RULES + 1)))

    assert found.outcome is Outcome.NOT_REPLAYABLE
    assert f"number {RULES + 1}" in found.lacks[0]
    assert "bot of that time" in found.hint


def test_without_a_proposal_or_a_policy_nothing_is_decided_again(office: Office) -> None:
    first = office.world.reachable([office.main])
    empty = next(sha for sha in first if not office.world.snapshots[sha].commit.parents)
    unproposed = falsified(office, lambda held: held.update(files=None), phase=Phase.PROPOSED)

    assert only(unproposed).lacks == ("the record of what was proposed",)
    assert empty
    office.world.snapshots[empty] = replace(office.world.snapshots[empty], files={})
    assert "policy" in only(falsified(office, lambda held: held.update(base=empty))).lacks[0]


# Where two records differ


@pytest.mark.parametrize(
    ("recorded", "again", "expected"),
    [
        (1, 1, []),
        (1, True, [("", "1", "true")]),
        ({"a": 1}, {"a": 1, "b": 2}, [("b", NOTHING, "2")]),
        ({"a": {"b": [1]}}, {"a": {"b": [2]}}, [("a.b", "[ 1 ]", "[ 2 ]")]),
        ([{"id": 1, "x": 1}], [{"id": 1, "x": 2}], [("[1].x", "1", "2")]),
        ([{"id": 1}, {"id": 2}], [{"id": 2}], [("[1]", '{ "id": 1 }', NOTHING)]),
        ([{"id": 1}, {"id": 2}], [{"id": 2}, {"id": 1}], [("", "[ { ", "[ { ")]),
        ([{"id": 1}, {"id": 1}], [{"id": 1}], [("", "[ { ", "[ { ")]),
        ([{"x": 1}], [{"x": 2}], [("", '[ { "x": 1 } ]', '[ { "x": 2 } ]')]),
        ({"a": []}, {"a": {}}, [("a", "[]", "{}")]),
        ("x" * 1000, "y", [("", '"' + "x" * 100, '"y"')]),
    ],
)
def test_differences_name_the_fact_and_both_values(
    recorded: Any, again: Any, expected: list[tuple[str, str, str]]
) -> None:
    found = list(unlike(recorded, again))

    assert [each.what for each in found] == [what for what, _, _ in expected]
    for each, (_, old, new) in zip(found, expected, strict=True):
        assert each.recorded.startswith(old)
        assert each.replayed.startswith(new)
        assert len(each.recorded) <= 160
