"""License, links and provenance of releases, fetched as extras.

License and links come from metadata, provenance from the index. No verdict depends on them.
"""

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from urllib.parse import urlsplit

import msgspec
from packaging.metadata import parse_email
from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.model.errors import DepcheckError
from depcheck.core.model.releases import ReleaseFacts, summarize_license
from depcheck.core.text.links import LinkKind, collect_release_links, sanitize_link
from depcheck.core.text.release_notes import extract_release_notes
from depcheck.core.text.terminal_safe import to_one_line
from depcheck.index.access_log import FailureLog
from depcheck.index.disk_cache import DiskCache
from depcheck.index.files.downloads import FileDownloader
from depcheck.index.files.metadata import BrokenWheelError, WheelMetadataLoader
from depcheck.index.http_client import HttpClient
from depcheck.index.pages import DistributionFile
from depcheck.index.projects import ProjectLoader

_TIMEOUT_S = 60.0
"""For all releases of one question together; what has not come by then is left out."""
_WORKERS = 8
_PYPI_FILES_HOST = "files.pythonhosted.org"
_PROVENANCE_LIMIT_BYTES = 4 << 20
_FAILURES = (DepcheckError, BrokenWheelError, OSError, ValueError, msgspec.MsgspecError)

ReleaseKey = tuple[NormalizedName, Version]


class _Publisher(msgspec.Struct):
    kind: str = ""
    repository: str = ""
    email: str = ""


class _Bundle(msgspec.Struct):
    publisher: _Publisher


class _Provenance(msgspec.Struct):
    attestation_bundles: list[_Bundle]


class ReleaseFactsLoader:
    """Loads facts about releases.

    Failures are not reported.
    """

    def __init__(
        self, projects: ProjectLoader, fetch: HttpClient, disk: DiskCache, patience_s: float = _TIMEOUT_S
    ) -> None:
        unheard = FailureLog()
        self._fetch = fetch
        self._projects = projects
        self.metadata = WheelMetadataLoader(fetch, FileDownloader(fetch, disk, unheard), disk, unheard)
        self._patience_s = patience_s
        self._found: dict[ReleaseKey, ReleaseFacts] = {}

    def load_facts(self, wanted: Collection[ReleaseKey]) -> dict[ReleaseKey, ReleaseFacts]:
        """Return the facts of each release that can be loaded in time.

        The time limit is for all of them together. Each release is requested once in a run.
        """
        missing = sorted(set(wanted) - self._found.keys())
        pool = ThreadPoolExecutor(_WORKERS)
        asked = {pool.submit(self._load_or_none, *key): key for key in missing}
        done, _ = wait(asked, timeout=self._patience_s)
        pool.shutdown(wait=False, cancel_futures=True)
        for future in done:
            self._found[asked[future]] = future.result() or ReleaseFacts()
        return {key: self._found[key] for key in wanted if key in self._found}

    def _load_or_none(self, name: NormalizedName, version: Version) -> ReleaseFacts | None:
        try:
            return self._build_facts(name, version, list(self._find_files(name, version)))
        except _FAILURES:
            return None

    def _find_files(self, name: NormalizedName, version: Version) -> Iterator[DistributionFile]:
        project = self._projects[name]
        return (file for file, of in zip(project.files, project.versions, strict=True) if of == version)

    def _build_facts(self, name: NormalizedName, version: Version, files: list[DistributionFile]) -> ReleaseFacts:
        wheels = sorted((file for file in files if file.is_wheel), key=lambda file: file.size or 0)
        raw = parse_email(self.metadata.load_metadata(wheels[0]))[0] if wheels else {}
        urls = [*raw.get("project_urls", {}).items(), ("home", raw.get("home_page", ""))]
        attested = [file for file in files if file.provenance]
        expression, text = raw.get("license_expression", ""), raw.get("license", "")
        return ReleaseFacts(
            license=summarize_license(expression, text, raw.get("classifiers", [])),
            links={**_build_pypi_link(name, version, files), **collect_release_links(urls)},
            has_provenance=bool(attested),
            publisher=self._fetch_publisher(attested[0]) if attested else "",
            notes=extract_release_notes(raw.get("description", ""), str(version)),
        )

    def _fetch_publisher(self, file: DistributionFile) -> str:
        """Return who published `file`, according to its attestations.

        Empty if that cannot be fetched.
        """
        address = file.provenance or ""
        if urlsplit(address).scheme not in {"https", "http"}:
            return ""
        try:
            answer = self._fetch.get(address, {"Accept": "application/json"}, _PROVENANCE_LIMIT_BYTES)
            bundles = msgspec.json.decode(answer.body, type=_Provenance).attestation_bundles
        except _FAILURES:  # an answer of another status is no provenance either
            return ""
        found = {f"{one.publisher.kind} {one.publisher.repository or one.publisher.email}" for one in bundles}
        return to_one_line(" and ".join(sorted(found)), 120)


def _build_pypi_link(name: NormalizedName, version: Version, files: list[DistributionFile]) -> dict[str, str]:
    """Return the link to the release's page, if PyPI has it."""
    on_pypi = any(urlsplit(file.url).hostname == _PYPI_FILES_HOST for file in files)
    return {LinkKind.PAGE: sanitize_link(f"https://pypi.org/project/{name}/{version}/")} if on_pypi else {}
