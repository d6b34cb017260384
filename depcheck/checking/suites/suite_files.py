"""A repository's tests, and their runner: pytest, unittest or Django."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path, PurePosixPath

from depcheck.untrusted_files import list_beneath, read_beneath

MOST_FILES, MOST_READ, MOST_BYTES = 100_000, 400, 1 << 20
NOT_LOOKED_INTO = frozenset({"node_modules", "venv", "env", "build", "dist", "site-packages", "__pycache__"})
CONFIGURED = {
    "pytest.ini": "[pytest]",
    "tox.ini": "[pytest]",
    "setup.cfg": "[tool:pytest]",
    "pyproject.toml": "[tool.pytest",
}
_TEST_FILES = ("test_*.py", "*_test.py", "tests.py")
_PYTEST = re.compile(r"^\s*(?:import|from)\s+pytest\b", re.MULTILINE)
_FUNCTION = re.compile(r"^(?:async\s+)?def\s+test_\w+\(", re.MULTILINE)
_UNITTEST = re.compile(r"^class\s+\w+\s*\([^)]*TestCase\b[^)]*\)\s*:|^\s*import\s+unittest\b(?!\.mock)", re.MULTILINE)
_MANAGE_DEPTH = 3


@dataclass(frozen=True, slots=True)
class SuiteFiles:
    """What was found, as POSIX paths relative to the repository.

    `manage` is Django's manage.py, or empty.

    `configured` says that the repository configures pytest, `imports_pytest` that a test file needs it, `unittests`
    are the files with unittest's test cases.
    """

    tests: tuple[str, ...] = ()
    unittests: tuple[str, ...] = ()
    imports_pytest: bool = False
    configured: bool = False
    manage: str = ""


def find_suite_files(root: Path) -> SuiteFiles:
    """Look at a bounded number of the files below `root`."""
    files = list(_walk(root))
    tests = [path for path in files if any(fnmatchcase(PurePosixPath(path).name, each) for each in _TEST_FILES)]
    texts = {path: read_small_text(root, path) for path in tests[:MOST_READ]}
    return SuiteFiles(
        tests=tuple(tests),
        unittests=tuple(path for path, text in texts.items() if _UNITTEST.search(text) and not _PYTEST.search(text)),
        imports_pytest=any(_PYTEST.search(text) or _FUNCTION.search(text) for text in texts.values()),
        configured=is_pytest_configured(root),
        manage=_manage(root, files, tests),
    )


def is_pytest_configured(root: Path, folder: str = "") -> bool:
    """Return True if a file of `folder` configures pytest."""
    return any(mark in read_small_text(root, posixpath.join(folder, name)) for name, mark in CONFIGURED.items())


def _walk(root: Path) -> Iterator[str]:
    for path in islice(list_beneath(root), MOST_FILES):
        if not any(part in NOT_LOOKED_INTO or part.startswith(".") for part in path.parts[:-1]):
            yield path.as_posix()


def _manage(root: Path, files: list[str], tests: list[str]) -> str:
    """Find the topmost manage.py with tests beside or below it."""
    found = [path for path in files if PurePosixPath(path).name == "manage.py" and path.count("/") < _MANAGE_DEPTH]
    for path in sorted(found, key=lambda each: (each.count("/"), each)):
        folder = path.removesuffix("manage.py")
        if any(test.startswith(folder) for test in tests) and "flask" not in read_small_text(root, path).lower():
            return path
    return ""


def read_small_text(root: Path, path: str) -> str:
    """Read the text of a plain file below `root`.

    Empty for any other.
    """
    return (read_beneath(root, path, MOST_BYTES) or b"").decode(errors="replace")
