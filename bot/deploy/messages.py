"""What the deployment says of itself: every sentence and hint, as events (pure)."""

from dataclasses import replace

from bot.deploy.desired import DesiredChange
from bot.deploy.pending import Ungated
from bot.deploy.plan import Live, Plan
from bot.model.deployment import Applied, PatchStatus
from bot.model.errors import BotError, DiagnosticError
from bot.model.event import Event, Mark, Step
from bot.model.json import Json
from bot.model.names import ChangeId, PullNumber
from bot.model.recipe import Setting
from bot.model.switch import LIFT, Stop
from bot.report.incident import Incident, revert_command
from bot.report.untrusted import visible
from bot.sync.setting import text_of


def live(change: ChangeId, done: tuple[Live, ...], facts: list[Json]) -> Event:
    """Tell that everything a change asked for is live."""
    parts = [f"{_redline(each.change)} is live ({_manner(each.applied)})" for each in done]
    sentence = "; ".join(parts) or "the change sets no value: nothing had to go live"
    return _event(Mark.DONE, sentence, change, data={"patches": facts})


def description(targets: tuple[str, ...], *, success: bool) -> str:
    """Return the one line that the forge shows of a deployment; it holds names only, no values."""
    return f"{'live' if success else 'not live'}: {', '.join(targets) or 'nothing to set'}"[:140]


def drifts(change: ChangeId, plan: Plan) -> tuple[Event, ...]:
    """Tell of every live value that nobody approved."""
    return tuple(
        _event(
            Mark.WARNING,
            f"{plan.target}: {drift.key} was {_shown(drift.live)}, which nobody approved; "
            + (f"it is {_shown(drift.desired)} by this change" if drift.overwritten else "it is left alone"),
            change,
            subject=plan.target,
            hint=f"patches/ says {_shown(drift.desired)}: bring the live value or the file in line by a pull request",
        )
        for drift in plan.drift
    )


def refused_by_governance(change: ChangeId, applied: Applied) -> Event:
    """Tell that the management layer said no."""
    return _event(
        Mark.FAILURE,
        f"{applied.target} refused the patch{f' {applied.patch_id}' if applied.patch_id else ''}: {applied.reason}",
        change,
        subject=applied.target,
        hint="agree on a value that governance allows, and revert the merge until then",
    )


def stopped(change: ChangeId, stop: Stop) -> Event:
    """Tell that people have stopped what would go live now."""
    return _event(Mark.WAIT, f"merged, and it waits: {stop.sentence}", change, hint=LIFT)


def queued(change: ChangeId, applied: Applied) -> Event:
    """Tell that a patch waits, for its window or its turn."""
    return _event(
        Mark.WAIT,
        f"patch {applied.patch_id} for {applied.target} is queued",
        change,
        subject=applied.target,
        hint="the next run asks again",
    )


def failed(change: ChangeId | None, error: BotError, subject: str = "") -> Event:
    """Tell what went wrong with one change or one of its targets."""
    first = error.diagnostics[0] if isinstance(error, DiagnosticError) and error.diagnostics else None
    sentence = f"{first.path}:{first.line}:{first.column}: {first.message}" if first else error.message
    return _event(Mark.FAILURE, sentence, change, subject=subject, hint=error.hint)


def not_authorised(change: ChangeId, reason: str, incident: str) -> Event:
    """Tell that a merge is not what was approved; `incident` says which issue has the facts."""
    return _event(
        Mark.FAILURE,
        f"not deployed: {reason}; {incident}",
        change,
        hint="revert the merge, and let the bot propose the change anew",
    )


def behind(change: ChangeId, targets: tuple[str, ...]) -> Event:
    """Tell that an earlier change of the same target comes first."""
    return _event(Mark.WAIT, f"waits for an earlier change of {', '.join(targets)}", change)


def overtaken(change: ChangeId, targets: tuple[str, ...]) -> Event:
    """Tell that a change will never be deployed, since a later one has set its keys."""
    return _event(Mark.WARNING, overtaken_sentence(targets), change)


def overtaken_sentence(targets: tuple[str, ...]) -> str:
    """Return the sentence for the event and for the record."""
    return f"never deployed: a later change has set the same keys of {', '.join(targets)}"


def late(found: Ungated, targets: tuple[str, ...]) -> Event:
    """Tell of a merge that the gate approved and has not recorded."""
    sentence = f"the merge {found.commit[:12]} ({', '.join(targets)}) is not recorded yet"
    return _event(Mark.WAIT, sentence, found.change, hint="run `pow gate`, which records it")


def ungated(change: ChangeId | None, found: Incident, incident: str) -> Event:
    """Tell of a commit that changes the desired state and was not merged by the gate."""
    return _event(
        Mark.FAILURE,
        f"{found.commit[:12]} ({', '.join(found.targets)}) was merged without a valid gate; not deployed; {incident}",
        change,
        hint=f"`{revert_command(found)}`, and let the bot propose the change anew",
    )


def not_live(found: Incident, incident: str) -> Event:
    """Tell that values which a person set on the base branch are not live."""
    values = "; ".join(
        f"{each.target}: {visible(each.key)} is {visible(each.desired)} there and "
        f"{'not set' if each.live is None else visible(each.live)} live"
        for each in found.differences
    )
    return _event(
        Mark.WARNING,
        f"{found.commit[:12]} was set by hand on the base branch and is not live: {values}; {incident}",
        None,
        subject=found.targets[0],
        hint=_way_back(found.takes_back)
        or f"`{revert_command(found)}` by a pull request, and let a recipe propose what is to be live",
    )


def _way_back(change: ChangeId | None) -> str:
    """Say how a person's exact revert goes live; nothing for anything else."""
    return (
        f"it takes change {change} back: approve its pull request, merged as it is, and it goes live"
        if change
        else ""
    )


def by_hand_unknown(path: str, error: BotError) -> Event:
    """Tell that nobody knows whether values set by hand are live."""
    told = failed(None, error, path)
    return replace(told, mark=Mark.WARNING, sentence=f"{path} was edited by hand; is it live? {told.sentence}")


def settled(number: PullNumber, why: str) -> Event:
    """Tell that an incident is over."""
    return _event(Mark.NOTE, f"incident #{number} is settled and closed: {why}", None, subject=f"#{number}")


def not_settled(number: PullNumber, error: BotError) -> Event:
    """Tell that nobody knows whether an incident is over, or that it could not be closed."""
    return _event(
        Mark.WARNING, f"incident #{number} stays open: {error.message}", None, subject=f"#{number}", hint=error.hint
    )


def not_shown(change: ChangeId | None, error: BotError) -> Event:
    """Tell that the forge did not take what is only for show or only makes the next step sooner."""
    return _event(Mark.WARNING, error.message, change, hint=error.hint)


def _redline(change: DesiredChange) -> str:
    """Say what a change does to its target: `SERVICE: max_blur_px 2 → 4`."""
    parts = (f"{key} {_shown(change.before.get(key))} → {_shown(change.desired.values[key])}" for key in change.keys)
    return f"{change.desired.target}: {', '.join(parts)}"


def _manner(applied: Applied) -> str:
    if applied.status is PatchStatus.UNCHANGED:
        return "was so already"
    return f"patch {applied.patch_id}" if applied.patch_id else "set"


def _shown(value: Setting | None) -> str:
    return "not set" if value is None else visible(text_of(value))


def _event(
    mark: Mark,
    sentence: str,
    change: ChangeId | None,
    *,
    subject: str = "",
    hint: str = "",
    data: dict[str, Json] | None = None,
) -> Event:
    return Event(
        step=Step.DEPLOY, mark=mark, sentence=sentence, change=change, subject=subject, hint=hint, data=data or {}
    )
