"""One sandbox for all attacks of a file."""

from collections.abc import Iterator

import pytest
from attacks.grounds import Grounds, open_grounds


@pytest.fixture(scope="module")
def grounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grounds]:
    with open_grounds(tmp_path_factory.mktemp("attacks")) as opened:
        yield opened
