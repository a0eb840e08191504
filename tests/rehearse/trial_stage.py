"""A small repository in which recipe tests are played, and the recipe that most of them are about."""

from collections.abc import Mapping

from recipes.repository_files import files as right_files

from bot.model.trial import TrialResult
from bot.recipes.library import load_library
from bot.recipes.recipe_tests import RecipeTestFile, read_test_file
from bot.recipes.recipe_tests_fit import FittedTest, Fitter
from bot.rehearse.trial import Stage, play
from bot.rehearse.trial_desk import Office

PATH = "pow/tests/passport.yml"
HEAD = """\
recipe: PASSPORT_BACKLOG
tests:
  - name: the test
"""


def staged(files: Mapping[str, bytes] | None = None) -> tuple[Fitter, Stage]:
    """Set a repository up."""
    given = right_files() if files is None else files
    library = load_library(given, endpoints={})
    settings = library.settings
    assert settings is not None, library.diagnostics
    office = Office(files=given, policy=settings.policy, muted=settings.muted)
    return Fitter(library, settings), Stage(settings.feeds, office)


def fit_text(text: str, fitter: Fitter) -> FittedTest:
    """Read one test and fit it to a repository."""
    read = read_test_file(PATH, text.encode())
    assert isinstance(read, RecipeTestFile), read
    (outcome,) = fitter.fit(read)
    assert outcome.value is not None, outcome.faults
    return outcome.value


def play_text(body: str, files: Mapping[str, bytes] | None = None) -> TrialResult:
    """Play a test; `body` is all of it but its name and recipe."""
    fitter, stage = staged(files)
    return play(fit_text(HEAD + body, fitter), stage)
