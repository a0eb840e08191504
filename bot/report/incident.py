"""The issue that says: something was merged without a valid gate. Title, text and marker, from typed facts alone."""

import re
from dataclasses import dataclass

from bot.model.names import ChangeId, CommitSha, Login, PullNumber
from bot.report.untrusted import code, fenced, sanitize

INCIDENT_LABEL = "pow:incident"
_SUBJECT = re.compile(r"<!-- pow:incident:([0-9a-f]{40}|[0-9a-f]{16}) -->")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A value that the base branch asks for and that is not live, both as text; `live` is None: nothing is set."""

    target: str
    key: str
    desired: str
    live: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A commit of the base branch that changes the desired state past the gate; it will not be deployed.

    `change` is the proposal that it brought in, where it is one that was never merged through the gate. `first` is
    the first of several commits that a rebase made of it; `commit` is then the last. `differences` are the values of
    a person's own commit that are not live, and `takes_back` is the change of the bot that it takes back exactly.
    """

    commit: CommitSha
    is_merge: bool
    reason: str
    change: ChangeId | None = None
    pull: PullNumber | None = None
    merged_by: Login | None = None
    targets: tuple[str, ...] = ()
    first: CommitSha | None = None
    differences: tuple[Difference, ...] = ()
    takes_back: ChangeId | None = None


def incident_marker(incident: Incident) -> str:
    """Return the hidden marker: one issue for each change, or for each commit that belongs to none."""
    return marker_of(incident.change or incident.commit)


def marker_of(subject: str) -> str:
    """Return the marker of the incident about a change or a commit."""
    return f"<!-- pow:incident:{subject} -->"


def subject_of_incident(text: str) -> str | None:
    """Return what an issue's text says it is about, by its marker; None where it has none."""
    found = _SUBJECT.search(text)
    return found[1] if found else None


def settled_marker(subject: str) -> str:
    """Return the hidden marker of the one comment that says why an incident is settled."""
    return f"<!-- pow:settled:{subject} -->"


def settled_body(why: str) -> str:
    """Say why it is closed, and what keeps it open."""
    return (
        f"### Settled\n\n{sanitize(why, limit=400)}. So this issue is closed, once. Whoever opens it again keeps it"
        " open."
    )


def incident_title(incident: Incident) -> str:
    """Return one line without a word from outside."""
    if incident.differences and incident.change is None:
        return f"Set by hand and not live: commit {incident.commit[:12]}"
    what = f"change {incident.change}" if incident.change else f"commit {incident.commit[:12]}"
    return f"Merged without a valid gate: {what}"


def revert_command(incident: Incident) -> str:
    """Return the command that takes the commit back, or all that a rebase made."""
    if incident.first is not None:
        return f"git revert {incident.first[:12]}^..{incident.commit[:12]}"
    return f"git revert {'-m 1 ' if incident.is_merge else ''}{incident.commit[:12]}"


def incident_body(incident: Incident) -> str:
    """Return the facts as a table, and what to do."""
    if incident.differences and incident.change is None:
        return _body_of_differences(incident)
    facts = [
        ("commit", code(incident.commit)),
        ("change", code(incident.change) if incident.change else "of no proposal that the ledger knows"),
        ("pull request", f"#{incident.pull}" if incident.pull else "not known"),
        ("merged by", code(incident.merged_by) if incident.merged_by else "not known"),
        ("targets", ", ".join(code(target) for target in incident.targets) or "see the commit"),
        ("what is wrong", sanitize(incident.reason, limit=400)),
    ]
    return "\n".join(
        [
            "### Something was merged without a valid gate",
            "",
            "It changes what is to be live, and no recorded approval covers it. It was not and will not be deployed.",
            "",
            "| fact | |",
            "|---|---|",
            *(f"| {name} | {value} |" for name, value in facts),
            "",
            "Take it back, and let the bot propose the change anew:",
            "",
            fenced(revert_command(incident), "console"),
            "",
            "Then find out how the branch's protection let that happen. This issue is opened once, and closed",
            "once nothing of it stands on the branch any more.",
        ]
    )


def _way_back(change: ChangeId | None) -> list[str]:
    """Say how a person's exact revert goes live after all."""
    if change is None:
        return []
    return [
        (
            f"It takes back change {code(change)} of the bot exactly. **To make that live, approve the pull "
            "request** that brought it, merged as it is: as many approvals as any change of this impact needs, by "
            "the same people. The gate then records it, and the bot deploys it. Otherwise:"
        ),
        "",
    ]


def _body_of_differences(incident: Incident) -> str:
    rows = [
        f"| {code(each.target)} | {code(each.key)} | {code(each.desired)} | "
        f"{'not set' if each.live is None else code(each.live)} |"
        for each in incident.differences
    ]
    return "\n".join(
        [
            "### Values that a person set on the base branch are not live",
            "",
            f"Commit {code(incident.commit)} belongs to no change of the bot, so nothing of it is deployed.",
            "When this issue was opened, the branch asked for one thing and people got another:",
            "",
            "| target | key | on the branch | live |",
            "|---|---|---|---|",
            *rows,
            "",
            *_way_back(incident.takes_back),
            "Take the commit back by a pull request, and let a recipe propose the value if it is to be live:",
            "",
            fenced(revert_command(incident), "console"),
            "",
            "It is settled as soon as both agree, whichever of them moved: the deployment then tells of it no more.",
            "This issue is opened once, and closed then. Opened again it stays open.",
        ]
    )
