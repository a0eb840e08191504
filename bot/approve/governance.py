"""Governance of a change: files that read, values that are allowed, nothing in its way, a governed target (pure).

Nothing here asks who approves: these are the checks that no approval replaces. Policy and governance files are those
of the base branch, whatever the pull request brings. See docs/adr/0031-governance.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import assert_never

from bot.approve.facts import FileFacts, GateFacts, OtherPull, RollbackProof
from bot.approve.reasons import all_of, good, pending, refused
from bot.approve.rego import Answered, Failed, RegoAnswer, in_words
from bot.model.change import KeyChange
from bot.model.decision import Reason
from bot.model.errors import Diagnostic
from bot.model.settings import GovernanceMode, Policy
from bot.propose.desired import Unreadable, target_of
from bot.propose.impact import out_of_range
from bot.recipes.desired import SERVICES, read_journey, read_service
from bot.recipes.governance import Governance, governance_path, read_governance

NAME = "governance"
_SAID = 5
"""So many faults of one file are named; `pow govern` names all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Governed:
    """What there is to govern: the changed files of desired state, their values, and what stands beside them."""

    files: tuple[FileFacts, ...]
    keys: tuple[KeyChange, ...] | Unreadable
    governance: Mapping[str, bytes]
    beside: tuple[Reason, ...] = ()


def check_governance(facts: GateFacts, policy: Policy, keys: tuple[KeyChange, ...] | Unreadable) -> Reason:
    """Govern a pull request; a proved rollback brings back what was governed before."""
    if isinstance(facts.rollback, RollbackProof):
        return good(NAME, "a proved rollback brings back what was governed before")
    files = tuple(file for file in facts.files if target_of(file.path) is not None)
    beside = (check_lock(facts), *_rego(facts.rego, policy))
    return govern(Governed(files=files, keys=keys, governance=facts.governance, beside=beside), policy)


def govern(given: Governed, policy: Policy) -> Reason:
    """Run every check of governance on a change; each speaks for itself, the worst for all."""
    children = (
        *(_schema(file) for file in given.files),
        _ranges(given.keys, policy),
        *given.beside,
        *_sections(given, policy.governance),
    )
    return all_of(
        NAME, "its files fit, its values are allowed, nothing is in its way, its targets are governed", children
    )


def check_lock(facts: GateFacts) -> Reason:
    """Hold a change back while an earlier open pull request changes one of its targets.

    It follows from what is open at this moment: nothing is written down, so no lock outlives its pull request.
    Branches of other repositories hold none, nor do drafts that are not the bot's own proposals: anybody could.
    """
    own = {file.path for file in facts.files if target_of(file.path) is not None}
    earlier = [
        other
        for other in facts.others
        if other.number < facts.pull.number and (other.paths is None or own & other.paths)
    ]
    if not earlier or not own or isinstance(facts.rollback, RollbackProof):
        return good("lock", "no earlier pull request changes the same targets")
    first = min(earlier, key=lambda other: other.number)
    return pending("lock", _locked(first, own))


def _locked(first: OtherPull, own: set[str]) -> str:
    if first.paths is None:
        return f"the branch of #{first.number} moved while it was read, so it may change the same; the next run looks"
    path = min(own & first.paths)
    return f"locked by #{first.number} of {first.author}, which is open since before and changes {path} as well"


def _rego(answer: RegoAnswer | None, policy: Policy) -> Iterator[Reason]:
    """Hold a change against the agency's own policies, where it has some; no answer is no yes."""
    if policy.rego is None:
        return
    match answer:
        case None:
            yield refused("rego", "the agency's policies in Rego were not run")
        case Failed(reason=reason):
            yield refused("rego", f"the agency's policies in Rego gave no answer: {reason}")
        case Answered(denials=()):
            yield good("rego", "the agency's policies in Rego deny nothing")
        case Answered(denials=denials):
            yield refused("rego", f"denied by the agency's policies: {in_words(denials)}")
        case _:
            assert_never(answer)


def _schema(file: FileFacts) -> Reason:
    """Does the file read as desired state after the change?"""
    if file.head is None:
        return refused("schema", f"{file.path} would be no regular file any more")
    read = (read_service if file.path.startswith(SERVICES) else read_journey)(file.path, file.head)
    if isinstance(read, tuple):
        return refused("schema", _faults(read))
    return good("schema", f"{file.path} reads as desired state")


def _ranges(keys: tuple[KeyChange, ...] | Unreadable, policy: Policy) -> Reason:
    if isinstance(keys, Unreadable):
        return refused("ranges", f"{keys.path}: {keys.reason}")
    if refusals := out_of_range(keys, policy.ranges):
        return refused("ranges", refusals[0])
    return good("ranges", "every value is within what policy allows")


def _sections(given: Governed, mode: GovernanceMode) -> Iterator[Reason]:
    """Yield for every target whether its governance file holds all five sections."""
    if mode is GovernanceMode.OFF:
        return
    for target in dict.fromkeys(target for file in given.files if (target := target_of(file.path)) is not None):
        path = governance_path(target)
        fault = _fault_of(path, given.governance.get(path))
        if fault is None:
            yield good("sections", f"{path} on the base branch has all five sections")
        elif mode is GovernanceMode.REQUIRED:
            yield refused("sections", fault)
        else:
            yield good("sections", f"warning: {fault}")


def _fault_of(path: str, content: bytes | None) -> str | None:
    """Say what is wrong with a governance file, with its place; None where nothing is."""
    if content is None:
        return f"{path}:1:1: there is no such file on the base branch"
    read = read_governance(path, content)
    return None if isinstance(read, Governance) else _faults(read)


def _faults(faults: tuple[Diagnostic, ...]) -> str:
    said = [f"{each.path}:{each.line}:{each.column}: {each.message}" for each in faults[:_SAID]]
    more = [f"and {len(faults) - _SAID} more"] if len(faults) > _SAID else []
    return "; ".join([*said, *more])
