"""`pow test` on 1,000 tests of 1,000 recipes, against a bare interpreter and against `promtool test rules`.

promtool is measured where it is installed, on the layout that suits it best: one file of 1,000 alerts, one group of
series, one expectation each. Both look every hour for six days, and both ask for three days of long waits.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TESTS = 1_000
PER_FILE = 100
ROUNDS = 3

FEEDS = """\
feeds:
  metrics.passport.wait_time:
    source: csv
    path: data/wait.csv
    columns: {at: at, value: days}
    unit: days
  metrics.passport.error_rate:
    source: csv
    path: data/errors.csv
    columns: {at: at, value: errors, of: requests}
    window: 15min
"""
TARGETS = """\
endpoints: {gateway: "https://api.gov"}
gateway: {endpoint: gateway, patch: /patch, service: "/services/{service}", journey: "/journeys/{journey}"}
"""
POLICY = """\
approvals: {LOW: {}, MEDIUM: {supervisors: 1}, HIGH: {supervisors: 2}}
threshold_cap: MEDIUM
impact: {keys: {}, journeys: MEDIUM, relative_change: []}
"""
RECIPE = """\
id: R{n}
watch_feeds: [metrics.passport.wait_time]
bottleneck_rule: "max(wait_time) > 20_days for 3_days"
fix_recipe:
  service_patch:
    service: S{n}
    config:
      limit: 4
hitl_threshold: MEDIUM
success_metric: "wait_time < 7_days for 3_days"
rollback_on: "error_rate > 5%"
"""
TEST = """\
  - name: fires after three days of long waits
    recipe: R{n}
    series:
      wait_time:
        every: 1_h
        values: 12x48 24x96
    expect:
      - at: 6_days
        fires: true
"""
RULE = """\
  - alert: R{n}
    expr: max_over_time(wait_time{{recipe="R{n}"}}[1d]) > 20
    for: 3d
"""
SERIES = """\
      - series: wait_time{{recipe="R{n}"}}
        values: 12x47 24x95
"""
ALERT = """\
      - eval_time: 6d
        alertname: R{n}
        exp_alerts: [{{exp_labels: {{recipe: R{n}}}}}]
"""


def repository(root: Path) -> None:
    """Write a repository of recipes with a test each."""
    settings = {"feeds": FEEDS, "targets": TARGETS, "policy": POLICY}
    for name, text in settings.items():
        _write(root / "pow" / "settings" / f"{name}.yml", text)
    for n in range(TESTS):
        _write(root / "pow" / f"r{n}.yml", RECIPE.format(n=n))
        _write(root / "patches" / "services" / f"S{n}.yml", f"service: S{n}\nchanges:\n  limit: 2\n")
    for first in range(0, TESTS, PER_FILE):
        tests = "".join(TEST.format(n=n) for n in range(first, first + PER_FILE))
        _write(root / "pow" / "tests" / f"from_{first}.yml", f"tests:\n{tests}")


def rules(root: Path) -> Path:
    """Write the same as alerts with their unit tests; return the file of the tests."""
    group = "groups:\n- name: all\n  interval: 1h\n  rules:\n"
    _write(root / "rules.yml", group + "".join(RULE.format(n=n) for n in range(TESTS)))
    head = "rule_files: [rules.yml]\nevaluation_interval: 1h\ntests:\n  - interval: 1h\n    input_series:\n"
    series = "".join(SERIES.format(n=n) for n in range(TESTS))
    alerts = "".join(ALERT.format(n=n) for n in range(TESTS))
    _write(root / "tests.yml", f"{head}{series}    alert_rule_test:\n{alerts}")
    return root / "tests.yml"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _seconds(command: list[str], folder: Path) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    return time.perf_counter() - began


def measure() -> list[tuple[str, str, tuple[float, float, float]]]:
    """Return a row for each peer: what was measured, against what, and ratio and seconds of both."""
    ours = [str(Path(sys.executable).parent / "pow"), "test"]
    peers = {"python -c pass": [sys.executable, "-c", "pass"]}
    if promtool := shutil.which("promtool"):
        peers["promtool test rules"] = [promtool, "test", "rules", "tests.yml"]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        repository(root)
        rules(root)
        return [(f"pow test, {TESTS:,} tests", peer, _ratio(ours, command, root)) for peer, command in peers.items()]


def _ratio(ours: list[str], peer: list[str], folder: Path) -> tuple[float, float, float]:
    pairs = [(_seconds(ours, folder), _seconds(peer, folder)) for _ in range(ROUNDS)]
    return (
        statistics.median(a / b for a, b in pairs),
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
    )


def main() -> None:
    """Measure and print a table."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed has its bytecode, ours and the peers
    print(f"{'ours':42} {'peer':30} {'ratio':>7} {'ours':>9} {'peer':>9}")
    for name, peer, (times, ours, theirs) in measure():
        print(f"{name:42} {peer:30} {times:7.2f} {ours:8.3f}s {theirs:8.3f}s")


if __name__ == "__main__":
    main()
