"""The shape of the code: import direction, purity, sizes. What this file says is what docs/architecture.md draws."""

import ast
import re
import statistics
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "bot"

LAYERS = (
    "model",
    "rules",
    "recipes",
    "report",
    "forge",
    "ledger",
    "collect",
    "diagnose",
    "propose",
    "approve",
    "sync",
    "deploy",
    "monitor",
    "rehearse",
    "sandbox",
    "cli",
)
"""A package imports only packages to its left."""

PURE_PACKAGES = frozenset(
    {"model", "rules", "recipes", "report", "diagnose", "propose", "approve", "deploy", "monitor", "rehearse"}
)
ADAPTERS = frozenset(
    {
        "model/clock.py",  # the machine's clock
        "recipes/files.py",  # reads a folder
        "diagnose/log.py",  # reads an event log
        "diagnose/xes.py",  # likewise
        "deploy/gateway.py",  # the gateway's client
        "approve/rego_program.py",  # runs opa or conftest
    }
)
"""Modules of pure packages that do I/O after all; steps (`step.py`) call what they are given and nothing else."""

IO_MODULES = frozenset(
    {"subprocess", "socket", "httpx", "requests", "github", "urllib.request", "sqlite3", "shutil", "tempfile"}
)
CLOCK_CALLS = frozenset({"now", "utcnow", "today", "time", "monotonic", "getenv"})
STARTS_PROCESSES = frozenset(
    {
        "forge/git_command.py",
        "sandbox/forge/git.py",
        "sandbox/forge/smart_http.py",
        "sandbox/actions/runner.py",
        "sandbox/actions/warm.py",
    }
)
"""Modules that hand part of their own environment on to another process: PATH is no setting."""
EDGE_ONLY = frozenset({"print", "exit"})

FUNCTION_LINES, FUNCTION_P95, FILE_LINES = 40, 30, 400

FILES = sorted(PACKAGE.rglob("*.py"))
IDS = [path.relative_to(PACKAGE).as_posix() for path in FILES]


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imported(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def functions(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if ast.get_docstring(node) is not None:
                first = node.body[0]
                length -= (first.end_lineno or first.lineno) - first.lineno + 1
            yield node.name, length


def is_pure(name: str) -> bool:
    return name.split("/", maxsplit=1)[0] in PURE_PACKAGES and name not in ADAPTERS and not name.endswith("/step.py")


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_imports_point_to_the_left(path: Path):
    own = path.relative_to(PACKAGE).parts[0]
    if own not in LAYERS:
        return
    for name, line in imported(tree_of(path)):
        parts = name.split(".")
        if parts[0] == "bot" and len(parts) > 1 and parts[1] in LAYERS:
            assert LAYERS.index(parts[1]) <= LAYERS.index(own), f"line {line}: {own} imports {name}"


@pytest.mark.parametrize("path", [p for p, n in zip(FILES, IDS, strict=True) if is_pure(n)], ids=filter(is_pure, IDS))
def test_pure_modules_do_no_io_and_read_no_clock(path: Path):
    tree = tree_of(path)
    for name, line in imported(tree):
        assert name not in IO_MODULES, f"line {line}: imports {name}"
        assert name.split(".")[0] not in IO_MODULES, f"line {line}: imports {name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            assert called not in CLOCK_CALLS, f"line {node.lineno}: calls {called}()"
            assert called != "open", f"line {node.lineno}: calls open()"


@pytest.mark.parametrize("path", [p for p, n in zip(FILES, IDS, strict=True) if not n.startswith("cli/")])
def test_only_the_command_line_prints_exits_and_reads_the_environment(path: Path):
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in EDGE_ONLY, f"line {node.lineno}: calls {node.func.id}()"
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "argv"}:
            assert path.relative_to(PACKAGE).as_posix() in STARTS_PROCESSES, f"line {node.lineno}: environment"


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_files_and_functions_stay_small(path: Path):
    assert path.read_text().count("\n") <= FILE_LINES
    for name, length in functions(tree_of(path)):
        assert length <= FUNCTION_LINES, f"{name}() has {length} lines"


def test_nearly_all_functions_are_short():
    lengths = [length for path in FILES for _, length in functions(tree_of(path))]
    assert statistics.quantiles(lengths, n=20)[-1] <= FUNCTION_P95


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_only_the_gate_makes_the_proof_that_a_merge_needs(path: Path):
    makes = any(
        isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "Approved"
        for node in ast.walk(tree_of(path))
    )
    assert not makes or path.relative_to(PACKAGE).parts[0] == "approve"


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_values_are_frozen(path: Path):
    if path.relative_to(PACKAGE).parts[0] not in {"model", "rules", "report"}:
        return
    for node in ast.walk(tree_of(path)):
        if not isinstance(node, ast.ClassDef):
            continue
        for decorator in node.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            if getattr(called, "id", "") == "dataclass":
                keywords = {k.arg for k in decorator.keywords} if isinstance(decorator, ast.Call) else set()
                assert {"frozen", "slots", "kw_only"} <= keywords, f"{node.name} is not frozen, slotted, kw-only"


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_every_module_says_what_it_knows(path: Path):
    assert ast.get_docstring(tree_of(path)), "no docstring"


def test_no_pattern_repeats_a_group_possessively():
    """Python up to 3.11.4, such as Debian 12's, loses its place in them and never ends: python/cpython#106052."""
    risky = re.compile(r"\)(?:[?*+]|\{[0-9,]+\})\+|\(\?>")
    assert risky.search(r"(?:ab|a)*+")
    assert risky.search(r"(?>ab|a)b")
    assert not [path.name for path in FILES if risky.search(path.read_text(encoding="utf-8"))]


def test_drawers_have_no_place_here():
    banned = {"utils", "common", "helpers", "manager", "core", "base", "misc"}
    assert not [name for name in IDS if Path(name).stem in banned]
