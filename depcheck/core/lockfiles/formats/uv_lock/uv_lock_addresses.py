"""Addresses in a uv.lock: real ones, and local ones instead."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from urllib.parse import quote, unquote

_REGISTRY = re.compile(r'(?P<key>\b(?:registry|index) = )"(?P<address>https?://[^"\s]+)"')
_PACKAGE = re.compile(r"^\[\[packages?\]\]", re.MULTILINE)
_FILE = re.compile(
    r'(?P<key>\burl = )"(?P<address>https?://[^"\s]+)"(?P<rest>(?:, hash = "(?P<hash>[a-z0-9]+:[0-9a-f]+)"'
    r'|, [^"{}\n]*hashes = \{ sha256 = "(?P<sha256>[0-9a-f]{64})" \})?)'
)


@dataclass(frozen=True, slots=True)
class AddressMap:
    """Real addresses of indexes, each with its local one.

    They are without slashes at the end. `base` is the local server, which serves files by hash and name.
    `archives` are files that no index lists, with their addresses there.
    """

    registries: Mapping[str, str]
    base: str
    archives: Mapping[str, str] = field(default_factory=dict)

    def choose_local(self, address: str) -> str:
        """Return the local address of an index, or the address itself."""
        bare = address.rstrip("/")
        return self.registries[bare] + address[len(bare) :] if bare in self.registries else address

    def localize(self, text: str) -> str:
        """Return a committed lockfile as uv would have written it here."""
        known = _REGISTRY.sub(lambda found: _swap(found, self.registries), self.localize_archives(text))
        return _FILE.sub(self._localize_file, known)

    def localize_archives(self, text: str) -> str:
        """Return a text with local addresses of archives."""
        for address in sorted(self.archives, key=len, reverse=True):
            text = text.replace(address, self.archives[address])
        return text

    def _localize_file(self, found: re.Match[str]) -> str:
        address = found["address"]
        if address.startswith(f"{self.base}/"):
            return found[0]
        name = quote(unquote(address.rpartition("/")[2]))
        return _put_address(found, f"{self.base}/files/{_compute_key(found)}/{name}")

    def restore(self, text: str, committed: str, find_origin: Callable[[str, str], str]) -> str:
        """Return a lockfile that was written here with real addresses.

        Those of the `committed` one win; `find_origin` gives a file's real address for its local one and its index.
        """
        real = {
            (registry, *_identify(found)): found["address"]
            for registry, block in _split_packages(committed)
            for found in _FILE.finditer(block)
            if _get_hash(found)
        }
        for address, local in self.archives.items():
            text = text.replace(local, address)
        backwards = {local: address for address, local in self.registries.items()}
        text = _REGISTRY.sub(lambda found: _swap(found, backwards), text)

        def restore_file(found: re.Match[str], registry: str) -> str:
            if not self._is_own(found):
                return found[0]
            known = real.get((registry, *_identify(found)))
            return _put_address(found, known or find_origin(found["address"], registry) or found["address"])

        return "".join(
            _FILE.sub(lambda found, place=registry: restore_file(found, place), block)  # type: ignore[misc]
            for registry, block in _split_packages(text)
        )

    def find_foreign(self, text: str) -> str:
        """Return the first file that is not served here, or nothing.

        Or whose hash is not what its address says. The text is one that was written here.
        """
        found = (each for each in _FILE.finditer(text) if not self._is_own(each))
        return next((each["address"] for each in found if each["address"] not in self.archives), "")

    def _is_own(self, found: re.Match[str]) -> bool:
        kind, _, digest = _get_hash(found).partition(":")
        place = f"{self.base}/files/{digest if kind == 'sha256' else 'u'}"
        return found["address"].startswith(place) or found["address"] in self.archives.values()


def _split_packages(text: str) -> Iterator[tuple[str, str]]:
    """Yield each package's index and text, after what stands before them."""
    starts = [0, *(found.start() for found in _PACKAGE.finditer(text)), len(text)]
    for start, end in pairwise(starts):
        found = _REGISTRY.search(text, start, end)
        yield found["address"] if found else "", text[start:end]


def _get_hash(found: re.Match[str]) -> str:
    return f"sha256:{found['sha256']}" if found["sha256"] else found["hash"] or ""


def _identify(found: re.Match[str]) -> tuple[str, str]:
    return _get_hash(found), unquote(found["address"].rpartition("/")[2])


def _put_address(found: re.Match[str], address: str) -> str:
    return f'{found["key"]}"{address}"{found["rest"]}'


def _compute_key(found: re.Match[str]) -> str:
    """Return the key of a file, as the local index computes it."""
    kind, _, digest = _get_hash(found).partition(":")
    if kind == "sha256":
        return digest
    stated = "\n".join([found["address"], *([f"{kind}={digest}"] if kind else [])])
    return "u" + hashlib.sha256(stated.encode()).hexdigest()


def list_registries(text: str) -> list[str]:
    """List the addresses of the indexes that a lockfile names."""
    return list(dict.fromkeys(found["address"] for found in _REGISTRY.finditer(text)))


def find_local_address(text: str, base: str) -> str:
    """Return the first address of the local server, or nothing."""
    start = text.find(base)
    return text[start : text.find('"', start)] if start >= 0 else ""


def _swap(found: re.Match[str], known: Mapping[str, str]) -> str:
    bare = found["address"].rstrip("/")
    slash = found["address"][len(bare) :]
    return f'{found["key"]}"{known.get(bare, bare)}{slash}"'
