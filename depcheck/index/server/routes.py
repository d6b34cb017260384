"""The paths of the local index and the replies to them.

Pages belong to an index view, files and metadata are addressed by content, and pip-tools gets hashes.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from depcheck.core.model.errors import IndexUnavailableError
from depcheck.core.model.index_facts.flags import FlagLookup, ReleaseFlag
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.wheel_tags import InterpreterTarget
from depcheck.index.access_log import AccessLog, FailureLog
from depcheck.index.files.downloads import FileDownloader
from depcheck.index.files.metadata import BrokenWheelError, WheelMetadataLoader
from depcheck.index.pages import DistributionFile, extract_version_text, parse_version_or_none
from depcheck.index.projects import Project, ProjectLoader
from depcheck.index.release_index import ProjectView
from depcheck.index.server.http_server import Reply
from depcheck.index.server.render import (
    PageFormat,
    negotiate_format,
    render_html_page,
    render_json_page,
    render_release_hashes,
    to_local_file,
)

_NAME_PATTERN = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_METADATA_SUFFIX = ".metadata"
_CACHE_FOREVER = {"Cache-Control": "max-age=31536000, immutable"}  # the address names the content
_CACHE_NEVER = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class ServedView:
    """The files that an address shows: an index view, perhaps with target.

    With a target, files that do not fit it are left out. With `only`, those of other indexes are.
    """

    index_view: IndexView
    target: InterpreterTarget | None = None
    only: str = ""


class RequestRouter:
    """Replies to requests of package tools.

    `base_url` is the server's own address. The views may grow in number while it serves. `last_source` is the
    source distribution that was served last, which a failing build was about. `offered_files` are files that no
    page lists, by key and name.
    """

    base_url = ""

    def __init__(
        self,
        worlds: Mapping[str, ServedView],
        projects: ProjectLoader,
        files: FileDownloader,
        metadata: WheelMetadataLoader,
        troubles: FailureLog,
    ) -> None:
        self._views = worlds
        self._pages: dict[tuple[str, NormalizedName], bytes] = {}
        self._projects = projects
        self._files = files
        self._metadata = metadata
        self._troubles = troubles
        self.access_log = AccessLog()
        self.last_source = ""
        self.find_flag: FlagLookup = lambda *_: None
        self.source_guards: list[FlagLookup] = []
        self.refused: dict[tuple[NormalizedName, Version], ReleaseFlag] = {}
        self.offered_files: dict[tuple[str, str], DistributionFile] = {}

    def handle_path(self, path: str, accept: str) -> Reply:
        """Return the reply to a GET of `path`."""
        try:
            return self._dispatch_path([unquote(segment) for segment in urlsplit(path).path.split("/")[1:]], accept)
        except IndexUnavailableError as error:
            return Reply.from_sentence(HTTPStatus.BAD_GATEWAY, str(error))
        except BrokenWheelError as error:
            return Reply.from_sentence(HTTPStatus.NOT_FOUND, str(error))
        except Exception as error:  # noqa: BLE001  # it must not pass as a missing package
            sentence = f"The local index failed at {path!r}: {error!r}. This is a bug of depcheck; please report it."
            self._troubles.add_failure(sentence)
            return Reply.from_sentence(HTTPStatus.INTERNAL_SERVER_ERROR, sentence)

    def _dispatch_path(self, segments: list[str], accept: str) -> Reply:
        match segments:
            case ["files", key, filename]:
                return self._serve_file(key, filename)
            case [token, "simple", name, ""] if token in self._views and name:
                return self._serve_project_page(token, name, accept)
            case [token, "simple", name] if token in self._views and name:
                return _redirect_to_canonical(token, name)
            # pip-tools asks beside the index URL since 7.4, below it before.
            case [token, name, "json"] | [token, "simple", "pypi", name, "json"] if token in self._views:
                return self._serve_release_hashes(token, name)
        return _build_not_found_reply("Project pages are at /WORLD/simple/PROJECT/, for worlds that were announced.")

    def _serve_project_page(self, token: str, name: str, accept: str) -> Reply:
        normal = canonicalize_name(name)
        if not _NAME_PATTERN.fullmatch(normal):
            return _build_not_found_reply(f"{name!r} is not a project name.")
        if normal != name:
            return _redirect_to_canonical(token, normal)
        style = negotiate_format(accept)
        if style is None:
            return Reply.from_sentence(HTTPStatus.NOT_ACCEPTABLE, "Pages are JSON (PEP 691) or HTML.")
        self.access_log.record_page(token, normal)
        project = self._projects.get_from(normal, self._views[token].only)
        if not project.is_known:
            return _build_not_found_reply(f"No index has a project {normal}.")
        if style is PageFormat.HTML:
            return _build_page_reply(
                render_html_page(normal, self._filter_visible_files(project, token)[0]), style.value
            )
        return _build_page_reply(self._render_cached_json(project, token), style.value)

    def _render_cached_json(self, project: Project, token: str) -> bytes:
        """Return the JSON page of a project.

        Pages for a target are cached: they are small, and each lockfile of the target requests them.
        """
        kept = self._pages.get((token, project.name))
        if kept is not None:
            return kept
        body = render_json_page(project.name, *self._filter_visible_files(project, token))
        if self._views[token].target is not None:
            self._pages[token, project.name] = body
        return body

    def _serve_release_hashes(self, token: str, name: str) -> Reply:
        normal = canonicalize_name(name)
        if not _NAME_PATTERN.fullmatch(normal):
            return _build_not_found_reply(f"{name!r} is not a project name.")
        self.access_log.record_page(token, normal)
        project = self._projects[normal]
        if not project.is_known:
            return _build_not_found_reply(f"No index has a project {name!r}.")
        return _build_page_reply(
            render_release_hashes(normal, *self._filter_visible_files(project, token)), "application/json"
        )

    def _filter_visible_files(
        self, project: Project, token: str
    ) -> tuple[list[DistributionFile], list[Version | None]]:
        target = self._views[token].target
        view = ProjectView.from_index_view(project.name, self._views[token].index_view)
        shown = [
            (to_local_file(file, self.base_url), version)
            for file, version in zip(project.files, project.versions, strict=True)
            if view.is_visible(file, version)
            and (target is None or target.is_compatible_file(file.filename, file.requires_python))
        ]
        return [file for file, _ in shown], [version for _, version in shown]

    def _serve_file(self, key: str, filename: str) -> Reply:
        file = self._find_listed_file(key, filename.removesuffix(_METADATA_SUFFIX))
        is_metadata = filename.endswith(_METADATA_SUFFIX)
        if file is None or (is_metadata and not file.is_wheel):
            return _build_not_found_reply("No page of any index lists this file.")
        self.access_log.record_file(file)
        headers = _CACHE_FOREVER if file.is_pinned else _CACHE_NEVER
        if is_metadata:
            return Reply(HTTPStatus.OK, self._metadata.load_metadata(file), headers=headers)
        self.refuse_file(file)
        if not file.is_wheel:
            self.last_source = filename
        arrival = self._files.get_download(file)
        return Reply(
            HTTPStatus.OK,
            content_type="application/octet-stream",
            headers=headers,
            length=arrival.wait_for_size(),
            body_reader=arrival.read_range,
        )

    def refuse_file(self, file: DistributionFile) -> None:
        """Refuse the file of a release that must not be run.

        Raises BrokenWheelError, and remembers the release.
        """
        for name in _guess_project_names(file.filename):
            version = parse_version_or_none(extract_version_text(file.filename, name))
            flag = self._find_flag(name, version, file) if version and self._has_file(name, file) else None
            if flag:
                self.refused[flag.package, flag.version] = flag
                raise BrokenWheelError(f"{flag} must not be run, so it is not downloaded.")

    def _find_flag(self, name: NormalizedName, version: Version, file: DistributionFile) -> ReleaseFlag | None:
        """Find why a file is kept back, or None.

        A source is built where it arrives, so it is kept back where every guard says so.
        """
        if flag := self.find_flag(name, version):
            return flag
        guarded = [] if file.is_wheel else [guard(name, version) for guard in self.source_guards]
        return guarded[0] if all(guarded) and guarded else None

    def _has_file(self, name: NormalizedName, file: DistributionFile) -> bool:
        return any(each.filename == file.filename for each in self._projects[name].files)

    def find_origin(self, local_url: str, only: str = "") -> str:
        """Return the address that a served file has at its index.

        Two indexes may have the same file; that of `only` counts. Empty for a file that no page lists.
        """
        segments = [unquote(segment) for segment in urlsplit(local_url).path.split("/")[1:]]
        match segments:
            case ["files", key, filename] if local_url.startswith(f"{self.base_url}/"):
                file = self._find_listed_file(key, filename, only)
                return file.url if file else ""
        return ""

    def _find_listed_file(self, key: str, filename: str, only: str = "") -> DistributionFile | None:
        """Find the file with this key and name.

        The projects that its name may belong to are searched. The address alone identifies the file, so that URLs
        cached by package tools are valid in the next run too.
        """
        if (key, filename) in self.offered_files:
            return self.offered_files[key, filename]
        for name in _guess_project_names(filename):
            for file in self._projects.list_known_files(name, only):
                if file.filename == filename and file.content_key == key:
                    return file
        return None


def _guess_project_names(filename: str) -> Iterator[NormalizedName]:
    """Yield the projects that a file name may belong to, likeliest first."""
    parts = filename.split("-")
    lengths = [1] if filename.endswith((".whl", ".egg")) else range(len(parts) - 1, 0, -1)
    for length in lengths:
        name = canonicalize_name("-".join(parts[:length]))
        if len(parts) > length and _NAME_PATTERN.fullmatch(name):
            yield name


def _build_page_reply(body: bytes, content_type: str) -> Reply:
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache", "Vary": "Accept"}
    return Reply(HTTPStatus.OK, body, content_type, headers)


def _redirect_to_canonical(token: str, name: str) -> Reply:
    normal = canonicalize_name(name)
    if not _NAME_PATTERN.fullmatch(normal):
        return _build_not_found_reply(f"{name!r} is not a project name.")
    return Reply.from_sentence(
        HTTPStatus.MOVED_PERMANENTLY, "Names are normalised here.", Location=f"/{token}/simple/{normal}/"
    )


def _build_not_found_reply(sentence: str) -> Reply:
    return Reply.from_sentence(HTTPStatus.NOT_FOUND, sentence)
