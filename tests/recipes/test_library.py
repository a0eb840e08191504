from datetime import date, timedelta

import pytest
from recipes.repository_files import FEEDS, POLICY, RECIPE, ROOT, TARGETS, edited, files

from bot.model.calendar import Calendar, Freeze
from bot.model.errors import Severity
from bot.model.impact import HighImpact, ImpactPolicy, KeyClass, PeopleAffected, RelativeChange, ValueRange
from bot.model.level import Level
from bot.model.limits import Breaker, Budget
from bot.model.names import RecipeId
from bot.model.proof import ShareTest
from bot.model.series import SeriesKind
from bot.model.settings import AdapterKind, Approvers, Columns, FeedShape, FieldSpec, RollbackTest, SourceKind
from bot.model.unit import DAY, PLAIN_COUNT, PLAIN_RATIO
from bot.recipes.calendar import read_hours
from bot.recipes.fast_text import MAX_BYTES
from bot.recipes.files import read_files, unread_entries
from bot.recipes.library import load_library

OWN = read_files(ROOT)


def test_the_repositorys_own_recipes_compile():
    library = load_library(OWN, endpoints={})

    assert library.diagnostics == ()
    assert [compiled.recipe.id for compiled in library.recipes] == ["PASSPORT_BACKLOG", "PASSPORT_MANUAL_CHECKS"]
    backlog = library.find(RecipeId("PASSPORT_BACKLOG"))
    assert backlog is not None
    assert backlog.bottleneck.feeds == ("metrics.passport.wait_time",)
    assert backlog.success.hold == timedelta(days=3)
    assert backlog.rollback.feeds == ("metrics.passport.error_rate",)
    assert backlog.recipe.process_log == "events.passport"


def test_the_repositorys_own_feeds_are_the_tutorials():
    settings = load_library(OWN, endpoints={}).settings
    assert settings is not None
    feeds = {feed.name: feed for feed in settings.feeds}

    assert list(feeds) == [
        "metrics.passport.wait_time",
        "metrics.passport.error_rate",
        "metrics.passport.manual_share",
        "complaints.passport",
        "events.passport",
    ]
    wait, errors = feeds["metrics.passport.wait_time"], feeds["metrics.passport.error_rate"]
    assert (wait.source, wait.endpoint, wait.path) == (SourceKind.HTTP_JSON, "metrics", "/passport/wait")
    assert (wait.unit, wait.kind, wait.window) == (DAY, SeriesKind.READINGS, timedelta(days=1))
    assert wait.columns == Columns(at="closed_at", value="days")
    assert (errors.unit, errors.kind, errors.window) == (PLAIN_RATIO, SeriesKind.RATIO, timedelta(minutes=5))
    assert (errors.rows, errors.columns) == ("windows", Columns(at="at", value="errors", of="requests"))
    assert (feeds["complaints.passport"].shape, feeds["complaints.passport"].unit) == (
        FeedShape.COMPLAINTS,
        PLAIN_COUNT,
    )
    assert feeds["events.passport"].columns == Columns(
        case="case", activity="activity", start="start", end="end", resource="resource"
    )


def test_the_repositorys_own_targets_and_policy_are_what_the_files_say():
    settings = load_library(OWN, endpoints={}).settings
    assert settings is not None
    targets, policy = settings.targets, settings.policy

    assert targets.endpoints["gateway"] == "https://api.gov"
    assert (targets.patch_path, targets.service_path) == ("/v1/mgt/patch", "/v1/mgt/services/{service}")
    assert [sync.kind for sync in targets.syncs] == [AdapterKind.HTTP, AdapterKind.FIXED_WIDTH, AdapterKind.EXCEL]
    assert targets.syncs[1].fields == (
        FieldSpec(name="SERVICE", source="service", width=20),
        FieldSpec(name="KEY", source="key", width=20),
        FieldSpec(name="VALUE", source="value", width=12, align="right"),
        FieldSpec(name="CHANGE-ID", source="change", width=16),
    )
    assert policy.approvals == {
        Level.LOW: (),
        Level.MEDIUM: (Approvers(teams=("supervisors",), count=1),),
        Level.HIGH: (Approvers(teams=("supervisors",), count=1), Approvers(teams=("security",), count=1)),
    }
    assert policy.impact.classes["identity_check"].keys == ("max_blur_px", "*_match")
    assert policy.impact.relative_change == (
        RelativeChange(above=0.5, level=Level.MEDIUM),
        RelativeChange(above=2.0, level=Level.HIGH),
    )
    assert policy.ranges == {"max_blur_px": ValueRange(minimum=1, maximum=12)}
    assert policy.rollback == RollbackTest(window=timedelta(minutes=15), pool=timedelta(hours=6))
    assert policy.digest.startswith("sha256:")


def test_the_environment_replaces_base_urls():
    library = load_library(
        files(), endpoints={"metrics": "http://127.0.0.1:8080/agency/", "share": "file:///tmp/share/"}
    )

    assert library.diagnostics == ()
    assert library.settings is not None
    assert library.settings.targets.endpoints == {
        "metrics": "http://127.0.0.1:8080/agency",
        "gateway": "https://api.gov",
        "share": "file:///tmp/share",
    }


def test_an_override_of_nothing_is_a_warning_with_the_likely_name():
    library = load_library(files(), endpoints={"metric": "https://m.gov"})

    assert library.settings is not None
    [fault] = library.diagnostics
    assert (fault.path, fault.id, fault.severity) == ("environment", "POW025", Severity.WARNING)
    assert fault.hint == "did you mean `metrics`?"


def test_an_override_may_not_change_the_kind_of_an_endpoint():
    library = load_library(files(), endpoints={"metrics": "file:///tmp/metrics"})

    assert library.settings is None
    assert {fault.id for fault in library.diagnostics} == {"POW022"}


@pytest.mark.parametrize(
    "url",
    [
        "http://metrics.gov",
        "http://127.0.0.1.evil.example",
        "http://169.254.169.254",
        "http://[2001:db8::1]",
        "ftp://metrics.gov",
        "metrics.gov",
        "//metrics.gov",
        "javascript:alert(1)",
        "https://",
        "https://:8080",
        "https://metrics.gov:99999",
        "https://[::1",
        "https://user:secret@metrics.gov",
        "https://metrics.gov@evil.example",
        "https://metrics.gov?x=1",
        "https://metrics.gov#x",
        "https://metrics.gov/../x",
        "https://metrics.gov\\@evil.example",
        "https://metrics gov",
        " https://metrics.gov",
        "https://metrics.gov/\r\nHost: x",
        "file:relative",
        "file://server/share",
        "file:///",
        "file:///mnt/../etc",
        "",
        "x" * 1000,
    ],
)
def test_a_base_url_that_leads_elsewhere_is_refused(url):
    library = load_library(files(), endpoints={"metrics": url})

    assert library.settings is None
    assert [(fault.path, fault.id) for fault in library.diagnostics] == [("environment", "POW021")]
    assert "secret" not in library.diagnostics[0].message


@pytest.mark.parametrize(
    "url",
    [
        "https://metrics.gov",
        "https://metrics.gov:8443/base/path",
        "HTTPS://METRICS.GOV",
        "https://[2001:db8::1]:8443",
        "http://localhost:8000",
        "http://127.0.0.1",
        "http://127.1.2.3:1",
        "http://[::1]:80",
    ],
)
def test_a_base_url_that_is_safe_is_taken(url):
    assert load_library(files(), endpoints={"metrics": url}).settings is not None


def test_a_bad_recipe_does_not_keep_the_others_from_loading():
    library = load_library({**files(), "pow/bad.yml": b"id: [", "pow/worse.yml": b"\xff"}, endpoints={})

    assert [compiled.recipe.id for compiled in library.recipes] == ["PASSPORT_BACKLOG"]
    assert library.settings is not None
    assert library.has_error
    assert [fault.path for fault in library.diagnostics] == ["pow/bad.yml", "pow/worse.yml"]


def test_an_id_that_two_files_claim_loads_from_neither():
    library = load_library({**files(), "pow/a.yml": RECIPE.encode()}, endpoints={})

    assert library.recipes == ()
    assert [(fault.path, fault.id, fault.line, fault.column) for fault in library.diagnostics] == [
        ("pow/a.yml", "POW031", 1, 5),
        ("pow/passport_backlog.yml", "POW031", 1, 5),
    ]


def test_broken_feeds_leave_no_recipe_that_could_be_measured():
    library = load_library(files(feeds="feeds: 1\n"), endpoints={})

    assert (library.settings, library.recipes) == (None, ())
    assert {fault.path for fault in library.diagnostics} == {"pow/settings/feeds.yml"}


def test_a_broken_policy_leaves_no_settings_but_rules_are_still_checked():
    library = load_library(
        {**files(policy="x: 1\n"), "pow/b.yml": RECIPE.replace("BACKLOG", "B").replace("5%", "5_days").encode()},
        endpoints={},
    )

    assert library.settings is None
    assert {fault.path for fault in library.diagnostics} == {"pow/settings/policy.yml", "pow/b.yml"}


def test_a_process_log_that_is_not_named_is_the_programmes_only_one():
    other = FEEDS.replace("events.passport", "events.visa")
    two = FEEDS + FEEDS[FEEDS.index("  events.passport") :].replace("events.passport", "logs.passport")

    logs = [
        load_library(files(feeds=text), endpoints={}).recipes[0].recipe.process_log for text in (FEEDS, other, two)
    ]

    assert logs == ["events.passport", None, None]


def test_all_three_rules_tell_their_faults_at_once():
    text = RECIPE.replace("20_days", "20_dys").replace("7_days", "7_dys").replace("error_rate", "eror_rate")

    faults = load_library(files(passport_backlog=text), endpoints={}).diagnostics

    assert [(fault.line, fault.id) for fault in faults] == [
        (3, "rule-unknown-unit"),
        (11, "rule-unknown-unit"),
        (12, "rule-unknown-name"),
    ]


def test_the_muted_recipes_and_the_other_choices_of_a_policy_are_read():
    text = (
        POLICY
        + "muted: [PASSPORT_BACKLOG]\npaused: true\nbots: ['pow[bot]']\nexcluded_approvers: [mallory]\n"
        + "expire_after: 3_days\nproposals_per_run: 1\nrollbacks_per_day: 0\nlook_again_after: 2h\n"
        + "closings_per_day: 0\n"
        + "open_proposals: {automatic: 3}\n"
        + "calendar:\n  time_zone: Europe/Amsterdam\n  allow: [Mon-Fri 08:00-18:00]\n"
        + "  freeze: [{from: 2026-12-20, through: 2027-01-02, reason: year-end close}]\n"
        + "rollback: {window: 1min, windows: 6, breaches: 3, pool: 30min, confidence: 0.95, min_samples: 20}\n"
    )
    settings = load_library(files(policy=text), endpoints={}).settings

    assert settings is not None
    assert settings.muted == {"PASSPORT_BACKLOG"}
    policy = settings.policy
    assert (policy.paused, policy.bots, policy.excluded_approvers) == (True, ("pow[bot]",), ("mallory",))
    assert (policy.expire_after, policy.proposals_per_run, policy.rollbacks_per_day) == (timedelta(days=3), 1, 0)
    assert (policy.look_again_after, policy.closings_per_day) == (timedelta(hours=2), 0)
    assert policy.budget == Budget(automatic=3, people=20, urgent=5)
    assert policy.calendar == Calendar(
        time_zone="Europe/Amsterdam",
        allow=(read_hours("Mon-Fri 08:00-18:00"),),
        freezes=(Freeze(first=date(2026, 12, 20), last=date(2027, 1, 2), reason="year-end close"),),
    )
    assert policy.rollback == RollbackTest(
        window=timedelta(minutes=1),
        windows=6,
        breaches=3,
        pool=timedelta(minutes=30),
        confidence=0.95,
        min_samples=20,
    )


def test_all_factors_of_impact_are_read():
    text = POLICY.replace(
        "  journeys: MEDIUM\n",
        "  journeys: MEDIUM\n  unknown_key: MEDIUM\n  services: {PAYMENTS: HIGH}\n"
        "  classes:\n    identity_check: {keys: [max_blur_px, 'id_*'], level: MEDIUM}\n"
        "  people_affected: [{above: 1000, level: MEDIUM}, {above: 10000, level: HIGH}]\n"
        "  high_impact: {level: MEDIUM, targets: [PHOTO_VALIDATOR, journeys/visa]}\n",
    )
    settings = load_library(files(policy=text), endpoints={}).settings

    assert settings is not None
    assert settings.policy.impact == ImpactPolicy(
        default=Level.LOW,
        services={"PAYMENTS": Level.HIGH},
        keys={"max_blur_px": Level.MEDIUM},
        journeys=Level.MEDIUM,
        relative_change=(RelativeChange(above=0.5, level=Level.MEDIUM),),
        unknown_key=Level.MEDIUM,
        classes={"identity_check": KeyClass(keys=("max_blur_px", "id_*"), level=Level.MEDIUM)},
        people_affected=(
            PeopleAffected(above=1_000, level=Level.MEDIUM),
            PeopleAffected(above=10_000, level=Level.HIGH),
        ),
        high_impact=HighImpact(level=Level.MEDIUM, targets=frozenset({"PHOTO_VALIDATOR", "journeys/visa"})),
    )


def test_evidence_that_sums_up_asks_for_fewer_broken_windows():
    text = POLICY + "rollback: {test: cusum, reach: 2_days, alpha: 1%}\n"
    settings = load_library(files(policy=text), endpoints={}).settings
    assert settings is not None
    assert settings.policy.rollback == RollbackTest(
        share=ShareTest.CUSUM, breaches=6, reach=timedelta(days=2), alpha=0.01
    )


def test_every_kind_of_metric_is_read():
    text = FEEDS + (
        "  metrics.permits.waiting:\n"
        "    source: parquet\n"
        "    path: log.parquet\n"
        "    columns: {case: c, activity: a, at: t}\n"
        "    hand_over: {source: 'T05 Print', target: T06}\n"
        "    where: {status: done}\n"
        "    time_format: '%d.%m.%Y'\n"
        "    unit: days\n"
        "    history: 500_weeks\n"
        "  metrics.permits.length:\n"
        "    source: json_file\n"
        "    path: log.json\n"
        "    columns: {start: s, end: e}\n"
        "    unit: hours\n"
        "    min_value: 0\n"
        "    max_value: 99.5\n"
        "    timeout: 3s\n"
        "    max_bytes: 2048\n"
        "    people: true\n"
        "    time_zone: America/New_York\n"
        "  metrics.permits.received:\n"
        "    source: csv\n"
        "    path: received.csv\n"
        "    columns: {at: t}\n"
        "    unit: count\n"
    )
    settings = load_library(files(feeds=text), endpoints={}).settings

    assert settings is not None
    waiting, length, received = settings.feeds[-3:]
    assert (received.unit, received.columns, received.time_zone) == (PLAIN_COUNT, Columns(at="t"), "UTC")
    assert length.time_zone == "America/New_York"
    assert length.people
    assert (waiting.hand_over, waiting.where, waiting.time_format) == (
        ("T05 Print", "T06"),
        {"status": "done"},
        "%d.%m.%Y",
    )
    assert waiting.history == timedelta(weeks=500)
    assert (length.min_value, length.max_value, length.max_bytes) == (0.0, 99.5, 2048)
    assert length.timeout == timedelta(seconds=3)


def test_settings_that_only_name_what_they_must_have_the_models_defaults():
    settings = load_library(files(), endpoints={}).settings
    assert settings is not None

    assert settings.policy.expire_after == timedelta(days=14)
    assert settings.policy.look_again_after == timedelta(hours=6)
    assert (settings.policy.proposals_per_run, settings.policy.rollbacks_per_day) == (10, 4)
    assert settings.policy.closings_per_day == 5
    assert settings.policy.breaker == Breaker(target=3, agency=8, within=timedelta(days=30))
    assert settings.policy.impact.unknown_key is Level.HIGH
    assert settings.policy.impact.high_impact == HighImpact(level=Level.HIGH)
    assert not settings.feeds[0].people
    assert settings.feeds[0].history == timedelta(days=30)
    assert settings.feeds[0].timeout == timedelta(seconds=10)
    assert settings.targets.audience == ""


def test_the_policys_digest_is_that_of_its_exact_bytes():
    same = load_library(files(), endpoints={}).settings
    other = load_library(edited("policy", "journeys: MEDIUM", "journeys: MEDIUM  # comment"), endpoints={}).settings

    assert same is not None
    assert other is not None
    assert same.policy.digest != other.policy.digest
    assert same.policy.impact == other.policy.impact


def test_loading_again_gives_the_same_whatever_the_order_of_the_files():
    shuffled = dict(reversed({**files(), "pow/bad.yml": b"id: ["}.items()))

    assert load_library(shuffled, endpoints={}) == load_library(dict(sorted(shuffled.items())), endpoints={})


def test_paths_outside_are_passed_over():
    noise = {
        "pow/tests/x.yml": b"\xff",
        "patches/services/X.yml": b"\xff",
        "README.md": b"\xff",
        "pow/x/y.yml": b"\xff",
    }

    assert load_library({**files(), **noise}, endpoints={}).diagnostics == ()


def test_reading_a_folder_leaves_out_links_and_all_but_a_glimpse_of_what_is_too_large(tmp_path):
    (tmp_path / "pow" / "settings").mkdir(parents=True)
    (tmp_path / "pow" / "a.yml").write_bytes(b"a: 1\n")
    (tmp_path / "pow" / "settings" / "feeds.yml").write_bytes(b"#" * (MAX_BYTES + 100))
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "pow" / "link.yml").symlink_to(tmp_path / "secret")
    (tmp_path / "patches").symlink_to(tmp_path / "pow")

    (tmp_path / "pow" / "folder.yml").mkdir()
    (tmp_path / "pow" / "lost.yml").symlink_to(tmp_path / "nowhere")

    read = read_files(tmp_path)

    assert unread_entries(tmp_path) == ("pow/link.yml", "pow/lost.yml")
    assert {path: len(content) for path, content in read.items()} == {
        "pow/a.yml": 5,
        "pow/settings/feeds.yml": MAX_BYTES + 1,
    }


def test_the_small_repositorys_settings_files_are_the_ones_that_the_tests_edit():
    assert tuple(files()[f"pow/settings/{name}.yml"].decode() for name in ("feeds", "targets", "policy")) == (
        FEEDS,
        TARGETS,
        POLICY,
    )
