"""Lockfiles of each compiler era are understood and recompiled exactly.

Run it alone, it takes long: `python -m pytest tests/checking/test_lockfiles_of_eras.py` (`-k 1.11.0` for one era).
What differs by design is in `worded_today` and `without_sources`; nothing else may.
"""

import os
import re
import shutil
import subprocess
import sys
from difflib import unified_diff
from pathlib import Path

import pytest
from uv import find_uv_bin

sys.path.insert(0, str(Path(__file__).parent))
from bench import benches
from eras import CASES, ERAS, FILES, Era, can_write, source, words

from depcheck.checking.discovery.repository import RepositoryWorkspace
from depcheck.core.config.settings import Settings
from depcheck.core.lockfiles.formats.known_formats import parse_header, parse_lockfile
from depcheck.core.lockfiles.lockfile_parser import merge_header_and_body
from depcheck.core.model.compile_result import CompiledLockfiles
from depcheck.core.model.index_view import IndexView

pytestmark = [pytest.mark.live, pytest.mark.slow]


def uv(*words):
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("UV_", "PIP_F"))}
    command = [find_uv_bin(), "--no-config", *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def interpreter(python):
    """Find an interpreter of this machine, from PATH or pyenv."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = (*root.glob(f"{python}.*/bin/python{python}"), shutil.which(f"python{python}"))
    found = next((str(path) for path in candidates if path), "")
    return found or pytest.skip(f"no Python {python} on this machine")


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """Build the compiler as it is put together for a run.

    On the real index.
    """
    with benches(tmp_path_factory.mktemp("bench")) as found:
        yield found


@pytest.fixture(scope="module")
def tools(tmp_path_factory):
    """Environments with a pip-tools each, built when asked for."""
    folder = tmp_path_factory.mktemp("tools")

    def tool(era):
        made = folder / era.version
        if not made.exists():
            made_by = uv("tool", "run", "virtualenv@20.21.1", "--python", interpreter(era.python), str(made))
            assert made_by.returncode == 0, made_by.stderr
            wanted = [f"pip-tools=={era.version}", f"pip=={era.pip}", "wheel<0.38", *era.beside]
            python = made / "bin" / "python"
            ran = subprocess.run(
                [python, "-m", "pip", "install", *wanted], env=outer(), capture_output=True, text=True, check=False
            )
            assert ran.returncode == 0, ran.stderr[-3000:]
        return made / "bin" / "pip-compile"

    return tool


def outer():
    """Return a user's environment, without site and configuration of the tests.

    pip before 10 asks pypi.python.org, which serves no pages any more, so it is told the index.
    """
    clean = {
        key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "UV_")) or key == "PIP_CERT"
    }
    return {**clean, "PIP_CONFIG_FILE": os.devnull, "PYTHONNOUSERSITE": "1", "PIP_INDEX_URL": "https://pypi.org/simple"}


def worded_today(text):
    """Return the text with today's wording.

    Until 1.6 the title of the unsafe packages, until 4.0 their versions, until 5.0 the backslash before an annotation
    below hashes, until 6.5 the warning about unpinned packages.
    """
    text = text.replace("are commented out because they are\n# considered", "are considered")
    old = "pinned when the requirements file includes hashes. Consider"
    new = "pinned when the requirements file includes hashes and the requirement is not\n# satisfied by a package already installed. Consider"
    text = re.sub(r"^# setuptools==.*$", "# setuptools", text.replace(old, new), flags=re.MULTILINE)
    return re.sub(r" \\\n(?=    # via )", "\n", text)


def difference(committed, compiled):
    """Return what `diff -u` says, since pytest cuts long texts."""
    return "".join(unified_diff(committed.splitlines(keepends=True), compiled.splitlines(keepends=True)))


def as_long_ago(text):
    """Remove direct requirers, as pip-tools before 5.0 left them out."""
    return re.sub(r"[ \t]*(?:\\?\n)?[ \t]*# via [^\n]*-r requirements\.in[^\n]*", "", text)


def for_this_platform(text):
    """Remove lines for other platforms, which pip-tools before 2.0 wrote."""
    lockfile = parse_lockfile(text)
    return "".join(
        part if isinstance(part, str) else part.text
        for part in lockfile.parts
        if isinstance(part, str) or part.pin.name != "colorama"
    )


@pytest.mark.parametrize(
    ("era", "case"),
    [pytest.param(era, case, id=f"{era.version}-{case}") for era in ERAS for case in CASES if can_write(era, case)],
)
def test_every_era_is_understood_and_compiled_again(era: Era, case, tools, bench, tmp_path):
    """Parse each era to the byte and recompile it the same."""
    command = words(era, case)
    for name, content in {**FILES, "requirements.in": source(era)}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    if case == "configured":
        (tmp_path / ".pip-tools.toml").write_text("[tool.pip-tools]\ngenerate-hashes = true\n")
    ran = subprocess.run([tools(era), *command], cwd=tmp_path, capture_output=True, text=True, env=outer(), check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    path = next(tmp_path / name for name in ("locked.txt", "requirements.txt") if (tmp_path / name).exists())
    text = path.read_bytes().decode()
    (environment,) = RepositoryWorkspace(Settings(repo=tmp_path, lockfiles=(path.name,))).find_environments()
    assert environment.skip_reason == ""
    (spec,) = environment.lockfiles
    assert spec.lockfile.text == text
    assert parse_header(text).writer_versions == ("" if case == "no-header" else era.shows)
    again = bench.compiler(tmp_path).compile_lockfiles(environment, IndexView(), upgrade=False)
    assert isinstance(again, CompiledLockfiles), again
    ((_, compiled),) = again.files
    if "via -r requirements.in" not in text and era.before("5.0"):
        compiled = as_long_ago(compiled)
        text = parse_header(text).text + for_this_platform(text)
    assert difference(worded_today(text), worded_today(compiled)) == ""


@pytest.mark.parametrize(
    "flags",
    [(), ("--universal", "--generate-hashes"), ("--annotation-style", "line", "--no-strip-extras"), ("--no-annotate",)],
    ids=" ".join,
)
def test_what_uv_writes_is_understood_and_recompiled(tmp_path, flags):
    """The same for uv, with its raw header."""
    (tmp_path / "requirements.in").write_text(source(ERAS[-1]))
    words = ["pip", "compile", "--directory", str(tmp_path), "requirements.in", "-o", "locked.txt", "-q"]
    assert uv(*words, "--python", sys.executable, *flags).returncode == 0
    text = (
        (tmp_path / "locked.txt")
        .read_text()
        .replace(f"--no-config pip compile --directory {tmp_path} ", "pip compile ")
    )
    (tmp_path / "locked.txt").write_text(text)
    (environment,) = RepositoryWorkspace(Settings(repo=tmp_path)).find_environments()
    assert environment.skip_reason == ""
    (spec,) = environment.lockfiles
    assert uv(*words, "--python", sys.executable, *spec.options).returncode == 0
    again = parse_lockfile((tmp_path / "locked.txt").read_text())
    assert merge_header_and_body(header_of=spec.lockfile, body_of=again) == text
