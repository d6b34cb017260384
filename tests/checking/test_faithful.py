"""Lockfiles with each option of pip-compile and uv recompile exactly.

To the byte, by the real tools.

The tools' own help is the list: an option that no case gives, and that is not known to leave the text alone, fails.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from uv import find_uv_bin

sys.path.insert(0, str(Path(__file__).parent))
from bench import benches
from option_cases import CONFIGURED, FILES, OF_UV, OF_UVS_CONFIGURATION, ONE_RUN, PIP_TOOLS, REFUSED

from depcheck.checking.discovery.repository import RepositoryWorkspace
from depcheck.checking.sandbox.guest import run_trusted_command
from depcheck.core.config.settings import Settings
from depcheck.core.lockfiles.formats import pip_compile_options as pip_compile
from depcheck.core.lockfiles.formats import uv_options
from depcheck.core.lockfiles.options.compiler_options import Treatment
from depcheck.core.model.compile_result import CompiledLockfiles
from depcheck.core.model.index_view import IndexView

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
HELPS = {
    "pip-compile": (
        (sys.executable, "-m", "piptools", "compile", "--help"),
        pip_compile.PIP_COMPILE_OPTIONS,
        PIP_TOOLS,
    ),
    "uv": ((find_uv_bin(), "--no-config", "pip", "compile", "--help"), uv_options.UV_OPTIONS, OF_UV),
}


@pytest.mark.parametrize("tool", HELPS)
def test_every_option_of_the_help_has_its_case(tool):
    """Keep, limit to one run or refuse each option of the help."""
    command, table, cases = HELPS[tool]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    listed = {
        name
        for names in re.findall(r"^ {2,6}(?:-\w, )?(--[\w-]+)(?: / (--[\w-]+))?", text, re.MULTILINE)
        for name in names
    }
    words = {word.partition("=")[0] for case in cases.values() for word in shlex.split(case)}
    given = {subject(table[word].name) for word in words if word in table}
    unheeded = (Treatment.DROP, Treatment.PYTHON)
    missing = [
        name for name in listed - {""}
        if subject(table[name].name) not in given and name not in ONE_RUN | REFUSED and table[name].treatment not in unheeded
    ]  # fmt: skip
    assert not missing
    assert len(listed) > 40


def subject(option):
    """Return what a switch and its opposite decide."""
    return option.removeprefix("--").removeprefix("no-")


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """Build the compiler as it is put together for a run.

    On the real index.
    """
    with benches(tmp_path_factory.mktemp("bench")) as found:
        yield found


@pytest.fixture(scope="module")
def pip_tools(bench, tmp_path_factory):
    """Return the same pip-tools as a user would call it.

    Straight on the index.
    """
    folder = tmp_path_factory.mktemp("user")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "UV_")) or k == "PIP_CERT"}
    env = {**clean, "PIP_CONFIG_FILE": os.devnull}
    subprocess.run([folder / "bin/pip", "install", "-q", "pip-tools==7.6.2", "pip==26.3"], check=True, env=env)
    return lambda repo, words: _ran([folder / "bin/pip-compile", *shlex.split(words)], repo, env)


@pytest.fixture(scope="module")
def uv():
    """Return the real uv as a user would call it."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "UV_"))}
    binary = Path(find_uv_bin())
    env = {**clean, "PATH": f"{binary.parent}:{clean['PATH']}"}
    return lambda repo, words: _ran(
        ["uv", "pip", "compile", "--python", sys.executable, *shlex.split(words)], repo, env
    )


def _ran(words, repo, env):
    ran = subprocess.run(words, cwd=repo, env=env, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-2000:]


def compiled_again(tmp_path, bench, tool, words, config=()):
    """Return the tool's committed text and our compile without upgrade."""
    for name, text in (FILES | dict(config)).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    known = set(tmp_path.rglob("*.txt"))
    tool(tmp_path, words)
    (written,) = {path for path in tmp_path.rglob("*.txt") if "egg-info" not in str(path)} - known
    committed = re.sub(rb"--python \S+ ", b"", written.read_bytes())
    written.write_bytes(committed)
    return written.relative_to(tmp_path).as_posix(), committed


def assert_faithful(tmp_path, bench, name, committed):
    """Assert that the compile equals the committed text, byte by byte."""
    settings = Settings(repo=tmp_path, lockfiles=(name,), python=HERE)
    git = lambda words: run_trusted_command(words, folder=tmp_path, timeout_s=9).answer.decode()  # noqa: E731  # a port's adapter
    (spec,) = RepositoryWorkspace(settings, git).find_environments()
    assert not spec.skip_reason
    compiled = bench.compiler(tmp_path).compile_lockfiles(spec, IndexView(), upgrade=False)
    assert isinstance(compiled, CompiledLockfiles), compiled
    assert dict(compiled.files)[name].encode() == committed


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.parametrize("case", PIP_TOOLS)
def test_each_option_of_pip_compile_is_compiled_again_to_the_byte(case, bench, pip_tools, tmp_path):
    """What pip-compile wrote with this option, our compile without upgrade gives again."""
    assert_faithful(tmp_path, bench, *compiled_again(tmp_path, bench, pip_tools, PIP_TOOLS[case]))


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.parametrize("case", CONFIGURED)
def test_each_option_in_the_configuration_is_compiled_again_to_the_byte(case, bench, pip_tools, tmp_path):
    """Recompile exactly when configuration alone holds the option.

    The header says nothing of it.
    """
    file, text, words = CONFIGURED[case]
    content = text if file == ".pip-tools.toml" else FILES[file] + text
    name, committed = compiled_again(tmp_path, bench, pip_tools, words, {file: content}.items())
    assert_faithful(tmp_path, bench, name, committed)


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.parametrize("elsewhere", ["file:///home/somebody/project", "file:///C:/Users/somebody/project", "."])
def test_folders_of_the_repository_are_those_of_whatever_machine(elsewhere, bench, pip_tools, tmp_path):
    """Understand folders of the repository whatever machine compiled them.

    `-e .` and `-e ./libs/part`, with the machine's path or made relative afterwards.
    """
    project = "[build-system]\nrequires=['setuptools<80']\nbuild-backend='setuptools.build_meta'\n[project]\nname='part'\nversion='1'\n"
    (tmp_path / "libs/part").mkdir(parents=True)
    (tmp_path / "libs/part/pyproject.toml").write_text(project)
    words = "--strip-extras -o editable.txt editable.in"
    files = {"editable.in": "-e .[dev]\n-e ./libs/part\n"}
    name, committed = compiled_again(tmp_path, bench, pip_tools, words, files.items())
    assert tmp_path.as_uri().encode() in committed
    committed = committed.replace(tmp_path.as_uri().encode(), elsewhere.encode())
    (tmp_path / name).write_bytes(committed)
    assert_faithful(tmp_path, bench, name, committed)


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.parametrize("key", ["dry-run = true", "upgrade = true", "upgrade-package = ['jinja2']", "rebuild = true"])
def test_a_configuration_that_upgrades_or_writes_nothing_changes_nothing(key, bench, pip_tools, tmp_path):
    """Ignore configuration that would upgrade or write nothing.

    Keys about one run, set after the lockfile was written.
    """
    (tmp_path / "deps.in").write_text("jinja2\n")
    pip_tools(tmp_path, "-o deps.txt -P jinja2==3.1.2 deps.in")
    (tmp_path / ".pip-tools.toml").write_text(f"[tool.pip-tools]\n{key}\n")
    assert_faithful(tmp_path, bench, "deps.txt", (tmp_path / "deps.txt").read_bytes())


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.parametrize("case", OF_UV)
def test_each_option_of_uv_is_compiled_again_to_the_byte(case, bench, uv, tmp_path):
    """What uv wrote with this option, our compile without upgrade gives again."""
    assert_faithful(tmp_path, bench, *compiled_again(tmp_path, bench, uv, f"{OF_UV[case]} -q"))


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.parametrize("case", OF_UVS_CONFIGURATION)
def test_each_option_in_uvs_configuration_is_compiled_again_to_the_byte(case, bench, uv, tmp_path):
    """The same for `[tool.uv.pip]`."""
    text = FILES["pyproject.toml"] + OF_UVS_CONFIGURATION[case]
    name, committed = compiled_again(
        tmp_path, bench, uv, "requirements.in -o locked.txt -q", {"pyproject.toml": text}.items()
    )
    assert_faithful(tmp_path, bench, name, committed)
