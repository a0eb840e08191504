"""Commit messages of the bot: built from typed values only, read back strictly, checked for what GitHub acts on.

The last paragraph holds trailers and nothing else, for git reads no other.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.model.change import Change, Impact, KeyChange
from bot.model.level import Level
from bot.model.names import ChangeId, CommitSha, Digest, Login
from bot.model.recipe import Setting
from bot.propose.impact import shown

MAX_VALUE = 200
_CHANGE = re.compile(r"[0-9a-f]{16}")
_SHA = re.compile(r"[0-9a-f]{40}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,98})(?:\[bot\])?")
_ACCOUNT = re.compile(r"[1-9][0-9]{0,18}")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,99}")
_SHORT = re.compile(r"-?[A-Za-z0-9_][A-Za-z0-9_./-]{0,39}")
_URL = re.compile(r"https?://[A-Za-z0-9./:_#?=&%+-]{1,180}")
_FORBIDDEN = {
    "a word that stops workflows": re.compile(
        r"(?i)\[(?:skip[ -]ci|ci[ -]skip|no[ -]ci|skip actions|actions skip)\]"
    ),
    "a trailer that stops checks": re.compile(r"(?im)^skip-checks\s*:"),
    "a line that ends a message": re.compile(r"(?m)^---"),
    "a word that closes an issue": re.compile(
        r"(?i)\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b\s*:?\s*(?:[\w./-]*#\d|gh-\d|https?://\S+/(?:issues|pull)/\d)"
    ),
    "a mention": re.compile(r"(?m)^(?!Approved-By: ).*(?<![A-Za-z0-9_])@"),
    "a character that cannot be seen": re.compile("[^\n\x20-\x7e]"),
}


class ChangeKind(StrEnum):
    """What a proposal is."""

    PATCH = "patch"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalTrailers:
    """What the head commit of a proposal says about itself: a claim, to be held against the ledger and the bytes."""

    change: ChangeId
    kind: ChangeKind
    recipe: str
    targets: tuple[str, ...]
    impact: Level
    evidence: Digest
    policy: Digest
    rollback_of: ChangeId | None = None
    reverts: CommitSha | None = None
    started_by: tuple[Login, ...] = ()
    accounts: tuple[int, ...] = ()
    """The numbers of those who asked for the run, and so may not approve, whatever their logins are by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeTrailers:
    """What a merge commit of the bot says: by whose decision, on which head, on what evidence."""

    change: ChangeId
    decision: str
    approved_by: tuple[tuple[Login, int], ...]
    approval_refs: tuple[str, ...]
    head: CommitSha
    evidence: Digest
    policy: Digest
    rollback_of: ChangeId | None = None
    reverts: CommitSha | None = None


def trailers_for(change: Change, impact: Impact, *, evidence: Digest, policy: Digest) -> ProposalTrailers:
    """Return the trailers of a patch that nobody asked for."""
    return ProposalTrailers(
        change=change.id,
        kind=ChangeKind.PATCH,
        recipe=f"{change.recipe}@v{change.version}",
        targets=change.targets,
        impact=impact.level,
        evidence=evidence,
        policy=policy,
    )


def subject_of(keys: Sequence[KeyChange]) -> str:
    """Return one line for a commit or a title: the first value that changes, and how many more."""
    first = keys[0]
    more = f" (and {len(keys) - 1} more)" if len(keys) > 1 else ""
    line = f"{_word(first.target)}: {_word(first.key)} {_word(first.before)} -> {_word(first.after)}{more}"
    return f"{_word(first.target)}: values{more} (see the file)" if faults_of(line) else line


def proposal_message(subject: str, trailers: ProposalTrailers, *, why: str = "") -> str:
    """Return a proposal's commit message; `why` is one sentence of the bot's own words."""
    pairs = [
        ("Change-Id", trailers.change),
        ("Change-Kind", trailers.kind.value),
        ("Recipe", trailers.recipe),
        *(("Target", target) for target in trailers.targets),
        ("Impact", trailers.impact.value),
        ("Evidence-Digest", trailers.evidence),
        ("Policy-Digest", trailers.policy),
        *(("Started-By", login) for login in trailers.started_by),
        *(("Started-By-Account", str(number)) for number in trailers.accounts),
        *_rollback_pairs(trailers.rollback_of, trailers.reverts),
    ]
    return checked("\n\n".join(part for part in (subject, why, _paragraph(pairs)) if part))


def merge_title(change: ChangeId, recipe: str, *, rollback: bool) -> str:
    """Return a merge commit's first line."""
    name = recipe.replace("@", " ")
    return f"{'Roll back' if rollback else 'Merge'} change {change} of {_word(name.split(' ')[0])}"


def merge_message(trailers: MergeTrailers) -> str:
    """Return what follows a merge commit's title: nothing but trailers."""
    pairs = [
        ("Change-Id", trailers.change),
        ("Decision", trailers.decision),
        *(
            ("Approved-By", f"{login} <{number}+{login}@users.noreply.github.com>")
            for login, number in trailers.approved_by
            if _LOGIN.fullmatch(login)
        ),
        *(("Approval-Ref", url) for url in trailers.approval_refs if _URL.fullmatch(url)),
        ("Approved-Head", trailers.head),
        ("Evidence-Digest", trailers.evidence),
        ("Policy-Digest", trailers.policy),
        *_rollback_pairs(trailers.rollback_of, trailers.reverts),
    ]
    return checked(_paragraph(pairs))


def read_proposal(trailers: Iterable[tuple[str, str]]) -> ProposalTrailers | None:
    """Read a proposal's trailers as git found them; None unless each is there once and well-formed."""
    values: dict[str, list[str]] = {}
    for key, value in trailers:
        values.setdefault(key, []).append(value)
    singles = {key: found[0] for key, found in values.items() if len(found) == 1}
    change, kind, recipe, impact, evidence, policy = (singles.get(key, "") for key in _ONCE)
    fitting = _CHANGE.fullmatch(change) and _DIGEST.fullmatch(evidence) and _DIGEST.fullmatch(policy)
    targets = tuple(values.get("Target", ()))
    doubled = any(len(values.get(key, ())) > 1 for key in ("Rollback-Of", "Reverts"))
    if not fitting or kind not in {*ChangeKind} or impact not in {*Level} or not targets or not recipe or doubled:
        return None
    accounts = values.get("Started-By-Account", ())
    if not all(_ACCOUNT.fullmatch(number) for number in accounts):
        return None
    rollback, reverts = singles.get("Rollback-Of"), singles.get("Reverts")
    if (ChangeKind(kind) is ChangeKind.ROLLBACK) != (_is(_CHANGE, rollback) and _is(_SHA, reverts)):
        return None
    return ProposalTrailers(
        change=ChangeId(change),
        kind=ChangeKind(kind),
        recipe=recipe,
        targets=targets,
        impact=Level(impact),
        evidence=Digest(evidence),
        policy=Digest(policy),
        rollback_of=ChangeId(rollback) if rollback else None,
        reverts=CommitSha(reverts) if reverts else None,
        started_by=tuple(map(Login, values.get("Started-By", ()))),
        accounts=tuple(map(int, accounts)),
    )


_ALPHABETS = {
    "Target": _NAME,
    "Recipe": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}@v\d{1,9}"),
    "Started-By": _LOGIN,
    "Started-By-Account": _ACCOUNT,
}
_ONCE = ("Change-Id", "Change-Kind", "Recipe", "Impact", "Evidence-Digest", "Policy-Digest")


def faults_of(message: str) -> tuple[str, ...]:
    """Return what GitHub or git would act on in a commit message."""
    found = [name for name, pattern in _FORBIDDEN.items() if pattern.search(message)]
    long = [line for line in message.split("\n") if len(line) > MAX_VALUE + 20]
    return (*found, *(["a line that is too long"] if long else []))


def checked(message: str) -> str:
    """Return a message that has no faults; ValueError otherwise, for only a bug can make one."""
    if faults := faults_of(message):
        raise ValueError(f"a commit message of the bot holds {', '.join(faults)}")
    return message


def _paragraph(pairs: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"{key}: {_value(key, value)}" for key, value in pairs)


def _value(key: str, value: str) -> str:
    """Let only values of the expected alphabet into a trailer."""
    alphabet = _ALPHABETS.get(key)
    if alphabet is not None and not alphabet.fullmatch(value):
        raise ValueError(f"trailer {key} cannot hold {value!r}")
    return value


def _rollback_pairs(original: ChangeId | None, merge: CommitSha | None) -> list[tuple[str, str]]:
    return [(key, value) for key, value in (("Rollback-Of", original), ("Reverts", merge)) if value is not None]


def _word(value: Setting) -> str:
    """Show a value in a commit's subject if it is short and harmless; the file itself shows any other."""
    text = shown(value)
    return text if _SHORT.fullmatch(text) else "(see the file)"


def _is(pattern: re.Pattern[str], value: str | None) -> bool:
    return value is not None and pattern.fullmatch(value) is not None
