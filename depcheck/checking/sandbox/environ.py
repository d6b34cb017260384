"""Choose the environment variables that processes see.

Always by an allow-list, never this process's variables unchanged.
"""

import os
import selectors
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

CERTIFICATE_VARIABLES = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
)
PROXY_VARIABLES = tuple(
    name for lower in ("http_proxy", "https_proxy", "no_proxy", "all_proxy") for name in (lower, lower.upper())
)
LOOPBACK_NAMES = "127.0.0.1,localhost,::1"
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def build_guest_environ(
    outer: Mapping[str, str], through: Iterable[str], home: Path, temporary: Path
) -> dict[str, str]:
    """Build the guest's variables by an allow-list.

    Certificates, time zone, and what the user lets `through`. PYTHONDONTWRITEBYTECODE is not among them:
    where a run can keep compiled code, it may.
    """
    fixed = {
        "PATH": SYSTEM_PATH,
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "USER": "guest",
        "LOGNAME": "guest",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "UV_NO_CONFIG": "1",
    }
    passed = {name: outer[name] for name in (*CERTIFICATE_VARIABLES, "TZ", *through) if name in outer}
    return exclude_loopback({**fixed, **passed})


def exclude_loopback(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables with this host outside of every proxy.

    The local index is on it, and no proxy can reach that.
    """
    proxies = [name for name in PROXY_VARIABLES if not name.lower().startswith("no_") and variables.get(name)]
    if not proxies:
        return dict(variables)
    known = [variables[name] for name in ("no_proxy", "NO_PROXY") if variables.get(name)]
    spared = ",".join([*known[:1], LOOPBACK_NAMES])
    return {**variables, "no_proxy": spared, "NO_PROXY": spared}


def build_tool_environ(outer: Mapping[str, str]) -> dict[str, str]:
    """Build the variables of this program's own commands (git, uv).

    This process's variables without any token; proxies are kept.
    """
    kept = (
        "PATH",
        "HOME",
        "TMPDIR",
        "TZ",
        "USER",
        "PYENV_ROOT",
        "XDG_CACHE_HOME",
        "XDG_DATA_HOME",
        *CERTIFICATE_VARIABLES,
        *PROXY_VARIABLES,
    )
    passed = {name: outer[name] for name in kept if name in outer}
    fixed = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "UV_NO_CONFIG": "1"}
    return exclude_loopback({"PATH": SYSTEM_PATH, **passed, **fixed})


CHUNK_BYTES = 1 << 20
LINGER_S = 0.5  # for output that is still in the pipe when its writer has ended


class BoundedOutput:
    """The first and last `half` bytes of a stream.

    The middle is counted and dropped.
    """

    def __init__(self, half: int) -> None:
        self._half = half
        self._head = bytearray()
        self._tail = bytearray()
        self._dropped = 0

    def add_chunk(self, chunk: bytes) -> None:
        """Add the next bytes."""
        room = self._half - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:] if room > 0 else chunk
        if len(self._tail) > 2 * self._half:
            self._trim_tail()

    def _trim_tail(self) -> None:
        excess = max(0, len(self._tail) - self._half)
        self._dropped += excess
        del self._tail[:excess]

    def to_bytes(self) -> bytes:
        """Return head and tail.

        A line between them tells how much is missing.
        """
        self._trim_tail()
        gap = f"\n[{self._dropped} bytes left out]\n".encode() if self._dropped else b""
        return bytes(self._head) + gap + bytes(self._tail)


class WatchedOutput(BoundedOutput):
    """Bounded output that shows each chunk to `watch` as it comes."""

    def __init__(self, half: int, watch: Callable[[bytes], None]) -> None:
        super().__init__(half)
        self._watch = watch

    def add_chunk(self, chunk: bytes) -> None:
        """Add the next bytes, and show them."""
        super().add_chunk(chunk)
        self._watch(chunk)


def drain_streams(streams: Mapping[int, BoundedOutput], until: float, last: int | None = None) -> None:
    """Read all descriptors to their ends, at most until monotonic time `until`.

    After the descriptor `last` has ended, the others have LINGER_S left: another process may hold them open
    for ever.
    """
    with selectors.DefaultSelector() as selector:
        for descriptor, kept in streams.items():
            os.set_blocking(descriptor, False)
            selector.register(descriptor, selectors.EVENT_READ, kept)
        while selector.get_map() and (left := until - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                chunk = os.read(key.fd, CHUNK_BYTES)
                key.data.add_chunk(chunk)
                if not chunk:
                    selector.unregister(key.fd)
                    until = min(until, time.monotonic() + LINGER_S) if key.fd == last else until
