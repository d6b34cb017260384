"""Connections to upstreams: kept alive, few, patient, and with certificates that are read once."""

import ssl
from functools import cache
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import BaseHTTPResponse
from urllib3.util import Retry, create_urllib3_context

_BUSY = (429, 500, 502, 503, 504)
_AT_ONCE = 16  # for each host; more cost more in handshakes than they give


class _Patience(Retry):
    """urllib3's retries; a server cannot make us wait longer than `LONGEST_WAIT_S`."""

    LONGEST_WAIT_S = 20.0

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        wanted_s = super().get_retry_after(response)
        return None if wanted_s is None else min(wanted_s, self.LONGEST_WAIT_S)


class Connections(HTTPAdapter):
    """requests' connection pools, where all connections share what they trust.

    requests has each new connection read the file of certificates again: 38 ms of processor time.
    """

    def __init__(self, retries: int, backoff_s: float) -> None:
        retry = _Patience(
            total=retries,
            backoff_factor=backoff_s,
            status_forcelist=_BUSY,
            raise_on_status=False,
            redirect=False,
        )
        super().__init__(pool_maxsize=_AT_ONCE, pool_block=True, max_retries=retry)

    def build_connection_pool_key_attributes(
        self,
        request: requests.PreparedRequest,
        verify: bool | str,  # noqa: FBT001  # as the library calls it
        cert: Any = None,  # noqa: ANN401  # as the library calls it
    ) -> tuple[Any, Any]:
        """The library's own, with the shared trust in place of a file's name."""
        host, named = super().build_connection_pool_key_attributes(request, verify, cert)
        pool: dict[str, object] = {key: value for key, value in named.items() if not key.startswith("ca_cert")}
        if host["scheme"] == "https":
            pool["ssl_context"] = _trust(verify if isinstance(verify, str) else DEFAULT_CA_BUNDLE_PATH)
        return host, pool

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ANN401
        """Nothing more to set: the shared trust demands a valid certificate for the host."""


@cache
def _trust(bundle: str) -> ssl.SSLContext:
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    context.check_hostname = True
    if Path(bundle).is_dir():
        context.load_verify_locations(capath=bundle)
    else:
        context.load_verify_locations(cafile=bundle)
    return context
