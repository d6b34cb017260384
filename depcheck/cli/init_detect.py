"""Detection of a repository's environments, tests, services and indexes.

Also of system packages. Files are read up to a limit and never executed.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from depcheck.checking.discovery.files.requirement_files import parse_package_names
from depcheck.checking.suites.suite_command import guess_command
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.text.terminal_safe import to_one_line

_MAX_FILE_BYTES = 256 << 10
_MAX_FILES = 40
_SERVICE_FILES = ("compose.y*ml", "docker-compose*.y*ml", ".github/workflows/*.y*ml", ".gitlab-ci.yml")
_IMAGE_LINE = re.compile(r"^\s*(?:-\s+)?image:\s*['\"]?([\w./-]+(?::[\w.-]+)?)", re.MULTILINE)
_APT_INSTALL = re.compile(r"apt(?:-get)?\s+(?:-\S+\s+)*install\s+([^\n&|;]+)")
_PACKAGE_NAME = re.compile(r"[a-z0-9][a-z0-9.+-]+")
_SERVICE_PORTS = {
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


@dataclass(frozen=True, slots=True)
class Service:
    """A service that tests may need.

    `source_file` is the file that names it, `port` the port that it usually has.
    """

    name: str
    image: str
    source_file: str
    port: int


@dataclass(frozen=True, slots=True)
class RepositoryFacts:
    """What was detected in the repository.

    `indexes` are URLs without credentials. `system_packages` are packages that a file installs with apt.
    """

    environments: tuple[EnvironmentSpec, ...] = ()
    tests: str = ""
    services: tuple[Service, ...] = ()
    indexes: tuple[str, ...] = ()
    system_packages: tuple[str, ...] = ()

    def to_lines(self) -> Iterator[str]:
        """Yield a line of text for each detected item."""
        yield from (_describe_environment(spec) for spec in self.environments)
        if not self.environments:
            yield "no lockfile and no source that could be resolved"
        yield f"tests: {self.tests or 'none found; give --test COMMAND where there are some'}"
        yield from (
            f"service: {each.name} on port {each.port} ({each.image} in {each.source_file})" for each in self.services
        )
        yield from (f"index: {url}" for url in self.indexes)
        if self.system_packages:
            yield f"packages of the system: {', '.join(self.system_packages)}"


def inspect_repository(repo: Path, environments: Sequence[EnvironmentSpec]) -> RepositoryFacts:
    """Inspect the repository.

    Reads at most a few dozen files.
    """
    return RepositoryFacts(
        environments=tuple(environments),
        tests=_detect_tests(repo, environments),
        services=tuple(_detect_services(repo)),
        indexes=tuple(
            dict.fromkeys(_strip_credentials(url) for spec in environments for url in _list_index_urls(spec))
        ),
        system_packages=tuple(dict.fromkeys(_detect_system_packages(repo)))[:30],
    )


def _describe_environment(spec: EnvironmentSpec) -> str:
    files = ", ".join(lockfile.path for lockfile in spec.lockfiles)
    kind = "nothing is locked: " if any(lockfile.is_unlocked for lockfile in spec.lockfiles) else ""
    skipped = f"; skipped: {spec.skip_reason}" if spec.skip_reason else ""
    python = spec.python or "unknown"
    return to_one_line(f"environment: {spec.name} on Python {python} ({kind}{files or 'none'}){skipped}", 400)


def _detect_tests(repo: Path, environments: Sequence[EnvironmentSpec]) -> str:
    """Name the test commands that a run would guess."""
    guesses = [
        guess_command(repo, _names(spec), [lock.path for lock in spec.lockfiles])
        for spec in environments
        if not spec.skip_reason
    ]
    commands = dict.fromkeys(guess.command for guess in guesses if guess.command)
    if commands:
        return ", ".join(commands)
    return next((f"not run: {guess.why}" for guess in guesses if guess.why), "")


def _names(spec: EnvironmentSpec) -> frozenset[str]:
    pinned = {entry.pin.name for lock in spec.lockfiles for entry in lock.lockfile.entries}
    needed = parse_package_names("\n".join(spec.test_needs.lines))
    return frozenset(pinned.union(needed, *(lock.direct_names for lock in spec.lockfiles)))


def _detect_services(repo: Path) -> Iterator[Service]:
    seen = set[str]()
    for path in _list_files(repo, _SERVICE_FILES):
        for image in _IMAGE_LINE.findall(_read_text(path)):
            name = image.partition(":")[0].rpartition("/")[2]
            if name in _SERVICE_PORTS and name not in seen:
                seen.add(name)
                yield Service(name, image, path.relative_to(repo).as_posix(), _SERVICE_PORTS[name])


def _detect_system_packages(repo: Path) -> Iterator[str]:
    for path in _list_files(repo, ("Dockerfile*", ".github/workflows/*.y*ml")):
        for words in _APT_INSTALL.findall(_read_text(path).replace("\\\n", " ")):
            yield from (word for word in words.split() if _PACKAGE_NAME.fullmatch(word) and not word.startswith("-"))


def _list_files(repo: Path, patterns: Iterable[str]) -> list[Path]:
    return sorted(path for pattern in patterns for path in repo.glob(pattern) if path.is_file())[:_MAX_FILES]


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_FILE_BYTES).decode(errors="replace")
    except OSError:
        return ""


def _list_index_urls(spec: EnvironmentSpec) -> Iterator[str]:
    return (url for lockfile in spec.lockfiles for url in lockfile.index_urls if "pypi.org/" not in url)


def _strip_credentials(url: str) -> str:
    head, mark, tail = url.partition("://")
    return f"{head}{mark}{tail.rpartition('@')[2]}"
