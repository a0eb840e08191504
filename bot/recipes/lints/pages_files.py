"""The pages of the checks that read a file and look at its shape."""

from bot.recipes.check import Check
from bot.recipes.lints.page import Page, Pages

_RECIPE = "# file: pow/passport_backlog.yml\n"
_WHOLE = "# whole file: pow/passport_backlog.yml\n"

FILE_PAGES: Pages = {
    Check.ENCODING: Page(
        why="A tab, a byte order mark or a character that nobody sees makes two texts that look the same differ, and "
        "a reviewer approves what is shown.",
        bad=f"{_RECIPE}hitl_threshold:«\t»MEDIUM\n",
        good=f"{_RECIPE}hitl_threshold: MEDIUM\n",
    ),
    Check.SYNTAX: Page(
        why="What is no YAML cannot be read at all; nothing in the file is taken into account.",
        bad=f"{_WHOLE}id: PASSPORT_BACKLOG\nwatch_feeds: [metrics.passport.wait_time\nbottleneck_rule«:» x\n",
        good=f"{_RECIPE}watch_feeds: [metrics.passport.wait_time]\n",
    ),
    Check.FEATURE: Page(
        why="Anchors, aliases and tags let one line change what another means, far away from it. A reviewer reads "
        "what is written, so the bot reads nothing else.",
        bad=f"{_RECIPE}hitl_threshold: «&level MEDIUM»\n",
        good=f"{_RECIPE}hitl_threshold: MEDIUM\n",
    ),
    Check.DUPLICATE_KEY: Page(
        why="Readers of YAML keep the first or the last of two equal keys, and which one is not written anywhere.",
        bad=f"{_RECIPE}hitl_threshold: MEDIUM\n«hitl_threshold»: LOW\n",
        good=f"{_RECIPE}hitl_threshold: MEDIUM\n",
    ),
    Check.AMBIGUOUS: Page(
        why="`010` is ten for one reader of YAML and eight for another, `1:30` is ninety for some. A number that is "
        "to go live must be the same for all.",
        bad=f"{_RECIPE}watch:\n  min_samples: «010»\n",
        good=f"{_RECIPE}watch:\n  min_samples: 10\n",
    ),
    Check.DEPTH: Page(
        why="No file of the bot is nested deeper than a few levels; one that is was made to exhaust a reader.",
        bad=f"{_RECIPE}watch_feeds: {'[' * 31}«[»{']' * 32}\n",
        good=f"{_RECIPE}watch_feeds: [metrics.passport.wait_time]\n",
    ),
    Check.SIZE: Page(
        why="A recipe fits on a screen. A file of hundreds of kilobytes is a mistake, or was made to slow "
        "everyone down.",
        bad="«»# file: pow/passport_backlog.yml\n# size: 300000\n",
        good="# file: pow/passport_backlog.yml\n# size: 100000\n",
    ),
    Check.MISSING_KEY: Page(
        why="What must be decided by a person has no default: a rollback rule above all.",
        bad="# whole file: pow/passport_backlog.yml\n«id»: PASSPORT_BACKLOG\nwatch_feeds: "
        "[metrics.passport.wait_time]\n"
        'bottleneck_rule: "max(wait_time) > 20_days"\nfix_recipe:\n  service_patch:\n    service: PHOTO_VALIDATOR\n'
        '    config: {max_blur_px: 4}\nhitl_threshold: MEDIUM\nsuccess_metric: "wait_time < 7_days for 3_days"\n',
        good=f'{_RECIPE}rollback_on: "error_rate > 5%"\n',
    ),
    Check.UNKNOWN_KEY: Page(
        why="A misspelt key would silently have no effect: its default would count.",
        bad=f"{_RECIPE}«hitl_treshold»: LOW\n",
        good=f"{_RECIPE}hitl_threshold: MEDIUM\n",
    ),
    Check.KIND: Page(
        why="A value of another kind is most often a slip of quotes or of indentation.",
        bad=f'{_RECIPE}reversible: «"no"»\n',
        good=f"{_RECIPE}reversible: false\n",
    ),
    Check.VALUE: Page(
        why="Each key lists what it can be; the message says what was expected.",
        bad=f"{_RECIPE}hitl_threshold: «medium»\n",
        good=f"{_RECIPE}hitl_threshold: MEDIUM\n",
    ),
}
