"""Writes what `pow test` prints for the files that must fail, beside them.

Usage: python tests/rehearse/trial_golden.py, then look at the difference.
"""

import contextlib
import io
import os
import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from recipes.repository_files import FILES

from bot.cli.main import run

FOLDER = Path(__file__).resolve().parent / "failing"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yml"))


def repository(root: Path) -> Path:
    """Write the small repository, and the failing files among its tests."""
    own = {path: text for path, text in FILES.items() if not path.startswith("pow/tests/")}
    texts = {**own, **{f"pow/tests/{name}.yml": (FOLDER / f"{name}.yml").read_text() for name in NAMES}}
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def printed(name: str, root: Path) -> str:
    """Run one file and return its exit code and all that it printed."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(root), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(["test", f"pow/tests/{name}.yml"])
    # How far a long run has come is said by the clock, and on a busy machine any run is long.
    said = re.sub(r"(?m)^\d+ of \d+ tests played\n", "", err.getvalue())
    return f"exit code {code}\n{out.getvalue()}-- stderr\n{said}"


if __name__ == "__main__":
    os.environ["NO_COLOR"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        for name in NAMES:
            (FOLDER / f"{name}.txt").write_text(printed(name, repository(Path(folder))))
