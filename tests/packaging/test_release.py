"""A release is refused until ready, and runs one image by digest."""

import importlib.util
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("release", ROOT / "scripts" / "release.py")
release = importlib.util.module_from_spec(spec)
spec.loader.exec_module(release)

IMAGE = f"ghcr.io/depcheck-action/depcheck@sha256:{'a1' * 32}"


@pytest.fixture
def root(tmp_path):
    for name in ("action.yml", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "CHANGELOG.md").write_text("# Changes\n\n## 0.1.0 (2026-11-30)\n- All of it.\n")
    return tmp_path


def test_what_is_ready_is_not_refused(root):
    """Accept a matching version, a dated heading and a valid action."""
    assert release.check("0.1.0", root) == []


@pytest.mark.parametrize(
    ("version", "says"),
    [("0.2.0", "pyproject.toml says 0.1.0"), ("v0.1.0", "no version"), ("0.1.0; rm -rf /", "no version")],
)
def test_what_is_not_ready_is_refused_in_words(root, version, says):
    """Another version, and what is none."""
    assert says in " ".join(release.check(version, root))


def test_a_changelog_without_a_date_is_refused(root):
    """`not yet released` is no date."""
    (root / "CHANGELOG.md").write_text("## 0.1.0 (not yet released)\n")
    assert "YYYY-MM-DD" in " ".join(release.check("0.1.0", root))


def test_a_long_description_is_refused(root):
    """The Marketplace takes 125 characters."""
    text = (root / "action.yml").read_text().replace("description: >-\n", f"description: >-\n  {'x ' * 70}\n", 1)
    (root / "action.yml").write_text(text)
    assert "125" in " ".join(release.check("0.1.0", root))


def test_the_released_action_runs_the_image_and_nothing_else_changes(root):
    """Change nothing in action.yml but the image's digest.

    Valid by the schema of actions, all inputs as they were.
    """
    before = YAML(typ="safe").load((root / "action.yml").read_text())
    release.point(IMAGE, root)
    after = YAML(typ="safe").load((root / "action.yml").read_text())
    assert after["runs"] == {"using": "docker", "image": f"docker://{IMAGE}"}
    assert {**after, "runs": before["runs"]} == before
    schema = [Path(sys.executable).with_name("check-jsonschema"), "--builtin-schema", "vendor.github-actions"]
    subprocess.run([*schema, root / "action.yml"], check=True, capture_output=True)


@pytest.mark.parametrize("image", ["ghcr.io/a/b:latest", "ghcr.io/a/b@sha256:12", f"{IMAGE}\n  evil: 1", "Dockerfile"])
def test_only_an_image_by_digest_is_pointed_at(root, image):
    """Point only at an image by digest, once.

    A tag can be moved.
    """
    with pytest.raises(ValueError, match="digest"):
        release.point(image, root)
    release.point(IMAGE, root)
    with pytest.raises(ValueError, match="not one"):
        release.point(IMAGE, root)


@pytest.mark.slow
@pytest.mark.live
def test_the_package_has_what_it_needs(tmp_path):
    """Build sdist and wheel with the page's style and script."""
    subprocess.run([ROOT / "scripts" / "package", tmp_path], check=True, capture_output=True)
    (sdist,) = tmp_path.glob("*.tar.gz")
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as one, tarfile.open(sdist) as other:
        inside, packed = one.namelist(), other.getnames()
    for name in ("style.css", "script.js"):
        assert f"depcheck/reporting/html/{name}" in inside
        assert any(path.endswith(f"/html/{name}") for path in packed)
    assert not [name for name in inside if name.startswith(("tests/", "docs/"))]
