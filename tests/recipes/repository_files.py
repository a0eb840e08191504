"""The files of a small repository that is right, to be made wrong one place at a time."""

from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

RECIPE = """\
id: PASSPORT_BACKLOG
watch_feeds: [metrics.passport.wait_time]
bottleneck_rule: "max(wait_time) > 20_days"
fix_recipe:
  journey_patch: journeys/passport_renewal@v2
  service_patch:
    service: PHOTO_VALIDATOR
    config:
      max_blur_px: 4
hitl_threshold: MEDIUM
success_metric: wait_time < 7_days for 3_days
rollback_on: error_rate > 5%
"""
FEEDS = """\
feeds:
  metrics.passport.wait_time:
    source: http_json
    endpoint: metrics
    path: /passport/wait
    columns: {at: closed_at, value: days}
    unit: days
  metrics.passport.error_rate:
    source: http_json
    endpoint: metrics
    path: /passport/error
    rows: windows
    columns: {at: at, value: errors, of: requests}
    window: 5min
  complaints.passport:
    shape: complaints
    source: http_json
    endpoint: metrics
    path: /complaints
    columns: {at: at, topic: topic}
  events.passport:
    shape: events
    source: csv
    path: logs/passport.csv
    columns: {case: case, activity: activity, end: end}
"""
TARGETS = """\
endpoints:
  metrics: https://metrics.gov
  gateway: https://api.gov
  share: file:///mnt/share
gateway:
  endpoint: gateway
  patch: /v1/mgt/patch
  service: /v1/mgt/services/{service}
  journey: /v1/journeys/{journey}
syncs:
  STATUS_FILE:
    kind: fixed_width
    endpoint: share
    path: status.txt
    services: [PHOTO_VALIDATOR]
    fields:
      - {name: SERVICE, source: service, width: 20}
      - {name: KEY, source: key, width: 20}
      - {name: VALUE, source: value, width: 12, align: right}
"""
POLICY = """\
approvals:
  LOW: {}
  MEDIUM: {supervisors: 1}
  HIGH: {supervisors: 1, security: 1}
threshold_cap: MEDIUM
impact:
  keys: {max_blur_px: MEDIUM}
  journeys: MEDIUM
  relative_change:
    - {above: 50%, level: MEDIUM}
ranges:
  max_blur_px: {minimum: 1, maximum: 12}
"""
SERVICE = """\
service: PHOTO_VALIDATOR
changes:
  max_blur_px: 2
  mode: strict
  retry: true
"""
JOURNEY = """\
journey: passport_renewal
version: v1
"""
TESTS = """\
recipe: PASSPORT_BACKLOG
tests:
  - name: short waits fire nothing
    series:
      wait_time: {every: 1_h, values: 5x48}
"""
FILES = {
    "pow/passport_backlog.yml": RECIPE,
    "pow/settings/feeds.yml": FEEDS,
    "pow/settings/targets.yml": TARGETS,
    "pow/settings/policy.yml": POLICY,
    "patches/services/PHOTO_VALIDATOR.yml": SERVICE,
    "patches/journeys/passport_renewal.yml": JOURNEY,
    "pow/tests/backlog_tests.yml": TESTS,
}
SHORT_NAMES = {path.rsplit("/", 1)[-1].removesuffix(".yml"): path for path in FILES}
"""`feeds`, `passport_backlog`, ...: how tests name the files."""


def files(**changed: str | None) -> Mapping[str, bytes]:
    """Return the repository with some files in place of the right ones; None leaves one out."""
    texts = FILES | {SHORT_NAMES[name]: text for name, text in changed.items()}
    return {path: text.encode() for path, text in texts.items() if text is not None}


def edited(name: str, old: str, new: str) -> Mapping[str, bytes]:
    """Return the repository with one place of one file edited; the place must be there exactly once."""
    text = FILES[SHORT_NAMES[name]]
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
    return files(**{name: text.replace(old, new)})
