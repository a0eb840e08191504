"""An agency to talk to: a small one that opens at once."""

from pathlib import Path

import pytest
from sandbox_agency.desk import Desk, open_desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return open_desk(mainframe_file=tmp_path / "STATUS.DAT")


@pytest.fixture(scope="session")
def untouched() -> Desk:
    """One agency for all tests that only read, or whose writes are all refused."""
    return open_desk()
