"""One sandbox per test file, one repository per test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from forge.stands import MemoryStand, Sandbox, SandboxStand, Stand, running_sandbox


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    root: Path = tmp_path_factory.mktemp("sandbox")
    with running_sandbox(root) as running:
        yield running


@pytest.fixture
def on_sandbox(sandbox: Sandbox) -> Iterator[SandboxStand]:
    sandbox.complaints.clear()
    with sandbox.stand() as stand:
        yield stand
    assert stand.went_wrong or sandbox.complaints == []


@pytest.fixture(params=["memory", "sandbox"])
def stand(request: pytest.FixtureRequest) -> Stand:
    if request.param == "memory":
        return MemoryStand.open()
    found: SandboxStand = request.getfixturevalue("on_sandbox")
    return found
