"""Where credentials for an index are kept when nobody wrote them into its URL: netrc, and the user's keyring."""

import netrc
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Credentials:
    """A name and a secret for HTTP basic authentication."""

    username: str = field(repr=False)
    password: str = field(repr=False)


def from_netrc(url: str, environ: Mapping[str, str]) -> Credentials | None:
    """What the file that NETRC names, else `~/.netrc`, says of the host of `url`; a broken file says nothing.

    netrc knows hosts only, so nothing is given for addresses where anybody on the way could read it.
    """
    home = environ.get("HOME", "")
    path = Path(environ["NETRC"]) if environ.get("NETRC") else Path(home, ".netrc")
    if not (environ.get("NETRC") or home) or not path.is_file() or not is_private(url):
        return None
    try:
        found = netrc.netrc(str(path)).authenticators(urlsplit(url).hostname or "")
    except (netrc.NetrcParseError, OSError, UnicodeDecodeError):
        return None
    return Credentials(found[0] or found[1], found[2] or "") if found else None


def from_keyring(url: str, username: str = "") -> Credentials | None:
    """What the keyring holds for the index at `url`, or for its host, as pip and uv look it up.

    The library `keyring` is asked in this process, where it is installed (`depcheck-action[keyring]`): its command
    would be a process beside the one gate that starts processes. A keyring that fails holds nothing.
    """
    if not is_private(url):
        return None
    try:
        import keyring  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415  # an extra, and slow to load
    except ImportError:
        return None
    for service in (url, urlsplit(url).netloc):
        try:
            found = keyring.get_credential(service, username or None)
        except Exception:  # noqa: BLE001  # plug-ins of anybody: locked, without a desktop, broken
            return None
        if found is not None and (not username or found.username == username):
            return Credentials(found.username or "", found.password or "")
    return None


def is_private(url: str) -> bool:
    """Whether nobody on the way reads what is sent to `url`: it is https, or on this machine."""
    parts = urlsplit(url)
    if parts.scheme == "https" or parts.hostname == "localhost":
        return True
    try:
        return ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
