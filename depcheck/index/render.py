"""Pages as package tools read them: JSON (PEP 691), HTML (PEP 503), and the hashes for pip-tools."""

import html
from collections.abc import Iterable, Sequence
from enum import Enum
from urllib.parse import quote

import msgspec
from packaging.version import Version

from depcheck.index.page import File


class Format(Enum):
    """How a page is written; the value is its content type."""

    JSON = "application/vnd.pypi.simple.v1+json"
    HTML = "text/html; charset=utf-8"


_HTML_TYPES = frozenset({"text/html", "application/vnd.pypi.simple.v1+html", "text/*", "*/*", ""})
_JSON_TYPES = frozenset({Format.JSON.value, "application/vnd.pypi.simple.latest+json"})


def negotiate(accept: str) -> Format | None:
    """The format that an Accept header likes best; JSON wins a tie; None where it takes neither."""
    best: tuple[float, bool, Format] | None = None
    for item in accept.split(","):
        kind, _, parameters = item.strip().partition(";")
        found = Format.JSON if kind in _JSON_TYPES else Format.HTML if kind in _HTML_TYPES else None
        if found is not None:
            wish = (_quality(parameters), found is Format.JSON, found)
            best = wish if best is None or wish[:2] > best[:2] else best
    return best[2] if best and best[0] > 0 else None


def _quality(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def local(file: File, base: str) -> File:
    """`file` as clients see it: at the local index at `base`, with metadata if it is a wheel."""
    promised = file.is_wheel and file.core_metadata is not False
    metadata = (file.core_metadata or True) if promised else None
    url = f"{base}/files/{file.key}/{quote(file.filename)}"
    yanked = False if file.yanked is None else file.yanked  # HTML pages do not say; uv refuses a null
    changed = {"url": url, "core_metadata": metadata, "yanked": yanked, "provenance": None}
    return msgspec.structs.replace(file, **changed)


def as_json(name: str, files: Sequence[File], versions: Iterable[Version | None]) -> bytes:
    """A PEP 691 page, API version 1.1."""
    page = {
        "meta": {"api-version": "1.1"},
        "name": name,
        "versions": [str(version) for version in dict.fromkeys(versions) if version is not None],
        "files": files,
    }
    return msgspec.json.encode(page)


def as_html(name: str, files: Sequence[File]) -> bytes:
    """A PEP 503 page."""
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


def as_hashes(name: str, files: Sequence[File], versions: Sequence[Version | None]) -> bytes:
    """What pip-tools reads of `/pypi/NAME/json`: the hashes of each release.

    A release with a file whose SHA-256 the index does not tell is left out: pip-tools then downloads it.
    """
    releases: dict[str, list[dict[str, object]]] = {}
    unhashed = {str(version) for file, version in zip(files, versions, strict=True) if "sha256" not in file.hashes}
    for file, version in zip(files, versions, strict=True):
        if version is not None and str(version) not in unhashed:
            releases.setdefault(str(version), []).append(
                {
                    "url": file.url,
                    "digests": {"sha256": file.hashes["sha256"]},
                    "packagetype": _packagetype(file),
                }
            )
    return msgspec.json.encode({"info": {"name": name}, "releases": releases})


def _packagetype(file: File) -> str:
    return "bdist_wheel" if file.is_wheel else "sdist" if file.is_sdist else "bdist_other"
