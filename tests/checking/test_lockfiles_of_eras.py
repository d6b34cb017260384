"""What the real compilers of each era write is understood, and recompiled by the newest one to the byte.

Two comments of old versions are worded otherwise today; nothing else differs.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from uv import find_uv_bin

from depcheck.checking.repository import Repository
from depcheck.core.header import read_header
from depcheck.core.lockfile import parse_lockfile, with_body
from depcheck.core.pip_compile_options import supported
from depcheck.core.settings import Settings

pytestmark = [pytest.mark.live, pytest.mark.slow]

# pip-tools, the pip of its day, an interpreter that both serve, the era that its header shows
ERAS = (
    ("3.9.0", "19.1.1", "3.7", ">=1.9,<6.2"),
    ("4.5.1", "20.0.2", "3.8", ">=1.9,<6.2"),
    ("5.5.0", "20.3.4", "3.8", ">=1.9,<6.2"),
    ("6.4.0", "21.3.1", "3.8", ">=6.2,<6.11"),
    ("6.14.0", "23.1.2", "3.9", ">=6.11"),
    ("7.4.1", "24.2", "3.10", ">=6.11"),
    ("7.6.2", "26.0", "3.11", ">=6.11"),
)
FLAGS = (
    (),
    ("--generate-hashes", "--allow-unsafe"),
    ("--no-annotate", "--pre"),
    ("--annotation-style=line", "--strip-extras"),
    ("--annotation-style=line", "--generate-hashes"),
    ("--no-header", "--no-emit-index-url"),
    ("--extra=dev", "--output-file=locked.txt", "pyproject.toml"),
    ("--newline=crlf", "--unsafe-package=markupsafe", "--constraint=constraints.txt"),
)
FILES = {
    "requirements.in": "jinja2[i18n]==3.1.2\nbabel==2.11.0\nmarkupsafe\nsetuptools<60\ncolorama; sys_platform == 'win32'\n",
    "constraints.txt": "markupsafe<2.1\n",
    "pyproject.toml": (
        "[build-system]\nrequires=['setuptools']\nbuild-backend='setuptools.build_meta'\n"
        "[project]\nname='demo'\nversion='1'\ndependencies=['jinja2==3.1.2']\n"
        "[project.optional-dependencies]\ndev=['click<8.2']\n[tool.setuptools]\npy-modules=[]\n"
    ),
}
SOURCES = ("requirements.in", "pyproject.toml")


def uv(*words):
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("UV_", "PIP_F"))}
    command = [find_uv_bin(), "--no-config", *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def interpreter(python):
    """An interpreter of this machine, from PATH or pyenv."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = (*root.glob(f"{python}.*/bin/python{python}"), shutil.which(f"python{python}"))
    found = next((str(path) for path in candidates if path), "")
    return found or pytest.skip(f"no Python {python} on this machine")


@pytest.fixture(scope="module")
def tools(tmp_path_factory):
    """Environments with a pip-tools each, built when asked for."""
    folder = tmp_path_factory.mktemp("tools")

    def tool(version, pip, python):
        made = folder / version
        if not made.exists():
            subprocess.run([interpreter(python), "-m", "venv", made], check=True)
            wanted = [f"pip-tools=={version}", f"pip=={pip}", "setuptools<75", "wheel"]
            wanted += ["click<8.2"] if version != "7.6.2" else []
            installed = uv("pip", "install", "--python", str(made / "bin" / "python"), *wanted)
            if installed.returncode:  # uv does not serve the oldest interpreters
                subprocess.run([made / "bin" / "python", "-m", "pip", "install", "-q", *wanted], check=True)
        return made / "bin" / "pip-compile"

    return tool


def compiled(tool, folder, *words):
    """Run a pip-compile in `folder`."""
    # the user site and configuration of whoever runs the tests have no say
    environment = {**os.environ, "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": "", "PYTHONNOUSERSITE": "1"}
    ran = subprocess.run([tool, "-q", *words], cwd=folder, capture_output=True, text=True, env=environment, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]


def written(folder: Path) -> Path:
    return next(folder / name for name in ("locked.txt", "requirements.txt") if (folder / name).exists())


def worded_today(text):
    """The text with the warning about unpinned packages as it has been worded since 6.5, and before 4.0."""
    old = "pinned when the requirements file includes hashes. Consider"
    new = "pinned when the requirements file includes hashes and the requirement is not\n# satisfied by a package already installed. Consider"
    return re.sub(r"^# setuptools==.*$", "# setuptools", text.replace(old, new), flags=re.MULTILINE)


@pytest.mark.parametrize("flags", FLAGS, ids=" ".join)
@pytest.mark.parametrize("written_by", ERAS, ids=lambda written_by: written_by[0])
def test_every_era_is_understood_and_recompiled(tools, tmp_path, written_by, flags):
    """Parsed to the byte, every option told, and the newest pip-compile with them writes the same."""
    version, pip, python, era = written_by
    if not all(supported(flag, version) for flag in flags if flag.startswith("--")):
        pytest.skip("the option is younger")
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    source = () if flags and flags[-1] in SOURCES else ("requirements.in",)
    compiled(tools(version, pip, python), tmp_path, *flags, *source)
    path = written(tmp_path)
    text = path.read_bytes().decode()
    (environment,) = Repository(Settings(repo=tmp_path, lockfiles=(path.name,))).environments()
    assert environment.skipped == ""
    (spec,) = environment.lockfiles
    assert spec.lockfile.text == text
    assert read_header(text).era == ("" if "--no-header" in flags else era)
    assert {"jinja2"} <= {entry.pin.name for entry in spec.lockfile.entries if entry.pin.version} & spec.direct
    newest = tools("7.6.2", "26.0", "3.11")
    sources = [os.path.relpath(name, spec.folder or ".") for name in spec.sources]
    compiled(newest, tmp_path, *spec.options, "--output-file", path.name, *sources)
    again = parse_lockfile(path.read_bytes().decode())
    if version[0] in "34" and "--no-annotate" not in flags:  # they did not annotate what the sources ask for
        assert [entry.pin.version for entry in again.entries] == [entry.pin.version for entry in spec.lockfile.entries]
    else:
        assert worded_today(with_body(header_of=spec.lockfile, body_of=again)) == worded_today(text)


@pytest.mark.parametrize(
    "flags",
    [(), ("--universal", "--generate-hashes"), ("--annotation-style", "line", "--no-strip-extras"), ("--no-annotate",)],
    ids=" ".join,
)
def test_what_uv_writes_is_understood_and_recompiled(tmp_path, flags):
    """The same for uv, with its raw header."""
    (tmp_path / "requirements.in").write_text(FILES["requirements.in"])
    words = ["pip", "compile", "--directory", str(tmp_path), "requirements.in", "-o", "locked.txt", "-q"]
    assert uv(*words, "--python", sys.executable, *flags).returncode == 0
    text = (
        (tmp_path / "locked.txt")
        .read_text()
        .replace(f"--no-config pip compile --directory {tmp_path} ", "pip compile ")
    )
    (tmp_path / "locked.txt").write_text(text)
    (environment,) = Repository(Settings(repo=tmp_path)).environments()
    assert environment.skipped == ""
    (spec,) = environment.lockfiles
    assert uv(*words, "--python", sys.executable, *spec.options).returncode == 0
    again = parse_lockfile((tmp_path / "locked.txt").read_text())
    assert with_body(header_of=spec.lockfile, body_of=again) == text
