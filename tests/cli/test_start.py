"""What a command may load before it needs it: everything else makes every run of the bot slower."""

import subprocess
import sys

import pytest
from recipes.repository_files import FILES, ROOT

HEAVY = ("yaml", "jsonschema", "github", "httpx", "duckdb", "openpyxl", "asyncio", "importlib.metadata", "zoneinfo")
SCRIPT = """\
import sys
from bot.cli.main import run
code = run(sys.argv[2:])
loaded = [name for name in sys.argv[1].split() if name in sys.modules]
sys.exit(f"{code} {loaded}" if code or loaded else 0)
"""


def started(*arguments: str) -> str:
    command = [sys.executable, "-c", SCRIPT, " ".join(HEAVY), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stderr


@pytest.mark.parametrize("arguments", [("--help",), ("lint", "--help"), ("lint", str(ROOT))])
def test_nothing_heavy_is_loaded_to_help_or_to_find_everything_right(arguments):
    assert "['" not in started(*arguments)
    assert "Traceback" not in started(*arguments)


def test_a_backtest_of_files_loads_nothing_for_the_network(tmp_path):
    said = started("backtest", "PASSPORT_BACKLOG", str(ROOT), "--data", str(tmp_path))
    assert "passport.wait_time" in said
    assert "'httpx'" not in said


def test_it_is_loaded_when_something_is_wrong(tmp_path):
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text.replace("hitl_threshold: MEDIUM", "hitl_threshold: NONE"))
    assert "['yaml', 'jsonschema'" in started("lint", str(tmp_path))
