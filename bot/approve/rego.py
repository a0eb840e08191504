"""Policies in Rego, for agencies that have them: what is asked, and what an answer means (pure).

The port is here, the program behind it in `rego_program.py`. Whatever is not a clear answer refuses the change.

Formats: `opa eval --format json` answers `{"result": [{"expressions": [{"value": ...}]}]}`, without `result` where
the query is undefined (https://www.openpolicyagent.org/docs/cli, https://www.openpolicyagent.org/docs/rest-api).
`conftest test --output json` answers a list of `{"namespace", "successes", "failures": [{"msg"}], ...}`
(https://www.conftest.dev/output).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias, assert_never

from bot.model.change import KeyChange
from bot.model.forge import PullRequest
from bot.model.json import Json
from bot.model.settings import RegoKind
from bot.propose.desired import Unreadable
from bot.report.untrusted import visible

QUERY = "data.pow.deny"
"""The rule that is asked for: `package pow`, `deny contains message if { ... }`."""
_SAID = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The policies were run; `denials` are their messages, none where they let the change pass."""

    denials: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The policies gave no answer, and why."""

    reason: str


RegoAnswer: TypeAlias = Answered | Failed


class RegoProgram(Protocol):
    """Runs policies on a document."""

    def ask(self, kind: RegoKind, policies: Mapping[str, bytes], document: Json) -> RegoAnswer:
        """Run the policies (by file name) with the document as input; never raises for what a program does."""
        ...


def document_of(pull: PullRequest, keys: tuple[KeyChange, ...] | Unreadable, paths: tuple[str, ...]) -> Json:
    """Return what policies see of a change: typed values, and no word that somebody wrote on the pull request.

    `values` is null where the files cannot be read as values.
    """
    values: Json = None
    if not isinstance(keys, Unreadable):
        values = [
            {"target": each.target, "key": each.key, "before": each.before, "after": each.after} for each in keys
        ]
    return {
        "pull": pull.number,
        "head": pull.head,
        "base_branch": pull.base_branch,
        "author": pull.author.login,
        "files": list(paths),
        "values": values,
    }


def read_answer(kind: RegoKind, output: bytes) -> RegoAnswer:
    """Read a program's output; anything unexpected is a failure."""
    try:
        answer = json.loads(output)
    except (ValueError, RecursionError):
        return Failed(reason=f"{kind} did not answer with JSON")
    try:
        match kind:
            case RegoKind.OPA:
                return _opa(answer)
            case RegoKind.CONFTEST:
                return _conftest(answer)
            case _:
                assert_never(kind)
    except (KeyError, TypeError, IndexError, AttributeError, ValueError):
        return Failed(reason=f"{kind} answered in a form that is not known")


def in_words(denials: tuple[str, ...]) -> str:
    """Join messages, the first few of them, each on one line and without what cannot be seen."""
    said = [visible(each) for each in denials[:_SAID]]
    more = f"; and {len(denials) - _SAID} more" if len(denials) > _SAID else ""
    return "; ".join(said) + more


def _opa(answer: Mapping[str, list[Mapping[str, list[Mapping[str, Json]]]]]) -> RegoAnswer:
    if answer.get("errors"):
        return Failed(reason="opa reports errors in the policies")
    if not answer.get("result"):
        return Failed(reason=f"the policies define no {QUERY}")
    (result,) = answer["result"]
    (expression,) = result["expressions"]
    value = expression["value"]
    if not isinstance(value, list):
        raise TypeError(value)
    return Answered(denials=tuple(_message(each) for each in value))


def _conftest(answer: list[Mapping[str, Json]]) -> RegoAnswer:
    if not isinstance(answer, list):
        raise TypeError(answer)
    if not any(_count(each) for each in answer):
        return Failed(reason="conftest found no rule of `package pow` to run")
    return Answered(denials=tuple(_message(each) for result in answer for each in _listed(result, "failures")))


def _count(result: Mapping[str, Json]) -> int:
    successes = result.get("successes", 0)
    if not isinstance(successes, int):
        raise TypeError(successes)
    return successes + sum(1 for name in ("failures", "warnings", "exceptions") for _ in _listed(result, name))


def _listed(result: Mapping[str, Json], name: str) -> Iterator[Json]:
    found = result.get(name) or []
    if not isinstance(found, list):
        raise TypeError(found)
    yield from found


def _message(denial: Json) -> str:
    """Read a denial: a text, or an object with one under `msg`."""
    message = denial.get("msg") if isinstance(denial, Mapping) else denial
    if not isinstance(message, str) or not message.strip():
        raise TypeError(denial)
    return message
