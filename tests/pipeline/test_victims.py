"""Whose code fails is told by the innermost frame outside the culprit."""

from types import SimpleNamespace

import pytest
from packaging.version import Version

from depcheck.core.model.checks import Failure
from depcheck.core.model.installed import Distribution
from depcheck.pipeline.measure import find_victims

SITE = "venv/lib/python3.10/site-packages"
TRACE = f"""Traceback (most recent call last):
  File "work/app.py", line 2, in <module>
    from flask_login import LoginManager, UserMixin
  File "{SITE}/flask_login/__init__.py", line 12, in <module>
    from .login_manager import LoginManager
  File "{SITE}/flask_login/utils.py", line 14, in <module>
    from werkzeug.urls import url_decode
"""
OWN = 'Traceback (most recent call last):\n  File "work/app.py", line 2, in <module>\n    from werkzeug.urls import url_decode\n'
INSIDE = f'  File "{SITE}/werkzeug/urls.py", line 3, in <module>\n    boom()\n'
LIBRARY = '  File "/usr/lib/python3.10/importlib/__init__.py", line 126, in import_module\n    return boom()\n'


@pytest.mark.parametrize(
    ("trace", "victims"),
    [
        (TRACE, {"flask-login": Version("0.6.2")}),
        (TRACE + INSIDE, {"flask-login": Version("0.6.2")}),
        (TRACE + LIBRARY, {"flask-login": Version("0.6.2")}),
        (OWN, {}),
        ("boom", {}),
    ],
)
def test_the_victim_is_the_package_that_meets_the_culprit(trace, victims):
    """Name the package next to the culprit, or none for own code."""
    installed = (
        Distribution("flask-login", Version("0.6.2"), modules=frozenset({"flask_login"})),
        Distribution("werkzeug", Version("3.0.0"), modules=frozenset({"werkzeug"})),
    )
    sides = SimpleNamespace(after=SimpleNamespace(distributions=installed))
    cause = SimpleNamespace(failures=(Failure("app", "ImportError", trace),), culprits=("werkzeug",))
    assert find_victims(sides, cause) == victims
