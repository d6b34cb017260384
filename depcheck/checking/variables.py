"""Which environment variables processes see: allow-lists, never our own as they are."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

CERTIFICATES = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
)
PROXIES = tuple(
    name for lower in ("http_proxy", "https_proxy", "no_proxy", "all_proxy") for name in (lower, lower.upper())
)
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def of_guest(outer: Mapping[str, str], through: Iterable[str], home: Path, temporary: Path) -> dict[str, str]:
    """The guest's variables, by an allow-list: certificates, time zone, what the user lets `through`.

    PYTHONDONTWRITEBYTECODE stays out: bytecode is kept between the trials of an environment.
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
    passed = {name: outer[name] for name in (*CERTIFICATES, "TZ", *through) if name in outer}
    return {**fixed, **passed}


def of_ours(outer: Mapping[str, str]) -> dict[str, str]:
    """The variables of our own commands (git, uv): ours less every token; proxies stay."""
    kept = (
        "PATH",
        "HOME",
        "TMPDIR",
        "TZ",
        "USER",
        "PYENV_ROOT",
        "XDG_CACHE_HOME",
        "XDG_DATA_HOME",
        *CERTIFICATES,
        *PROXIES,
    )
    passed = {name: outer[name] for name in kept if name in outer}
    return {"PATH": SYSTEM_PATH, **passed, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "UV_NO_CONFIG": "1"}
