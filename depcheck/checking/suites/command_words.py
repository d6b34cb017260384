"""Test commands of a repository, reduced to what they test."""

import posixpath
import re
import shlex
from collections.abc import Callable, Iterator, Sequence

PYTEST_COMMAND, UNITTEST_COMMAND = "python -m pytest", "python -m unittest discover"
_KEPT_WITH_VALUE = frozenset({"-m", "-k", "-c", "-W", "-o", "--ignore", "--ignore-glob", "--deselect", "--rootdir",
                              "--confcutdir", "--import-mode", "--override-ini", "--ds"})  # fmt: skip
_KEPT = frozenset({"--pyargs", "--doctest-modules", "--doctest-plus", "--doctest-glob", "--strict-markers"})
_DROPPED_WITH_VALUE = frozenset({"-n", "-p", "-r", "--cov", "--cov-report", "--cov-config", "--cov-fail-under",
                                 "--junitxml", "--junit-xml", "--tb", "--durations", "--maxfail", "--color", "--dist",
                                 "--timeout", "--html", "--log-level", "--log-cli-level", "--basetemp", "--reruns",
                                 "--numprocesses", "--maxprocesses", "--verbosity", "--capture"})  # fmt: skip
_PYTHON = re.compile(r"(?:python|pypy|py)(?:\d(?:\.\d+)?)?")
_COVERAGE_VALUE = frozenset(
    {"--source", "--rcfile", "--omit", "--include", "--data-file", "--context", "--concurrency"}
)
_SCRIPT = re.compile(r"(?:.*/)?(?:run_?tests?|runtests|test_?runner|tests?)\.py")
_SETTING = re.compile(r"([A-Za-z_]\w*)=('[^']*'|[^\s']*) ")
_NO_PREPARATION = frozenset({"pip", "ensurepip", "build", "coverage", "pytest", "unittest", "uv", "pipx", "tox", "nox"})
_UNSURE = re.compile(r"[{}$`|&;<>()]")


def to_test_command(words: Sequence[str], exists: Callable[[str], bool]) -> str:
    """Return the command that runs the same tests, without reports.

    Plug-ins' options are left out too. Empty for a command that runs no tests. `exists` says whether a path is there.
    """
    if not words or any(_UNSURE.search(word) for word in words):
        return ""
    program, rest = posixpath.basename(words[0]), list(words[1:])
    if program == "coverage":
        return to_test_command(["python", *_without_coverage(rest)], exists) if rest[:1] == ["run"] else ""
    if program in {"pytest", "py.test"}:
        return _pytest(rest, exists)
    if program == "django-admin":
        return f"python -m django {shlex.join(rest)}" if rest[:1] == ["test"] else ""
    return _of_python(rest, exists) if _PYTHON.fullmatch(program) else ""


def is_pytest_command(command: str) -> bool:
    """Return True if a command from here runs pytest."""
    return PYTEST_COMMAND in command


def to_preparation(words: Sequence[str], exists: Callable[[str], bool]) -> str:
    """Return the command if it prepares tests by running Python.

    Empty for what installs packages, runs tests, or reports of them.
    """
    if not words or any(_UNSURE.search(word) for word in words):
        return ""
    program, rest = posixpath.basename(words[0]), list(words[1:])
    if program == "django-admin" and rest:
        return f"python -m django {shlex.join(rest)}"
    if not _PYTHON.fullmatch(program) or not rest:
        return ""
    is_module = rest[0] == "-m" and len(rest) > 1 and rest[1] not in _NO_PREPARATION
    return f"python {shlex.join(rest)}" if is_module or (rest[0].endswith(".py") and exists(rest[0])) else ""


def split_settings(command: str) -> tuple[dict[str, str], str]:
    """Split the variables that a command begins with off."""
    found, rest = dict[str, str](), command
    while match := _SETTING.match(rest):
        found[match[1]] = "".join(shlex.split(match[2]))
        rest = rest[match.end() :]
    return found, rest


def _without_coverage(words: list[str]) -> list[str]:
    """Return what `coverage run` runs."""
    rest = words[1:]
    while rest and rest[0].startswith("-") and rest[0] != "-m":
        rest = rest[2:] if rest[0] in _COVERAGE_VALUE else rest[1:]
    return rest


def _of_python(words: list[str], exists: Callable[[str], bool]) -> str:
    while words and words[0].startswith("-") and words[0] != "-m":
        words = words[2:] if words[0] in {"-W", "-X"} else words[1:]
    if words[:1] == ["-m"] and len(words) > 1:
        return _module(words[1], words[2:], exists)
    if not words or not words[0].endswith(".py") or not exists(words[0]):
        return ""
    is_django = posixpath.basename(words[0]) == "manage.py" and words[1:2] == ["test"]
    return f"python {shlex.join(words)}" if is_django or _SCRIPT.fullmatch(words[0]) else ""


def _module(name: str, rest: list[str], exists: Callable[[str], bool]) -> str:
    if name == "pytest":
        return _pytest(rest, exists)
    if name == "coverage":
        return to_test_command(["coverage", *rest], exists)
    if name == "unittest":
        shown = [word for word in rest if word not in {"-v", "-q", "-b", "--verbose", "--quiet", "--buffer"}]
        return UNITTEST_COMMAND if shown in ([], ["discover"]) else f"python -m unittest {shlex.join(shown)}"
    return f"python -m django {shlex.join(rest)}" if name == "django" and rest[:1] == ["test"] else ""


def _pytest(words: list[str], exists: Callable[[str], bool]) -> str:
    kept = list(_kept(words, exists))
    return f"{PYTEST_COMMAND} {shlex.join(kept)}" if kept else PYTEST_COMMAND


def _kept(words: list[str], exists: Callable[[str], bool]) -> Iterator[str]:
    """List existing paths and options of pytest that choose tests."""
    packages = "--pyargs" in words
    left = list(words)
    while left:
        word = left.pop(0)
        name = word.partition("=")[0]
        if name in _KEPT_WITH_VALUE:
            yield word
            if "=" not in word and left:
                yield left.pop(0)
        elif name in _DROPPED_WITH_VALUE:
            if "=" not in word and left and not left[0].startswith("-"):
                left.pop(0)
        elif name in _KEPT or (not word.startswith("-") and (packages or exists(word.partition("::")[0]))):
            yield word
