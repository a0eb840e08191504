"""How an attack is played, and how its outcome is read: from the forge, the ledger and the gateway alone."""

from attacks.attack import Attack
from attacks.grounds import Scene
from propose.office import SERVICE_PATH

from bot.model.event import Mark, StepReport
from bot.model.record import Phase

_FINAL = {Phase.MERGED, Phase.DEPLOYED, Phase.SYNCED}


def must_fail(scene: Scene, attack: Attack) -> StepReport:
    """Play an attack: the gate says why not, nothing is merged, nothing goes live."""
    attack.does(scene)
    before = scene.main()
    report = scene.gate()
    assert attack.says in said(report), said(report)
    assert scene.main() == before
    assert scene.pull().merged_at is None
    assert not _FINAL & set(scene.phases())
    assert "deploy.yml" not in dispatched(scene)
    return report


def must_merge(scene: Scene) -> None:
    """See that the gate merges now: nothing but the attack stood in the way."""
    report = scene.gate()
    assert [event.mark for event in report.events] == [Mark.DONE], said(report)
    assert scene.pull().merged_at is not None
    assert scene.file(SERVICE_PATH, scene.main()) != scene.file(SERVICE_PATH, f"{scene.main()}^1")


def must_not_deploy(scene: Scene) -> StepReport:
    """Run the deployment: no patch reaches the gateway."""
    report = scene.deploy()
    assert scene.management.patches == {}
    assert scene.management.services == {"PHOTO_VALIDATOR": {"max_blur_px": 2}}
    assert Phase.DEPLOYED not in scene.phases()
    return report


def said(report: StepReport) -> str:
    """Return everything that a step said, with the reasons behind it."""
    parts = [event.sentence for event in report.events]
    parts += [str(line) for event in report.events for line in _lines(event.data.get("lines"))]
    return "\n".join(parts)


def dispatched(scene: Scene) -> list[str]:
    """Return the workflows that were started for this repository."""
    name = scene.repository.full_name
    return [each.workflow for each in scene.state.dispatches if each.repository == name]


def _lines(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, list | tuple) else ()
