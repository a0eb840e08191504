"""Opens an issue for what was merged without a valid gate, once, whichever step sees it first, and closes it again.

It is closed once it is settled, and only once: whoever opens it again then wants it open.
"""

from collections.abc import Mapping
from datetime import timedelta

from bot.forge.marking import find_own
from bot.ledger.site import Site
from bot.model.errors import ForgeError
from bot.model.names import PullNumber
from bot.report.incident import (
    INCIDENT_LABEL,
    Incident,
    incident_body,
    incident_marker,
    incident_title,
    marker_of,
    settled_body,
    settled_marker,
    subject_of_incident,
)

_LOOK_BACK = timedelta(days=30)
"""An issue of our own that changed within this time is found again. A commit's own date is whatever its author
wrote, so it may only make the time longer."""


def open_incident(site: Site, incident: Incident) -> str:
    """Make sure that there is an issue, and say which; a refusal of the forge is said, too, and stops nothing."""
    since = min(site.repository.commit(incident.commit).committed_at, site.now - _LOOK_BACK)
    try:
        number = site.forge.open_issue(
            marker=incident_marker(incident),
            title=incident_title(incident),
            body=incident_body(incident),
            labels=(INCIDENT_LABEL,),
            since=since,
        )
    except ForgeError as error:
        return f"no incident could be opened: {error.message}"
    return f"see incident #{number}"


def open_incidents(site: Site) -> Mapping[str, PullNumber]:
    """Return the number of each of our incidents that is open, by the change or commit that it is about.

    One request. Whose label somebody took off is people's.
    """
    texts, identity = site.forge.texts_labelled(INCIDENT_LABEL), site.forge.identity()
    subjects = {subject for each in texts if (subject := subject_of_incident(each.body)) is not None}
    own = {subject: find_own(texts, marker=marker_of(subject), identity=identity) for subject in subjects}
    return {subject: PullNumber(issue.id) for subject, issue in own.items() if issue is not None}


def settle_incident(site: Site, subject: str, number: PullNumber, why: str) -> bool:
    """Say why an open incident is settled, and close it; False where somebody has opened it again.

    A run that dies after the comment is continued by the next. Whatever was closed before and is open now was opened
    again by somebody: it stays open.
    """
    if site.forge.closings(number):
        return False
    site.forge.put_comment(number, marker=settled_marker(subject), body=settled_body(why))
    site.forge.close_issue(number)
    return True
