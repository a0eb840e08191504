"""Who must approve, as people write it in the policy: `{supervisors: 1}`, or a list of groups."""

from collections.abc import Iterator

from bot.model.errors import Diagnostic
from bot.model.names import Login, TeamSlug
from bot.model.settings import Approvers
from bot.recipes.check import Check
from bot.recipes.fields import Fields
from bot.recipes.tree import Document, Path


def read_approvers(fields: Fields, key: str) -> tuple[Approvers, ...]:
    """Return the groups of approvers that stand under a key; of teams with counts each is a group of its own."""
    if isinstance(fields.values.get(key), list):
        return tuple(_group(group) for group in fields.sections(key))
    teams = fields.section(key)
    return tuple(Approvers(teams=(TeamSlug(team),), count=teams.integer(team, 1)) for team in teams.values)


def approver_faults(document: Document, fields: Fields, path: Path) -> Iterator[Diagnostic]:
    """Say which groups can never approve; `path` leads to the key that `fields` holds."""
    key = str(path[-1])
    if not isinstance(fields.values.get(key), list):
        return
    for place, group in enumerate(read_approvers(fields, key)):
        if (fault := _fault(group)) is not None:
            yield document.fault(Check.POLICY, document.key((*path, place)), fault[0], hint=fault[1])


def _group(fields: Fields) -> Approvers:
    return Approvers(
        count=fields.integer("count", 1),
        teams=tuple(TeamSlug(team) for team in fields.texts("teams")),
        users=tuple(Login(login) for login in fields.texts("users")),
        distinct=fields.flag("distinct", default=False),
    )


def _fault(group: Approvers) -> tuple[str, str] | None:
    """Say what is wrong with a group, and what helps."""
    if not group.teams and not group.users:
        return "a group without teams and users can never approve", "write {teams: [supervisors]}"
    if group.distinct and group.users:
        return "`distinct` tells teams apart, and `users` belong to none", "put the users into a group of their own"
    if group.distinct and group.count > len(group.teams):
        return f"{group.count} different teams can never approve: {len(group.teams)} named", "lower `count`"
    if not group.teams and group.count > len(group.users):
        return f"{group.count} people can never approve: {len(group.users)} named", "lower `count`"
    return None
