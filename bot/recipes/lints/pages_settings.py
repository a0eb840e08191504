"""The pages of the checks that hold recipes, settings and the desired state against one another."""

from bot.recipes.check import Check
from bot.recipes.lints.page import Page, Pages

_RECIPE = "# file: pow/passport_backlog.yml\n"
_FEEDS = "# file: pow/settings/feeds.yml\n"
_TARGETS = "# file: pow/settings/targets.yml\n"
_POLICY = "# file: pow/settings/policy.yml\n"
_SERVICE = "# file: patches/services/PHOTO_VALIDATOR.yml\n"
_WAIT = (
    "feeds:\n  metrics.passport.wait_time:\n    source: http_json\n    endpoint: metrics\n    path: /passport/wait\n"
)
_TESTS = (
    "# whole file: pow/tests/backlog_tests.yml\nrecipe: PASSPORT_BACKLOG\ntests:\n  - name: short waits fire "
    "nothing\n"
    "    series:\n      wait_time: "
)
_COUNTING = (
    f"{_POLICY}impact:\n  keys: {{max_blur_px: MEDIUM}}\n  journeys: MEDIUM\n"
    "  people_affected: [{above: 10000, level: HIGH}]\n"
    f"{_FEEDS}feeds:\n  archive.passport:\n    shape: events\n    source: csv\n    path: logs/archive.csv\n"
    "    columns: {case: case, activity: activity, end: end}\n"
)
_FIX = "fix_recipe:\n  service_patch:\n    service: PHOTO_VALIDATOR\n    config: "

SETTINGS_PAGES: Pages = {
    Check.MISSING_FILE: Page(
        why="Without its feeds, targets and policy the bot neither measures nor changes anything.",
        bad="«»# no file: pow/settings/policy.yml\n",
        good="# file: pow/settings/policy.yml\nthreshold_cap: MEDIUM\n",
    ),
    Check.ENDPOINT: Page(
        why="Measurements and configuration travel encrypted, or do not leave the machine.",
        bad=f"{_TARGETS}endpoints:\n  metrics: «http://metrics.gov»\n  gateway: https://api.gov\n  share: "
        f"file:///mnt/share\n",
        good=f"{_TARGETS}endpoints:\n  metrics: https://metrics.gov\n  gateway: https://api.gov\n  share: "
        f"file:///mnt/share\n",
    ),
    Check.FEED: Page(
        why="A feed that does not say where its time and its value stand gives no series.",
        bad=f"{_FEEDS}{_WAIT}    «columns»: {{at: closed_at}}\n    unit: days\n",
        good=f"{_FEEDS}{_WAIT}    columns: {{at: closed_at, value: days}}\n    unit: days\n",
    ),
    Check.TARGET: Page(
        why="A change that cannot be sent, or not be told to a legacy system, must not be proposed.",
        bad=f"{_TARGETS}gateway:\n  endpoint: «gate»\n  patch: /v1/mgt/patch\n  service: "
        f"/v1/mgt/services/{{service}}\n"
        "  journey: /v1/journeys/{journey}\n",
        good=f"{_TARGETS}gateway:\n  endpoint: gateway\n  patch: /v1/mgt/patch\n"
        "  service: /v1/mgt/services/{service}\n  journey: /v1/journeys/{journey}\n",
    ),
    Check.POLICY: Page(
        why="A policy that contradicts itself would be read in one way by its author and in another by the gate.",
        bad=f"{_POLICY}ranges:\n  «max_blur_px»: {{minimum: 13, maximum: 12}}\n",
        good=f"{_POLICY}ranges:\n  max_blur_px: {{minimum: 1, maximum: 12}}\n",
    ),
    Check.OVERRIDE: Page(
        why="A variable that replaces an endpoint nobody has is misspelt, and the real endpoint is still in use.",
        bad="«»# environment: POW_ENDPOINT_METRIC=https://other.gov\n",
        good="# environment: POW_ENDPOINT_METRICS=https://other.gov\n",
    ),
    Check.UNKNOWN_FEED: Page(
        why="A recipe that watches a feed which does not exist watches nothing.",
        bad=f"{_RECIPE}watch_feeds: [«metrics.passport.wait»]\n",
        good=f"{_RECIPE}watch_feeds: [metrics.passport.wait_time]\n",
    ),
    Check.DUPLICATE_RECIPE: Page(
        why="An id names one recipe in branches, records and history. Of two with the same id neither is loaded.",
        bad="# file: pow/passport_backlog.yml\nid: «PASSPORT_BACKLOG»\n# copy: pow/passport_backlog_2.yml\n"
        "id: PASSPORT_BACKLOG\n",
        good="# file: pow/passport_backlog.yml\nid: PASSPORT_BACKLOG\n# copy: pow/passport_backlog_2.yml\n"
        "id: PASSPORT_BACKLOG_2\nlint: {ignore: [{id: POW050, reason: a copy that only shows ids}]}\n",
    ),
    Check.TEST_VALUES: Page(
        why="A test whose series cannot be read shows nothing. The guide to tests has the notation.",
        bad=f"{_TESTS}{{every: 1_h, values: «5*48»}}\n",
        good=f"{_TESTS}{{every: 1_h, values: 5x48}}\n",
    ),
    Check.TEST_MISFIT: Page(
        why="A test of a recipe that is not there, or with a series of a feed that is not there, shows nothing. "
        "`pow test` says so.",
        bad=f"{_TESTS}{{every: 1_h, values: 5x48}}\n      «wait»: {{every: 1_h, values: 5x48}}\n",
        good=f"{_TESTS}{{every: 1_h, values: 5x48}}\n",
    ),
    Check.NOT_ADOPTED: Page(
        why="Only what stands in Git can be restored by a revert. `pow adopt` brings a service's live values in.",
        bad=f"{_RECIPE}{_FIX}{{«min_size_kb»: 40}}\n",
        good=f"{_SERVICE}changes: {{max_blur_px: 2, min_size_kb: 20, mode: strict, retry: true}}\n"
        f"{_RECIPE}{_FIX}{{min_size_kb: 40}}\n",
    ),
    Check.UNKNOWN_JOURNEY: Page(
        why="A journey whose present version is not in Git could not be taken back to it.",
        bad=f"{_RECIPE}fix_recipe:\n  journey_patch: «journeys/visa_renewal@v2»\n",
        good=f"{_RECIPE}fix_recipe:\n  journey_patch: journeys/passport_renewal@v2\n",
    ),
    Check.NO_CHANGE: Page(
        why="A patch to the present value proposes nothing; most often the change has been made already.",
        bad=f"{_RECIPE}{_FIX}{{max_blur_px: «2»}}\n",
        good=f"{_RECIPE}{_FIX}{{max_blur_px: 4}}\n",
    ),
    Check.ABOVE_CAP: Page(
        why="Impact below a recipe's threshold passes alone. Policy caps the threshold, so the recipe promises more "
        "than will happen.",
        bad=f"{_RECIPE}hitl_threshold: «HIGH»\n",
        good=f"{_RECIPE}hitl_threshold: MEDIUM\n",
    ),
    Check.OUT_OF_RANGE: Page(
        why="Policy says how far a key may go, whoever approves.",
        bad=f"{_RECIPE}{_FIX}{{max_blur_px: «40»}}\n",
        good=f"{_RECIPE}{_FIX}{{max_blur_px: 4}}\n",
    ),
    Check.OTHER_KIND: Page(
        why="A service that expects a number and is given a text refuses it, or worse, takes it for something.",
        bad=f"{_RECIPE}{_FIX}{{mode: «4»}}\n",
        good=f"{_RECIPE}{_FIX}{{mode: lenient}}\n",
    ),
    Check.UNBOUNDED: Page(
        why="A recipe may fire again and again, and a value that is computed from the present one goes further each "
        "time. The range in the policy is where it stops.",
        bad=f"{_SERVICE}changes: {{max_blur_px: 2, queue_size: 100, mode: strict, retry: true}}\n"
        f"{_RECIPE}{_FIX}{{«queue_size»: {{add: 50}}}}\n",
        good=f"{_RECIPE}{_FIX}{{max_blur_px: {{add: 2}}}}\n",
    ),
    Check.SET_TWICE: Page(
        why="Of two values for one key only one could be proposed, and nobody could say which.",
        bad=f"{_RECIPE}fix_recipe:\n  service_patch:\n"
        "    - {service: PHOTO_VALIDATOR, config: {max_blur_px: 4}}\n"
        "    - {service: PHOTO_VALIDATOR, config: {«max_blur_px»: 6}}\n",
        good=f"{_RECIPE}fix_recipe:\n  service_patch:\n"
        "    - {service: PHOTO_VALIDATOR, config: {max_blur_px: 4}}\n"
        "    - {service: PHOTO_VALIDATOR, config: {mode: lenient}}\n",
    ),
    Check.UNCOUNTED: Page(
        why="What is not known counts as the highest level that policy names for people affected, so every change of "
        "the recipe would wait for those who approve that.",
        bad=f"{_COUNTING}{_RECIPE}«watch_feeds»: [metrics.passport.wait_time]\n",
        good=f"{_COUNTING}{_RECIPE}process_log: events.passport\n",
    ),
    Check.FILE_NAME: Page(
        why="A service is found by the name of its file; another name inside would patch another service.",
        bad=f"{_SERVICE}service: «FORM_VALIDATOR»\n",
        good=f"{_SERVICE}service: PHOTO_VALIDATOR\n",
    ),
    Check.NOT_READ: Page(
        why="What has another ending or is in another folder, or is a link, looks as if it counted, and does not.",
        bad="# whole file: pow/print_queue.yaml\n«id»: PRINT_QUEUE\n",
        good="# whole file: pow/README.md\nNotes for people are left alone.\n",
    ),
}
