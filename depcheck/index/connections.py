"""Connection pools to upstreams: kept alive, limited, retried.

Certificates are read once.
"""

import ssl
from functools import cache
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import BaseHTTPResponse
from urllib3.util import Retry, create_urllib3_context

_RETRY_STATUSES = (429, 500, 502, 503, 504)
_MAX_CONNECTIONS_PER_HOST = 16  # for each host; more cost more in handshakes than they give


class _BoundedRetry(Retry):
    """urllib3's retries with an upper limit for Retry-After.

    A server cannot make the client wait longer than `MAX_RETRY_AFTER_S`.
    """

    MAX_RETRY_AFTER_S = 20.0

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        wanted_s = super().get_retry_after(response)
        return None if wanted_s is None else min(wanted_s, self.MAX_RETRY_AFTER_S)


class SharedTrustAdapter(HTTPAdapter):
    """requests' connection pools, with one TLS context for all connections.

    requests has each new connection read the certificate file again: 38 ms of processor time.
    """

    def __init__(self, retries: int, backoff_s: float) -> None:
        retry = _BoundedRetry(
            total=retries,
            backoff_factor=backoff_s,
            status_forcelist=_RETRY_STATUSES,
            raise_on_status=False,
            redirect=False,
        )
        super().__init__(pool_maxsize=_MAX_CONNECTIONS_PER_HOST, pool_block=True, max_retries=retry)

    def build_connection_pool_key_attributes(
        self,
        request: requests.PreparedRequest,
        verify: bool | str,  # noqa: FBT001  # as the library calls it
        cert: Any = None,  # noqa: ANN401  # as the library calls it
    ) -> tuple[Any, Any]:
        """Return the pool's attributes with the shared TLS context.

        The context replaces the name of the certificate file.
        """
        host, named = super().build_connection_pool_key_attributes(request, verify, cert)
        pool: dict[str, object] = {key: value for key, value in named.items() if not key.startswith("ca_cert")}
        if host["scheme"] == "https":
            pool["ssl_context"] = _create_tls_context(verify if isinstance(verify, str) else DEFAULT_CA_BUNDLE_PATH)
        return host, pool

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ANN401
        """Do nothing, because the shared TLS context already verifies certificate and host."""


@cache
def _create_tls_context(bundle: str) -> ssl.SSLContext:
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    context.check_hostname = True
    if Path(bundle).is_dir():
        context.load_verify_locations(capath=bundle)
    else:
        context.load_verify_locations(cafile=bundle)
    return context
