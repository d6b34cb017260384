"""Pages for package tools: JSON, HTML, and hashes for pip-tools.

JSON is that of PEP 691, HTML that of PEP 503.
"""

import html
from collections.abc import Iterable, Sequence
from enum import Enum
from urllib.parse import quote

import msgspec
from packaging.version import Version

from depcheck.index.pages import DistributionFile


class PageFormat(Enum):
    """The format of a page.

    The value is its content type.
    """

    JSON = "application/vnd.pypi.simple.v1+json"
    HTML = "text/html; charset=utf-8"


_HTML_TYPES = frozenset({"text/html", "application/vnd.pypi.simple.v1+html", "text/*", "*/*", ""})
_JSON_TYPES = frozenset({PageFormat.JSON.value, "application/vnd.pypi.simple.latest+json"})


def negotiate_format(accept: str) -> PageFormat | None:
    """Return the format that an Accept header prefers.

    JSON wins a tie. None if the header accepts neither.
    """
    best: tuple[float, bool, PageFormat] | None = None
    for item in accept.split(","):
        kind, _, parameters = item.strip().partition(";")
        found = PageFormat.JSON if kind in _JSON_TYPES else PageFormat.HTML if kind in _HTML_TYPES else None
        if found is not None:
            wish = (_parse_quality(parameters), found is PageFormat.JSON, found)
            best = wish if best is None or wish[:2] > best[:2] else best
    return best[2] if best and best[0] > 0 else None


def _parse_quality(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def to_local_file(file: DistributionFile, base: str) -> DistributionFile:
    """Return `file` with its address at the local index at `base`.

    A wheel is listed with metadata unless the index says that it has none.
    """
    promised = file.is_wheel and file.core_metadata is not False
    metadata = (file.core_metadata or True) if promised else None
    url = f"{base}/files/{file.content_key}/{quote(file.filename)}"
    yanked = False if file.yanked is None else file.yanked  # HTML pages do not say; uv refuses a null
    changed = {"url": url, "core_metadata": metadata, "yanked": yanked, "provenance": None}
    return msgspec.structs.replace(file, **changed)


def render_json_page(name: str, files: Sequence[DistributionFile], versions: Iterable[Version | None]) -> bytes:
    """Render a PEP 691 page, API version 1.1."""
    page = {
        "meta": {"api-version": "1.1"},
        "name": name,
        "versions": [str(version) for version in dict.fromkeys(versions) if version is not None],
        "files": files,
    }
    return msgspec.json.encode(page)


def render_html_page(name: str, files: Sequence[DistributionFile]) -> bytes:
    """Render a PEP 503 page."""
    from simple_repository import model  # noqa: PLC0415  # slow to import, and JSON is what is mostly asked for
    from simple_repository.serializer import SerializerHtmlV1  # noqa: PLC0415

    found = tuple(
        model.File(
            filename=file.filename,
            url=file.url,
            hashes=file.hashes,
            requires_python=file.requires_python,
            dist_info_metadata=file.core_metadata or None,
            # The library writes the reason into an attribute as it is.
            yanked=html.escape(file.yanked) if isinstance(file.yanked, str) and file.yanked else bool(file.yanked),
        )
        for file in files
    )
    page = model.ProjectDetail(meta=model.Meta("1.0"), name=name, files=found)
    return SerializerHtmlV1().serialize_project_page(page).encode()


def render_release_hashes(name: str, files: Sequence[DistributionFile], versions: Sequence[Version | None]) -> bytes:
    """Render the part of `/pypi/NAME/json` that pip-tools reads.

    It is the hashes of each release. A release with a file whose SHA-256 the index does not give is left out:
    pip-tools then downloads it.
    """
    releases: dict[str, list[dict[str, object]]] = {}
    unhashed = {str(version) for file, version in zip(files, versions, strict=True) if "sha256" not in file.hashes}
    for file, version in zip(files, versions, strict=True):
        if version is not None and str(version) not in unhashed:
            releases.setdefault(str(version), []).append(
                {
                    "url": file.url,
                    "digests": {"sha256": file.hashes["sha256"]},
                    "packagetype": _get_package_type(file),
                }
            )
    return msgspec.json.encode({"info": {"name": name}, "releases": releases})


def _get_package_type(file: DistributionFile) -> str:
    return "bdist_wheel" if file.is_wheel else "sdist" if file.is_sdist else "bdist_other"
