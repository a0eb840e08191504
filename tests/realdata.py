"""Finds the public data that tests may use where it is present; it is not part of the repository."""

import os
from pathlib import Path

import pytest

_ROOTS = (os.environ.get("POW_REALDATA", ""), str(Path(__file__).resolve().parents[2] / "shared" / "data"))


def path(name: str) -> Path:
    """Return a data file's path, or skip the test with the reason."""
    for root in _ROOTS:
        if root and (Path(root) / name).exists():
            return Path(root) / name
    pytest.skip(f"public data file {name} is not here; set POW_REALDATA to its folder")
