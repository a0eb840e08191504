"""Opens an issue for what was merged without a valid gate, once, whichever step sees it first."""

from datetime import timedelta

from bot.ledger.site import Site
from bot.model.errors import ForgeError
from bot.report.incident import INCIDENT_LABEL, Incident, incident_body, incident_marker, incident_title

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
