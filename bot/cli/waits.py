"""Whom every proposal waits for, as the ledger and the policy on the base branch tell it; for `pow status`."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from bot.approve.emergency import Outstanding, outstanding
from bot.approve.waiting import wait_of
from bot.ledger.lifecycle import Stage, Standing
from bot.ledger.site import Site
from bot.model.clock import format_time
from bot.model.names import ChangeId
from bot.model.record import Phase, Record
from bot.recipes.settings import load_settings
from bot.report.reminder import wait_sentence


def waits_of(site: Site, records: tuple[Record, ...], changes: Iterable[Standing]) -> Mapping[ChangeId, str]:
    """Say of every proposal whose approval it asks for, and what comes when; nothing without readable settings."""
    proposed = {each.change for each in changes if each.stage is Stage.PROPOSED}
    base = site.repository.head(site.repository.default_branch())
    settings = (
        load_settings(site.repository.read_many("pow/settings/", base), endpoints={}).settings if base else None
    )
    if settings is None:
        return {}
    own = {each.change: each for each in records if each.phase is Phase.PROPOSED and each.change in proposed}
    found = {change: wait_of(record, settings.policy, site.now) for change, record in own.items()}
    late = {each.change: review_sentence(each, site.now) for each in outstanding(records, settings.policy)}
    return {**{change: wait_sentence(*wait) for change, wait in found.items() if wait is not None}, **late}


def review_sentence(emergency: Outstanding, now: datetime) -> str:
    """Say that an emergency waits for its review, and loudly where it is late."""
    said = (
        f"was merged in an emergency (#{emergency.pull}) and is to be reviewed until {format_time(emergency.due_at)}"
    )
    return f"{said}: OVERDUE" if emergency.due_at <= now else said
