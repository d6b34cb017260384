"""What all tests share: patience with slow machines, and no OSV."""

import pytest
from hypothesis import HealthCheck, settings

from depcheck.index import malware_source

settings.register_profile("depcheck", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("depcheck")


@pytest.fixture(autouse=True)
def _no_osv(monkeypatch):
    """Let no test ask OSV: nothing listens at this port."""
    monkeypatch.setattr(malware_source, "OSV_URL", "http://127.0.0.1:9/v1/")
