"""Environments hold exactly the pins, and say what could not be installed."""

import hashlib
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.checking.checks.running.command_context import CheckContext
from depcheck.checking.checks.running.compiled_code import compile_installed
from depcheck.checking.environments.uv_builder import UvEnvironmentBuilder
from depcheck.checking.sandbox.policy import NetworkPolicy
from depcheck.checking.sandbox.workspace_copy import WorkspaceCopier
from depcheck.core.lockfiles.formats.known_formats import parse_lockfile
from depcheck.core.lockfiles.spec import LockfileSpec
from depcheck.core.model.errors import IndexUnavailableError
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.pins import Pin, Pins
from depcheck.core.tool_output import install_errors


def pins(**versions: str) -> Pins:
    names = {canonicalize_name(name): version for name, version in versions.items()}
    return {name: Pin(name, Version(version)) for name, version in names.items()}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    repo = tmp_path / "repository"
    repo.mkdir()
    return repo


@pytest.fixture
def environments(guest, shelf, interpreters, repository) -> UvEnvironmentBuilder:
    copies = WorkspaceCopier(repository, guest, guest.scratch)
    return UvEnvironmentBuilder(guest, shelf, interpreters, copies, guest.scratch, 120)


@pytest.fixture
def no_bundle(environments: UvEnvironmentBuilder, spec) -> None:
    """As from Python 3.12 on: no setuptools comes with a virtual environment."""
    about = environments.interpreters.get_interpreter(spec.python)
    environments.interpreters._interpreters[spec.python] = replace(about, setuptools_wheel=None)


@pytest.fixture
def apart(environments, guest, apart_folder) -> UvEnvironmentBuilder:
    """Return a builder where the walls between trials can be seen."""
    other = replace(guest, scratch=apart_folder)
    copies = WorkspaceCopier(environments.copies.repo, other, other.scratch)
    return UvEnvironmentBuilder(other, environments.index, environments.interpreters, copies, other.scratch, 120)


def held(installed) -> dict[str, str]:
    return {one.name: str(one.version) for one in installed.distributions}


@pytest.mark.usefixtures("no_bundle")
def test_an_environment_changes_in_place_by_difference(environments, spec, shelf) -> None:
    """Replace the first set by the second exactly, in place."""
    for version in ("1.0", "2.0"):
        shelf.wheel("alpha", version, {"alpha/__init__.py": "", "alpha/part.py": "", "alpha/tests/t.py": ""})
    shelf.wheel("beta", "1.0", {"beta.py": "", "shared/space/deep.py": ""}, ("alpha<2",))
    first = environments.install_pins(spec, pins(alpha="1.0", beta="1.0"), IndexView())
    assert held(first) == {"alpha": "1.0", "beta": "1.0"}
    assert [one.modules for one in first.installed_distributions] == [
        ("alpha", "alpha.part"),
        ("beta", "shared.space.deep"),
    ]
    assert [one.modules for one in first.distributions] == [{"alpha"}, {"beta", "shared"}]
    assert not first.inconsistencies
    assert held(environments.install_pins(spec, pins(alpha="2.0"), IndexView())) == {"alpha": "2.0"}


@pytest.mark.usefixtures("no_bundle")
def test_an_inconsistent_set_is_installed_and_said(environments, spec, shelf) -> None:
    """Install an inconsistent set and report the inconsistency."""
    shelf.wheel("alpha", "2.0", {"alpha.py": ""})
    shelf.wheel("beta", "1.0", {"beta.py": ""}, ("alpha<2", "gamma"))
    found = environments.install_pins(spec, pins(alpha="2.0", beta="1.0"), IndexView())
    assert found.inconsistencies == (
        "beta 1.0 requires alpha<2, but alpha 2.0 is installed",
        "beta 1.0 requires gamma, which is not installed",
    )


def test_setuptools_comes_as_in_a_new_virtual_environment(environments, spec) -> None:
    """Install setuptools wherever a new virtual environment would have it.

    Where the interpreter brings a wheel of it, code that imports pkg_resources must not miss it.
    """
    if environments.interpreters.get_interpreter(spec.python).setuptools_wheel is None:
        pytest.skip("this interpreter brings no setuptools")
    assert "setuptools" in held(environments.install_pins(spec, pins(), IndexView()))


@pytest.mark.usefixtures("no_bundle")
def test_setuptools_that_a_lockfile_leaves_out_is_installed_where_it_is_asked_for(environments, spec, shelf) -> None:
    """Install required setuptools that a lockfile leaves out, as pip would.

    The newest that fits; gone again with what required it.
    """
    for version in ("60", "70"):
        shelf.wheel("setuptools", version, {"pkg_resources.py": ""})
    shelf.wheel("needs", "1.0", {"needs.py": ""}, ("setuptools<65",))
    assert held(environments.install_pins(spec, pins(needs="1.0"), IndexView())) == {"needs": "1.0", "setuptools": "60"}
    assert held(environments.install_pins(spec, pins(), IndexView())) == {}
    assert held(environments.install_pins(spec, pins(setuptools="70"), IndexView())) == {"setuptools": "70"}


def test_what_a_lockfile_leaves_out_is_installed_where_it_is_asked_for(environments, spec, shelf) -> None:
    """Install required packages that a lockfile leaves out, as pip would.

    Those of --no-emit-package or --unsafe-package: the newest that fits.
    """
    for version in ("1", "2", "3"):
        shelf.wheel("away", version, {"away.py": ""})
    shelf.wheel("needs", "1.0", {"needs.py": ""}, ("away<3",))
    lockfile = parse_lockfile("needs==1.0\n\n# The following packages were excluded from the output:\n# away\n")
    leaving = LockfileSpec("requirements.txt", (), "", "uv", None, "", (), lockfile)
    found = environments.install_pins(replace(spec, lockfiles=(leaving,)), pins(needs="1.0"), IndexView())
    assert {"needs": "1.0", "away": "2"}.items() <= held(found).items()
    assert not found.inconsistencies


BROKEN = "def get_requires_for_build_wheel(settings=None):\n    open('missing/__init__.py')\n"


def test_a_build_that_fails_names_the_package_and_the_error(environments, spec, shelf) -> None:
    """The headline is the build's own exception, not uv's words around it."""
    shelf.sdist("broken", "1.0", BROKEN)
    found = environments.install_pins(spec, pins(broken="1.0"), IndexView())
    assert found.failure.headline == "FileNotFoundError: [Errno 2] No such file or directory: 'missing/__init__.py'"
    assert (found.package, found.version) == ("broken", Version("1.0"))
    assert not found.distributions


def test_a_version_that_is_not_there_names_the_package(environments, spec, shelf) -> None:
    """A pin that cannot be had is a finding."""
    shelf.wheel("alpha", "1.0", {"alpha.py": ""})
    found = environments.install_pins(spec, pins(alpha="9"), IndexView())
    assert "no version of alpha==9" in found.failure.headline
    assert found.package == "alpha"


def test_a_file_with_other_hashes_is_refused(environments, spec, shelf) -> None:
    """Refuse a file that was replaced after it was locked."""
    shelf.wheel("alpha", "1.0", {"alpha.py": ""})
    name = canonicalize_name("alpha")
    found = environments.install_pins(
        spec, {name: Pin(name, Version("1.0"), hashes=frozenset({"sha256:" + "0" * 64}))}, IndexView()
    )
    assert "Hash mismatch" in found.failure.headline
    assert found.package == "alpha"


def test_a_dead_index_is_nobodys_fault(environments, spec, shelf) -> None:
    """Nothing answers: no package is blamed."""
    shelf.port = 9
    with pytest.raises(IndexUnavailableError, match="No package is to blame"):
        environments.install_pins(spec, pins(alpha="1"), IndexView())


def test_the_project_is_installed_as_a_wheel(environments, spec, repository) -> None:
    """Install the repository's own distribution, and blame no package for its build."""
    backend = (Path(__file__).parent / "tiny_backend.py").read_text()
    (repository / "backend.py").write_text(backend)
    (repository / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "mine"\nversion = "3"\n'
    )
    found = environments.install_pins(replace(spec, project=True), pins(), IndexView())
    assert found.failure is None
    assert (found.project, held(found)["mine"]) == ("mine", "3")
    (repository / "backend.py").write_text(BROKEN)
    broken = environments.install_pins(replace(spec, name="other", project=True), pins(), IndexView())
    assert "missing/__init__.py" in broken.failure.headline
    assert broken.package is None


@pytest.mark.usefixtures("no_bundle")
@pytest.mark.parametrize("reference", ["-e ./part", "-e file:///home/me/project/part#egg=mine"])
def test_a_local_reference_is_taken_from_the_copy(environments, spec, repository, reference) -> None:
    """Install `-e ./part` from the guest's copy, wherever it was compiled."""
    part = repository / "part"
    part.mkdir()
    (part / "backend.py").write_text((Path(__file__).parent / "tiny_backend.py").read_text())
    (part / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "mine"\nversion = "3"\n'
    )
    name = canonicalize_name("mine")
    lockfile = parse_lockfile(f"{reference}\n")
    lock = LockfileSpec("requirements.txt", (), "", "pip-tools", None, "", (), lockfile, root="file:///home/me/project")
    spec = replace(spec, lockfiles=(lock,))
    found = environments.install_pins(spec, {name: Pin(name, None, reference=reference)}, IndexView())
    assert found.failure is None
    assert held(found) == {"mine": "3"}
    assert sorted(path.name for path in part.iterdir()) == ["backend.py", "pyproject.toml"]


def test_markers_have_all_names(environments, spec) -> None:
    """Give every name of a marker a value for the target."""
    markers = environments.get_markers(spec)
    assert markers["python_version"] == spec.python
    assert {"extra", "platform_version", "implementation_version", "sys_platform"} <= markers.keys()


@pytest.mark.parametrize(
    ("output", "guilty"),
    [
        ("error: Request failed after 3 retries\n  cause: error sending request for url (x)", True),
        ("error: Failed to write\n  cause: No space left on device (os error 28)", True),
        ("error: Failed to build `a==1`\n\n   [stderr]\n   Connection refused", False),
    ],
)
def test_only_the_tools_own_words_tell_of_the_network(output, guilty) -> None:
    """Read network trouble from uv's own words, never from a package's.

    A setup.py that cannot reach its server is that package's failure.
    """
    assert bool(install_errors.describe_blocked_install(output)) is guilty


def test_a_build_that_never_ends_is_stopped(environments, spec, shelf) -> None:
    """Stop a build at its time limit and report it."""
    shelf.sdist(
        "hanging", "1.0", "import time\ndef get_requires_for_build_wheel(settings=None):\n    time.sleep(1000)\n"
    )
    environments.install_pins(spec, pins(), IndexView())
    began = time.monotonic()
    found = replace(environments, timeout_s=3).install_pins(spec, pins(hanging="1.0"), IndexView())
    assert "timed out after 3 s" in found.failure.headline
    assert time.monotonic() - began < 60


THIEF = """
import glob, os, zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    reached = []
    for path in glob.glob({places!r}, recursive=True):
        try:
            open(path, "a").write("raise SystemExit('poisoned')\\n")
            reached.append(path)
        except OSError:
            pass
    stem = "thief-1.0"
    with zipfile.ZipFile(os.path.join(folder, stem + "-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("thief.py", "REACHED = " + repr(reached))
        wheel.writestr(stem + ".dist-info/METADATA", "Metadata-Version: 2.1\\nName: thief\\nVersion: 1.0\\n")
        wheel.writestr(stem + ".dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(stem + ".dist-info/RECORD", "")
    return stem + "-py3-none-any.whl"
"""


@pytest.mark.usefixtures("no_bundle")
def test_a_build_reaches_no_other_package(apart, spec, shelf) -> None:
    """Keep builds away from caches and installed files."""
    shelf.wheel("alpha", "1.0", {"alpha.py": "VALUE = 1\n"})
    shelf.sdist("thief", "1.0", THIEF.format(places=f"{apart.scratch}/*/**/alpha.py"))
    apart.install_pins(spec, pins(alpha="1.0"), IndexView())
    installed = apart.install_pins(spec, pins(alpha="1.0", thief="1.0"), IndexView())
    assert held(installed) == {"alpha": "1.0", "thief": "1.0"}
    (site,) = installed.site_packages
    assert (site / "thief.py").read_text() == "REACHED = []"
    assert (site / "alpha.py").read_text() == "VALUE = 1\n"


@pytest.mark.usefixtures("no_bundle")
def test_a_check_cannot_change_what_is_installed(apart, spec, shelf, tmp_path) -> None:
    """Let package code read its environment but not write there.

    Bytecode goes elsewhere.
    """
    shelf.wheel("alpha", "1.0", {"alpha.py": "VALUE = 1\n"})
    installed = apart.install_pins(spec, pins(alpha="1.0"), IndexView())
    (site,) = installed.site_packages
    copy = apart.scratch / "work"
    apart.copies.copy_to(copy)
    compile_installed(apart.guest, installed)
    room = CheckContext(apart.guest, installed, copy, tmp_path / "log.txt", 60, NetworkPolicy.from_ports())
    ran = room.run([str(installed.python), "-c", f"import alpha; open({str(site / 'alpha.py')!r}, 'a')"])
    assert "Permission" in ran.output
    assert not list(site.rglob("*.pyc"))
    assert sys.version_info < (3, 8) or list(installed.bytecode_folder.rglob("alpha.*.pyc"))
    ran = room.run([str(installed.python), "-c", "import alpha as a; print(a.__cached__); open(a.__cached__, 'a')"])
    assert "bytecode-of-run-" in ran.output
    assert "Permission" in ran.output


@pytest.mark.usefixtures("no_bundle")
def test_a_built_release_keeps_its_hash(environments, spec, shelf) -> None:
    """Check the lockfile's hash before a source distribution is built.

    What was built is trusted.
    """
    shelf.sdist("thief", "1.0", THIEF.format(places="/nonexistent"))
    name, archive = canonicalize_name("thief"), shelf.folder / "simple/thief/thief-1.0.tar.gz"
    right = "sha256:" + hashlib.sha256(archive.read_bytes()).hexdigest()
    for digest, wanted in (("sha256:" + "0" * 64, {}), (right, {"thief": "1.0"})):
        pin = Pin(name, Version("1.0"), hashes=frozenset({digest}))
        assert held(environments.install_pins(spec, {name: pin}, IndexView())) == wanted


@pytest.mark.usefixtures("no_bundle")
def test_what_was_built_without_a_hash_is_not_taken_for_a_hashed_pin(environments, spec, shelf) -> None:
    """Build with the hash what was built without it."""
    shelf.sdist("thief", "1.0", THIEF.format(places="/nonexistent"))
    archive = next(shelf.folder.glob("simple/thief/*.tar.gz"))
    digest = "sha256:" + hashlib.sha256(archive.read_bytes()).hexdigest()
    name = canonicalize_name("thief")
    hashed = Pin(name, Version("1.0"), hashes=frozenset({digest}))
    for pin in (Pin(name, Version("1.0")), hashed):
        assert environments.read_built_requirements(spec, pin, IndexView()) == ()
    for pin in (hashed, Pin(name, Version("1.0")), hashed):
        found = environments.install_pins(spec, {name: pin}, IndexView())
        assert found.failure is None, found.failure
