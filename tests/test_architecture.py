"""The shape of the code: import direction, purity, sizes. What this file says is what docs/architecture.md draws."""

import ast
import re
import statistics
from collections.abc import Iterator
from functools import cache
from pathlib import Path

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

FILES = {path.relative_to(PACKAGE).as_posix(): path for path in sorted(PACKAGE.rglob("*.py"))}
"""Each rule is one test over all of them: a test for every file and rule would take longer than the rules do."""


@cache
def tree_of(name: str) -> ast.Module:
    return ast.parse(FILES[name].read_text())


@cache
def nodes_of(name: str) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(tree_of(name)))


def imported(name: str) -> Iterator[tuple[str, int]]:
    for node in nodes_of(name):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def functions(name: str) -> Iterator[tuple[str, int]]:
    for node in nodes_of(name):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if ast.get_docstring(node) is not None:
                first = node.body[0]
                length -= (first.end_lineno or first.lineno) - first.lineno + 1
            yield node.name, length


def called_in(name: str) -> Iterator[tuple[str, int]]:
    """Name what a module calls, by its last name."""
    for node in nodes_of(name):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "attr", getattr(node.func, "id", "")), node.lineno


def package_of(name: str) -> str:
    return name.split("/", maxsplit=1)[0]


def is_pure(name: str) -> bool:
    return package_of(name) in PURE_PACKAGES and name not in ADAPTERS and not name.endswith("/step.py")


def test_imports_point_to_the_left():
    wrong = [
        f"bot/{file}:{line}: imports {name}"
        for file in FILES
        if package_of(file) in LAYERS
        for name, line in imported(file)
        if (parts := name.split("."))[0] == "bot" and len(parts) > 1 and parts[1] in LAYERS
        if LAYERS.index(parts[1]) > LAYERS.index(package_of(file))
    ]
    assert not wrong, "\n".join(wrong)


def test_pure_modules_do_no_io_and_read_no_clock():
    wrong = []
    for file in filter(is_pure, FILES):
        wrong += [
            f"bot/{file}:{line}: imports {name}"
            for name, line in imported(file)
            if name in IO_MODULES or name.split(".")[0] in IO_MODULES
        ]
        wrong += [
            f"bot/{file}:{line}: calls {called}()"
            for called, line in called_in(file)
            if called in CLOCK_CALLS or called == "open"
        ]
    assert not wrong, "\n".join(wrong)


def test_only_the_command_line_prints_exits_and_reads_the_environment():
    wrong = []
    for file in FILES:
        for node in nodes_of(file) if package_of(file) != "cli" else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in EDGE_ONLY:
                wrong.append(f"bot/{file}:{node.lineno}: calls {node.func.id}()")
            if isinstance(node, ast.Attribute) and node.attr in {"environ", "argv"} and file not in STARTS_PROCESSES:
                wrong.append(f"bot/{file}:{node.lineno}: reads the environment")
    assert not wrong, "\n".join(wrong)


def test_files_and_functions_stay_small():
    lengths = {file: path.read_text().count("\n") for file, path in FILES.items()}
    wrong = [f"bot/{file} has {length} lines" for file, length in lengths.items() if length > FILE_LINES]
    wrong += [
        f"bot/{file}: {name}() has {length} lines"
        for file in FILES
        for name, length in functions(file)
        if length > FUNCTION_LINES
    ]
    assert not wrong, "\n".join(wrong)


def test_nearly_all_functions_are_short():
    lengths = [length for file in FILES for _, length in functions(file)]
    assert statistics.quantiles(lengths, n=20)[-1] <= FUNCTION_P95


def test_only_the_gate_makes_the_proof_that_a_merge_needs():
    makes = {file for file in FILES for called, _ in called_in(file) if called == "Approved"}
    assert {package_of(file) for file in makes} == {"approve"}


def test_values_are_frozen():
    wrong = []
    for file in FILES:
        if package_of(file) not in {"model", "rules", "report"}:
            continue
        for node in nodes_of(file):
            for decorator in node.decorator_list if isinstance(node, ast.ClassDef) else ():
                called = decorator.func if isinstance(decorator, ast.Call) else decorator
                keywords = {k.arg for k in decorator.keywords} if isinstance(decorator, ast.Call) else set()
                if getattr(called, "id", "") == "dataclass" and not {"frozen", "slots", "kw_only"} <= keywords:
                    wrong.append(f"bot/{file}:{node.lineno}: not frozen, slotted, kw-only")
    assert not wrong, "\n".join(wrong)


def test_every_module_says_what_it_knows():
    assert [file for file in FILES if not ast.get_docstring(tree_of(file))] == []


def test_drawers_have_no_place_here():
    banned = {"utils", "common", "helpers", "manager", "core", "base", "misc"}
    assert [file for file in FILES if Path(file).stem in banned] == []


def test_every_exception_to_a_rule_of_style_or_types_gives_its_reason():
    excepted = re.compile(r"#\s*(noqa|type:\s*ignore|pragma:\s*no)")
    reasoned = re.compile(r"# (noqa: [A-Z]+\d+(, [A-Z]+\d+)*|type: ignore\[[a-z, -]+\]) +(-|--|#) ?\S")
    wrong = [
        f"bot/{file}:{number}: {line.strip()}"
        for file, path in FILES.items()
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if excepted.search(line) and not reasoned.search(line)
    ]
    assert not wrong, "\n".join(wrong)
