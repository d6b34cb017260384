"""The repository's own package: editable, complete, or left out with a reason."""

from dataclasses import replace
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.checking.environments.editable import import_roots
from depcheck.checking.environments.uv_builder import UvEnvironmentBuilder
from depcheck.checking.sandbox.workspace_copy import WorkspaceCopier
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.pins import Pin, Pins

BACKEND = (Path(__file__).parent / "tiny_backend.py").read_text()
EDITABLE = """
from zipfile import ZipFile
def build_editable(folder, config_settings=None, metadata_directory=None):
    import os
    (Path("src/mine") / "version.py").write_text("made = 1")
    name = build_wheel(folder)
    with ZipFile(Path(folder, name)) as old:
        kept = {each: old.read(each) for each in old.namelist() if not each.startswith("mine/")}
    with ZipFile(Path(folder, name), "w") as new:
        for each, content in kept.items():
            new.writestr(each, content)
        new.writestr("mine.pth", os.path.abspath("src") + "\\n")
    return name
"""


def pins(**versions: str) -> Pins:
    names = {canonicalize_name(name): version for name, version in versions.items()}
    return {name: Pin(name, Version(version)) for name, version in names.items()}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    repo = tmp_path / "repository"
    (repo / "src" / "mine").mkdir(parents=True)
    (repo / "src" / "mine" / "__init__.py").write_text("")
    (repo / "backend.py").write_text(BACKEND)
    (repo / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "mine"\nversion = "3"\n'
    )
    return repo


@pytest.fixture
def environments(guest, shelf, interpreters, repository) -> UvEnvironmentBuilder:
    copies = WorkspaceCopier(repository, guest, guest.scratch)
    return UvEnvironmentBuilder(guest, shelf, interpreters, copies, guest.scratch, 120)


@pytest.fixture
def project(spec):
    return replace(spec, project=True, project_name="mine")


def requires(repository: Path, *lines: str) -> None:
    said = "".join(f"Requires-Dist: {line}\\n" for line in lines)
    text = (repository / "backend.py").read_text()
    (repository / "backend.py").write_text(text.replace("Version: 3\\n", f"Version: 3\\n{said}"))


def held(installed) -> dict[str, str]:
    return {one.name: str(one.version) for one in installed.distributions if one.name != "setuptools"}


def test_the_project_is_installed_editable(environments, project, repository) -> None:
    """Install the copy's modules with what the build wrote there.

    The repository is not touched.
    """
    (repository / "backend.py").write_text(BACKEND + EDITABLE)
    found = environments.install_pins(project, pins(), IndexView())
    assert (found.failure, found.project, found.own.editable) == (None, "mine", True)
    assert import_roots(found.site_packages, found.work) == {found.work / "src": frozenset()}
    assert (found.built / "src" / "mine" / "version.py").read_text() == "made = 1"
    assert not (repository / "src" / "mine" / "version.py").exists()


def test_a_wheel_that_holds_more_than_the_folder_gives_a_copy(environments, project, repository) -> None:
    """Copy the project when its old backend builds what its folder lacks."""
    more = BACKEND.replace(
        "        archive.writestr(", '        archive.writestr("mine/built.py", "")\n        archive.writestr(', 1
    )
    (repository / "backend.py").write_text(more)
    found = environments.install_pins(project, pins(), IndexView())
    assert (found.failure, found.project, found.own.editable) == (None, "mine", False)


def test_a_copy_is_installed_where_it_is_asked_for(environments, project, repository) -> None:
    """`project: copy` never asks for an editable wheel."""
    (repository / "backend.py").write_text(BACKEND + EDITABLE)
    object.__setattr__(environments.projects, "form", "copy")
    found = environments.install_pins(project, pins(), IndexView())
    assert (found.project, found.own.editable, found.built.exists()) == ("mine", False, False)


def test_what_a_tool_lockfile_lacks_is_resolved_beside_it(environments, project, repository, shelf) -> None:
    """Resolve what the project lacks beside the pins, and say so."""
    shelf.wheel("alpha", "1.0", {"alpha.py": ""}, ("beta",))
    shelf.wheel("beta", "1.0", {"beta.py": ""})
    shelf.wheel("beta", "2.0", {"beta.py": ""})
    requires(repository, "alpha>=1")
    found = environments.install_pins(project, pins(beta="1.0"), IndexView())
    assert held(found) == {"alpha": "1.0", "beta": "1.0", "mine": "3"}
    assert "alpha 1.0, resolved beside the pins" in found.own.remarks[0]
    assert not found.inconsistencies


def test_a_project_that_does_not_fit_the_committed_pins_is_left_out(environments, project, repository, shelf) -> None:
    """The lockfile of a tool is judged without it, and says so."""
    shelf.wheel("alpha", "1.0", {"alpha.py": ""})
    requires(repository, "alpha>=2")
    found = environments.install_pins(project, pins(alpha="1.0"), IndexView())
    assert held(found) == {"alpha": "1.0"}
    assert "mine itself was not installed: it requires alpha>=2" in found.own.remarks[0]


def test_a_repository_that_is_no_package_is_left_out(environments, project, repository) -> None:
    """Judge an application without its own package, and say so."""
    (repository / "backend.py").write_text("raise SystemExit('No file/folder found for package mine')")
    found = environments.install_pins(project, pins(), IndexView())
    assert (found.failure, held(found)) == (None, {})
    assert "mine itself was not installed" in found.own.remarks[0]
    assert "No file/folder found for package" in found.own.remarks[0]


def test_pins_that_stop_fitting_the_project_are_a_finding(environments, project, repository, shelf) -> None:
    """What the committed pins hold is asked of every later set."""
    shelf.wheel("alpha", "1.0", {"alpha.py": ""})
    shelf.wheel("alpha", "2.0", {"alpha.py": ""})
    requires(repository, "alpha<2")
    assert not environments.install_pins(project, pins(alpha="1.0"), IndexView()).inconsistencies
    later = environments.install_pins(project, pins(alpha="2.0"), IndexView())
    assert later.inconsistencies == ("mine 3 requires alpha<2, but alpha 2.0 is installed",)


def test_a_lockfile_that_pins_the_project_keeps_its_pin(environments, project, shelf) -> None:
    """Keep a lockfile's own pin of the project over the checkout."""
    shelf.wheel("mine", "1.0", {"mine.py": ""})
    found = environments.install_pins(project, pins(mine="1.0"), IndexView())
    assert (held(found), found.project) == ({"mine": "1.0"}, None)
    assert "that release was installed and not the checkout" in found.own.remarks[0]


def test_a_file_with_two_owners_outlives_the_one_that_leaves(environments, spec, shelf) -> None:
    """Make the environment afresh where files overlap, as new machines do."""
    shelf.wheel("core", "1.0", {"acme/__init__.py": "", "acme/core.py": ""})
    shelf.wheel("core", "2.0", {"acme/core.py": ""})
    shelf.wheel("billing", "1.0", {"acme/__init__.py": "", "acme/billing.py": ""})
    environments.install_pins(spec, pins(core="1.0", billing="1.0"), IndexView())
    found = environments.install_pins(spec, pins(core="2.0", billing="1.0"), IndexView())
    assert (found.site_packages[0] / "acme" / "__init__.py").exists()
    assert {"core": "2.0", "billing": "1.0"}.items() <= held(found).items()
