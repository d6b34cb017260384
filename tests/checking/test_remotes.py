"""Requirements by URL or git install without reaching the network."""

import io
import socket
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name
from uv import find_uv_bin

from depcheck.checking.compile.run_compiler import CommandCompiler
from depcheck.checking.compile.tool_envs import TargetFinder, ToolEnvironments
from depcheck.checking.discovery.repository import RepositoryWorkspace
from depcheck.checking.environments.remote_requirements import PROJECT_URL, REQUIREMENT_URL, RemoteRequirements
from depcheck.checking.environments.uv_builder import UvEnvironmentBuilder
from depcheck.checking.sandbox.launcher import landlock
from depcheck.checking.sandbox.workspace_copy import WorkspaceCopier
from depcheck.core.config.settings import Settings
from depcheck.core.lockfiles.formats.known_formats import parse_lockfile
from depcheck.core.lockfiles.spec import LockfileSpec
from depcheck.core.model.compile_result import CompiledLockfiles
from depcheck.core.model.errors import IndexUnavailableError
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.pins import Pin
from depcheck.index.http_client import HttpClient
from depcheck.index.server.local import LocalIndex
from depcheck.index.upstreams import Upstream

# Builds a wheel whose only module says what the build reached; the version is the repository's newest tag, if any.
BACKEND = """
import socket, subprocess, zipfile
def tag():
    try:
        return subprocess.check_output(["git", "describe", "--tags"], text=True).strip()
    except (OSError, subprocess.CalledProcessError):
        return "7"
def reached():
    try:
        socket.create_connection(("127.0.0.1", {port}), 5)
    except OSError as error:
        return type(error).__name__
    return "reached"
def get_requires_for_build_wheel(settings=None):
    return []
def build_wheel(folder, settings=None, metadata=None):
    stem = f"afar-{{tag()}}"
    with zipfile.ZipFile(f"{{folder}}/{{stem}}-py3-none-any.whl", "w") as wheel:
        wheel.writestr("afar.py", f"reached = {{reached()!r}}")
        wheel.writestr(f"{{stem}}.dist-info/METADATA", f"Metadata-Version: 2.1\\nName: afar\\nVersion: {{tag()}}\\n")
        wheel.writestr(f"{{stem}}.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{{stem}}.dist-info/RECORD", "")
    return f"{{stem}}-py3-none-any.whl"
"""
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
needs_network_rules = pytest.mark.skipif(
    landlock.get_landlock_abi() < landlock.NET_ABI, reason="no Landlock TCP rules here"
)


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def index(shelf, tmp_path) -> Iterator[LocalIndex]:
    with LocalIndex(
        (Upstream(f"http://127.0.0.1:{shelf.port}/simple/"),), tmp_path / "index", fetch=HttpClient(retries=0)
    ) as one:
        yield one


@pytest.fixture
def environments(guest, index, interpreters, tmp_path) -> UvEnvironmentBuilder:
    (tmp_path / "repo").mkdir()
    copies = WorkspaceCopier(tmp_path / "repo", guest, guest.scratch)
    return UvEnvironmentBuilder(guest, index, interpreters, copies, guest.scratch, 120)


@pytest.fixture
def archive(shelf, listener) -> str:
    """Serve a source archive and return its URL."""
    with tarfile.open(shelf.folder / "afar-7.tar.gz", "w:gz") as whole:
        for name, text in {"pyproject.toml": PROJECT, "backend.py": BACKEND.format(port=listener)}.items():
            entry = tarfile.TarInfo(f"afar-7/deep/{name}")
            entry.size = len(text.encode())
            whole.addfile(entry, io.BytesIO(text.encode()))
    return f"http://127.0.0.1:{shelf.port}/afar-7.tar.gz#subdirectory=deep"


@pytest.fixture
def repository(shelf, listener, tmp_path) -> str:
    """Serve a git repository with tag and branch, and return its URL."""
    place = tmp_path / "afar"
    place.mkdir()
    (place / "pyproject.toml").write_text(PROJECT)
    (place / "backend.py").write_text(BACKEND.format(port=listener))
    git = ["git", "-C", str(place), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "one"], ["tag", "3.5"], ["branch", "side"],
                  ["commit", "--quiet", "--allow-empty", "-m", "two"], ["tag", "4.0"]):  # fmt: skip
        subprocess.run([*git, *words], check=True)
    subprocess.run(["git", "clone", "--quiet", "--bare", place, shelf.folder / "afar.git"], check=True)
    subprocess.run(["git", "-C", shelf.folder / "afar.git", "update-server-info"], check=True)
    return f"git+http://127.0.0.1:{shelf.port}/afar.git"


def installed(
    environments: UvEnvironmentBuilder, spec, reference: str, committed: str | None = None
) -> tuple[str, str]:
    """Install, and return the version and what its build reached.

    The lockfile names it unless something else is given.
    """
    name = canonicalize_name("afar")
    lockfile = parse_lockfile(f"{reference}\n" if committed is None else committed)
    spec = replace(spec, lockfiles=(LockfileSpec("requirements.txt", (), "", "uv", None, "", (), lockfile),))
    found = environments.install_pins(spec, {name: Pin(name, None, reference=reference)}, IndexView())
    assert found.failure is None, found.failure
    (one,) = [each for each in found.distributions if each.name == name]
    (module,) = [folder / "afar.py" for folder in found.site_packages]
    return str(one.version), module.read_text()


@needs_network_rules
@pytest.mark.parametrize("form", ["{}&egg=afar", "afar @ {} ; python_version > '3'"])
def test_an_archive_is_built_without_a_network(environments, spec, archive, form) -> None:
    """Build an archive with nothing but the index in reach."""
    assert installed(environments, spec, form.format(archive)) == ("7", "reached = 'PermissionError'")


@needs_network_rules
@pytest.mark.parametrize(
    ("form", "version"), [("afar @ {}@side", "3.5"), ("{}#egg=afar", "4.0"), ("-e {}@3.5#egg=afar", "3.5")]
)
def test_a_repository_is_built_without_a_network(environments, spec, repository, form, version) -> None:
    """Build a branch, a tag or the newest commit, with history.

    Its version is taken from the history.
    """
    assert installed(environments, spec, form.format(repository)) == (version, "reached = 'PermissionError'")


def test_a_wheel_is_put_in_place_by_way_of_the_index(environments, spec, shelf) -> None:
    """Install a wheel through the index alone, without a build."""
    wheel = shelf.wheel("afar", "9", {"afar.py": "reached = None"})
    url = f"http://127.0.0.1:{shelf.port}/{wheel.relative_to(shelf.folder)}"
    assert installed(environments, spec, f"afar @ {url}") == ("9", "reached = None")


def test_what_cannot_be_fetched_is_nobodys_fault(environments, spec, shelf) -> None:
    """Report a missing repository or archive by address, without a verdict."""
    for url in (f"git+http://127.0.0.1:{shelf.port}/gone.git", f"http://127.0.0.1:{shelf.port}/gone-1.tar.gz"):
        with pytest.raises(IndexUnavailableError, match=r"gone.*No package is to blame"):
            installed(environments, spec, f"afar @ {url}")


def test_a_repository_cannot_make_git_run_commands(environments, spec, repository, shelf, tmp_path) -> None:
    """Refuse repositories with a submodule whose address is a command."""
    place = tmp_path / "afar"
    (place / ".gitmodules").write_text(f'[submodule "x"]\n\tpath = x\n\turl = ext::touch {tmp_path}/owned\n')
    head = subprocess.check_output(["git", "-C", place, "rev-parse", "HEAD"], text=True).strip()
    git = ["git", "-C", str(place), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for words in (["add", "."], ["update-index", "--add", "--cacheinfo", f"160000,{head},x"], ["commit", "-qm", "three"],
                  ["push", "--quiet", str(shelf.folder / "afar.git"), "HEAD"]):  # fmt: skip
        subprocess.run([*git, *words], check=True)
    subprocess.run(["git", "-C", shelf.folder / "afar.git", "update-server-info"], check=True)
    with pytest.raises(IndexUnavailableError, match=r"clone of 'ext::touch .*failed"):
        installed(environments, spec, f"afar @ {repository}")
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("form", ["afar @ http://127.0.0.1:{}/afar-7.tar.gz", "afar @ git+http://127.0.0.1:{}/x.git"])
def test_what_no_committed_file_names_is_not_fetched(environments, spec, form) -> None:
    """Fetch no address that only an uncommitted lockfile names.

    A package wrote it there while it was compiled.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        reference = form.format(server.getsockname()[1])
        with pytest.raises(IndexUnavailableError, match="No package is to blame"):
            installed(environments, spec, reference, committed="afar @ http://127.0.0.1:1/afar-7.tar.gz\n")
        if landlock.get_landlock_abi() >= landlock.NET_ABI:
            with pytest.raises(BlockingIOError):
                server.accept()


class _Offers:
    """Knows every address, and fetches nothing."""

    def serve_file(self, url: str, filename: str, content: bytes | None = None) -> str:  # noqa: ARG002
        return f"local:{filename}"


@pytest.mark.parametrize(
    ("text", "kind", "turned"),
    [
        (
            "a @ https://h/a.whl\n  https://h/b.zip#egg=b ; x\n",
            REQUIREMENT_URL,
            "a @ local:a.whl\n  local:b.zip#egg=b ; x\n",
        ),
        (
            "--index-url https://h/simple\n-f https://h/\n# a @ https://h/x.whl\n    # via https://h/x.whl\n",
            REQUIREMENT_URL,
            "",
        ),
        ("a[b] @ https://u@h/a.whl --hash=sha256:0 \\\n", REQUIREMENT_URL, "a[b] @ local:a.whl --hash=sha256:0 \\\n"),
        (
            "a @ git+ssh://git@h/a\na @ hg+https://h/a\n-r https://h/r.txt\na @ https://${T}@h/a.whl\n",
            REQUIREMENT_URL,
            "",
        ),
        (
            "deps = ['a @ https://h/a.whl', \"b[c]@https://h/b.whl\"]",
            PROJECT_URL,
            "deps = ['a @ local:a.whl', \"b[c]@local:b.whl\"]",
        ),
        ('url = "https://h/x.whl"\n"see us @ https://h/x"\nhttps://h/x.whl\n', PROJECT_URL, ""),
    ],
)
def test_only_requirements_are_turned(guest, tmp_path, text, kind, turned) -> None:
    """Turn only requirement addresses that we fetch, and turn them back."""
    remotes = RemoteRequirements(guest, _Offers(), tmp_path, 9)
    assert remotes.localize_urls(text, kind) == text
    remotes.trust_urls(text, kind)
    assert remotes.localize_urls(text, kind) == (turned or text)
    assert remotes.restore_urls(turned or text) == text


COMMANDS = {"uv": "uv pip compile", "pip-compile": "pip-compile --strip-extras"}
HEADS = {
    "uv": "# This file was autogenerated by uv via the following command:\n#    {command}\n",
    "pip-compile": "#\n# This file is autogenerated by pip-compile with Python {python}\n# by the following command:\n#\n"
    "#    {command}\n#\n",
}


def compiler(guest, index, interpreters, repo: Path, tmp_path: Path) -> CommandCompiler:
    toolbox = ToolEnvironments(tmp_path / "tools", lambda: "https://pypi.org/simple/", guest.derive_installer())
    remotes = RemoteRequirements(guest, index, guest.scratch, 120)
    copies = WorkspaceCopier(repo, guest, guest.scratch)
    targets = TargetFinder(guest, toolbox, interpreters.get_interpreter)
    return CommandCompiler(index, toolbox, targets, copies, remotes, tmp_path / "caches", 300)


@pytest.mark.parametrize("tool", ["uv", pytest.param("pip-compile", marks=pytest.mark.live)])
@pytest.mark.parametrize("source", ["requirements.in", "pyproject.toml"])
def test_a_lockfile_with_both_is_compiled_as_committed(  # noqa: PLR0913, PLR0917  # fixtures, by name
    guest, index, interpreters, shelf, archive, repository, tmp_path, tool, source
) -> None:
    """Compile URLs and git through the index, writing the sources' addresses."""
    repo = tmp_path / "repo"
    repo.mkdir()
    wheel = shelf.wheel("near", "9", {"near.py": ""}, ("plain",))
    shelf.wheel("plain", "1", {"plain.py": ""})
    near = f"near @ http://127.0.0.1:{shelf.port}/{wheel.relative_to(shelf.folder)}"
    afar = f"afar @ {repository}{'' if tool == 'uv' else '@3.5'}"  # uv writes the commit, and stays there
    if source == "requirements.in":
        (repo / source).write_text(f"{afar}\n{near}\n")
    else:
        (repo / source).write_text(
            f'[project]\nname = "mine"\nversion = "1"\ndependencies = [\n  "{afar}",\n  "{near}"\n]\n'
        )
    commit = subprocess.check_output(["git", "-C", tmp_path / "afar", "rev-parse", "3.5"], text=True).strip()
    locked = f"afar @ {repository}@{commit if tool == 'uv' else '3.5'}"
    command = f"{COMMANDS[tool]} --no-annotate --output-file=requirements.txt {source}"
    head = HEADS[tool].format(command=command, python=PYTHON)
    (repo / "requirements.txt").write_text(f"{head}{locked}\n{near}\nplain==1\n")
    (spec,) = RepositoryWorkspace(Settings(repo=str(repo), python=PYTHON)).find_environments()
    assert not spec.skip_reason, spec.skip_reason
    for upgrade in (False, True):
        found = compiler(guest, index, interpreters, repo, tmp_path).compile_lockfiles(
            spec, IndexView(), upgrade=upgrade
        )
        assert isinstance(found, CompiledLockfiles), found
        ((_, text),) = found.files
        assert [entry.pin for entry in parse_lockfile(text).entries] == [
            entry.pin for entry in parse_lockfile((repo / "requirements.txt").read_text()).entries
        ], text


def test_a_project_of_uv_keeps_addresses_and_commits(  # noqa: PLR0913, PLR0917  # fixtures, by name
    guest, index, interpreters, shelf, repository, tmp_path
) -> None:
    """Lock a project with git and a file again, to the byte."""
    repo = tmp_path / "repo"
    repo.mkdir()
    wheel = shelf.wheel("near", "9", {"near.py": ""}, ("plain",))
    shelf.wheel("plain", "1", {"plain.py": ""})
    near = f"http://127.0.0.1:{shelf.port}/{wheel.relative_to(shelf.folder)}"
    sources = f'[tool.uv.sources]\nafar = {{ git = "{repository.removeprefix("git+")}", branch = "side" }}\n'
    (repo / "pyproject.toml").write_text(
        f'[project]\nname = "mine"\nversion = "1"\nrequires-python = ">=3.9"\n'
        f'dependencies = ["afar", "near @ {near}"]\n{sources}'
    )
    words = [find_uv_bin(), "lock", "-q", "--no-cache", "--python", sys.executable]
    subprocess.run([*words, "--default-index", f"http://127.0.0.1:{shelf.port}/simple"], cwd=repo, check=True)
    committed = (repo / "uv.lock").read_text()
    (spec,) = RepositoryWorkspace(Settings(repo=str(repo), python=PYTHON)).find_environments()
    assert not spec.skip_reason, spec.skip_reason
    tool = compiler(guest, index, interpreters, repo, tmp_path)
    for upgrade in (False, True):
        found = tool.compile_lockfiles(spec, IndexView(), upgrade=upgrade)
        assert isinstance(found, CompiledLockfiles), found
        assert dict(found.files) == {"uv.lock": committed}
    (pin,) = [pin for pin in spec.lockfiles[0].lockfile.select_pins({}).values() if pin.name == "afar"]
    assert f"@{subprocess.check_output(['git', '-C', tmp_path / 'afar', 'rev-parse', 'side'], text=True).strip()}" in (
        pin.reference
    )
