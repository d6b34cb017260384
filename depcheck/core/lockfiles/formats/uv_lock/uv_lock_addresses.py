"""Addresses in a uv.lock: real ones, and local ones instead."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

_REGISTRY = re.compile(r'(?P<key>\b(?:registry|index) = )"(?P<address>https?://[^"\s]+)"')
_FILE = re.compile(r'(?P<key>\burl = )"(?P<address>https?://[^"\s]+)", hash = "sha256:(?P<digest>[0-9a-f]{64})"')


@dataclass(frozen=True, slots=True)
class AddressMap:
    """Real addresses of indexes, each with its local one.

    They are without slashes at the end. `base` is the local server, which serves files by hash and name.
    """

    registries: Mapping[str, str]
    base: str

    def choose_local(self, address: str) -> str:
        """Return the local address of an index, or the address itself."""
        bare = address.rstrip("/")
        return self.registries[bare] + address[len(bare) :] if bare in self.registries else address

    def localize(self, text: str) -> str:
        """Return a committed lockfile as uv would have written it here."""
        return _FILE.sub(self._localize_file, _REGISTRY.sub(lambda found: _swap(found, self.registries), text))

    def _localize_file(self, found: re.Match[str]) -> str:
        name = quote(unquote(found["address"].rpartition("/")[2]))
        local = f"{self.base}/files/{found['digest']}/{name}"
        return f'{found["key"]}"{local}", hash = "sha256:{found["digest"]}"'

    def restore(self, text: str, committed: str, find_origin: Callable[[str], str]) -> str:
        """Return a lockfile that was written here with real addresses.

        Those of the `committed` one win; `find_origin` gives a file's real address for its local one.
        """
        real = {_get_file_key(found): found["address"] for found in _FILE.finditer(committed)}
        backwards = {local: address for address, local in self.registries.items()}

        def restore_file(found: re.Match[str]) -> str:
            address = real.get(_get_file_key(found)) or find_origin(found["address"]) or found["address"]
            return f'{found["key"]}"{address}", hash = "sha256:{found["digest"]}"'

        return _FILE.sub(restore_file, _REGISTRY.sub(lambda found: _swap(found, backwards), text))


def list_registries(text: str) -> list[str]:
    """List the addresses of the indexes that a lockfile names."""
    return list(dict.fromkeys(found["address"] for found in _REGISTRY.finditer(text)))


def find_local_address(text: str, base: str) -> str:
    """Return the first address of the local server, or nothing."""
    start = text.find(base)
    return text[start : text.find('"', start)] if start >= 0 else ""


def _get_file_key(found: re.Match[str]) -> tuple[str, str]:
    return found["digest"], unquote(found["address"].rpartition("/")[2])


def _swap(found: re.Match[str], known: Mapping[str, str]) -> str:
    bare = found["address"].rstrip("/")
    slash = found["address"][len(bare) :]
    return f'{found["key"]}"{known.get(bare, bare)}{slash}"'
