"""Who must approve, in words; the policy's own names, checked when it was read."""

from collections.abc import Callable, Iterable

from bot.model.settings import Approvers


def approvals_of(approvers: Approvers, *, show: Callable[[str], str] = str) -> str:
    """Return `1 approval of supervisors`; `show` writes a name as the page wants it."""
    count = f"{approvers.count} approval{'s' if approvers.count != 1 else ''}"
    names = [show(name) for name in (*approvers.teams, *approvers.users)]
    if approvers.distinct and approvers.count > 1:
        return f"{count} for different teams among {_listed(names, 'and')}"
    return f"{count} of {_listed(names, 'or')}"


def all_approvals(approvers: Iterable[Approvers], *, show: Callable[[str], str] = str) -> str:
    """Return what all groups together must give; says so where nobody could."""
    wanted = " and ".join(approvals_of(each, show=show) for each in approvers)
    return wanted or "an approval that nobody can give, for the policy names no team"


def _listed(names: list[str], word: str) -> str:
    *first, last = names or ["nobody"]
    return f"{', '.join(first)} {word} {last}" if first else last
