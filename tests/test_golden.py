"""Texts of six real incidents, frozen to be looked at.

Any change of it is seen before it is committed.
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "golden"))

from render import HERE, incidents, texts


@pytest.mark.parametrize("name", incidents())
def test_what_people_see_is_what_was_looked_at(name):
    """Match the golden files of every published text.

    `python tests/golden/render.py` renews them.
    """
    for file, text in texts(name):
        assert text == (HERE / name / file).read_text(), f"{name}/{file}"


def test_six_nights_are_frozen():
    """Both of the stories that this program is for are among them."""
    assert len(incidents()) == 6
    assert {"kombu42-celery41", "scarface-broken-sdist"} <= set(incidents())


@pytest.mark.parametrize("name", incidents())
def test_no_path_of_a_machine_is_frozen(name):
    """Freeze no path of a machine in evidence.

    It names files of packages and of the repository.
    """
    text = (HERE / name / "report.json").read_text()
    assert not [word for word in ("/tmp/", "/root/", "/home/", "/work/") if word in text]
