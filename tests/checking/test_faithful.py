"""Lockfiles written with each option of pip-compile are compiled again to the byte, by the real tools."""

import os
import shlex
import subprocess
import sys
from contextlib import ExitStack

import pytest

from depcheck.checking.compiler import CommandCompiler
from depcheck.checking.interpreters import Interpreters
from depcheck.checking.process import Guest, run_own
from depcheck.checking.repository import Repository
from depcheck.checking.sandbox import walls_here
from depcheck.checking.targets import Targets
from depcheck.checking.toolbox import Toolbox
from depcheck.checking.workspace_copy import WorkspaceCopy
from depcheck.core.compilation import Compiled
from depcheck.core.settings import Settings
from depcheck.core.world import World
from depcheck.index.local import LocalIndex
from depcheck.index.upstream import upstreams

pytestmark = [pytest.mark.live, pytest.mark.slow]

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
PROJECT = """\
[build-system]
requires = ["setuptools<80", "wheel"]
build-backend = "setuptools.build_meta"

[tool.setuptools]
py-modules = ["thing"]

[project]
name = "thing"
version = "1"
requires-python = ">=3.8"
dependencies = ["jinja2<3.1.5"]

[project.optional-dependencies]
dev = ["click<8.2"]
more = ["six"]
"""
FILES = {
    "requirements.in": "jinja2<3.1.5\nclick<8.2\n",
    "setuptools.in": "jinja2<3.1.5\nsetuptools<80\n",
    "extras.in": "requests[socks]<2.32.4\n",
    "base.txt": "click==8.1.7\n",
    "pre.in": "jinja2\n",
    "indexed.in": "--index-url https://pypi.org/simple\n--trusted-host pypi.org\nsix==1.16.0\n",
    "included.in": "-r requirements.in\nsix<2\n",
    "pyproject.toml": PROJECT,
    "thing.py": '"""A thing."""\n__version__ = "1"\n',
    "deps/inner.in": "-c ../base.txt\nclick\n",
    ".pip-tools.toml": "",
}
VARIANTS = {
    "plain": "requirements.in",
    "output": "-o locked.txt requirements.in",
    "no-annotate": "--no-annotate requirements.in",
    "annotation-line": "--annotation-style=line requirements.in",
    "annotation-split": "--annotation-style split requirements.in",
    "no-header": "--no-header requirements.in",
    "hashes": "--generate-hashes requirements.in",
    "no-reuse-hashes": "--generate-hashes --no-reuse-hashes requirements.in",
    "allow-unsafe": "--allow-unsafe -o unsafe.txt setuptools.in",
    "no-allow-unsafe": "--no-allow-unsafe -o safe.txt setuptools.in",
    "unsafe-package": "--unsafe-package=markupsafe requirements.in",
    "strip-extras": "--strip-extras extras.in",
    "no-strip-extras": "--no-strip-extras extras.in",
    "extra": "--extra dev -o dev.txt pyproject.toml",
    "extras-twice": "--extra=dev --extra more -o all.txt pyproject.toml",
    "all-extras": "--all-extras -o every.txt pyproject.toml",
    "build-deps": "--all-build-deps -o build.txt pyproject.toml",
    "only-build-deps": "--build-deps-for=wheel --only-build-deps -o only.txt pyproject.toml",
    "constraint": "-c base.txt requirements.in",
    "pre": "--pre pre.in",
    "pip-args": "--pip-args='--prefer-binary' requirements.in",
    "newline-crlf": "--newline=crlf requirements.in",
    "newline-preserve": "--newline preserve requirements.in",
    "max-rounds": "--max-rounds=20 requirements.in",
    "resolver": "--resolver=backtracking requirements.in",
    "no-build-isolation": "--no-build-isolation requirements.in",
    "index-option": "--index-url=https://pypi.org/simple requirements.in",
    "extra-index": "--extra-index-url=https://pypi.org/simple requirements.in",
    "no-emit-index": "--no-emit-index-url indexed.in",
    "index-in-source": "indexed.in",
    "no-emit-options": "--no-emit-options indexed.in",
    "included": "included.in",
    "several-sources": "-o several.txt requirements.in included.in",
    "other-folder": "-o deps/inner.txt deps/inner.in",
    "uploaded-prior-to": "--uploaded-prior-to=2024-12-01T00:00:00Z requirements.in",
    "no-config": "--config=.pip-tools.toml requirements.in",
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """The compiler as it is put together for a run, on the real index."""
    with ExitStack() as stack:
        scratch = tmp_path_factory.mktemp("bench")
        index = stack.enter_context(LocalIndex(upstreams([], os.environ), scratch / "index"))
        interpreters = Interpreters(os.environ, scratch / "pythons")
        guest = Guest(walls_here(sandbox=False, in_actions=False), scratch, os.environ)

        def compiler(repo):
            toolbox = Toolbox(scratch / "tools", lambda: index.url(World()), os.environ)
            return CommandCompiler(
                guest=guest,
                index=index,
                toolbox=toolbox,
                targets=Targets(guest, toolbox, interpreters.about),
                copy=WorkspaceCopy(repo, guest, scratch).fresh,
                caches=scratch / "caches",
                timeout_s=600,
            )

        yield compiler


@pytest.fixture(scope="module")
def pip_tools(bench, tmp_path_factory):
    """The same pip-tools as a user would call it, straight on the index."""
    folder = tmp_path_factory.mktemp("user")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "UV_")) or k == "PIP_CERT"}
    env = {**clean, "PIP_CONFIG_FILE": os.devnull}
    subprocess.run([folder / "bin/pip", "install", "-q", "pip-tools==7.6.2", "pip==26.3"], check=True, env=env)
    return lambda repo, words: subprocess.run(
        [folder / "bin/pip-compile", *shlex.split(words)], cwd=repo, env=env, check=True, capture_output=True, text=True
    )


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_option_is_compiled_again_to_the_byte(variant, bench, pip_tools, tmp_path):
    """What pip-compile wrote with this option, our compile without upgrade gives again, byte by byte."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    known = set(tmp_path.rglob("*.txt"))
    pip_tools(tmp_path, VARIANTS[variant])
    (written,) = {path for path in tmp_path.rglob("*.txt") if "egg-info" not in str(path)} - known
    committed = written.read_bytes()
    name = written.relative_to(tmp_path).as_posix()
    settings = Settings(repo=tmp_path, lockfiles=(name,), python=HERE)
    (spec,) = Repository(
        settings, lambda words: run_own(words, folder=tmp_path, timeout_s=9).answer.decode()
    ).environments()
    assert not spec.skipped
    compiled = bench(tmp_path).compile(spec, World(), upgrade=False)
    assert isinstance(compiled, Compiled), compiled
    assert dict(compiled.files)[name].encode() == committed
