"""Whether a whole checkout is governed: every target's file, its values, and its five sections; it reads no forge."""

from collections.abc import Iterator, Mapping

from bot.model.errors import Diagnostic, Severity
from bot.model.settings import GovernanceMode, Settings
from bot.recipes.check import Check
from bot.recipes.crosscheck import range_faults
from bot.recipes.desired import JOURNEYS, SERVICES, ServiceFile, read_journey, read_service
from bot.recipes.governance import governance_file_faults, governance_path


def governance_faults(files: Mapping[str, bytes], settings: Settings | None) -> Iterator[Diagnostic]:
    """Yield what is wrong with desired state and governance files, by path; without settings the mode is `warn`."""
    policy = settings.policy if settings else None
    mode = policy.governance if policy else GovernanceMode.WARN
    yield from governance_file_faults(files)
    yield from ungoverned(files, mode)
    for path, _ in _targets(files):
        desired = (read_service if path.startswith(SERVICES) else read_journey)(path, files[path])
        if isinstance(desired, tuple):
            yield from desired
            continue
        if isinstance(desired, ServiceFile) and policy is not None:
            for key in desired.changes.keys() & policy.ranges.keys():
                value = desired.changes[key]
                yield from range_faults(desired.document, ("changes", key), value, policy.ranges[key])


def ungoverned(files: Mapping[str, bytes], mode: GovernanceMode) -> Iterator[Diagnostic]:
    """Yield every target that no governance file answers for, unless the policy does not ask for one."""
    if mode is not GovernanceMode.OFF:
        for path, target in _targets(files):
            if governance_path(target) not in files:
                yield _ungoverned(path, target, mode)


def _targets(files: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """Yield every file of desired state with its target."""
    for folder, prefix in ((SERVICES, ""), (JOURNEYS, "journeys/")):
        for path in sorted(path for path in files if path.startswith(folder) and path.endswith(".yml")):
            yield path, prefix + path.removeprefix(folder).removesuffix(".yml")


def _ungoverned(path: str, target: str, mode: GovernanceMode) -> Diagnostic:
    return Diagnostic(
        path=path,
        line=1,
        column=1,
        id=Check.MISSING_FILE.value,
        message=f"{target} has no {governance_path(target)}, so nobody says what it owes to people",
        hint="write transparency, truth, safety, ethics and privacy, as in pow/governance/PHOTO_VALIDATOR.yml",
        severity=Severity.ERROR if mode is GovernanceMode.REQUIRED else Severity.WARNING,
    )
