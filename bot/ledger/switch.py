"""Reads the kill switch through the ports: one request while nobody has labelled an issue, and none for the file."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.forge.port import ForgeReader, Repository
from bot.ledger.stops import (
    STOP_LABEL,
    STOP_SPELLINGS,
    is_stop_file,
    stop_of_no_file,
    stops_of_file,
    stops_of_issue,
    unreadable,
)
from bot.model.errors import BotError, NotFoundError, PermissionDeniedError
from bot.model.forge import Labelled, Labelling, Permission
from bot.model.names import CommitSha, Login
from bot.model.switch import Stop, Switch

_FOLDER = "pow/"


@dataclass(slots=True, kw_only=True)
class KillSwitch:
    """The switch of one repository, remembered for one cycle; it never raises, for what cannot be read is a stop."""

    forge: ForgeReader
    repository: Repository
    _known: Switch | None = field(default=None, repr=False)

    def state(self) -> Switch:
        """Return the switch as it was first read in this cycle."""
        if self._known is None:
            self._known = self._read()
        return self._known

    def anew(self) -> Switch:
        """Read it once more, file and labels: for the moment before something that cannot be taken back."""
        try:
            self.repository.fetch()
        except BotError as error:
            self._known = Switch(stops=(unreadable(error.message),))
        else:
            self._known = self._read()
        return self._known

    def _read(self) -> Switch:
        file, labels = self._of_file(), self._of_labels()
        return Switch(stops=(*file, *labels.stops), ignored=labels.ignored)

    def _of_file(self) -> tuple[Stop, ...]:
        try:
            base = self.repository.head(self.repository.default_branch())
            files = self.repository.read_many(_FOLDER, base) if base is not None else {}
            found = [(path, content) for path, content in sorted(files.items()) if is_stop_file(path)]
            others = () if found or base is None else self._of_no_file(base)
        except BotError as error:
            return (unreadable(error.message),)
        return (*others, *(stop for path, content in found for stop in stops_of_file(path, content)))

    def _of_no_file(self, base: CommitSha) -> tuple[Stop, ...]:
        """Look for a symlink, or a folder of these, by the switch's name; the clone tells, no request."""
        names = (path for path in STOP_SPELLINGS if self.repository.tree_names(path, [base]))
        return tuple(stop_of_no_file(path) for path in names)

    def _of_labels(self) -> Switch:
        try:
            read = [self._of_issue(issue) for issue in self.forge.labelled(STOP_LABEL)]
        except BotError as error:
            return Switch(stops=(unreadable(error.message),))
        stops = (stop for each in read for stop in each.stops)
        return Switch(stops=tuple(stops), ignored=tuple(said for each in read for said in each.ignored))

    def _of_issue(self, issue: Labelled) -> Switch:
        labellings = self.forge.labellings(issue.number)
        return stops_of_issue(issue, labellings, self._rights(labellings))

    def _rights(self, labellings: Iterable[Labelling]) -> dict[Login, Permission]:
        """Ask for the present rights of whoever moved a label of the switch, as far as the token may."""
        rights: dict[Login, Permission] = {}
        people = {each.actor.login for each in labellings if each.actor and _is_ours(each.label)}
        for login in sorted(people):
            try:
                rights[login] = self.forge.permission(login)
            except (PermissionDeniedError, NotFoundError):
                continue
        return rights


def _is_ours(label: str) -> bool:
    return label.casefold().startswith(STOP_LABEL)
