"""Fetch URL and git requirements and serve them from the local index.

So a guest never needs the network for them. The index itself fetches archives. git fetches
repositories, in a guest that has the network and runs nothing but git. A checkout is handed over as one
archive, together with its history, from which some packages take their version.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from urllib.parse import urlsplit

from depcheck.checking.sandbox import environ
from depcheck.checking.sandbox.guest import Guest
from depcheck.checking.sandbox.policy import OPEN_NETWORK
from depcheck.core.model.errors import IndexUnavailableError
from depcheck.core.text.process_output import find_error_line, strip_scratch_folders
from depcheck.ports import PackageServer
from depcheck.untrusted_files import read_untrusted_file

MOST_ARCHIVE_BYTES = 1 << 30
_URL_PATTERN = r"(?P<url>(?:git\+)?https?://[^\s#;'\",\\]+)"
# Nothing is given back (++): spaces without an end would take the square of their number.
_NAME_PATTERN = r"[\w.-]++[ \t]*+(?:\[[^\]\n]*\])?[ \t]*+@[ \t]*+"
REQUIREMENT_URL = re.compile(rf"(?m)(?P<before>^[ \t]*(?:{_NAME_PATTERN})?){_URL_PATTERN}")
LOCKFILE_URL = re.compile(rf"(?m)^[ \t]*(?:(?:-e|--editable)[ \t=]+)?(?:{_NAME_PATTERN})?{_URL_PATTERN}")
PROJECT_URL = re.compile(rf"(?m)(?P<before>(?:^[ \t]*|[\"'][ \t]*){_NAME_PATTERN}){_URL_PATTERN}")
_REVISION = re.compile(r"(?P<place>.*?://[^/]*/.*?)(?:@(?P<revision>\w[\w./+-]*))?$")
_REMOTE_PREFIX = re.compile(r"(?:^|@\s*)(?:git\+|hg\+|svn\+|bzr\+|https?:)")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_COMMIT_HASH = re.compile(r"[0-9a-f]{40,64}")
# Nothing of a repository runs: hooks are not cloned, filters are not configured, and only HTTP is spoken.
_GIT_VARIABLES = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "http:https"}  # fmt: skip
_CLONE_SCRIPT = """
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
_MIRROR_SCRIPT = """
set -e
url=$1 commit=$2
shift 2
git init --quiet --bare --template= mirror
cd mirror
git -c core.hooksPath=/dev/null fetch --quiet -- "$url" "$commit" "+refs/tags/*:refs/tags/*"
git config uploadpack.allowAnySHA1InWant true
for name in "$@"; do git update-ref "$name" "$commit"; done
git symbolic-ref HEAD "$1"
"""


@dataclass(frozen=True, slots=True)
class RemoteRequirements:
    """The remote requirements that were fetched in this run.

    `scratch` is a folder of this program. `guest` runs git and nothing else here. Only URLs that the
    repository's own files name are fetched: a package that is being compiled could write a URL into the
    lockfile, and so send out what it has read.
    """

    guest: Guest
    index: PackageServer
    scratch: Path
    timeout_s: float
    _trusted_urls: set[str] = field(default_factory=set)
    _commit_pinned_urls: dict[str, str] = field(default_factory=dict)
    _local_urls: dict[str, str] = field(default_factory=dict)
    _precise_urls: dict[str, str] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def trust_urls(self, text: str, kind: re.Pattern[str] = LOCKFILE_URL) -> None:
        """Trust the URLs in this text, so that they may be fetched.

        The text must be a committed file's, read before any package's code could change it.
        """
        self._trusted_urls.update(found["url"] for found in kind.finditer(text))

    def pin_commits(self, text: str) -> None:
        """Pin each repository to the commit that this lockfile names.

        This holds whatever branch its source names.
        """
        for found in REQUIREMENT_URL.finditer(text):
            place, revision = _split_revision(found["url"])
            if _COMMIT_HASH.fullmatch(revision):
                self._commit_pinned_urls[place] = found["url"]

    def localize_urls(self, text: str, kind: re.Pattern[str] = REQUIREMENT_URL) -> str:
        """Return `text` with a local address for each remote requirement.

        `kind` is the pattern of requirement lines, or PROJECT_URL for a project's file. URLs that cannot be
        fetched (ssh, another version control, an unknown variable) or are not trusted stay.

        Raises:
            IndexUnavailableError: git could not fetch it. Archives are fetched on their first request.
        """
        return kind.sub(lambda found: found["before"] + self._get_local_url(found["url"]), text)

    def localize_line(self, line: str) -> str:
        """Return one line with its local address.

        Raises:
            IndexUnavailableError: It names a remote place that cannot be fetched.
        """
        local = self.localize_urls(line)
        if _REMOTE_PREFIX.search(local) and not any(address in local for address in self._local_urls.values()):
            raise IndexUnavailableError(
                f"{line} is not fetched: packages' code runs without a network, and only what a committed file names "
                "over HTTP, as an archive or for git, is brought first. No package is to blame; release it to an index."
            )
        return local

    def restore_urls(self, text: str, *, precise: bool = False) -> str:
        """Return `text` with the original URLs.

        With `precise`, URLs name the commit, as uv writes them.
        """
        for url, local in self._local_urls.items():
            text = text.replace(local, self._precise_urls.get(url, url) if precise else url)
        return text

    def _get_local_url(self, url: str) -> str:
        with self._lock:
            if url not in self._trusted_urls and url not in self._precise_urls.values():
                return url
            url = self._commit_pinned_urls.get(_split_revision(url)[0], url)
            if url not in self._local_urls:
                local = self._serve_remote(url)
                if not local:
                    return url
                self._local_urls[url] = local
            return self._local_urls[url]

    def _serve_remote(self, url: str) -> str:
        known = {
            name: self.guest.host_environ[name]
            for name in self.guest.passed_variables
            if name in self.guest.host_environ
        }
        whole = _VARIABLE.sub(lambda found: known.get(found[1], found[0]), url)
        if url.startswith("git+"):  # with a secret in its address it would show that to the package
            return "" if "${" in url else self._serve_repository(url)
        return "" if "${" in whole else self.index.serve_file(whole, _get_filename(whole))

    def _serve_repository(self, url: str) -> str:
        address, revision = _split_revision(url)
        with TemporaryDirectory(dir=self.scratch, prefix="git-", ignore_cleanup_errors=True) as room:
            place = Path(room)
            place.chmod(0o755)
            self.guest.take_ownership(place)
            content, commit = self._clone_repository(place, address, revision or "HEAD")
        self._precise_urls[url] = f"git+{address}@{commit}"
        name = _get_filename(address).removesuffix(".git") or "tree"
        return self.index.serve_file(url, f"{name}.tar.gz", content)

    def _clone_repository(self, place: Path, url: str, revision: str) -> tuple[bytes, str]:
        """Clone a repository and return its checkout's archive and commit.

        Raises:
            IndexUnavailableError: git could not fetch it.
        """
        words = ["sh", "-c", _CLONE_SCRIPT, "clone", url, revision]
        env = {**_GIT_VARIABLES, **self._proxy_variables}
        ran = self.guest.run(words, folder=place, timeout_s=self.timeout_s, env=env, network=OPEN_NETWORK)
        content, commit = (
            read_untrusted_file(place / "tree.tar.gz", MOST_ARCHIVE_BYTES),
            ran.answer.decode(errors="replace"),
        )
        if not ran.is_success or content is None or not _COMMIT_HASH.fullmatch(commit):
            why = (
                ran.exceeded_limit
                or find_error_line(strip_scratch_folders(ran.output))
                or f"git gave no commit {revision}"
            )
            raise IndexUnavailableError(
                f"{url} could not be fetched at {revision}: {why}. No package is to blame; correct the requirement, or "
                "try again later."
            )
        return content, commit

    def fetch_history(self, folder: Path, url: str, commit: str, names: tuple[str, ...]) -> None:
        """Fetch a commit with its history into the bare repository `folder`/mirror.

        `names` are the branches and tags that point to it there.

        Raises:
            IndexUnavailableError: git could not fetch it.
        """
        folder.mkdir(parents=True)
        self.guest.take_ownership(folder)
        env = {**_GIT_VARIABLES, **self._proxy_variables}
        words = ["sh", "-c", _MIRROR_SCRIPT, "mirror", url, commit, *names]
        ran = self.guest.run(words, folder=folder, timeout_s=self.timeout_s, env=env, network=OPEN_NETWORK)
        if not ran.is_success:
            raise IndexUnavailableError(
                f"{url} could not be fetched at {commit}: {ran.exceeded_limit or find_error_line(ran.output)}. No "
                "package is to blame; correct the source, or try again later."
            )

    @property
    def _proxy_variables(self) -> Mapping[str, str]:
        host = self.guest.host_environ
        return environ.exclude_loopback({name: host[name] for name in environ.PROXY_VARIABLES if name in host})


def _split_revision(url: str) -> tuple[str, str]:
    """Split a URL into the repository's address and the revision, or none."""
    bare = url.removeprefix("git+")
    found = _REVISION.match(bare)
    return (found["place"], found["revision"] or "") if found else (bare, "")


def _get_filename(url: str) -> str:
    return urlsplit(url).path.rstrip("/").rpartition("/")[2]
