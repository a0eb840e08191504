from collections.abc import Iterator
from pathlib import Path

import pytest
from openapi.conformance import conforming
from sandbox_forge.forges import Forge, SteppedClock, Switch, seed

from bot.sandbox.forge.app import create_app
from bot.sandbox.forge.serve import Served, serve
from bot.sandbox.forge.state import ForgeState


@pytest.fixture(scope="session")
def shared_server() -> Iterator[tuple[Switch, Served]]:
    switch = Switch()
    with serve(switch) as served:
        yield switch, served


@pytest.fixture
def forge(tmp_path: Path, shared_server: tuple[Switch, Served]) -> Iterator[Forge]:
    """A seeded forge behind a real server; every exchange of the test is held to GitHub's description."""
    switch, served = shared_server
    clock = SteppedClock()
    state = ForgeState.create(tmp_path / "forge", clock)
    seed(state)
    switch.app, violations = conforming(create_app(state))
    found = Forge(state=state, clock=clock, url=served.base_url, violations=violations)
    with found.open:
        yield found
    assert violations == [], "\n".join(violations)
