"""Lockfiles of this machine's pip-compile and uv recompile exactly.

Without a network.

The quick part of the table: every option has its case in option_cases.py, which the slow tests run on the real index.
"""

import os
import re
import shlex
import subprocess
import sys
import zipfile

import pytest
from uv import find_uv_bin

from depcheck.checking.discovery.repository import RepositoryWorkspace
from depcheck.core.config.settings import Settings
from depcheck.core.lockfiles.formats.known_formats import parse_lockfile
from depcheck.core.lockfiles.lockfile_parser import merge_header_and_body

WHEELS = {"aa-1.0": [], "bb-2.1": ["aa"], "cc-3.0": ["bb[more]", "aa; python_version > '3'"], "setuptools-70.0": []}
PIP_COMPILE = [sys.executable, "-m", "piptools", "compile", "-q"]
UV = [find_uv_bin(), "pip", "compile", "-q", "--python", sys.executable]
CASES = {
    "hashes": (PIP_COMPILE, "--generate-hashes --allow-unsafe --no-strip-extras"),
    "line": (PIP_COMPILE, "--annotation-style=line --strip-extras --newline=crlf"),
    "bare": (PIP_COMPILE, "--no-header --no-annotate --unsafe-package=aa"),
    "constrained": (PIP_COMPILE, "-c base.txt --no-emit-find-links -o sub/locked.txt"),
    "uv": (UV, "--generate-hashes --no-strip-extras --emit-find-links"),
    "uv-line": (UV, "--annotation-style line --no-emit-package aa --universal --emit-find-links"),
    "uv-bare": (UV, "--no-header --no-annotate"),
}


def wheel(folder, name, requires):
    """Build a wheel that holds only its metadata."""
    with zipfile.ZipFile(folder / f"{name}-py3-none-any.whl", "w") as archive:
        project, _, version = name.partition("-")
        about = [f"Name: {project}", f"Version: {version}", "Provides-Extra: more"]
        lines = ["Metadata-Version: 2.1", *about, *(f"Requires-Dist: {line}" for line in requires)]
        archive.writestr(f"{name}.dist-info/METADATA", "\n".join(lines) + "\n")
        archive.writestr(f"{name}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{name}.dist-info/RECORD", "")


def ran(command, repo, *words):
    """Run the compiler on the wheels alone, in the repository's folder."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "UV_"))}
    env = {**clean, "PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1", "UV_CACHE_DIR": str(repo / ".cache")}
    done = subprocess.run([*command, *words], cwd=repo, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("case", CASES)
def test_what_the_real_tool_writes_is_compiled_again_to_the_byte(case, tmp_path):
    """Find, understand and recompile what the real tool wrote, exactly."""
    command, options = CASES[case]
    for folder in ("wheels", "sub"):
        (tmp_path / folder).mkdir()
    for name, requires in WHEELS.items():
        wheel(tmp_path / "wheels", name, requires)
    (tmp_path / "requirements.in").write_text("cc\nsetuptools\n")
    (tmp_path / "base.txt").write_text("aa<2\n")
    links = ["--no-index", "--find-links=wheels", "requirements.in"]
    output = [] if "-o " in options else ["-o", "requirements.txt"]
    ran(command, tmp_path, *shlex.split(options), *output, *links)
    path = "sub/locked.txt" if "sub/" in options else "requirements.txt"
    committed = re.sub(rb"-q --python \S+ ", b"", (tmp_path / path).read_bytes())
    (tmp_path / path).write_bytes(committed)
    found = {each.name: each for each in RepositoryWorkspace(Settings(repo=tmp_path)).find_environments()}
    assert found[path].skip_reason == ""
    (spec,) = found[path].lockfiles
    told = (
        [] if spec.lockfile.header else links[:2]
    )  # without a header nothing names the wheels; uv does if it emits them
    compiler = UV if case.startswith("uv") else PIP_COMPILE
    ran(compiler, tmp_path, *spec.options, *told, "-o", path, *spec.sources)
    again = parse_lockfile((tmp_path / path).read_bytes().decode())
    assert merge_header_and_body(header_of=spec.lockfile, body_of=again).encode() == committed
