"""Writes the pages of docs/reference/ from the program itself: its help, its tables and its JSON Schemas.

Usage: python tests/docs/refresh.py, then look at the difference. A test fails while a page is out of date.
"""

import ast
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from docs.lint_examples import check as check_example
from docs.lint_examples import read as read_example
from docs.meanings import ENVIRONMENT, EXIT_CODES, OUTCOMES, RULE_FAULTS
from docs.rule_examples import FORMS, example_metrics
from docs.rule_examples import FUNCTIONS as FUNCTION_EXAMPLES

from bot.cli.main import cli
from bot.model.unit import UNITS, is_per_time
from bot.model.verdict import RuleOutcome
from bot.recipes.check import EXPLANATIONS, SILENCEABLE, Check
from bot.recipes.lints.page import Page
from bot.recipes.lints.pages_language import LANGUAGE_PAGES
from bot.recipes.schema import SchemaName, read_schema
from bot.report.diagnostics import text_of
from bot.report.lint_pages import CHECK_PAGES, example_of, notes_of
from bot.rules import parse
from bot.rules.binding import ATOM_POWER, MINUS_POWER, NOT_POWER, OVER_POWER, POWER
from bot.rules.catalog import Metric
from bot.rules.display import show_duration
from bot.rules.functions import FUNCTIONS, Function
from bot.rules.source import FaultId
from bot.rules.syntax import Operator
from bot.rules.truth import both, either, inverse
from bot.rules.units import find_unit, unit_names

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "reference"
COMMAND = "python tests/docs/refresh.py"
NOTE = f"<!-- Written by `{COMMAND}` from the program itself: edit that, not this page. -->"
WIDTH = 100


def pages() -> Mapping[str, Callable[[], str]]:
    """Return what writes each page of the reference, by the page's path below docs/reference/."""
    return {"README.md": lambda: _page(_index()), **_MAIN_PAGES, **_lint_pages()}


def commands() -> dict[str, click.Command]:
    """Return every command by its name, those of a group right after it, by both names."""
    with click.Context(cli) as context:
        found = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    named: dict[str, click.Command] = {}
    for name, command in found.items():
        if command is not None:
            named[name] = command
        if isinstance(command, click.Group):
            named |= {f"{name} {inner}": part for inner, part in command.commands.items()}
    return named


def variables() -> tuple[str, ...]:
    """Return the environment variables that the bot reads, from the source of the one module that reads them."""
    source = (ROOT / "bot" / "cli" / "environment.py").read_text()
    texts = {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)}
    names = {text for text in texts if isinstance(text, str) and re.fullmatch(r"[A-Z]+_[A-Z_]+", text)}
    shown = (ROOT / "bot" / "cli" / "show.py").read_text()
    return tuple(sorted({f"{name}*" if name.endswith("_") else name for name in names} | _asked(shown)))


def _asked(source: str) -> set[str]:
    return set(re.findall(r"os\.environ\.get\(\"([A-Z_]+)\"", source))


def _page(parts: Iterable[str]) -> str:
    title, *rest = parts
    return "\n\n".join([title, NOTE, *rest]) + "\n"


def _index() -> Iterator[str]:
    titles = {name: write().partition("\n")[0].removeprefix("# ") for name, write in _MAIN_PAGES.items()}
    yield "# Reference"
    yield "\n".join(f"- [{title}]({name})" for name, title in titles.items())


def _cli() -> Iterator[str]:
    yield "# Commands"
    yield "What `pow COMMAND --help` says. What commands read besides stands in [environment.md](environment.md)."
    yield f"```text\n{_help()}\n```"
    for name in commands():
        yield f"## pow {name}"
        yield f"```text\n{_help(name)}\n```"
    yield "## Exit codes"
    yield _table(("code", "meaning"), ((f"`{code}`", meaning) for code, meaning in EXIT_CODES.items()))


def _help(name: str = "") -> str:
    """Return a command's help as a terminal of a fixed width shows it."""
    with cli.make_context("pow", [], resilient_parsing=True, max_content_width=WIDTH, terminal_width=WIDTH) as root:
        if not name:
            return root.get_help()
        command = commands()[name]
        with command.make_context(name, [], parent=root, resilient_parsing=True) as context:
            return context.get_help()


def _environment() -> Iterator[str]:
    yield "# Environment variables"
    yield "All that the bot reads from its environment. A job on GitHub has those of GitHub, except the token."
    yield _table(("variable", "meaning"), ((f"`{name}`", ENVIRONMENT[name]) for name in variables()))


def _lint() -> Iterator[str]:
    yield "# Checks of `pow lint`"
    yield (
        "Every diagnostic carries one of these ids, with the file, the line and the column. An error fails the "
        "command, a warning is a doubt. `pow lint --explain ID` prints a check's page."
    )
    rows = ((f"[`{each.value}`](lint/{each.value}.md)", EXPLANATIONS[each], _silenced(each)) for each in Check)
    yield _table(("id", "what it asks for", "can be silenced"), rows)
    yield "A recipe silences a doubt that somebody has looked into, with the reason:"
    yield "```text\nlint:\n  ignore:\n    - {id: POW055, reason: the feed is a daily total}\n```"
    yield "## Faults inside a rule"
    yield "A fault in a rule is placed at its characters in the recipe's file."
    faults = ((f"[`{each.value}`](lint/rules.md#{each.value})", RULE_FAULTS[each]) for each in FaultId)
    yield _table(("id", "what is wrong"), faults)


def _silenced(check: Check) -> str:
    return "yes" if check in SILENCEABLE else ""


def _lint_pages() -> dict[str, Callable[[], str]]:
    """Return what writes a page for each check, and one for all faults of rules."""
    found: dict[str, Callable[[], str]] = {
        f"lint/{check.value}.md": partial(_lint_page, Check(check), page) for check, page in CHECK_PAGES.items()
    }
    return {**found, "lint/rules.md": _rule_faults}


def _lint_page(check: Check, page: Page) -> str:
    title = f"# {check.value}: {EXPLANATIONS[check]}"
    return _page(filter(None, [title, page.why, notes_of(check), *_lint_examples(page)]))


def _rule_faults() -> str:
    parts = [
        "# Faults inside a rule",
        "What the rule language says; ids of `pow lint` stand in [the list](../lint.md).",
    ]
    for fault, page in LANGUAGE_PAGES.items():
        parts += [f"## {fault.value}", page.why, *_lint_examples(page)]
    return _page(parts)


def _lint_examples(page: Page) -> Iterator[str]:
    """Show an example that is wrong, what the bot says of it, and one that is right."""
    yield "Wrong:"
    yield f"```text\n{example_of(page.bad)}```"
    said = check_example(read_example(page.bad))[0]
    yield f"```text\n{text_of(said)}\n```"
    yield "Right:"
    yield f"```text\n{example_of(page.good)}```"


def _rules() -> Iterator[str]:
    yield "# Rules: functions, units, outcomes"
    yield "The language itself is explained in [rules.md](../rules.md)."
    yield "## Functions"
    yield "A function takes one metric and reduces the samples of its window to one number."
    head = ("function", "result", "meaning", "example")
    yield _table(head, (_function_row(each) for each in shown_functions()))
    yield "## Forms"
    yield _table(("form", "meaning", "example"), ((f"`{form}`", *_form(form)) for form in FORMS))
    yield "The examples speak of these feeds:"
    yield _table(("feed", "unit", "kind", "window", "labels"), (_metric_row(metric) for metric in example_metrics()))
    yield "## Grammar"
    yield "`any`, `every`, `of` and `windows` are words only in these places; the other words are never names."
    yield f"```text\n{_grammar()}\n```"
    yield "## Operators"
    yield "From the loosest to the tightest; all group to the left, and comparisons do not chain."
    yield _table(("operators", "binding power"), _operators())
    yield "## Units"
    yield "Only units of one dimension compare and add. Feeds may declare further units, each a dimension of its own."
    yield _table(("unit", "dimension", "written as"), _units())
    yield "What can be counted, counts and every unit that is neither a time nor a ratio, can be counted per time:"
    yield _table(("per time", "of a count", "of another unit"), _rates())
    yield "## Outcomes"
    yield "Evaluation always ends in one of these; only `HOLDS` means yes."
    yield _table(("outcome", "meaning"), ((f"`{outcome}`", OUTCOMES[outcome]) for outcome in RuleOutcome))
    yield "## Truth tables"
    for name, combine in (("and", both), ("or", either)):
        yield f"`{name}`:"
        yield _table(("", *(f"`{right}`" for right in RuleOutcome)), _truth(combine))
    yield "`not`:"
    yield _table(("of", "is"), ((f"`{outcome}`", f"`{inverse(outcome)}`") for outcome in RuleOutcome))
    yield "`by` puts its groups together as by `or`, `by every` as by `and`; no group at all is `NO_DATA`."


def _form(form: str) -> tuple[str, str]:
    meaning, example = FORMS[form]
    return meaning, f"`{example}`"


def _metric_row(metric: Metric) -> tuple[str, ...]:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return f"`{metric.name}`", metric.unit.name, metric.kind, show_duration(metric.window), labels


def _grammar() -> str:
    return str(parse.__doc__).partition("\n\n")[2].strip()


def shown_functions() -> Iterator[Function]:
    """Yield the functions that have a row of their own: all but the percentiles between the first and the last."""
    yield from (each for name, each in FUNCTIONS.items() if not re.fullmatch(r"p\d+", name))
    yield FUNCTIONS["p50"]
    yield FUNCTIONS["p99"]


def _function_row(function: Function) -> tuple[str, str, str, str]:
    results = {
        "unit": "in the metric's unit",
        "count": "a count",
        "total": "in the metric's unit; a ratio's is a count",
        "rate": "in the metric's unit per time",
    }
    name = {"p50": "`p50` … ", "p99": "… `p99`"}.get(function.name, f"`{function.name}`")
    return name.strip(), results[function.result], function.sentence, f"`{FUNCTION_EXAMPLES[function.name]}`"


def _operators() -> Iterator[tuple[str, str]]:
    powers: dict[int, list[str]] = {}
    for operator in Operator:
        powers.setdefault(POWER[operator], []).append(f"`{operator}`")
    extra = {
        NOT_POWER: "`not`",
        MINUS_POWER: "`-` before an operand",
        OVER_POWER: "`over`",
        ATOM_POWER: "metrics, numbers, `f(x)`, `before(x)`, `( )`",
    }
    for power, name in extra.items():
        powers.setdefault(power, []).append(name)
    yield from ((" ".join(names), str(power)) for power, names in sorted(powers.items()))


def _units() -> Iterator[tuple[str, str, str]]:
    spellings: dict[str, list[str]] = {name: [] for name in UNITS}
    for alias in unit_names():
        unit = find_unit(alias)
        if unit is not None and not is_per_time(unit):
            spellings[unit.name].append(alias)
    for name, unit in UNITS.items():
        written = (
            ("nothing after the number",)
            if name in {"count", "ratio"}
            else tuple(f"`20{'' if a == '%' else '_'}{a}`" for a in spellings[name])
        )
        yield f"`{name}`", unit.dimension, ", ".join(written)


def _rates() -> Iterator[tuple[str, str, str]]:
    for alias in unit_names():
        if alias.startswith("per_"):
            yield f"`{alias}`", f"`20_{alias}`", f"`20_usd_{alias}`"


def _truth(combine: Callable[[RuleOutcome, RuleOutcome], RuleOutcome]) -> Iterator[tuple[str, ...]]:
    for left in RuleOutcome:
        yield (f"`{left}`", *(str(combine(left, right)) for right in RuleOutcome))


def _schema(name: SchemaName) -> Iterator[str]:
    schema = read_schema(name)
    yield f"# {schema['title']}"
    yield f"{schema['description']} Editors check it with `bot/recipes/schemas/{name}.json`."
    yield _table(("field", "required", "value", "default", "meaning"), _fields(schema, schema.get("$defs", {}), ""))


def _fields(schema: Mapping[str, Any], definitions: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, ...]]:
    """Walk a schema's properties, and what is inside them."""
    required = set(schema.get("required", ()))
    for key, raw in schema.get("properties", {}).items():
        field = _resolved(raw, definitions)
        path = f"{prefix}{key}"
        default = f"`{json.dumps(field['default']).strip(chr(34))}`" if "default" in field else ""
        meaning = raw.get("description") or field.get("description", "")
        yield f"`{path}`", "yes" if key in required else "", _value(field, definitions), default, meaning
        for inner, suffix in _inside(field, definitions):
            yield from _fields(inner, definitions, f"{path}{suffix}.")


def _inside(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Yield the mappings inside a field: itself, its entries by name, its list items."""
    if "properties" in field:
        yield field, ""
    for keyword, suffix in (("additionalProperties", ".NAME"), ("items", "[]"), ("else", "")):
        inner = field.get(keyword)
        if isinstance(inner, Mapping):
            resolved = _resolved(inner, definitions)
            if keyword == "additionalProperties" and "else" in resolved:  # one of them, or a list
                resolved = _resolved(resolved["else"], definitions)
            if "properties" in resolved and keyword != "else":
                yield resolved, suffix
            elif "properties" in resolved and "then" in field:
                yield resolved, ""


def _resolved(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    reference = str(schema.get("$ref", "")).removeprefix("#/$defs/")
    return {**definitions.get(reference, {}), **{k: v for k, v in schema.items() if k != "$ref"}}


def _value(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    if "enum" in field:
        return ", ".join(f"`{word}`" for word in field["enum"])
    title = str(field.get("title", field.get("type", "")))
    items = field.get("items")
    if isinstance(items, Mapping) and "enum" not in items and field.get("minItems"):
        inner = _resolved(items, definitions).get("title", "")
        return f"{title}: each {inner}" if inner else title
    return title


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _written(parts: Callable[[], Iterator[str]]) -> Callable[[], str]:
    return lambda: _page(parts())


_MAIN_PAGES: Mapping[str, Callable[[], str]] = {
    "cli.md": _written(_cli),
    "environment.md": _written(_environment),
    "lint.md": _written(_lint),
    "rules.md": _written(_rules),
    **{f"{schema.value}.md": _written(partial(_schema, schema)) for schema in SchemaName},
}


def main() -> None:
    """Write what differs, and take away what is no page any more."""
    wanted = pages()
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "lint").mkdir(exist_ok=True)
    for path in FOLDER.rglob("*.md"):
        if path.relative_to(FOLDER).as_posix() not in wanted:
            path.unlink()
    for name, write in wanted.items():
        (FOLDER / name).write_text(write(), encoding="utf-8")


if __name__ == "__main__":
    main()
