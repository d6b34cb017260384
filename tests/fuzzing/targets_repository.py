"""Readers of what a repository holds: headers, lockfiles, requirement lines, configuration."""

import re
import shlex
import tempfile
from contextlib import suppress
from pathlib import Path, PurePosixPath

from packaging.markers import default_environment
from target import Target, parts_of, text_of

from depcheck.checking.discovery.files.project_files import read_project_requirements
from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.checking.discovery.files.requirement_files import (
    PROJECT_FILES,
    find_unpinned_requirements,
    follow_includes,
    is_fully_pinned,
    read_direct_names,
)
from depcheck.checking.discovery.files.tool_config import read_pip_tools_config
from depcheck.checking.discovery.installs.python_evidence import PythonEvidence
from depcheck.checking.discovery.installs.recipes import read_recipes
from depcheck.checking.discovery.python_version import guess_pythons
from depcheck.checking.environments.remote_requirements import (
    LOCKFILE_URL,
    PROJECT_URL,
    REQUIREMENT_URL,
    _split_revision,
)
from depcheck.core.config.from_sources import build_check_settings, read_toml_options
from depcheck.core.lockfiles import pin_line
from depcheck.core.lockfiles.formats.known_formats import (
    parse_compile_command,
    parse_header,
    parse_lockfile,
    split_header,
)
from depcheck.core.lockfiles.formats.pylock.pylock_parser import parse_pylock
from depcheck.core.lockfiles.formats.uv_lock.remote_sources import list_git_sources
from depcheck.core.lockfiles.formats.uv_lock.uv_lock_addresses import AddressMap, list_registries
from depcheck.core.lockfiles.formats.uv_lock.uv_lock_law import find_uv_lock_violations
from depcheck.core.lockfiles.formats.uv_lock.uv_lockfile import parse_uv_lock
from depcheck.core.lockfiles.lockfile_parser import Lockfile, merge_header_and_body
from depcheck.core.lockfiles.options import pip_args
from depcheck.core.lockfiles.options.command import check_command_paths
from depcheck.core.lockfiles.paths import (
    find_reference_root,
    get_repository_path,
    resolve_repository_path,
    restore_local_references,
)
from depcheck.core.lockfiles.requirement_line import LogicalLine
from depcheck.core.messages.hidden_state import parse_commit_trailer, parse_hidden_marker
from depcheck.core.model.errors import LockfileError, UsageError

COPY = "file:///tmp/depcheck-0123/copy/repo"
ENVIRONMENT = {name: str(value) for name, value in default_environment().items()} | {"extra": ""}


def header(content: bytes) -> None:
    """Read a header, keeping only understood options that stay inside."""
    text = text_of(content)
    head, body = split_header(text)
    assert head + body == text
    found = parse_header(text)
    if not found.argv:
        return
    try:
        command = parse_compile_command(found)
        check_command_paths(command, "deep/er")
    except LockfileError:
        return
    for path in (*command.sources, *command.paths, *filter(None, [command.output])):
        there = PurePosixPath(resolve_repository_path("deep/er", path))
        assert not there.is_absolute()
        assert ".." not in there.parts
    assert all(option.startswith("-") and option.isprintable() for option in command.options)


def uv_lock(content: bytes) -> None:
    """Read a uv.lock and choose from it, or refuse it."""
    text = text_of(content)
    try:
        parsed = parse_uv_lock(text)
    except LockfileError:
        return
    assert parsed.text == text
    assert not list(find_uv_lock_violations(parsed, parsed))
    AddressMap(dict.fromkeys(list_registries(text), "http://127.0.0.1:9/x"), "http://127.0.0.1:9").localize(text)
    list_git_sources(parsed)
    with suppress(LockfileError):
        chosen = parsed.select_pins(ENVIRONMENT)
        assert len(chosen) + len(parsed.list_inactive_pins(ENVIRONMENT)) == len(parsed.entries)


def pylock(content: bytes) -> None:
    """Read a pylock.toml to the byte, or refuse it."""
    text = text_of(content)
    try:
        parsed = parse_pylock(text)
    except LockfileError:
        return
    assert parsed.text == text
    assert not list(find_uv_lock_violations(parsed, parsed))
    with suppress(LockfileError):
        parsed.select_pins(ENVIRONMENT)


def lockfile(content: bytes) -> None:
    """Read a lockfile to the byte, or refuse it."""
    text = text_of(content)
    try:
        parsed = parse_lockfile(text)
    except LockfileError:
        return
    assert parsed.text == text
    assert parse_lockfile(parsed.text) == parsed
    assert len(parsed.options) + len(parsed.entries) <= text.count("\n") + 1
    assert all(len(include) <= len(text) for include in parsed.includes)
    assert merge_header_and_body(header_of=parsed, body_of=Lockfile()).count("\0") == 0
    try:
        parsed.select_pins(ENVIRONMENT)
    except LockfileError:
        return


def requirement_line(content: bytes) -> None:
    """Read a requirement as one pin, or refuse it."""
    text = text_of(content).replace("\r", "").replace("\n", "")
    try:
        pin = pin_line.parse_pin(LogicalLine(1, text))
    except LockfileError:
        return
    assert pin.version is not None or pin.reference


def pip_arguments(content: bytes) -> None:
    """Pass only known options to pip."""
    try:
        kept = shlex.split(pip_args.sanitize_pip_args(text_of(content)))
    except LockfileError:
        return
    assert not kept or kept[0].startswith("-")
    assert not {"--index-url", "-i", "--extra-index-url", "--target", "--prefix", "--root", "--find-links"} & set(kept)


def settings(content: bytes) -> None:
    """Read a configuration into settings, or raise a usage error."""
    try:
        build_check_settings(read_toml_options(text_of(content), "depcheck.toml"))
    except UsageError:
        return


def tool_config(content: bytes) -> None:
    """Read the files beside a lockfile, or nothing."""
    with tempfile.TemporaryDirectory() as folder:
        for name, part in zip(("pyproject.toml", "a.in", ".python-version"), content.split(b"\0", 2), strict=False):
            Path(folder, name).write_bytes(part)
        tree = RepoFiles(Path(folder))
        evidence = PythonEvidence(tree, read_recipes(tree, tuple(tree.list_files())), ())
        assert guess_pythons(tree, evidence, "", ())[0].python[0].isdigit()
        included, _ = follow_includes(tree, ["a.in"])
        read_direct_names(tree, [*included, "pyproject.toml"], ["*"])
        is_fully_pinned(tree, "a.in")
        try:
            read_pip_tools_config(tree, "").get_texts("extra", "index-url")
        except LockfileError:
            return


def project(content: bytes) -> None:
    """Read requirement lines of a project, or nothing.

    From one build of a folder.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name, part in zip((*PROJECT_FILES, "a.in"), content.split(b"\0", 3), strict=False):
            Path(folder, name).write_bytes(part)
        tree = RepoFiles(Path(folder))
        for name in PROJECT_FILES:
            read_project_requirements(tree, name, frozenset({"x"}))
        loose = find_unpinned_requirements(tree, PROJECT_FILES, ["*"])
        assert loose == tuple(sorted(set(loose)))
        assert {re.split("[<>=!~]", line)[0] for line in loose} <= read_direct_names(tree, PROJECT_FILES, ["*"])


def local(content: bytes) -> None:
    """Turn addresses of the repository into paths inside it.

    No copy's is left where the root is told.
    """
    text, target, folder = parts_of(content, 3)
    references = text.split("\n")
    for is_project in (lambda path: path in {"", "a", "a/b"}, lambda _: True, lambda _: False):
        root = find_reference_root(references, is_project)
        assert COPY not in root or COPY in text
        assert root == "" or root.startswith("file:///")
        for each in (target, *references):
            path = get_repository_path(each, root)
            assert path is None or not (path.startswith(("/", "../")) or path == "..")
        written = restore_local_references(f"{text}\n-e {COPY}{target}\n", COPY, root, folder.strip("/"))
        assert COPY not in written or not root or COPY in text + target


def remote(content: bytes) -> None:
    """Read only whole HTTP addresses, and repositories without revision."""
    text = text_of(content)
    for kind in (REQUIREMENT_URL, LOCKFILE_URL, PROJECT_URL):
        for found in kind.finditer(text):
            url = found["url"]
            assert url in text
            assert re.match(r"(?:git\+)?https?://\S", url)
            place, revision = _split_revision(url)
            assert "\n" not in url
            assert not revision.startswith("-")
            assert place.startswith("http")


def marker(content: bytes) -> None:
    """Read a mark of ours exactly, or none.

    From what people write into bodies and messages.
    """
    text = text_of(content)
    found = parse_hidden_marker(text)
    assert found is None or parse_hidden_marker(found.hidden_line) == found
    parse_commit_trailer(text)


_HEADER_WORDS = (
    "# This file is autogenerated by pip-compile with Python 3.11\n", "# by the following command:\n", "#    pip-compile ",
    "# This file was autogenerated by uv via the following command:\n", "#    uv pip compile ", "#\n", "--output-file=",
    "--pip-args='", "--index-url=https://", "--find-links=", "--config=pyproject.toml", "-c ../x", "--upgrade-package=", "requirements.in",
    "--python-version=3.", "--python=/usr/bin/python3.1", "--extra=dev", "--all-extras", "None", "--constraint=", "--group=", "../", "'", '"',
    "#    To update, run:\n", "#    python3 -m piptools compile ", "--no-index", "--format=pylock.toml",
)  # fmt: skip
_LINE_WORDS = (
    "six==1.0", "--hash=sha256:", "0" * 64, " \\\n    ", "# via\n    #   ", "-r base.txt", "-c ", "-e ./x", "-e git+https://h/x#egg=y",
    "six @ https://h/six-1.0-py3-none-any.whl", "; python_version < '3.9'", "===", "[a,b]", "--index-url https://h/simple", "\r\n", "\ufeff",
    "(", "((", " and ", " or ", "extra == 'x'", "# via -r x.in", "==1.*", "~=1.0", "file:///x.tar.gz", "\u2028",
)  # fmt: skip
_TOML_WORDS = (
    "[tool.depcheck]\n", "[tool.pip-tools]\n", "[tool.pip-tools.compile]\n", "[project]\n", "requires-python = '>=3.8'\n", "lockfile = ['a.txt']\n",
    "as-of = 2026-01-01\n", "python = 3.10\n", "cooldown = ", "extra = ['x']\n", "[[", "{a = ", "'''", "dependencies = ['six>=1']\n", "\0",
    "[dependency-groups]\n", "[project.optional-dependencies]\n", "9" * 20, "1e400", "inf", "nan", "0x", "test = ''\n", "together = [['a','b']]\n",
)  # fmt: skip
_UV_LOCK_WORDS = (
    'version = 1\nrequires-python = ">=3.9"\n', "revision = 3\n", "[[package]]\n", 'name = "x"\n', 'version = "1.0"\n', 'source = { registry = "https://pypi.org/simple" }\n',
    'source = { editable = "." }\n', 'source = { git = "https://h/x?rev=main#' + "0" * 40 + '" }\n', "dependencies = [\n", '    { name = "y", marker = "python_full_version < \'3.11\'" },\n', "]\n",
    '    { url = "https://h/x-1.0-py3-none-any.whl", hash = "sha256:' + "0" * 64 + '", size = 1 },\n', "wheels = [\n", "[package.dev-dependencies]\n", "dev = [\n", "[package.metadata]\n", "conflicts = [[\n",
    '{ package = "x", extra = "y" },\n', "extra == 'extra-1-x-y'", "[manifest]\n", 'members = ["x"]\n', "[options]\n", 'exclude-newer = "2026-01-01T00:00:00Z"\n', "resolution-markers = [\n", '"""', "#", "'", "\r\n",
)  # fmt: skip
_PYLOCK_WORDS = (
    'lock-version = "1.0"\ncreated-by = "uv"\n', "#    uv pip compile a.in -o pylock.toml\n", "[[packages]]\n", 'name = "x"\n', 'version = "1.0"\n', "marker = \"sys_platform == 'win32'\"\n",
    'index = "https://h/simple"\n', 'sdist = { url = "https://h/x-1.0.tar.gz", hashes = { sha256 = "' + "0" * 64 + '" } }\n', "wheels = [", "]\n", 'directory = { path = "." }\n', 'vcs = { type = "git" }\n', "packages = []\n", "[tool]\n",
)  # fmt: skip
_PROJECT_WORDS = (
    "[options]\n", "install_requires =\n  ", "[options.extras_require]\n", "x = six\n", "from setuptools import setup\n", "setup(", "install_requires=", "['six>=1', ", "extras_require={'x': ", "(", "-", "~", "lambda: ",
    "[tool.setuptools.dynamic]\n", "dependencies = {file = ['a.in']}\n", "dynamic = ['dependencies']\n", "[tool.poetry.dependencies]\n", "six = '^1'\n", "six = {version = '1.0', optional = true}\n", "%(x)s", ";;", "b'x'", "f'{x}'",
)  # fmt: skip

TARGETS = (
    Target("header", header, _HEADER_WORDS),
    Target("lockfile", lockfile, (*_HEADER_WORDS[:6], *_LINE_WORDS)),
    Target("uv-lock", uv_lock, _UV_LOCK_WORDS),
    Target("pylock", pylock, _PYLOCK_WORDS),
    Target("requirement", requirement_line, _LINE_WORDS, 1024),
    Target("pip-args", pip_arguments, ("--pre ", "-c x", "--no-binary=:all: ", "--index-url=", "'", "\\", "--config-settings "), 512),
    Target("settings", settings, _TOML_WORDS, 2048),
    Target("tool-config", tool_config, (*_TOML_WORDS, *_LINE_WORDS), 2048),
    Target("project", project, (*_TOML_WORDS, *_PROJECT_WORDS), 2048),
    Target("local", local, ("-e ", COPY, "file:///", "/a/b", "a", "..", "%2e%2e", "%00", "//", "#egg=", "[x]", " @ ", "\0", "C:", " ; ", "\n"), 512),
    Target("remote", remote, ("git+https://h/", "http://h/", "name @ ", "-e ", "--editable=", "[x]", "@", "@main", "#egg=x", "'", '"', ",", "\\", "${A}", " ", "\t", "\n", "-"), 1024),
    Target("marker", marker, ("<!-- depcheck form=issue key=", "digest=", " run=1.1", " head=-", "Depcheck-Finding: ", "closed=no -->"), 1024),
)  # fmt: skip
