"""The fake GitHub, importable and one for each module."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fake_github import FakeGitHub


@pytest.fixture
def github(tmp_path):
    """Serve a fake GitHub that obeys the official description.

    Whatever it was asked and answered.
    """
    with FakeGitHub(tmp_path / "remote.git") as fake:
        yield fake
        assert fake.violations == []
