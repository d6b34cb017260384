"""Requirements and constraints by URL, fetched and served to the compiler.

`-c https://...`: fetched by us.
"""

import re
from dataclasses import dataclass, field
from threading import Lock
from urllib.parse import urljoin, urlsplit

from depcheck.core.model.errors import LockfileError
from depcheck.ports import PackageServer

MOST_REMOTE_BYTES, MOST_REMOTE_FILES = 1 << 20, 20
_INCLUDE = re.compile(
    r"(?m)^(?P<option>[ \t]*(?:-r|-c|--requirement|--constraint)(?:[ \t]*=[ \t]*|[ \t]*))"
    r"(?P<quote>[\"']?)(?P<name>[^\s\"'#]+)"
)
_INDEX = re.compile(r"(?m)^[ \t]*(?:-i|--index-url|--pypi-url|--extra-index-url|--trusted-host)(?:[ \t=][^\n]*)?$")
_REMOTE = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class RemoteFiles:
    """Requirements files that sources name by URL, each fetched once.

    They may include each other by a relative path. Options that name an index are left out: tools see the local index
    alone. No more than MOST_REMOTE_FILES are fetched, of MOST_REMOTE_BYTES each.
    """

    index: PackageServer
    _local_urls: dict[str, str] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def localize_includes(self, text: str) -> str:
        """Return `text` with a local address for each file by URL.

        `text` is a committed requirements file.

        Raises LockfileError, with the address, where a file cannot be had.
        """
        with self._lock:
            return self._rewrite(text, "")

    def restore_includes(self, text: str) -> str:
        """Return `text` with the original addresses."""
        for url, local in self._local_urls.items():
            text = text.replace(local, url)
        return text

    def _rewrite(self, text: str, base: str) -> str:
        def replace_address(found: re.Match[str]) -> str:
            url = urljoin(base, found["name"]) if base else found["name"]
            local = self._serve(url) if url.startswith(_REMOTE) else url
            return f"{found['option']}{found['quote']}{local}"

        return _INCLUDE.sub(replace_address, text)

    def _serve(self, url: str) -> str:
        """Return the local address of the file at `url`.

        Its own includes are served likewise.
        """
        if url not in self._local_urls:
            if len(self._local_urls) >= MOST_REMOTE_FILES:
                raise LockfileError(
                    f"The sources name more than {MOST_REMOTE_FILES} requirements files by URL, the last one {url}; "
                    "commit copies of them, and name those."
                )
            self._local_urls[url] = ""  # one that includes itself stays as it is
            text = self.index.fetch_requirements(url, MOST_REMOTE_BYTES)
            content = self._rewrite(_INDEX.sub("", text), url).encode()
            name = urlsplit(url).path.rpartition("/")[2] or "requirements.txt"
            self._local_urls[url] = self.index.serve_file(url, name, content)
        return self._local_urls[url] or url
