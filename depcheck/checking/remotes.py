"""Requirements by URL or from git: brought by whoever runs none of their code, and served to guests by the local index.

So a guest never needs the network for them. An archive is fetched by the index itself, a repository by git in a guest
that has the network and runs nothing but git; what is checked out crosses as one archive, and with it its history,
from which some packages take their version.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from urllib.parse import urlsplit

from depcheck.checking import variables
from depcheck.checking.plain_files import read_plain
from depcheck.checking.process import Guest
from depcheck.checking.sandbox import OPEN
from depcheck.core.errors import IndexUnavailableError
from depcheck.core.outputs import telling_line, without_scratch
from depcheck.ports import PackageServer

MOST_BYTES = 1 << 30
_URL = r"(?P<url>(?:git\+)?https?://[^\s#;'\",\\]+)"
# Nothing is given back (++): spaces without an end would take the square of their number.
_NAME = r"[\w.-]++[ \t]*+(?:\[[^\]\n]*\])?[ \t]*+@[ \t]*+"
LINE = re.compile(rf"(?m)(?P<before>^[ \t]*(?:{_NAME})?){_URL}")
LOCKED = re.compile(rf"(?m)^[ \t]*(?:(?:-e|--editable)[ \t=]+)?(?:{_NAME})?{_URL}")
STATED = re.compile(rf"(?m)(?P<before>(?:^[ \t]*|[\"'][ \t]*){_NAME}){_URL}")
_REVISION = re.compile(r"(?P<place>.*?://[^/]*/.*?)(?:@(?P<revision>\w[\w./+-]*))?$")
_ELSEWHERE = re.compile(r"(?:^|@\s*)(?:git\+|hg\+|svn\+|bzr\+|https?:)")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_COMMIT = re.compile(r"[0-9a-f]{40,64}")
# Nothing of a repository runs: hooks are not cloned, filters are not configured, and only HTTP is spoken.
_GIT = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "http:https"}  # fmt: skip
_CLONE = """
set -e
git -c core.hooksPath=/dev/null clone --quiet --no-checkout --filter=blob:none --template= -- "$1" tree
cd tree
git config core.hooksPath /dev/null
for name in "refs/remotes/origin/$2" "refs/tags/$2" "$2"; do
  commit=$(git rev-parse --verify --quiet "$name^{commit}") && break
done || { git fetch --quiet origin "$2" && commit=$(git rev-parse --verify 'FETCH_HEAD^{commit}'); }
git checkout --quiet --detach "$commit"
git submodule --quiet update --init --recursive
git config --unset core.hooksPath
cd ..
tar -czf tree.tar.gz tree
printf %s "$commit" >&3
"""


@dataclass(frozen=True, slots=True)
class Remotes:
    """What was brought in this run. `scratch` is a folder of ours; `guest` runs git, and nothing else here.

    Only what the repository's own files name is brought: a package that is being compiled could write an address into
    the lockfile, and so send out what it has read.
    """

    guest: Guest
    index: PackageServer
    scratch: Path
    timeout_s: float
    _trusted: set[str] = field(default_factory=set)
    _held: dict[str, str] = field(default_factory=dict)
    _local: dict[str, str] = field(default_factory=dict)
    _commits: dict[str, str] = field(default_factory=dict)
    _turn: Lock = field(default_factory=Lock)

    def trust(self, text: str, kind: re.Pattern[str] = LOCKED) -> None:
        """Let the addresses in this text be brought: of a committed file, before any package's code could change it."""
        self._trusted.update(found["url"] for found in kind.finditer(text))

    def hold(self, text: str) -> None:
        """Leave each repository at the commit that this lockfile names, whatever the branch that its source names."""
        for found in LINE.finditer(text):
            place, revision = _parts(found["url"])
            if _COMMIT.fullmatch(revision):
                self._held[place] = found["url"]

    def turned(self, text: str, kind: re.Pattern[str] = LINE) -> str:
        """`text` with a local address for each that a requirement names: of requirement lines, or STATED in a project.

        What cannot be brought (ssh, another version control, a variable that is not known) or is not trusted stays.

        Raises:
            IndexUnavailableError: git could not fetch it. Archives are fetched when they are asked for.
        """
        return kind.sub(lambda found: found["before"] + self._of(found["url"]), text)

    def brought(self, line: str) -> str:
        """One line with its local address.

        Raises:
            IndexUnavailableError: It names another place, and cannot be brought.
        """
        local = self.turned(line)
        if _ELSEWHERE.search(local) and not any(address in local for address in self._local.values()):
            raise IndexUnavailableError(
                f"{line} is not fetched: packages' code runs without a network, and only what a committed file names "
                "over HTTP, as an archive or for git, is brought first. No package is to blame; release it to an index."
            )
        return local

    def back(self, text: str, *, precise: bool = False) -> str:
        """`text` with the original addresses; `precise` ones name the commit, as uv writes them."""
        for url, local in self._local.items():
            text = text.replace(local, self._commits.get(url, url) if precise else url)
        return text

    def _of(self, url: str) -> str:
        with self._turn:
            if url not in self._trusted and url not in self._commits.values():
                return url
            url = self._held.get(_parts(url)[0], url)
            if url not in self._local:
                local = self._brought(url)
                if not local:
                    return url
                self._local[url] = local
            return self._local[url]

    def _brought(self, url: str) -> str:
        known = {name: self.guest.outer[name] for name in self.guest.through if name in self.guest.outer}
        whole = _VARIABLE.sub(lambda found: known.get(found[1], found[0]), url)
        if url.startswith("git+"):  # with a secret in its address it would show that to the package
            return "" if "${" in url else self._cloned(url)
        return "" if "${" in whole else self.index.offer(whole, _filename(whole))

    def _cloned(self, url: str) -> str:
        address, revision = _parts(url)
        with TemporaryDirectory(dir=self.scratch, prefix="git-", ignore_cleanup_errors=True) as room:
            place = Path(room)
            place.chmod(0o755)
            self.guest.own(place)
            content, commit = self._clone(place, address, revision or "HEAD")
        self._commits[url] = f"git+{address}@{commit}"
        name = _filename(address).removesuffix(".git") or "tree"
        return self.index.offer(url, f"{name}.tar.gz", content)

    def _clone(self, place: Path, url: str, revision: str) -> tuple[bytes, str]:
        """The archive of a checkout, and its commit."""
        words = ["sh", "-c", _CLONE, "clone", url, revision]
        env = {**_GIT, **self._proxies}
        ran = self.guest.run(words, folder=place, timeout_s=self.timeout_s, env=env, network=OPEN)
        content, commit = read_plain(place / "tree.tar.gz", MOST_BYTES), ran.answer.decode(errors="replace")
        if not ran.passed or content is None or not _COMMIT.fullmatch(commit):
            why = ran.exceeded or telling_line(without_scratch(ran.output)) or f"git gave no commit {revision}"
            raise IndexUnavailableError(
                f"{url} could not be fetched at {revision}: {why}. No package is to blame; correct the requirement, or "
                "try again later."
            )
        return content, commit

    @property
    def _proxies(self) -> Mapping[str, str]:
        return {name: self.guest.outer[name] for name in variables.PROXIES if name in self.guest.outer}


def _parts(url: str) -> tuple[str, str]:
    """The address of a repository, and the revision that a requirement names, or none."""
    bare = url.removeprefix("git+")
    found = _REVISION.match(bare)
    return (found["place"], found["revision"] or "") if found else (bare, "")


def _filename(url: str) -> str:
    return urlsplit(url).path.rstrip("/").rpartition("/")[2]
