"""Issues and what pull requests share with them: texts, state, comments, labels and events."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot.sandbox.forge.entities import Account, App, Comment, Event, Happening, Issue, Label
from bot.sandbox.forge.refusals import (
    LONGEST_BODY,
    LONGEST_TITLE,
    Refusal,
    check_length,
    invalid,
    not_found,
    unprocessable,
)
from bot.sandbox.forge.state import ForgeState, Repository

MOST_LABELS = 100
LONGEST_LABEL = 50
LONGEST_DESCRIPTION = 100


def next_number(repository: Repository) -> int:
    """Return the next number; issues and pull requests share one row."""
    return max(repository.issues, default=0) + 1


def create(state: ForgeState, repository: Repository, author: Account, *, title: str, body: str | None) -> Issue:
    """Open an issue, or the issue half of a pull request."""
    check_texts(title, body)
    now = state.clock.now()
    issue = Issue(
        id=state.next_id(),
        number=next_number(repository),
        title=title,
        body=body,
        author=author,
        state="open",
        created_at=now,
        updated_at=now,
    )
    repository.issues[issue.number] = issue
    return issue


def check_texts(title: str | None, body: str | None) -> None:
    """Refuse a title or body that GitHub would not store."""
    if title is not None and not title.strip():
        raise invalid("Issue", "title", code="missing_field")
    check_length("Issue", "title", title, LONGEST_TITLE)
    check_length("Issue", "body", body, LONGEST_BODY)


def find(repository: Repository, number: int) -> Issue:
    """Return an issue or refuse with 404."""
    if number not in repository.issues:
        raise not_found()
    return repository.issues[number]


def edit(
    state: ForgeState,
    repository: Repository,
    number: int,
    actor: Account,
    *,
    title: str | None = None,
    body: str | None = None,
) -> Issue:
    """Change title or body; None leaves as it is."""
    check_texts(title, body)
    issue = find(repository, number)
    if title is not None and title != issue.title:
        renamed = Happening(name="renamed", details={"rename": {"from": issue.title, "to": title}})
        record(state, repository, number, actor, renamed)
    return _store(
        state,
        repository,
        replace(
            issue,
            title=issue.title if title is None else title,
            body=issue.body if body is None else body,
        ),
    )


def set_state(
    state: ForgeState,
    repository: Repository,
    number: int,
    actor: Account,
    wanted: str,
    *,
    reason: str | None = None,
) -> Issue:
    """Close or reopen; the same state again changes nothing."""
    issue = find(repository, number)
    if wanted == issue.state:
        return issue
    closed = wanted == "closed"
    record(state, repository, number, actor, Happening(name="closed" if closed else "reopened"))
    return _store(
        state,
        repository,
        replace(
            issue,
            state=wanted,
            state_reason=(reason or "completed") if closed else "reopened",
            closed_at=state.clock.now() if closed else None,
            closed_by=actor if closed else None,
        ),
    )


def touch(state: ForgeState, repository: Repository, number: int) -> None:
    """Note that something about an issue changed now."""
    _store(state, repository, find(repository, number))


def assign(state: ForgeState, repository: Repository, number: int, accounts: Iterable[Account]) -> Issue:
    """Replace the assignees."""
    return _store(state, repository, replace(find(repository, number), assignees=tuple(accounts)))


def _store(state: ForgeState, repository: Repository, issue: Issue) -> Issue:
    stored = replace(issue, updated_at=state.clock.now())
    repository.issues[issue.number] = stored
    return stored


# Events


def record(state: ForgeState, repository: Repository, number: int, actor: Account, what: Happening) -> None:
    """Add to an issue's history."""
    event = Event(id=state.next_id(), issue=number, actor=actor, at=state.clock.now(), what=what)
    repository.events.append(event)


# Comments


def add_comment(
    state: ForgeState, repository: Repository, number: int, author: Account, body: str, app: App | None
) -> Comment:
    """Comment on an issue or a pull request."""
    find(repository, number)
    _check_comment(body)
    now = state.clock.now()
    comment = Comment(
        id=state.next_id(),
        issue=number,
        author=author,
        body=body,
        created_at=now,
        updated_at=now,
        app=app,
    )
    repository.comments[comment.id] = comment
    touch(state, repository, number)
    return comment


def find_comment(repository: Repository, number: int) -> Comment:
    """Return a comment or refuse with 404."""
    if number not in repository.comments:
        raise not_found()
    return repository.comments[number]


def edit_comment(state: ForgeState, repository: Repository, number: int, body: str) -> Comment:
    """Replace a comment's text."""
    _check_comment(body)
    comment = replace(find_comment(repository, number), body=body, updated_at=state.clock.now())
    repository.comments[number] = comment
    touch(state, repository, comment.issue)
    return comment


def _check_comment(body: str) -> None:
    if not body.strip():
        raise invalid("IssueComment", "body", code="missing_field")
    check_length("IssueComment", "body", body, LONGEST_BODY)


# Labels


def create_label(
    state: ForgeState, repository: Repository, *, name: str, color: str = "ededed", description: str | None = None
) -> Label:
    """Add a label to the repository."""
    if not name.strip():
        raise invalid("Label", "name", code="missing_field")
    if name.casefold() in repository.labels:
        raise invalid("Label", "name", code="already_exists")
    check_length("Label", "name", name, LONGEST_LABEL)
    check_length("Label", "description", description, LONGEST_DESCRIPTION)
    if len(color) != 6 or any(digit not in "0123456789abcdefABCDEF" for digit in color):
        raise invalid("Label", "color")
    label = Label(id=state.next_id(), name=name, color=color, description=description)
    repository.labels[name.casefold()] = label
    return label


def labels_of(repository: Repository, issue: Issue) -> list[Label]:
    """Return an issue's labels."""
    return [repository.labels[name.casefold()] for name in issue.labels]


def add_labels(state: ForgeState, repository: Repository, number: int, actor: Account, names: Sequence[str]) -> Issue:
    """Put labels on an issue, making those that the repository does not have yet, as GitHub does."""
    issue = find(repository, number)
    held = {name.casefold() for name in issue.labels}
    added = []
    for name in names:
        if name.casefold() in held:
            continue
        label = repository.labels.get(name.casefold()) or create_label(state, repository, name=name)
        held.add(name.casefold())
        added.append(label)
    if len(held) > MOST_LABELS:
        raise unprocessable(f"Issue cannot have more than {MOST_LABELS} labels")
    for label in added:
        record(state, repository, number, actor, Happening(name="labeled", label=label))
    labels = (*issue.labels, *(label.name for label in added))
    return _store(state, repository, replace(issue, labels=labels))


def remove_label(state: ForgeState, repository: Repository, number: int, actor: Account, name: str) -> Issue:
    """Take a label off an issue."""
    issue = find(repository, number)
    label = repository.labels.get(name.casefold())
    if label is None or label.name not in issue.labels:
        raise Refusal(404, "Label does not exist")
    record(state, repository, number, actor, Happening(name="unlabeled", label=label))
    rest = tuple(held for held in issue.labels if held != label.name)
    return _store(state, repository, replace(issue, labels=rest))


def set_labels(state: ForgeState, repository: Repository, number: int, actor: Account, names: Sequence[str]) -> Issue:
    """Replace an issue's labels."""
    wanted = {name.casefold() for name in names}
    for name in find(repository, number).labels:
        if name.casefold() not in wanted:
            remove_label(state, repository, number, actor, name)
    return add_labels(state, repository, number, actor, names)
