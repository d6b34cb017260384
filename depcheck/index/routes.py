"""Which path gives what: pages of a world, files and metadata by content, hashes for pip-tools."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from depcheck.core.errors import IndexUnavailableError
from depcheck.core.target import Target
from depcheck.core.world import World
from depcheck.index.files import Files
from depcheck.index.metadata import BrokenWheelError, Metadata
from depcheck.index.page import File
from depcheck.index.projects import Project, Projects
from depcheck.index.render import Format, as_hashes, as_html, as_json, local, negotiate
from depcheck.index.seen import Seen
from depcheck.index.server import Reply
from depcheck.index.troubles import Troubles
from depcheck.index.view import View

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_METADATA = ".metadata"
_FOREVER = {"Cache-Control": "max-age=31536000, immutable"}  # the address names the content
_NEVER = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class Shown:
    """What one address shows: a world, with a target less the files that do not fit it."""

    world: World
    target: Target | None = None


class Routes:
    """Answers requests. `base` is the server's own address; `worlds` may grow while it serves.

    `last_source` names the source distribution that was fetched last: what a failing build was about. `offered` are
    files that no page lists, by key and name.
    """

    base = ""

    def __init__(
        self,
        worlds: Mapping[str, Shown],
        projects: Projects,
        files: Files,
        metadata: Metadata,
        troubles: Troubles,
    ) -> None:
        self._worlds = worlds
        self._pages: dict[tuple[str, NormalizedName], bytes] = {}
        self._projects = projects
        self._files = files
        self._metadata = metadata
        self._troubles = troubles
        self.seen = Seen()
        self.last_source = ""
        self.offered: dict[tuple[str, str], File] = {}

    def answer(self, path: str, accept: str) -> Reply:
        """The reply to a GET of `path`."""
        try:
            return self._route([unquote(segment) for segment in urlsplit(path).path.split("/")[1:]], accept)
        except IndexUnavailableError as error:
            return Reply.text(HTTPStatus.BAD_GATEWAY, str(error))
        except BrokenWheelError as error:
            return Reply.text(HTTPStatus.NOT_FOUND, str(error))
        except Exception as error:  # noqa: BLE001  # it must not pass as a missing package
            sentence = f"The local index failed at {path!r}: {error!r}. This is a bug of depcheck; please report it."
            self._troubles.add(sentence)
            return Reply.text(HTTPStatus.INTERNAL_SERVER_ERROR, sentence)

    def _route(self, segments: list[str], accept: str) -> Reply:
        match segments:
            case ["files", key, filename]:
                return self._file(key, filename)
            case [token, "simple", name, ""] if token in self._worlds and name:
                return self._simple(token, name, accept)
            case [token, "simple", name] if token in self._worlds and name:
                return _moved(token, name)
            # pip-tools asks beside the index URL since 7.4, below it before.
            case [token, name, "json"] | [token, "simple", "pypi", name, "json"] if token in self._worlds:
                return self._hashes(token, name)
        return _not_found("Project pages are at /WORLD/simple/PROJECT/, for worlds that were announced.")

    def _simple(self, token: str, name: str, accept: str) -> Reply:
        normal = canonicalize_name(name)
        if not _NAME.fullmatch(normal):
            return _not_found(f"{name!r} is not a project name.")
        if normal != name:
            return _moved(token, normal)
        style = negotiate(accept)
        if style is None:
            return Reply.text(HTTPStatus.NOT_ACCEPTABLE, "Pages are JSON (PEP 691) or HTML.")
        self.seen.page(token, normal)
        project = self._projects[normal]
        if not project.known:
            return _not_found(f"No index has a project {normal}.")
        if style is Format.HTML:
            return _page(as_html(normal, self._visible(project, token)[0]), style.value)
        return _page(self._json(project, token), style.value)

    def _json(self, project: Project, token: str) -> bytes:
        """The page; one that shows only what fits is small, and is asked for by each lockfile of the target."""
        kept = self._pages.get((token, project.name))
        if kept is not None:
            return kept
        body = as_json(project.name, *self._visible(project, token))
        if self._worlds[token].target is not None:
            self._pages[token, project.name] = body
        return body

    def _hashes(self, token: str, name: str) -> Reply:
        normal = canonicalize_name(name)
        if not _NAME.fullmatch(normal):
            return _not_found(f"{name!r} is not a project name.")
        self.seen.page(token, normal)
        project = self._projects[normal]
        if not project.known:
            return _not_found(f"No index has a project {name!r}.")
        return _page(as_hashes(normal, *self._visible(project, token)), "application/json")

    def _visible(self, project: Project, token: str) -> tuple[list[File], list[Version | None]]:
        target = self._worlds[token].target
        view = View.of(project.name, self._worlds[token].world)
        shown = [
            (local(file, self.base), version)
            for file, version in zip(project.files, project.versions, strict=True)
            if view.shows(file, version) and (target is None or target.fits(file.filename, file.requires_python))
        ]
        return [file for file, _ in shown], [version for _, version in shown]

    def _file(self, key: str, filename: str) -> Reply:
        file = self._listed(key, filename.removesuffix(_METADATA))
        if file is None or (filename.endswith(_METADATA) and not file.is_wheel):
            return _not_found("No page of any index lists this file.")
        self.seen.file(file)
        headers = _FOREVER if file.is_pinned else _NEVER
        if filename.endswith(_METADATA):
            return Reply(HTTPStatus.OK, self._metadata.get(file), headers=headers)
        if not file.is_wheel:
            self.last_source = filename
        arrival = self._files.get(file)
        return Reply(
            HTTPStatus.OK,
            content_type="application/octet-stream",
            headers=headers,
            length=arrival.size(),
            read=arrival.read,
        )

    def _listed(self, key: str, filename: str) -> File | None:
        """The file with this key and name, by the pages of the projects that its name may belong to.

        The address alone says all, so that URLs kept by package tools hold in the next run too.
        """
        if (key, filename) in self.offered:
            return self.offered[key, filename]
        for name in _owners(filename):
            for file in self._projects[name].files:
                if file.filename == filename and file.key == key:
                    return file
        return None


def _owners(filename: str) -> Iterator[NormalizedName]:
    """The projects that a file of this name may belong to, the likeliest first."""
    parts = filename.split("-")
    lengths = [1] if filename.endswith((".whl", ".egg")) else range(len(parts) - 1, 0, -1)
    for length in lengths:
        name = canonicalize_name("-".join(parts[:length]))
        if len(parts) > length and _NAME.fullmatch(name):
            yield name


def _page(body: bytes, content_type: str) -> Reply:
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache", "Vary": "Accept"}
    return Reply(HTTPStatus.OK, body, content_type, headers)


def _moved(token: str, name: str) -> Reply:
    normal = canonicalize_name(name)
    if not _NAME.fullmatch(normal):
        return _not_found(f"{name!r} is not a project name.")
    return Reply.text(HTTPStatus.MOVED_PERMANENTLY, "Names are normalised here.", Location=f"/{token}/simple/{normal}/")


def _not_found(sentence: str) -> Reply:
    return Reply.text(HTTPStatus.NOT_FOUND, sentence)
