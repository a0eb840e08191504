from recipes.repository_files import RECIPE, files

from bot.cli.processes import spread
from bot.recipes.lint import lint

SECOND = RECIPE.replace("passport_renewal@v2", "passport_renewal@v3")


def many(count: int, change=lambda _, text: text):
    """Return a repository with so many recipes."""
    recipes = {
        f"pow/r{n}.yml": change(n, RECIPE.replace("PASSPORT_BACKLOG", f"R_{n}")).encode() for n in range(count)
    }
    return {**files(passport_backlog=None), **recipes}


def test_recipes_that_share_an_id_are_told_of_that_and_nothing_else():
    repository = {**files(), "pow/second.yml": SECOND.replace("max_blur_px: 4", "unknown: 4").encode()}
    assert {(fault.path, fault.id) for fault in lint(repository, endpoints={})} == {
        ("pow/passport_backlog.yml", "POW031"),
        ("pow/second.yml", "POW031"),
    }


def test_what_is_found_is_the_same_in_several_processes():
    def spoil(number: int, text: str) -> str:
        match number % 7:
            case 0:
                return text.replace("MEDIUM", "medium")
            case 1:
                return text.replace("wait_time) > 20_days", "wait_time) > 20%")
            case 2:
                return text.replace(f"R_{number}", "R_SHARED")
            case _:
                return text

    repository = many(2_100, spoil)
    found = lint(repository, endpoints={})
    assert lint(repository, endpoints={}, spread=spread) == found
    assert {"POW013", "POW031", "rule-unit-mismatch"} <= {fault.id for fault in found}
