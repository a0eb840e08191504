"""How fast `pow lint` is: on one recipe against a bare interpreter, on 10,000 against PyYAML and jsonschema.

Run with `python benchmarks/lint.py`; whole processes, alternating, and only the ratios are worth anything elsewhere.
Of the 10,000 recipes no two have the same text; they watch 160 programmes, and each has a file of tests. The peer
reads the same files, and checks recipes and tests against their schemas; of what they mean it knows nothing.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random

from run import ratio

ROOT = Path(__file__).resolve().parents[1]
RECIPES, PROGRAMMES = 10_000, 160
START_ROUNDS, BULK_ROUNDS = 15, 3

RECIPE = """\
# yaml-language-server: $schema=../bot/recipes/schemas/recipe.json
id: {id}
version: {version}
watch_feeds:
  - metrics.{programme}.wait_time
  - metrics.{programme}.error_rate
bottleneck_rule: "{reducer}(wait_time) > {slow}_days"
fix_recipe:
  service_patch:
    service: {service}
    config:
      max_open_cases: {open}   # the office asked for it
      review_share: {share}
hitl_threshold: {level}
success_metric: "wait_time < {fast}_days for {hold}_days"
rollback_on: "error_rate > {errors}%"
"""
FEEDS = """\
  metrics.{programme}.wait_time:
    source: http_json
    endpoint: metrics
    path: /{programme}/wait
    columns: {{at: closed_at, value: days}}
    unit: days
    window: 1_day
    min_value: 0
  metrics.{programme}.error_rate:
    source: http_json
    endpoint: metrics
    path: /{programme}/error
    rows: windows
    columns: {{at: at, value: errors, of: requests}}
    window: 5_minutes
  complaints.{programme}:
    shape: complaints
    source: http_json
    endpoint: metrics
    path: /complaints/{programme}
    columns: {{at: at, topic: topic}}
"""
TARGETS = """\
endpoints:
  metrics: https://metrics.example.org
  gateway: https://api.example.org
gateway:
  endpoint: gateway
  patch: /v1/mgt/patch
  service: /v1/mgt/services/{service}
  journey: /v1/journeys/{journey}
syncs: {}
"""
POLICY = """\
approvals:
  LOW: {}
  MEDIUM: {supervisors: 1}
  HIGH: {supervisors: 1, security: 1}
threshold_cap: HIGH
impact:
  default: LOW
  keys: {max_open_cases: MEDIUM}
  journeys: MEDIUM
"""
SERVICE = """\
service: {service}
changes:
  max_open_cases: 0
  review_share: 0
"""
TEST = """\
# yaml-language-server: $schema=../../bot/recipes/schemas/recipe_test.json
recipe: {id}
tests:
  - name: it rests while nobody waits
    series:
      metrics.{programme}.wait_time: {{every: 1_day, values: 1x10}}
      metrics.{programme}.error_rate: {{every: 1_day, values: 0/100x10}}
    expect:
      - {{at: 9_days, fires: false}}
"""
PEER = """\
import json, sys
from pathlib import Path
import yaml
from jsonschema import Draft202012Validator
for folder, schema in (("pow", "recipe"), ("pow/tests", "recipe_test")):
    validator = Draft202012Validator(json.loads(Path(sys.argv[2], schema + ".json").read_text()))
    for path in sorted(Path(sys.argv[1], folder).glob("*.yml")):
        for error in validator.iter_errors(yaml.load(path.read_bytes(), Loader=yaml.SafeLoader)):
            sys.exit(str(error))
"""


def write_repository(root: Path, recipes: int = RECIPES, programmes: int = PROGRAMMES) -> None:
    """Write so many recipes, each with something to watch, to change and to be tested by."""
    random = Random(10)
    for folder in ("pow/settings", "pow/tests", "patches/services"):
        (root / folder).mkdir(parents=True)
    names = [f"office_{number:03}" for number in range(programmes)]
    for number in range(recipes):
        programme, identity = names[number % programmes], f"QUEUE_{number:05}"
        text = _recipe(random, identity, programme)
        (root / "pow" / f"{identity.lower()}.yml").write_text(text)
        (root / "pow/tests" / f"{identity.lower()}.yml").write_text(TEST.format(id=identity, programme=programme))
    for name in names:
        service = name.upper()
        (root / "patches/services" / f"{service}.yml").write_text(SERVICE.format(service=service))
    feeds = "".join(FEEDS.format(programme=name) for name in names)
    settings = {"feeds": f"feeds:\n{feeds}", "targets": TARGETS, "policy": POLICY}
    for name, text in settings.items():
        (root / "pow/settings" / f"{name}.yml").write_text(text)


def _recipe(random: Random, identity: str, programme: str) -> str:
    fast = random.randint(1, 30)
    return RECIPE.format(
        id=identity,
        programme=programme,
        service=programme.upper(),
        version=random.randint(1, 20),
        reducer=random.choice(("max", "mean", "median", "p95")),
        slow=fast + random.randint(5, 60),
        fast=fast,
        hold=random.randint(3, 14),
        errors=random.choice((0.5, 1, 1.5, 2, 2.5, 5, 7.5, 10)),
        open=random.randint(1, 1000),
        share=random.randint(1, 999) / 1000 + 0.0001,
        level=random.choice(("LOW", "MEDIUM", "HIGH")),
    )


def start(rounds: int = START_ROUNDS) -> tuple[str, str, tuple[float, float, float]]:
    """`pow lint` on a repository with one recipe against a bare interpreter."""
    with tempfile.TemporaryDirectory() as folder:
        write_repository(Path(folder), recipes=1, programmes=1)
        measured = ratio(lambda: _run(_pow(folder)), lambda: _run([sys.executable, "-c", "pass"]), rounds=rounds)
    return "pow lint, one recipe", "python -c pass", measured


def bulk(rounds: int = BULK_ROUNDS) -> tuple[str, str, tuple[float, float, float]]:
    """`pow lint` on 10,000 recipes against PyYAML's SafeLoader and a jsonschema validator over the same files."""
    schemas = str(ROOT / "bot" / "recipes" / "schemas")
    with tempfile.TemporaryDirectory() as folder:
        write_repository(Path(folder))
        peer = [sys.executable, "-c", PEER, folder, schemas]
        measured = ratio(lambda: _run(_pow(folder)), lambda: _run(peer), rounds=rounds)
    return f"pow lint, {RECIPES:,} recipes", "SafeLoader + jsonschema", measured


def _pow(folder: str) -> list[str]:
    return [str(Path(sys.executable).parent / "pow"), "lint", folder]


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True)


def main() -> None:
    """Run both and print a table."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed has its bytecode, ours and the peers
    print(f"{'ours':42} {'peer':30} {'ratio':>7} {'ours':>9} {'peer':>9}")
    for benchmark in (start, bulk):
        name, peer, (times, ours, theirs) = benchmark()
        print(f"{name:42} {peer:30} {times:7.3f} {ours:8.3f}s {theirs:8.3f}s")


if __name__ == "__main__":
    main()
