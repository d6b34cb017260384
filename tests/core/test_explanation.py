"""What a failure says is missed, where its tracebacks stood, and the sentence for what was found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.core.checks import Failure
from depcheck.core.explanation import (
    MOST_FRAMES,
    MOST_SOUGHT,
    Found,
    Frame,
    Missed,
    Sought,
    Step,
    dropped_sentence,
    frames,
    sentence,
    sought,
)

KOMBU = Step(canonicalize_name("kombu"), Version("4.1.0"), Version("4.2.0"))


@pytest.mark.parametrize(
    ("headline", "wanted"),
    [
        ("ModuleNotFoundError: No module named 'kombu.async'", Sought(Missed.MODULE, "", "kombu.async")),
        ("ImportError: No module named yaml", Sought(Missed.MODULE, "", "yaml")),
        (
            "ImportError: cannot import name 'triu' from 'scipy.linalg' (/x/scipy/linalg/__init__.py)",
            Sought(Missed.NAME, "scipy.linalg", "triu"),
        ),
        (
            "AttributeError: module 'marshmallow' has no attribute '__version_info__'",
            Sought(Missed.NAME, "marshmallow", "__version_info__"),
        ),
        (
            "\"flake8-docstrings\" failed during execution due to \"module 'pydocstyle' has no attribute 'tokenize_open'\"",
            Sought(Missed.NAME, "pydocstyle", "tokenize_open"),
        ),
        (
            "AttributeError: 'FixtureDef' object has no attribute 'unittest'",
            Sought(Missed.MEMBER, "FixtureDef", "unittest"),
        ),
        (
            "TypeError: CliRunner.__init__() got an unexpected keyword argument 'mix_stderr'",
            Sought(Missed.PARAMETER, "CliRunner.__init__", "mix_stderr"),
        ),
        (
            "TypeError: TyperArgument.make_metavar() takes 1 positional argument but 2 were given",
            Sought(Missed.OVERRIDE, "TyperArgument", "make_metavar"),
        ),
        (
            "TypeError: read_csv() takes from 1 to 2 positional arguments but 3 were given",
            Sought(Missed.PLACES, "read_csv", ""),
        ),
        (
            "TypeError: Thing.__init__() missing 1 required keyword-only argument: 'loop'",
            Sought(Missed.NEEDED, "Thing.__init__", "loop"),
        ),
    ],
)
def test_each_wording_says_what_is_missed(headline, wanted) -> None:
    """The wordings of Python's own errors, as real incidents showed them."""
    assert wanted in sought(Failure("", headline))


def test_other_errors_say_nothing() -> None:
    """An assertion or a message of a program's own names nothing that a release could have taken away."""
    assert sought(Failure("", "assert 302 == 200", "E       assert 302 == 200\n")) == ()


def test_tracebacks_of_every_style_are_read_innermost_first() -> None:
    """Python's and pytest's; below site-packages as packages name their files, others as they stand."""
    text = (
        'Traceback (most recent call last):\n  File "/a/work/app.py", line 2, in <module>\n    import celery\n'
        '  File "/a/venv/lib/python3.6/site-packages/celery/x.py", line 19, in <module>\n'
        '  File "<frozen importlib._bootstrap>", line 994, in _gcd_import\n'
        "test_tool.py:5: TypeError\n../venv/lib/python3.11/site-packages/click/core.py:1002: in format_usage\n"
    )
    assert frames(Failure("", "", text)) == (
        Frame("click/core.py", 1002, installed=True),
        Frame("test_tool.py", 5, installed=False),
        Frame("celery/x.py", 19, installed=True),
        Frame("/a/work/app.py", 2, installed=False),
    )


@given(st.text(max_size=400), st.text(max_size=2000))
def test_any_text_is_read_within_bounds(headline, evidence) -> None:
    """Hostile output gives few clues and never an error."""
    failure = Failure("", headline, evidence)
    assert len(sought(failure)) <= MOST_SOUGHT
    assert len(frames(failure)) <= MOST_FRAMES


def test_sentences_name_release_thing_and_place() -> None:
    """Release, what is gone, and who uses it where; the place only where it was found."""
    found = Found(Missed.MODULE, "", "kombu.async", "celery/utils/timer2.py", 19)
    assert sentence(KOMBU, found) == (
        "kombu 4.2.0 removed the module kombu.async; celery/utils/timer2.py line 19 imports it."
    )
    assert sentence(KOMBU, Found(Missed.NAME, "kombu.utils", "kwdict")) == (
        "kombu 4.2.0 removed kwdict from kombu.utils."
    )
    assert dropped_sentence(KOMBU, canonicalize_name("six"), "celery/five.py", 3) == (
        "kombu 4.2.0 no longer requires six; celery/five.py line 3 imports it."
    )


@given(st.text(max_size=1000), st.text(max_size=1000), st.text(max_size=1000), st.sampled_from(Missed))
def test_a_sentence_is_one_bounded_line(owner, name, path, kind) -> None:
    """Names come from strangers' files."""
    said = sentence(KOMBU, Found(kind, owner, name, path, 1))
    assert len(said) <= 500
    assert "\n" not in said
    assert "\x1b" not in said
