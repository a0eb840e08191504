"""Whom every proposal waits for, as the ledger and the policy on the base branch tell it; for `pow status`."""

from collections.abc import Iterable, Mapping

from bot.approve.waiting import wait_of
from bot.ledger.lifecycle import Stage, Standing
from bot.ledger.site import Site
from bot.model.names import ChangeId
from bot.model.record import Phase, Record
from bot.recipes.settings import load_settings
from bot.report.reminder import wait_sentence


def waits_of(site: Site, records: tuple[Record, ...], changes: Iterable[Standing]) -> Mapping[ChangeId, str]:
    """Say of every proposal whose approval it asks for, and what comes when; nothing without readable settings."""
    proposed = {each.change for each in changes if each.stage is Stage.PROPOSED}
    base = site.repository.head(site.repository.default_branch()) if proposed else None
    settings = (
        load_settings(site.repository.read_many("pow/settings/", base), endpoints={}).settings if base else None
    )
    if settings is None:
        return {}
    own = {each.change: each for each in records if each.phase is Phase.PROPOSED and each.change in proposed}
    found = {change: wait_of(record, settings.policy, site.now) for change, record in own.items()}
    return {change: wait_sentence(*wait) for change, wait in found.items() if wait is not None}
