"""For which Python a set was compiled, told by the backports in it: old headers, and uv's, do not say.

A backport is asked for below the version that made it needless, so each one gives an upper bound. The table holds those
whose requirers all say the same, or names the requirers that do.
"""

from collections.abc import Iterable

from depcheck.core.pins import Pin

_BELOW_3 = frozenset(
    [
        "backports-functools-lru-cache",
        "configparser",
        "contextlib2",
        "enum34",
        "funcsigs",
        "functools32",
        "futures",
        "pathlib2",
        "scandir",
        "singledispatch",
        "unittest2",
    ]
)
_ANY = frozenset({"*"})
# backport: (the first minor version of Python 3 without it, the requirers of which that is true)
_BOUNDS = {
    "dataclasses": (7, _ANY),
    "contextvars": (7, _ANY),
    "importlib-metadata": (8, frozenset({"pluggy", "pytest", "tox", "virtualenv", "click", "flake8", "jsonschema"})),
    "typed-ast": (8, frozenset({"black", "mypy", "astroid"})),
    "cached-property": (8, frozenset({"kombu"})),
    "backports-zoneinfo": (9, _ANY),
    "pkgutil-resolve-name": (9, _ANY),
    "graphlib-backport": (9, _ANY),
    "importlib-resources": (9, frozenset({"jsonschema", "alembic", "limits"})),
    "exceptiongroup": (11, frozenset({"pytest", "anyio", "ipython", "hypothesis", "cattrs"})),
    "tomli": (11, frozenset({"pytest", "black", "mypy", "coverage", "build", "pylint"})),
    "async-timeout": (11, frozenset({"aiohttp", "asyncpg"})),
}


def newest_python(pins: Iterable[Pin]) -> str:
    """The newest Python ("3.7", "2.7") that the set can have been compiled for, or empty where nothing tells."""
    known = tuple(pins)
    old = {pin.name for pin in known if pin.name in _BELOW_3}
    if len(old) > 1:  # one alone may be asked for in earnest
        return "2.7"
    bounds = [bound for pin in known for bound in _bounds(pin)]
    return f"3.{min(bounds) - 1}" if bounds else ""


def _bounds(pin: Pin) -> Iterable[int]:
    below, requirers = _BOUNDS.get(pin.name, (0, frozenset[str]()))
    asked_by = {requirer.partition("[")[0] for requirer in pin.via}
    if not pin.marker and below and (requirers is _ANY or asked_by & requirers):
        yield below
