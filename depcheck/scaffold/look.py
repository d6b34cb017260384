"""What a repository tells of itself: its environments, tests, services, indexes and packages of the system.

Files are read, never run, and only so much of each.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from depcheck.core.environments import EnvironmentSpec
from depcheck.core.plain import one_line

_LIMIT_BYTES = 256 << 10
_MOST_FILES = 40
_COMPOSE = ("compose.y*ml", "docker-compose*.y*ml", ".github/workflows/*.y*ml", ".gitlab-ci.yml")
_IMAGE = re.compile(r"^\s*(?:-\s+)?image:\s*['\"]?([\w./-]+(?::[\w.-]+)?)", re.MULTILINE)
_APT = re.compile(r"apt(?:-get)?\s+(?:-\S+\s+)*install\s+([^\n&|;]+)")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9.+-]+")
_PORTS = {
    "postgres": 5432,
    "postgis": 5432,
    "pgvector": 5432,
    "timescaledb": 5432,
    "mysql": 3306,
    "mariadb": 3306,
    "redis": 6379,
    "valkey": 6379,
    "rabbitmq": 5672,
    "mongo": 27017,
    "memcached": 11211,
    "elasticsearch": 9200,
    "opensearch": 9200,
    "kafka": 9092,
    "minio": 9000,
}
_SUITES = (
    ("pytest", ("pytest.ini", "tox.ini", "setup.cfg", "pyproject.toml", "conftest.py", "tests/conftest.py")),
    ("unittest", ()),
)
_PYTEST = ("[pytest]", "[tool:pytest]", "[tool.pytest")


@dataclass(frozen=True, slots=True)
class Service:
    """A service that tests may need, the file that says so, and the port that it usually has."""

    name: str
    image: str
    place: str
    port: int


@dataclass(frozen=True, slots=True)
class Found:
    """`indexes` are addresses without credentials; `system` are packages that some file installs by apt."""

    environments: tuple[EnvironmentSpec, ...] = ()
    tests: str = ""
    services: tuple[Service, ...] = ()
    indexes: tuple[str, ...] = ()
    system: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """What was found, a line each."""
        yield from (_described(spec) for spec in self.environments)
        if not self.environments:
            yield "no lockfile and no source that could be resolved"
        yield f"tests: {self.tests or 'none found; give --test COMMAND where there are some'}"
        yield from (
            f"service: {each.name} on port {each.port} ({each.image} in {each.place})" for each in self.services
        )
        yield from (f"index: {url}" for url in self.indexes)
        if self.system:
            yield f"packages of the system: {', '.join(self.system)}"


def look(repo: Path, environments: Sequence[EnvironmentSpec]) -> Found:
    """Look at the repository; reads at most a few dozen files."""
    return Found(
        environments=tuple(environments),
        tests=_tests(repo),
        services=tuple(_services(repo)),
        indexes=tuple(dict.fromkeys(_public(url) for spec in environments for url in _urls(spec))),
        system=tuple(dict.fromkeys(_system(repo)))[:30],
    )


def _described(spec: EnvironmentSpec) -> str:
    files = ", ".join(lockfile.path for lockfile in spec.lockfiles)
    kind = "nothing is locked: " if any(lockfile.loose for lockfile in spec.lockfiles) else ""
    skipped = f"; skipped: {spec.skipped}" if spec.skipped else ""
    python = spec.python or "unknown"
    return one_line(f"environment: {spec.name} on Python {python} ({kind}{files or 'none'}){skipped}", 400)


def _tests(repo: Path) -> str:
    if any(mark in _text(repo / name) for name in _SUITES[0][1] for mark in _PYTEST):
        return "pytest, by its configuration"
    if any((repo / name).is_file() for name in ("conftest.py", "tests/conftest.py")):
        return "pytest, by conftest.py"
    files = [path for pattern in ("test_*.py", "tests/test_*.py", "tests/*/test_*.py") for path in repo.glob(pattern)]
    return f"{len(files)} test files" if files else ""


def _services(repo: Path) -> Iterator[Service]:
    seen = set[str]()
    for path in _files(repo, _COMPOSE):
        for image in _IMAGE.findall(_text(path)):
            name = image.partition(":")[0].rpartition("/")[2]
            if name in _PORTS and name not in seen:
                seen.add(name)
                yield Service(name, image, path.relative_to(repo).as_posix(), _PORTS[name])


def _system(repo: Path) -> Iterator[str]:
    for path in _files(repo, ("Dockerfile*", ".github/workflows/*.y*ml")):
        for words in _APT.findall(_text(path).replace("\\\n", " ")):
            yield from (word for word in words.split() if _PACKAGE.fullmatch(word) and not word.startswith("-"))


def _files(repo: Path, patterns: Iterable[str]) -> list[Path]:
    return sorted(path for pattern in patterns for path in repo.glob(pattern) if path.is_file())[:_MOST_FILES]


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LIMIT_BYTES).decode(errors="replace")
    except OSError:
        return ""


def _urls(spec: EnvironmentSpec) -> Iterator[str]:
    return (url for lockfile in spec.lockfiles for url in lockfile.index_urls if "pypi.org/" not in url)


def _public(url: str) -> str:
    head, mark, tail = url.partition("://")
    return f"{head}{mark}{tail.rpartition('@')[2]}"
