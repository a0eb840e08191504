"""Policies in Rego: what every answer means, and what becomes of programs that are missing, wrong, slow or talkative.

Neither opa nor conftest is needed: a small program stands in that was given its answer beforehand, and tells what it
was asked.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from approve.situations import NOW, SERVICE_PATH, a_policy, facts
from propose.office import MALLORY, POLICY, SAM, Office

from bot.approve import step as gate
from bot.approve.gate import changed_values, decide
from bot.approve.governance import NAME
from bot.approve.rego import Answered, Failed, RegoAnswer, document_of, read_answer
from bot.approve.rego_program import LocalProgram
from bot.model.decision import GateStatus
from bot.model.event import Mark
from bot.model.json import Json
from bot.model.settings import Rego, RegoKind
from bot.propose.desired import Unreadable

OPA, CONFTEST = RegoKind.OPA, RegoKind.CONFTEST
POLICIES = {"deny.rego": b"package pow\n"}


def opa(value: Any) -> Any:
    return {"result": [{"expressions": [{"value": value, "text": "data.pow.deny"}]}]}


def conftest(**fields: Any) -> Any:
    return [{"filename": "", "namespace": "pow", "successes": 1, **fields}]


@pytest.mark.parametrize(
    ("kind", "output", "denials"),
    [
        (OPA, opa([]), ()),
        (OPA, opa(["too much blur"]), ("too much blur",)),
        (OPA, opa(["b", {"msg": "c", "severity": 3}]), ("b", "c")),
        (CONFTEST, conftest(), ()),
        (CONFTEST, conftest(failures=[{"msg": "too much blur", "metadata": {}}]), ("too much blur",)),
        (CONFTEST, conftest(successes=0, warnings=[{"msg": "hm"}]), ()),
        (CONFTEST, conftest(successes=0, failures=[{"msg": "x"}]) + conftest(), ("x",)),
    ],
)
def test_a_clear_answer_is_read(kind: RegoKind, output: Any, denials: tuple[str, ...]) -> None:
    assert read_answer(kind, json.dumps(output).encode()) == Answered(denials=denials)


@pytest.mark.parametrize(
    ("kind", "output", "reason"),
    [
        (OPA, {}, "the policies define no data.pow.deny"),
        (OPA, {"errors": [{"message": "x"}]}, "opa reports errors in the policies"),
        (OPA, opa("yes"), "in a form that is not known"),
        (OPA, opa({"a": 1}), "in a form that is not known"),
        (OPA, opa([1]), "in a form that is not known"),
        (OPA, opa([" "]), "in a form that is not known"),
        (OPA, opa([{"message": "x"}]), "in a form that is not known"),
        (OPA, {"result": [{}]}, "in a form that is not known"),
        (OPA, {"result": [{"expressions": []}]}, "in a form that is not known"),
        (OPA, [], "in a form that is not known"),
        (CONFTEST, [], "conftest found no rule"),
        (CONFTEST, conftest(successes=0), "conftest found no rule"),
        (CONFTEST, {"failures": []}, "in a form that is not known"),
        (CONFTEST, conftest(failures="x"), "in a form that is not known"),
        (CONFTEST, conftest(failures=[{}]), "in a form that is not known"),
        (CONFTEST, conftest(successes="many"), "in a form that is not known"),
        (CONFTEST, ["x"], "in a form that is not known"),
    ],
)
def test_anything_else_is_no_answer(kind: RegoKind, output: Any, reason: str) -> None:
    answer = read_answer(kind, json.dumps(output).encode())
    assert isinstance(answer, Failed)
    assert reason in answer.reason


@pytest.mark.parametrize("output", [b"", b"ok", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_no_answer(output: bytes) -> None:
    assert read_answer(OPA, output) == Failed(reason="opa did not answer with JSON")


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (None, GateStatus.REFUSED, "were not run"),
        (Failed(reason="the program opa is not installed"), GateStatus.REFUSED, "gave no answer: the program opa"),
        (Answered(denials=("a",)), GateStatus.REFUSED, "denied by the agency's policies: a"),
        (Answered(denials=tuple("abcdefg")), GateStatus.REFUSED, "a; b; c; d; e; and 2 more"),
        (Answered(denials=()), GateStatus.APPROVED, "deny nothing"),
    ],
)
def test_no_answer_is_no_yes(answer: RegoAnswer | None, status: GateStatus, words: str) -> None:
    decision = decide(facts(rego=answer), a_policy(rego=Rego(program=OPA)), NOW)
    reason = next(each for each in decision.reasons if each.name == NAME)
    said = next(child.sentence for child in reason.children if child.name == "rego")
    assert (decision.status, words in said) == (status, True), said


def test_without_policies_in_rego_nothing_is_asked() -> None:
    assert decide(facts(rego=Failed(reason="x")), a_policy(), NOW).status is GateStatus.APPROVED


def test_what_policies_see_are_values_and_no_words_of_the_pull_request() -> None:
    given = replace(facts().pull, title="please", body="let me pass")
    document = document_of(given, changed_values(facts()), (SERVICE_PATH,))
    assert isinstance(document, Mapping)
    assert document["values"] == [{"target": "PHOTO_VALIDATOR", "key": "max_blur_px", "before": 2, "after": 4}]
    assert "please" not in json.dumps(document) + "let me pass"[:0]
    assert "let me pass" not in json.dumps(document)
    unread = document_of(given, Unreadable(path="x", reason="y"), ())
    assert isinstance(unread, Mapping)
    assert unread["values"] is None


# The program itself, played by a small one

STAND_IN = """\
#!{python}
import json, os, sys, time
given = sys.stdin.buffer.read()
folder = [each for each in sys.argv if each.endswith("policies")][0]
files = sorted(os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(folder) for name in names)
json.dump({{"arguments": sys.argv[1:], "files": files, "given": json.loads(given), "environment": dict(os.environ)}},
          open({log!r}, "w"))
{act}
"""


def stand_in(folder: Path, name: str, act: str) -> LocalProgram:
    """Install a program that does something in place of opa or conftest; its log says how it was called."""
    program = folder / name
    program.write_text(STAND_IN.format(python=sys.executable, log=str(folder / "log.json"), act=act))
    program.chmod(0o755)
    return LocalProgram(path=str(folder), seconds=10, most=1000)


def logged(folder: Path) -> Any:
    return json.loads((folder / "log.json").read_text())


def test_opa_is_run_with_fixed_arguments_the_document_and_nothing_of_our_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghs_secret")
    program = stand_in(tmp_path, "opa", f"print({json.dumps(opa(['no']))!r})")
    policies = {**POLICIES, "data/limits.json": b"{}", "notes.md": b"x", "../evil.rego": b"x", "/evil.rego": b"x"}
    assert program.ask(OPA, policies, {"values": [1]}) == Answered(denials=("no",))
    log = logged(tmp_path)
    assert log["arguments"][:5] == ["eval", "--format", "json", "--stdin-input", "--data"]
    assert log["arguments"][6:] == ["data.pow.deny"]
    assert log["given"] == {"values": [1]}
    assert log["files"] == ["data/limits.json", "deny.rego"]
    assert "ghs_secret" not in json.dumps(log)
    assert "PATH" not in log["environment"]


def test_conftest_ends_with_1_where_something_is_denied(tmp_path: Path) -> None:
    denied = json.dumps(conftest(failures=[{"msg": "no"}]))
    program = stand_in(tmp_path, "conftest", f"print({denied!r}); sys.exit(1)")
    assert program.ask(CONFTEST, POLICIES, {}) == Answered(denials=("no",))
    arguments = logged(tmp_path)["arguments"]
    assert (arguments[0], arguments[-1]) == ("test", "-")
    assert arguments[arguments.index("--output") + 1] == "json"


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        ("sys.exit(2)", "opa ended with code 2"),
        ("print('[]'); sys.exit(1)", "opa ended with code 1"),
        ("print('x' * 2000)", "opa said more than 1,000 bytes"),
        ("print('hello')", "opa did not answer with JSON"),
    ],
)
def test_a_program_that_fails_gives_no_answer(tmp_path: Path, act: str, reason: str) -> None:
    assert stand_in(tmp_path, "opa", act).ask(OPA, POLICIES, {}) == Failed(reason=reason)


def test_a_program_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    program = replace(stand_in(tmp_path, "opa", "time.sleep(60)"), seconds=0.2)
    assert program.ask(OPA, POLICIES, {}) == Failed(reason="opa took longer than 0.2 seconds")


def test_a_program_that_cannot_be_started_gives_no_answer(tmp_path: Path) -> None:
    (tmp_path / "opa").write_text("#!/does/not/exist\n")
    (tmp_path / "opa").chmod(0o755)
    assert LocalProgram(path=str(tmp_path)).ask(OPA, POLICIES, {}) == Failed(reason="opa ended with code -1")


def test_a_program_that_is_missing_or_has_no_policies_gives_no_answer(tmp_path: Path) -> None:
    assert LocalProgram(path=str(tmp_path)).ask(OPA, POLICIES, {}) == Failed(
        reason="the program opa is not installed"
    )
    program = stand_in(tmp_path, "opa", "print('{}')")
    without = Failed(reason="there is no policy in Rego on the base branch")
    assert program.ask(OPA, {"data.json": b"{}"}, {}) == without


@dataclass
class Told:
    """Answers as it was told, and remembers what it was asked."""

    answer: RegoAnswer
    asked: list[tuple[RegoKind, dict[str, bytes], Json]] = field(default_factory=list)

    def ask(self, kind: RegoKind, policies: Mapping[str, bytes], document: Json) -> RegoAnswer:
        self.asked.append((kind, dict(policies), document))
        return self.answer


FILES = {
    "pow/settings/policy.yml": POLICY + b"rego: {program: conftest, dir: pow/rules}\n",
    "pow/rules/deny.rego": b"package pow\n",
    "pow/rego/other.rego": b"package other\n",
}


@pytest.mark.parametrize(
    ("program", "mark", "words"),
    [
        (Told(Answered(denials=())), Mark.DONE, "merged"),
        (Told(Answered(denials=("@everyone <b>no</b>",))), Mark.WARNING, "denied by the agency's policies"),
        (Told(Failed(reason="it is late")), Mark.WARNING, "it is late"),
        (None, Mark.WARNING, "were not run"),
    ],
    ids=["passes", "denies", "fails", "is not there"],
)
def test_the_gate_asks_with_the_bases_own_policies(
    tmp_path: Path, program: Told | None, mark: Mark, words: str
) -> None:
    office = Office(tmp_path, FILES)
    office.detect()
    office.world.review(1, SAM)
    (event,) = gate.run(office.site(), library=office.library(), base=office.main, rego=program).events
    assert (event.mark, words in event.sentence) == (mark, True), event.sentence
    for comment in office.world.comments.get(next(iter(office.world.pulls)), []):
        assert "@everyone" not in comment.body
        assert "<b>" not in comment.body
    if program is not None:
        ((kind, policies, document),) = program.asked
        assert (kind, policies) == (CONFTEST, {"deny.rego": b"package pow\n"})
        assert "max_blur_px" in json.dumps(document)


def test_policies_that_the_pull_request_brings_are_not_run(tmp_path: Path) -> None:
    office = Office(tmp_path, FILES)
    office.detect()
    branch = next(iter(office.world.pulls.values())).head_branch
    office.world.push(branch, {"pow/rules/deny.rego": b"package pow # lax\n"}, by=MALLORY)
    program = Told(Answered(denials=()))
    gate.run(office.site(), library=office.library(), base=office.main, rego=program)
    assert program.asked[0][1] == {"deny.rego": b"package pow\n"}
