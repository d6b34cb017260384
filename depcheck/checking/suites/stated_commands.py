"""How a repository runs its tests, read from its files.

tox, nox, hatch, and lines of workflows and makefiles.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from depcheck.checking.suites.nox_recipes import find_nox_recipes
from depcheck.checking.suites.suite_files import read_small_text
from depcheck.checking.suites.suite_recipe import SuiteRecipe, split_own_extras
from depcheck.checking.suites.tox_recipes import find_tox_recipes, get_table, get_toml_table, list_texts, split_words
from depcheck.untrusted_files import list_beneath

MOST_COMMANDS = 3
_MANAGE = re.compile(r"\bmanage\.py[ \t]+(test(?:[ \t]+[\w./:=@-]+)*)")
_LINES_OF = ("Makefile", ".travis.yml", ".gitlab-ci.yml")


def find_suite_recipes(root: Path) -> Iterator[list[SuiteRecipe]]:
    """Yield the recipes of tox, then those of nox and of hatch."""
    for find in (find_tox_recipes, find_nox_recipes, _find_hatch_recipes):
        yield list(find(root))


def find_stated_commands(root: Path) -> list[str]:
    """Find the first test commands of tox, nox or hatch."""
    for recipes in find_suite_recipes(root):
        found = [command for recipe in recipes for command in recipe.to_commands(_make_lookup(root))]
        if found:
            return list(dict.fromkeys(found))[:MOST_COMMANDS]
    return []


def find_stated_recipe(root: Path) -> SuiteRecipe | None:
    """Find the first environment of tox, nox or hatch that tests."""
    found = (recipe for recipes in find_suite_recipes(root) for recipe in recipes)
    return next((recipe for recipe in found if recipe.to_commands(_make_lookup(root))), None)


def _make_lookup(root: Path) -> Callable[[str], bool]:
    def exists(path: str) -> bool:
        try:
            return not Path(path).is_absolute() and (root / path).exists()
        except OSError:  # a word longer than a file name may be
            return False

    return exists


def find_django_test_words(root: Path) -> list[str]:
    """Find what follows `manage.py` where a workflow or makefile tests."""
    workflows = [path.as_posix() for path in list_beneath(root, ".github/workflows")][:20]
    found = (match for path in (*_LINES_OF, *workflows) for match in _MANAGE.finditer(read_small_text(root, path)))
    first = next(found, None)
    return [word for word in first[1].split() if word not in {"--parallel", "--keepdb"}] if first else ["test"]


def _find_hatch_recipes(root: Path) -> Iterator[SuiteRecipe]:
    environments = get_toml_table(read_small_text(root, "pyproject.toml"), "tool", "hatch", "envs")
    for name in ("hatch-test", "test", "default"):
        environment = get_table(environments, name)
        scripts = get_table(environment, "scripts")
        lines = [line for key in ("run", "test", "tests", "unit") for line in list_texts(scripts.get(key))]
        named = [*list_texts(environment.get("dependencies")), *list_texts(environment.get("extra-dependencies"))]
        requirements, extras = split_own_extras(named)
        yield SuiteRecipe(
            commands=tuple(words for line in lines for words in split_words(line)),
            settings=tuple((key, str(value)) for key, value in get_table(environment, "env-vars").items()),
            requirements=requirements,
            extras=(*extras, *list_texts(environment.get("features"))),
            groups=tuple(list_texts(environment.get("dependency-groups"))),
            label=f"the environment {name} of hatch",
        )
