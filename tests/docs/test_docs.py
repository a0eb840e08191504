"""Holds the pages against the program: what they name exists, what the program has is named."""

import ast
import importlib.metadata
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from docs.meanings import ENVIRONMENT, EXIT_CODES, OUTCOMES, RULE_FAULTS
from docs.pages import REFERENCE, ROOT, anchors, blocks, documents, name_of, prose
from docs.refresh import COMMAND, commands, pages, variables

from bot.cli import main
from bot.model.change import GATE_CHECK, GOVERNANCE_CHECK
from bot.model.names import RecipeId
from bot.model.record import Phase
from bot.model.verdict import RuleOutcome
from bot.rules.source import FaultId

DOCUMENTS = documents()
"""Each rule is one test over all pages, and names the page that breaks it: there are many, and few ever do."""
COMMANDS = commands()
PLANNED = {"doctor"}
"""Commands that the README lists as not there yet."""
DIAGRAMS = {"flowchart", "sequenceDiagram", "stateDiagram-v2", "xychart-beta"}
_CODE = re.compile(r"`([^`\n]+)`")
_PLACEHOLDER = re.compile(r"[A-Z]{2,}(?:-[A-Z]+)*|\*")
_FOLDERS = ("bot/", "docs/", "tests/", "pow/", "patches/", ".github/", ".ci/")
_NO_FILES = {GATE_CHECK, GOVERNANCE_CHECK, "pow/rego"}
"""What looks like a path and is a check's name, or a folder that an agency may have."""
_MADE_BY_THE_READER = {
    "patches/services/PASSPORT_PRINTER.yml",
    "pow/print_faster.yml",
    "pow/tests/print_faster.yml",
}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# Commands and variables


def calls(path: Path) -> Iterator[list[str]]:
    """Yield every `pow ...` of a page, from its prose and from its shell blocks, as words."""
    for code in _CODE.findall(prose(path)):
        if code.startswith("pow "):
            yield code.split()
    for block in blocks(path):
        if block.language in {"console", "sh", "bash"}:
            for line in block.text.splitlines():
                if match := re.match(r"(?:[$>] )?pow (.*)", line):
                    yield ["pow", *match[1].split("#")[0].split()]


def options_of(command: click.Command) -> set[str]:
    return {"--help", "-h", *(name for option in command.params for name in option.opts)}


def test_every_command_and_option_on_a_page_exists():
    for path in DOCUMENTS:
        for words in calls(path):
            name = words[1]
            if name.isupper() or name.startswith("--"):
                continue
            if name in PLANNED:
                assert name_of(path) == "README.md", f"{name_of(path)}: {' '.join(words)} is not there yet"
                continue
            name = " ".join(words[1:3]) if " ".join(words[1:3]) in COMMANDS else name
            assert name in COMMANDS, (name_of(path), words)
            for word in words[2:]:
                if word.startswith("-"):
                    assert word.partition("=")[0] in options_of(COMMANDS[name]), (name_of(path), words)


def test_what_the_readme_calls_missing_is_missing():
    assert not PLANNED & set(COMMANDS)


def test_every_make_target_on_a_page_exists():
    targets = set(re.findall(r"^([a-z][a-z-]*):", read("Makefile"), re.MULTILINE))
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        for target in re.findall(r"(?:^|`|\$ )make ([a-z][a-z-]+)", text, re.MULTILINE):
            assert target in targets, (name_of(path), target)
        for arguments in re.findall(r"make demo ARGS=\"?([^\"`\n]+)", text):
            for word in arguments.split():
                assert not word.startswith("-") or word in options_of(COMMANDS["demo"]), (name_of(path), word)


def workflow_names() -> set[str]:
    text = "".join(path.read_text() for path in (ROOT / ".github").rglob("*.yml"))
    return set(re.findall(r"(?:vars|secrets)\.([A-Z_]+)", text))


def test_every_variable_on_a_page_exists():
    known = {*variables(), *workflow_names()}
    for path in DOCUMENTS:
        for name in re.findall(r"\b(?:POW|GITHUB)_[A-Z_]*[A-Z]\b", path.read_text(encoding="utf-8")):
            named = name in known or (name.startswith("POW_ENDPOINT") and "POW_ENDPOINT_*" in known)
            assert named or name == "POW_REALDATA", (name_of(path), name)


def test_the_operators_guide_names_everything_that_the_workflows_ask_for():
    assert {name for name in workflow_names() if f"`{name}`" not in read("docs/guides/operator.md")} == set()


def test_the_operators_guide_has_every_workflow_with_its_command_and_schedule():
    guide = read("docs/guides/operator.md")
    for path in sorted((ROOT / ".github" / "workflows").glob("*.yml")):
        document: Any = yaml.safe_load(path.read_text())
        row = next(line for line in guide.splitlines() if line.startswith(f"| `{name_of(path)}`"))
        runs = [step["run"] for step in list(document["jobs"].values())[-1]["steps"] if "run" in step]
        assert f"`{runs[-1]}`" in row
        for schedule in document[True].get("schedule", ()):  # YAML takes the key `on` for true
            assert all(f":{minute:>02}" in row for minute in schedule["cron"].split()[0].split(","))


# Paths, links, diagrams


def test_every_path_on_a_page_exists():
    for path in DOCUMENTS:
        for code in _CODE.findall(prose(path)):
            words = code.split()
            for word in words if len(words) < 4 else ():
                if not word.startswith(_FOLDERS) or word in _MADE_BY_THE_READER or "{" in word:
                    continue
                shape = _PLACEHOLDER.sub("*", word.rstrip("/"))
                known = shape in {"pow/*/*", "pow/*", "patches/evidence/*.json", *_NO_FILES} or any(ROOT.glob(shape))
                assert known, (name_of(path), word)


def test_every_link_leads_somewhere():
    for path in DOCUMENTS:
        for target in re.findall(r"\]\(([^)\s]+)\)", prose(path)):
            if target.startswith("https://"):
                continue
            file, _, anchor = target.partition("#")
            found = (path.parent / file).resolve() if file else path
            assert found.exists(), (name_of(path), target)
            assert not anchor or anchor in anchors(found), (name_of(path), target)


def test_every_fence_has_a_language_and_every_diagram_a_known_kind():
    for path in DOCUMENTS:
        for block in blocks(path):
            if block.language == "mermaid":
                assert block.text.split()[0] in DIAGRAMS, name_of(path)
            assert block.language, f"{block.page}:{block.line}: a fence without a language"


def test_every_page_is_linked_from_another():
    linked = {
        (path.parent / target.partition("#")[0]).resolve()
        for path in DOCUMENTS
        for target in re.findall(r"\]\(([^)#\s]+)", prose(path))
        if not target.startswith("https://")
    }
    assert {name_of(path) for path in DOCUMENTS if path not in linked} <= {"README.md"}


# The reference


@pytest.mark.parametrize(
    "name", sorted({*pages(), *(path.relative_to(REFERENCE).as_posix() for path in REFERENCE.rglob("*.md"))})
)
def test_the_reference_is_what_the_program_says(name):
    path = REFERENCE / name
    present = path.read_text(encoding="utf-8") if path.exists() else None
    write = pages().get(name)
    assert present == (write and write()), f"refresh it: {COMMAND}"


def test_every_word_of_the_program_has_a_meaning():
    assert set(ENVIRONMENT) == set(variables())
    assert set(OUTCOMES) == set(RuleOutcome)
    assert set(RULE_FAULTS) == set(FaultId)
    assert set(EXIT_CODES) == {0, main.EXPECTED, click.UsageError.exit_code, main.BUG, main.INTERRUPT}


# Architecture, ledger, decisions, dependencies


def test_the_architecture_page_shows_the_layers_that_are_checked():
    tree = ast.parse(read("tests/test_architecture.py"))
    layers = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "LAYERS"
    )
    section = read("docs/architecture.md").partition("## Layers")[2].partition("\n## ")[0]
    assert tuple(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == layers


def test_the_auditors_guide_has_every_phase_of_the_ledger():
    section = read("docs/guides/auditor.md").partition("## The ledger")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [phase.value for phase in Phase]


def test_the_auditors_guide_names_trailers_that_the_bot_writes():
    section = read("docs/guides/auditor.md").partition("| trailer of a merge")[2].partition("\n\n")[0]
    source = read("bot/propose/trailers.py")
    for name in re.findall(r"`([A-Z][a-z]+(?:-[A-Z][a-z]+)*)`", section):
        assert f'"{name}"' in source, name


def test_decisions_are_numbered_listed_and_complete():
    found = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
    numbers = [int(path.name[:4]) for path in found]
    assert numbers == sorted(set(numbers))
    for path in found:
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {int(path.name[:4])}. ")
        assert re.findall(r"^(?:Status|## \w+)", text, re.MULTILINE) == [
            "Status",
            "## Context",
            "## Decision",
            "## Consequences",
        ]
    titles = [path.read_text(encoding="utf-8").split("\n")[0].partition(". ")[2] for path in found]
    rows = [line for line in read("docs/adr/README.md").splitlines() if line.startswith("| [")]
    assert rows == [f"| [{p.name[:4]}]({p.name}) | {title} |" for p, title in zip(found, titles, strict=True)]


def declared() -> dict[str, set[str]]:
    project: Any = tomllib.loads(read("pyproject.toml"))["project"]
    groups = {"To run": project["dependencies"]}
    groups["For the sandbox"] = project["optional-dependencies"]["sandbox"]
    groups["To develop"] = project["optional-dependencies"]["dev"]
    return {title: {re.split(r"[<>=~ ]", line)[0] for line in lines} for title, lines in groups.items()}


def shown(title: str) -> dict[str, str]:
    section = read("docs/dependencies.md").partition(f"## {title}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([a-z][^|]*?) \| ([^|]*?) \| ([^|]+?) \|$", section, re.MULTILINE)
    return {name: licence for name, licence, reason in rows if name != "package" and reason}


@pytest.mark.parametrize("title", declared())
def test_every_dependency_is_listed_with_a_reason(title):
    assert set(shown(title)) == declared()[title]


FAMILIES = {"MIT": "MIT", "BSD": "BSD", "Apache": "Apache", "MPL": "MPL", "LGPL": "LGPL", "Lesser": "LGPL"}


@pytest.mark.parametrize(("name", "licence"), [pair for title in declared() for pair in shown(title).items()])
def test_the_licence_is_the_one_that_the_package_states(name, licence):
    data = importlib.metadata.metadata(name.partition("[")[0])
    stated = " ".join(
        [
            data.get("License-Expression") or (data.get("License") or "").partition("\n")[0],
            *(each for each in data.get_all("Classifier") or [] if each.startswith("License ::")),
        ]
    )
    families = {family for word, family in FAMILIES.items() if word in stated}
    assert any(licence.startswith(family) for family in families), stated
    assert licence.startswith("LGPL") == ("LGPL" in families)


def test_nothing_installed_is_under_the_gpl_or_the_agpl():
    for package in importlib.metadata.distributions():
        classifiers = package.metadata.get_all("Classifier") or []
        stated = " ".join([package.metadata.get("License-Expression") or "", *classifiers])
        copyleft = re.findall(r"(?<!L)GPL-\d|\(A?GPL|Affero", stated)
        assert not copyleft, f"{package.metadata['Name']}: {stated}"


def test_recipes_that_pages_speak_of_exist():
    known = {
        RecipeId(match)
        for path in (ROOT / "pow").glob("*.yml")
        for match in re.findall(r"^id: (\w+)", read(name_of(path)), re.MULTILINE)
    }
    assert {"PASSPORT_BACKLOG", "PASSPORT_MANUAL_CHECKS"} <= known
