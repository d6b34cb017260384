"""Configuration layers in their order, and wrong words with the right one.

The schema says the same.
"""

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from depcheck.core.config.from_sources import build_check_settings, read_toml_options
from depcheck.core.config.json_schema import build_config_schema, render_config_schema
from depcheck.core.config.options import CHECK_OPTIONS
from depcheck.core.config.settings import RawOption
from depcheck.core.config.toml_file import UNCONFIGURABLE_OPTIONS
from depcheck.core.model.errors import UsageError

PUBLISHED = Path(__file__).parents[2] / "docs" / "depcheck.schema.json"
VALIDATOR = Draft202012Validator(build_config_schema())
HOLD = {"package": "kombu", "below": "4.2", "until": "2027-01-01", "reason": "kombu.async is gone"}
IGNORE = {"package": "kombu", "until": "2027-01-01", "reason": "not now"}


def toml(value) -> str:
    """Write a JSON value as TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def accepted(config: dict) -> bool:
    """Whether the code takes it."""
    try:
        build_check_settings(
            read_toml_options("".join(f"{json.dumps(k)} = {toml(v)}\n" for k, v in config.items()), "depcheck.toml")
        )
    except UsageError:
        return False
    return True


def test_the_published_schema_is_current():
    """docs/depcheck.schema.json is what the table of options gives.

    python -c "from depcheck.core.config.json_schema import render_config_schema as r; print(r(), end='')" > docs/depcheck.schema.json
    """
    assert PUBLISHED.read_text() == render_config_schema()
    Draft202012Validator.check_schema(build_config_schema())


VALUES = [
    True, False, 0, 1, 30, 2.5, -1, "", "7", "0", "true", "x", "pytest -x", "3.12", "open", "off", "5432,6379", 5432,
    "2023-10-02", "2023-10-02T12:00:00Z", "a/b.txt", "../a", "/a", "a.txt,b.txt", "https://pypi.org/simple", "DATABASE_URL",
    "gh_x", [], ["a.txt"], ["a.txt", "../b"], [["a.txt", "b.txt"]], [1], {}, HOLD, [HOLD], [IGNORE], [HOLD | {"below": ""}],
    [IGNORE | {"specifier": "<4.2"}], [HOLD | {"specifier": "<4.2"}], [HOLD | {"unti": "x"}], "kombu until 2027-01-01 because x",
    [{"name": "a"}], [{"name": "a", "python": "3.12"}], [{"python": "3.12"}], [{"name": "a", "repo": "."}], [{"name": "a", "pyton": "3.12"}],
    [{"name": "a", "hold": [HOLD]}], [{"name": 1}],
]  # fmt: skip


@pytest.mark.parametrize("name", [*(o.name for o in CHECK_OPTIONS), "environment", "cooldwn", "Python", ""])
def test_the_schema_and_the_code_agree(name):
    """Accept exactly what the schema accepts, for every key and value.

    Where a sentence's words are at issue, the schema asks for its form alone.
    """
    for value in VALUES:
        if name in {"hold", "ignore"} and isinstance(value, str) and " until " in value:
            continue
        assert VALIDATOR.is_valid({name: value}) == accepted({name: value}), (name, value)


@settings(max_examples=30)
@given(
    st.dictionaries(
        st.sampled_from(sorted({o.name for o in CHECK_OPTIONS} | {"environment", "tets"})), st.sampled_from(VALUES)
    )
)
def test_several_keys_at_once(config):
    """Law: a configuration is accepted if each of its keys is."""
    assert accepted(config) == all(accepted({name: value}) for name, value in config.items())


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ("pyton = '3.12'", r"did you mean 'python'\?$"),
        ("repo = '.'", "remove the key"),
        ("test = true", "give a text"),
        ("imports = 1", "give true or false"),
        ("timeout = true", "give a number"),
        ("[[hold]]\npackge = 'x'", r"\[\[hold\]\] in depcheck.toml sets 'packge'.*did you mean 'package'"),
        ("[[hold]]\npackage = 'x'\nbelow = '2'\nreason = 'x'", "has no `until`"),
        ("[[hold]]\npackage = 'x'\nuntil = 2027-01-01\nreason = 'x'", "none of below and specifier"),
        ("[[ignore]]\npackage = 'x'\nbelow = '1'", "sets 'below'"),
        ("[[hold]]\npackage = 'x'\nbelow = 2\nreason = 'x'\nuntil = 2027-01-01", "`below` of .* is 2; give a text"),
        ("[[environment]]\npython = '3.12'", "has no `name`"),
        ("[[environment]]\nname = 'a'\n[[environment]]\nname = 'a'", "Two .* have the name 'a'"),
        ("[[environment]]\nname = 'a'\ntets = 'x'", "did you mean 'test'"),
        ("[[environment]]\nname = 'a'\nno-sandbox = true", "not an option"),
        ("[environment]\nname = 'a'", "no array of tables"),
    ],
)
def test_what_is_wrong_is_refused_with_the_right_word(config, says):
    """The place, what is wrong, and what to write instead."""
    with pytest.raises(UsageError, match=says):
        build_check_settings(read_toml_options(config, "depcheck.toml"))


CONFIG = """
test = "pytest"
cooldown = 3
lockfile = ["all.txt"]
[[hold]]
package = "kombu"
below = "4.2"
reason = "kombu.async is gone"
until = 2027-01-01
[[environment]]
name = "old"
python = "3.9"
lockfile = ["old.txt"]
test = "pytest old"
[[environment.ignore]]
package = "six"
reason = "not now"
until = 2027-01-01
[[environment.hold]]
package = "celery"
specifier = ">=4,<5"
reason = "a reason"
until = 2027-01-01
"""


def test_an_environment_is_above_what_is_around_it_and_below_the_command_line():
    """Rank the command line above an environment, and it above the file.

    Rules are added; lockfiles are an environment's own.
    """
    whole = build_check_settings(
        read_toml_options(CONFIG, "depcheck.toml"), {"cooldown": RawOption("--cooldown", ("9",))}
    )
    old = whole.get_for_environment("old")
    assert (old.python, old.test, old.lockfiles, old.cooldown_days) == ("3.9", "pytest old", ("old.txt",), 9)
    assert (whole.python, whole.test, whole.lockfiles) == ("", "pytest", ("all.txt",))
    assert [(str(rule.package), rule.specifier) for rule in old.holds] == [("kombu", "<4.2"), ("celery", "<5,>=4")]
    assert [rule.last_day for rule in old.ignores] == [date(2027, 1, 1)]
    assert whole.get_for_environment("unknown") is whole


def test_what_is_not_configured_is_not_in_the_schema():
    """Leave options of one run and the repository out of the schema."""
    assert not set(build_config_schema()["properties"]) & set(UNCONFIGURABLE_OPTIONS)
