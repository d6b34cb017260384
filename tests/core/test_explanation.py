"""Missing names, traceback frames, and the sentence about what was removed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.core.model.checks import Failure
from depcheck.core.tool_output.api_errors import (
    MOST_FRAMES,
    MOST_SYMBOLS,
    ApiChange,
    ApiChangeKind,
    MissingSymbol,
    ReleaseStep,
    TracebackFrame,
    find_missing_symbols,
    format_api_change,
    format_dropped_requirement,
    parse_traceback_frames,
)

KOMBU = ReleaseStep(canonicalize_name("kombu"), Version("4.1.0"), Version("4.2.0"))


@pytest.mark.parametrize(
    ("headline", "wanted"),
    [
        ("ModuleNotFoundError: No module named 'kombu.async'", MissingSymbol(ApiChangeKind.MODULE, "", "kombu.async")),
        ("ImportError: No module named yaml", MissingSymbol(ApiChangeKind.MODULE, "", "yaml")),
        (
            "ImportError: cannot import name 'triu' from 'scipy.linalg' (/x/scipy/linalg/__init__.py)",
            MissingSymbol(ApiChangeKind.NAME, "scipy.linalg", "triu"),
        ),
        (
            "AttributeError: `np.asfarray` was removed in the NumPy 2.0 release. Use `np.asarray` with a proper dtype",
            MissingSymbol(ApiChangeKind.NAME, "numpy", "asfarray"),
        ),
        (
            "AttributeError: module 'marshmallow' has no attribute '__version_info__'",
            MissingSymbol(ApiChangeKind.NAME, "marshmallow", "__version_info__"),
        ),
        (
            "\"flake8-docstrings\" failed during execution due to \"module 'pydocstyle' has no attribute 'tokenize_open'\"",
            MissingSymbol(ApiChangeKind.NAME, "pydocstyle", "tokenize_open"),
        ),
        (
            "AttributeError: 'FixtureDef' object has no attribute 'unittest'",
            MissingSymbol(ApiChangeKind.MEMBER, "FixtureDef", "unittest"),
        ),
        (
            "TypeError: CliRunner.__init__() got an unexpected keyword argument 'mix_stderr'",
            MissingSymbol(ApiChangeKind.PARAMETER, "CliRunner.__init__", "mix_stderr"),
        ),
        (
            "TypeError: TyperArgument.make_metavar() takes 1 positional argument but 2 were given",
            MissingSymbol(ApiChangeKind.OVERRIDE, "TyperArgument", "make_metavar"),
        ),
        (
            "TypeError: read_csv() takes from 1 to 2 positional arguments but 3 were given",
            MissingSymbol(ApiChangeKind.PLACES, "read_csv", ""),
        ),
        (
            "TypeError: Thing.__init__() missing 1 required keyword-only argument: 'loop'",
            MissingSymbol(ApiChangeKind.NEEDED, "Thing.__init__", "loop"),
        ),
    ],
)
def test_each_wording_says_what_is_missed(headline, wanted) -> None:
    """The wordings of Python's own errors, as real incidents showed them."""
    assert wanted in find_missing_symbols(Failure("", headline))


def test_other_errors_say_nothing() -> None:
    """Read no removed name from assertions and programs' own messages."""
    assert find_missing_symbols(Failure("", "assert 302 == 200", "E       assert 302 == 200\n")) == ()


def test_tracebacks_of_every_style_are_read_innermost_first() -> None:
    """Read tracebacks of Python and pytest, innermost frame first.

    Below site-packages as packages name their files, others as written.
    """
    text = (
        'Traceback (most recent call last):\n  File "/a/work/app.py", line 2, in <module>\n    import celery\n'
        '  File "/a/venv/lib/python3.6/site-packages/celery/x.py", line 19, in <module>\n'
        '  File "<frozen importlib._bootstrap>", line 994, in _gcd_import\n'
        "test_tool.py:5: TypeError\n../venv/lib/python3.11/site-packages/click/core.py:1002: in format_usage\n"
    )
    assert parse_traceback_frames(Failure("", "", text)) == (
        TracebackFrame("click/core.py", 1002, is_installed=True),
        TracebackFrame("test_tool.py", 5, is_installed=False),
        TracebackFrame("celery/x.py", 19, is_installed=True),
        TracebackFrame("/a/work/app.py", 2, is_installed=False),
    )


@given(st.text(max_size=400), st.text(max_size=2000))
def test_any_text_is_read_within_bounds(headline, evidence) -> None:
    """Hostile output gives few clues and never an error."""
    failure = Failure("", headline, evidence)
    assert len(find_missing_symbols(failure)) <= MOST_SYMBOLS
    assert len(parse_traceback_frames(failure)) <= MOST_FRAMES


def test_sentences_name_release_thing_and_place() -> None:
    """Name release, removed thing, and the place if it was found."""
    found = ApiChange(ApiChangeKind.MODULE, "", "kombu.async", "celery/utils/timer2.py", 19)
    assert format_api_change(KOMBU, found) == (
        "kombu 4.2.0 removed the module kombu.async; celery/utils/timer2.py line 19 imports it."
    )
    assert format_api_change(KOMBU, ApiChange(ApiChangeKind.NAME, "kombu.utils", "kwdict")) == (
        "kombu 4.2.0 removed kwdict from kombu.utils."
    )
    assert format_dropped_requirement(KOMBU, canonicalize_name("six"), "celery/five.py", 3) == (
        "kombu 4.2.0 no longer requires six; celery/five.py line 3 imports it."
    )


@given(st.text(max_size=1000), st.text(max_size=1000), st.text(max_size=1000), st.sampled_from(ApiChangeKind))
def test_a_sentence_is_one_bounded_line(owner, name, path, kind) -> None:
    """Names come from strangers' files."""
    said = format_api_change(KOMBU, ApiChange(kind, owner, name, path, 1))
    assert len(said) <= 500
    assert "\n" not in said
    assert "\x1b" not in said
