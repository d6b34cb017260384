"""The committed set is installed in the background during the compile.

Once, and never instead of the check's own installation.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.checking.compile.prefetch import BackgroundInstallCompiler
from depcheck.checking.environments.uv_builder import UvEnvironmentBuilder
from depcheck.checking.sandbox.workspace_copy import WorkspaceCopier
from depcheck.core.lockfiles.formats.known_formats import parse_lockfile
from depcheck.core.lockfiles.spec import EnvironmentSpec, LockfileSpec
from depcheck.core.model.compile_result import CompiledLockfiles
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.pins import Pin, Pins

PATH = "requirements.txt"


@dataclass
class Committed:
    """A compiler that returns its input, as if nothing had changed."""

    text: str

    def compile_lockfiles(self, _spec: EnvironmentSpec, _world: IndexView, *, upgrade: bool) -> CompiledLockfiles:  # noqa: ARG002  # the port's
        return CompiledLockfiles(((PATH, self.text),))


@pytest.fixture
def environments(guest, shelf, interpreters, tmp_path) -> UvEnvironmentBuilder:
    repository = tmp_path / "repository"
    repository.mkdir()
    copies = WorkspaceCopier(repository, guest, guest.scratch)
    return UvEnvironmentBuilder(guest, shelf, interpreters, copies, guest.scratch, 120)


def locked(spec: EnvironmentSpec, text: str) -> EnvironmentSpec:
    return replace(spec, lockfiles=(LockfileSpec(PATH, (), "", "pip-tools", None, "", (), parse_lockfile(text)),))


def pins(**versions: str) -> Pins:
    names = {canonicalize_name(name): version for name, version in versions.items()}
    return {name: Pin(name, Version(version)) for name, version in names.items()}


def standing(environments: UvEnvironmentBuilder) -> set[str]:
    found = environments.scratch.glob("env-*/venv/lib/*/site-packages/*.dist-info")
    names = {place.name.removesuffix(".dist-info") for place in found}
    return {name for name in names if not name.startswith("setuptools-")}  # the interpreter brings it


def upgraded(environments: UvEnvironmentBuilder, spec: EnvironmentSpec, text: str) -> BackgroundInstallCompiler:
    with ThreadPoolExecutor(1) as pool:
        compiler = BackgroundInstallCompiler(Committed(text), environments, pool)
        for upgrade in (False, True):
            compiler.compile_lockfiles(locked(spec, text), IndexView(), upgrade=upgrade)
    return compiler


def test_the_committed_set_stands_when_the_fresh_one_is_compiled(environments, spec, shelf) -> None:
    """Install the committed pins exactly before the fresh ones are compiled.

    What the first check installs is there already.
    """
    shelf.wheel("alpha", "1.0", {"alpha.py": ""})
    shelf.wheel("beta", "1.0", {"beta.py": ""})
    upgraded(environments, spec, "alpha==1.0\nbeta==1.0\n")
    assert standing(environments) == {"alpha-1.0", "beta-1.0"}
    found = environments.install_pins(spec, pins(alpha="1.0"), IndexView())
    assert "beta" not in {one.name for one in found.distributions}


def test_a_later_upgrade_leaves_alone_what_is_checked(environments, spec, shelf) -> None:
    """Keep the installed set while a later proposal is compiled."""
    for version in ("1.0", "2.0"):
        shelf.wheel("alpha", version, {"alpha.py": ""})
    compiler = upgraded(environments, spec, "alpha==1.0\n")
    environments.install_pins(spec, pins(alpha="2.0"), IndexView())
    compiler.compile_lockfiles(locked(spec, "alpha==1.0\n"), IndexView(), upgrade=True)
    assert standing(environments) == {"alpha-2.0"}


@pytest.mark.parametrize("text", ["gamma==1.0\n", "./here\n"])
def test_what_cannot_be_prepared_is_nobodys_error(environments, spec, text) -> None:
    """Leave errors of preparation to the check's own installation.

    A missing release, or a folder of the repository.
    """
    upgraded(environments, spec, text)
    assert standing(environments) == set()


def test_what_is_being_prepared_is_waited_for(environments, spec, shelf) -> None:
    """Wait for the preparation, then install the check's own set."""
    shelf.wheel("alpha", "1.0", {"alpha.py": ""})
    shelf.wheel("alpha", "2.0", {"alpha.py": ""})
    with ThreadPoolExecutor(1) as pool:
        BackgroundInstallCompiler(Committed(""), environments, pool).compile_lockfiles(
            locked(spec, "alpha==1.0\n"), IndexView(), upgrade=True
        )
        environments.install_pins(spec, pins(alpha="2.0"), IndexView())
    assert standing(environments) == {"alpha-2.0"}
