"""Makes the fake GitHub importable, whatever pytest's import mode, and gives one to each module."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fake_github import FakeGitHub


@pytest.fixture
def github(tmp_path):
    """A repository on a fake GitHub; whatever it was asked and answered obeyed the official description."""
    with FakeGitHub(tmp_path / "remote.git") as fake:
        yield fake
        assert fake.violations == []
