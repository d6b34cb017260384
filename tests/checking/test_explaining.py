"""The explanation of a culprit, from releases that an index serves.

Empty if anything is in the way.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.checking.environments.uv_builder import UvEnvironmentBuilder
from depcheck.checking.explain import explainer as explaining
from depcheck.checking.explain.explainer import GuestExplainer
from depcheck.checking.sandbox.workspace_copy import WorkspaceCopier
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.checks import Failure
from depcheck.core.model.errors import InterpreterMissingError
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.pins import Pin
from depcheck.core.tool_output.api_errors import ReleaseStep
from depcheck.index.server.local import LocalIndex
from depcheck.index.upstreams import Upstream


@dataclass
class Explained:
    """Asks for explanations in an environment of its own."""

    environments: UvEnvironmentBuilder
    repo: Path

    def __call__(self, lines: str, step: str, failure: Failure, python: str = "3.11", dropped=()) -> str:
        try:
            self.environments.interpreters.find_path(python)
        except InterpreterMissingError as error:
            pytest.skip(str(error))
        spec = EnvironmentSpec("requirements.txt", python, ())
        pairs = [line.split("==") for line in lines.split()]
        pins = {canonicalize_name(name): Pin(canonicalize_name(name), Version(version)) for name, version in pairs}
        installed = self.environments.install_pins(spec, pins, IndexView())
        name, good, bad = step.split()
        asked = ReleaseStep(canonicalize_name(name), Version(good), Version(bad), dropped)
        explainer = GuestExplainer(self.environments.guest, self.environments)
        return explainer.explain_failure(spec, installed, IndexView(), asked, failure)


@pytest.fixture
def explained(guest, shelf, interpreters, tmp_path: Path) -> Explained:
    repo = tmp_path / "repo"
    repo.mkdir()
    copies = WorkspaceCopier(repo, guest, guest.scratch)
    return Explained(UvEnvironmentBuilder(guest, shelf, interpreters, copies, guest.scratch, 120), repo)


CLICK = (
    "click 8.2.0 added the parameter ctx to click.core.Argument.make_metavar; "
    "typer/core.py line 381 defines the method without it."
)
MISSING = Failure("", "ModuleNotFoundError: No module named 'alpha.old'")


@pytest.mark.parametrize("in_repository", [True, False], ids=["the repository", "a dependent"])
def test_a_removed_module_is_named_with_its_user(explained, shelf, in_repository) -> None:
    """Find the user of a removed module in installed or own files."""
    shelf.wheel("alpha", "1.0", {"alpha/__init__.py": "", "alpha/old.py": ""})
    shelf.wheel("alpha", "2.0", {"alpha/__init__.py": "from alpha.old import x  # the culprit itself is no user\n"})
    text = "import os\nimport alpha.old\n"
    shelf.wheel("beta", "1.0", {"beta.py": "" if in_repository else text}, ("alpha",))
    if in_repository:
        (explained.repo / "app").mkdir()
        (explained.repo / "app" / "main.py").write_text(text)
    said = explained("alpha==2.0 beta==1.0", "alpha 1.0 2.0", MISSING)
    user = "app/main.py" if in_repository else "beta.py"
    assert said == f"alpha 2.0 removed the module alpha.old; {user} line 2 imports it."


def test_a_requirement_that_was_dropped_is_named_with_who_imports_it(explained, shelf) -> None:
    """Only with the line that imports one of its modules."""
    shelf.wheel("alpha", "1.0", {"alpha.py": ""}, ("gone",))
    shelf.wheel("alpha", "2.0", {"alpha.py": ""})
    shelf.wheel("beta", "1.0", {"beta.py": "import alpha\nfrom gone.deep import x\n"}, ("alpha",))
    dropped = ((canonicalize_name("gone"), frozenset({"gone"})),)
    failure = Failure("", "ModuleNotFoundError: No module named 'gone'")
    said = explained("alpha==2.0 beta==1.0", "alpha 1.0 2.0", failure, dropped=dropped)
    assert said == "alpha 2.0 no longer requires gone; beta.py line 2 imports it."


def test_a_release_that_only_a_build_would_show_gives_silence(explained, shelf) -> None:
    """Nothing is built for an explanation."""
    shelf.sdist("alpha", "1.0", "raise SystemExit('built')")
    shelf.wheel("alpha", "2.0", {"alpha.py": ""})
    assert explained("alpha==2.0", "alpha 1.0 2.0", MISSING) == ""


def test_a_file_that_exhausts_the_parser_gives_silence(explained, shelf) -> None:
    """It costs the child process at most, never ours."""
    deep = "x = " + "-" * 900_000 + "1\n"
    shelf.wheel("alpha", "1.0", {"alpha/__init__.py": deep, "alpha/old.py": deep})
    shelf.wheel("alpha", "2.0", {"alpha/__init__.py": deep})
    failure = Failure("", "ImportError: cannot import name 'x' from 'alpha'")
    assert explained("alpha==2.0", "alpha 1.0 2.0", failure) == ""


def test_a_failure_without_clues_costs_nothing(explained, shelf, monkeypatch) -> None:
    """Nothing is unpacked for an assertion."""
    shelf.wheel("alpha", "2.0", {"alpha.py": ""})
    monkeypatch.setattr(UvEnvironmentBuilder, "unpack_release", lambda *_: pytest.fail("unpacked"))
    assert explained("alpha==2.0", "alpha 1.0 2.0", Failure("", "assert 1 == 2")) == ""


@pytest.mark.parametrize(
    "answer",
    [None, [], {"found": 1}, {"found": {"kind": "x", "owner": "", "name": "", "path": "", "line": 1}}, {"imported": {"y": [1]}},
     {"imported": {"y": ["a", 1]}}],
)  # fmt: skip
def test_what_is_no_answer_is_not_said(answer) -> None:
    """The child runs as the guest: its answer is foreign."""
    step = ReleaseStep(canonicalize_name("alpha"), Version("1"), Version("2"))
    assert explaining._to_sentence(step, answer) == ""


@pytest.fixture(scope="module")
def pypi(tmp_path_factory):
    with LocalIndex([Upstream("https://pypi.org/simple/")], tmp_path_factory.mktemp("index")) as found:
        yield found


def _trace(path: str, line: int, error: str) -> Failure:
    text = (
        f'Traceback (most recent call last):\n  File "/e/lib/python3/site-packages/{path}", line {line}, in <module>\n'
    )
    return Failure("", error, f"{text}{error}\n")


@pytest.mark.live
@pytest.mark.parametrize(
    ("python", "lines", "step", "failure", "said"),
    [
        (
            "3.6",
            "celery==4.1.0 kombu==4.2.0",
            "kombu 4.1.0 4.2.0",
            _trace("celery/concurrency/asynpool.py", 38, "ModuleNotFoundError: No module named 'kombu.async'"),
            "kombu 4.2.0 removed the module kombu.async; celery/concurrency/asynpool.py line 38 imports it.",
        ),
        (
            "3.10",
            "flask==2.2.2 werkzeug==3.0.0",
            "werkzeug 2.3.7 3.0.0",
            Failure("", "ImportError: cannot import name 'url_quote' from 'werkzeug.urls' (/e/urls.py)"),
            "werkzeug 3.0.0 removed url_quote from werkzeug.urls; flask/app.py line 30 uses it.",
        ),
        (
            "3.11",
            "click==8.2.0 typer==0.15.1",
            "click 8.1.8 8.2.0",
            Failure("", "TypeError: TyperArgument.make_metavar() takes 1 positional argument but 2 were given"),
            CLICK,
        ),
    ],
    ids=["kombu", "werkzeug", "click"],
)
def test_real_releases_are_explained(guest, pypi, interpreters, tmp_path, python, lines, step, failure, said) -> None:  # noqa: PLR0913, PLR0917
    """The sentences that a person would write after reading both releases."""
    repo = tmp_path / "repo"
    repo.mkdir()
    copies = WorkspaceCopier(repo, guest, guest.scratch)
    ask = Explained(UvEnvironmentBuilder(guest, pypi, interpreters, copies, guest.scratch, 300), repo)
    assert ask(lines, step, failure, python).startswith(said)  # then where else it is used


@pytest.mark.live
def test_a_requirement_that_nbformat_dropped(guest, pypi, interpreters, tmp_path) -> None:
    """What only nbformat brought is imported by nbconvert."""
    repo = tmp_path / "repo"
    repo.mkdir()
    copies = WorkspaceCopier(repo, guest, guest.scratch)
    ask = Explained(UvEnvironmentBuilder(guest, pypi, interpreters, copies, guest.scratch, 300), repo)
    error = "ModuleNotFoundError: No module named 'ipython_genutils'"
    dropped = ((canonicalize_name("ipython-genutils"), frozenset({"ipython_genutils"})),)
    said = ask("nbconvert==5.6.1 nbformat==5.2.0", "nbformat 5.1.3 5.2.0", Failure("", error), "3.8", dropped)
    assert said.startswith("nbformat 5.2.0 no longer requires ipython-genutils; nbconvert/")
    assert said.endswith(" imports it.")
