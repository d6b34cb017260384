"""A broken contract lies between a distribution and one that it requires."""

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.core.import_graph.broken_contract import is_broken_contract
from depcheck.core.model.checks import Failure
from depcheck.core.model.installed import Distribution

OWNERS = {"celery": "celery", "kombu": "kombu", "sqlalchemy": "sqlalchemy", "greenlet": "greenlet", "vine": "vine"}


def dist(name: str, *requires: str) -> Distribution:
    return Distribution(canonicalize_name(name), Version("1"), requires)


SET = [
    dist("celery", "kombu>=4", "eventlet; extra == 'eventlet'", "greenlet; python_version < '3'"),
    dist("kombu", "vine"),
    dist("vine"),
    dist("greenlet"),
    dist("sqlalchemy"),
]


def owners(module: str) -> frozenset:
    top = module.partition(".")[0]
    return frozenset({canonicalize_name(OWNERS[top])}) if top in OWNERS else frozenset()


def is_broken(headline: str, module: str = "celery.utils.timer2", evidence: str = "") -> bool:
    markers = {"python_version": "3.12", "extra": ""}
    return is_broken_contract(Failure(module, headline, evidence), module, owners, SET, markers)


@pytest.mark.parametrize(
    "headline",
    [
        "ModuleNotFoundError: No module named 'kombu.async'",
        "ImportError: No module named 'kombu.async' (from kombu.async.timer import Entry)",
        "ImportError: cannot import name 'eventio' from 'kombu.utils' (/venv/kombu/utils/__init__.py)",
        "AttributeError: module 'kombu.utils' has no attribute 'eventio'",
        "ImportError: cannot import name 'promise' from 'vine'",
    ],
)
def test_something_of_a_required_distribution_is_gone(headline: str) -> None:
    """Count missing modules and names of direct and indirect requirements."""
    assert is_broken(headline)


def test_python_36_names_no_module() -> None:
    """The statement in the traceback does."""
    trace = "    from kombu.utils import eventio\nImportError: cannot import name 'eventio'\n"
    assert is_broken("ImportError: cannot import name 'eventio'", evidence=trace)


@pytest.mark.parametrize(
    ("headline", "module"),
    [
        ("ModuleNotFoundError: No module named 'eventlet'", "celery.concurrency.eventlet"),  # installed on neither side
        ("ModuleNotFoundError: No module named 'greenlet.gone'", "celery.concurrency.gevent"),  # by a false marker only
        ("ImportError: cannot import name 'x' from 'celery.old'", "celery.new"),  # its own
        ("OSError: libgdal.so.34: cannot open shared object file", "celery.contrib"),
        ("RuntimeError: this module is private", "celery._private"),
        ("ModuleNotFoundError: No module named 'kombu.gone'", "sqlalchemy.ext"),  # requires no kombu
        ("ModuleNotFoundError: No module named 'kombu.gone'", "unknown.module"),
    ],
)
def test_all_else_is_an_optional_module(headline: str, module: str) -> None:
    """Extras, system libraries, what a release misses of itself, what nobody requires."""
    assert not is_broken(headline, module)


def test_what_a_release_misses_of_itself_is_no_contract_of_its_dependents() -> None:
    """The file that failed belongs to it."""
    trace = 'File "/x/site-packages/kombu/legacy.py", line 3, in <module>\n    import kombu.gone\n'
    assert not is_broken("ModuleNotFoundError: No module named 'kombu.gone'", evidence=trace)
