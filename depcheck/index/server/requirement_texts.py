"""Requirements files by URL, fetched once a run, and bounded.

As `-c https://...` names them.
"""

import hashlib
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from depcheck.core.model.errors import IndexUnavailableError, LockfileError
from depcheck.index.http_messages import HttpGetter
from depcheck.index.upstreams import to_public_url

_OK = 200
_REMEDY = "Let this machine reach it, or commit a copy and name that in its place."


@dataclass(frozen=True, slots=True)
class RequirementFetcher:
    """Fetches texts once, so that all compiles see the same.

    It keeps each for the length of the run.
    """

    client: HttpGetter
    _texts: dict[str, str] = field(default_factory=dict)

    def fetch(self, url: str, limit_bytes: int) -> str:
        """Return the text at `url`.

        Raises LockfileError, with the address and what to do, if it cannot be had.
        """
        if url not in self._texts:
            self._texts[url] = self._get(url, limit_bytes)
        return self._texts[url]

    def list_digests(self) -> tuple[tuple[str, str], ...]:
        """Return each fetched text's public address and its SHA-256.

        The address as anybody may see it.
        """
        return tuple(
            (to_public_url(url), hashlib.sha256(text.encode()).hexdigest()) for url, text in self._texts.items()
        )

    def _get(self, url: str, limit_bytes: int) -> str:
        shown = to_public_url(url)
        if _is_link_local(url):
            raise LockfileError(f"The sources name {shown}, an address of this machine's own network. {_REMEDY}")
        try:
            answer = self.client.get(url, {"Accept": "text/plain, */*;q=0.1"}, limit_bytes)
        except IndexUnavailableError as error:
            why = str(error).replace("The package index at ", "")
            raise LockfileError(f"The sources name {shown}, which could not be fetched: {why} {_REMEDY}") from error
        if answer.status != _OK:
            raise LockfileError(f"The sources name {shown}, which answered with HTTP {answer.status}. {_REMEDY}")
        try:
            text = answer.body.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise LockfileError(f"The sources name {shown}, which is not UTF-8. {_REMEDY}") from None
        if text.lstrip().startswith("<"):
            raise LockfileError(f"The sources name {shown}, which is a web page and no requirements file. {_REMEDY}")
        return text


def _is_link_local(url: str) -> bool:
    """Return True if `url` names a link-local address.

    At such a one a cloud gives machines their credentials.
    """
    try:
        return ip_address(urlsplit(url).hostname or "").is_link_local
    except ValueError:
        return False
