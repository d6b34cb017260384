"""What releases say of themselves: license and links from metadata, provenance from the index. Extras, not verdicts."""

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from urllib.parse import urlsplit

import msgspec
from packaging.metadata import parse_email
from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.errors import DepcheckError
from depcheck.core.links import LinkKind, https, links
from depcheck.core.plain import one_line
from depcheck.core.release_facts import ReleaseFacts, stated_license
from depcheck.index.disk import Disk
from depcheck.index.fetch import Fetch
from depcheck.index.files import Files
from depcheck.index.metadata import BrokenWheelError, Metadata
from depcheck.index.page import File
from depcheck.index.projects import Projects
from depcheck.index.troubles import Troubles

_PATIENCE_S = 60.0
"""For all releases of one question together; what has not come by then is left out."""
_WORKERS = 8
_PYPI_FILES = "files.pythonhosted.org"
_PROVENANCE_BYTES = 4 << 20
_FAILURES = (DepcheckError, BrokenWheelError, OSError, ValueError, msgspec.MsgspecError)

Key = tuple[NormalizedName, Version]


class _Publisher(msgspec.Struct):
    kind: str = ""
    repository: str = ""
    email: str = ""


class _Bundle(msgspec.Struct):
    publisher: _Publisher


class _Provenance(msgspec.Struct):
    attestation_bundles: list[_Bundle]


class Facts:
    """Gives facts of releases; what troubles it is told to nobody."""

    def __init__(self, projects: Projects, fetch: Fetch, disk: Disk, patience_s: float = _PATIENCE_S) -> None:
        unheard = Troubles()
        self._fetch = fetch
        self._projects = projects
        self._metadata = Metadata(fetch, Files(fetch, disk, unheard), disk, unheard)
        self._patience_s = patience_s
        self._found: dict[Key, ReleaseFacts] = {}

    def of(self, wanted: Collection[Key]) -> dict[Key, ReleaseFacts]:
        """The facts of each release that can be had within the patience; each is asked for once a run."""
        missing = sorted(set(wanted) - self._found.keys())
        pool = ThreadPoolExecutor(_WORKERS)
        asked = {pool.submit(self._read, *key): key for key in missing}
        done, _ = wait(asked, timeout=self._patience_s)
        pool.shutdown(wait=False, cancel_futures=True)
        for future in done:
            self._found[asked[future]] = future.result() or ReleaseFacts()
        return {key: self._found[key] for key in wanted if key in self._found}

    def _read(self, name: NormalizedName, version: Version) -> ReleaseFacts | None:
        try:
            return self._facts(name, version, list(self._files(name, version)))
        except _FAILURES:
            return None

    def _files(self, name: NormalizedName, version: Version) -> Iterator[File]:
        project = self._projects[name]
        return (file for file, of in zip(project.files, project.versions, strict=True) if of == version)

    def _facts(self, name: NormalizedName, version: Version, files: list[File]) -> ReleaseFacts:
        wheels = sorted((file for file in files if file.is_wheel), key=lambda file: file.size or 0)
        raw = parse_email(self._metadata.get(wheels[0]))[0] if wheels else {}
        urls = [*raw.get("project_urls", {}).items(), ("home", raw.get("home_page", ""))]
        attested = [file for file in files if file.provenance]
        expression, text = raw.get("license_expression", ""), raw.get("license", "")
        return ReleaseFacts(
            license=stated_license(expression, text, raw.get("classifiers", [])),
            links={**_page(name, version, files), **links(urls)},
            attested=bool(attested),
            publisher=self._publisher(attested[0]) if attested else "",
        )

    def _publisher(self, file: File) -> str:
        """Who published `file`, as its attestations say; empty where that cannot be had."""
        address = file.provenance or ""
        if urlsplit(address).scheme not in {"https", "http"}:
            return ""
        try:
            answer = self._fetch.get(address, {"Accept": "application/json"}, _PROVENANCE_BYTES)
            bundles = msgspec.json.decode(answer.body, type=_Provenance).attestation_bundles
        except _FAILURES:  # an answer of another status is no provenance either
            return ""
        found = {f"{one.publisher.kind} {one.publisher.repository or one.publisher.email}" for one in bundles}
        return one_line(" and ".join(sorted(found)), 120)


def _page(name: NormalizedName, version: Version, files: list[File]) -> dict[str, str]:
    """The release's page for people, where it comes from PyPI."""
    on_pypi = any(urlsplit(file.url).hostname == _PYPI_FILES for file in files)
    return {LinkKind.PAGE: https(f"https://pypi.org/project/{name}/{version}/")} if on_pypi else {}
