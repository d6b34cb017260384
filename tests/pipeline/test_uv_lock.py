"""Whole verdicts on uv.lock projects, against a dated index on loopback."""

import os
import subprocess
import sys

from uv import find_uv_bin

from depcheck.core.lockfiles.formats.known_formats import find_hold_format
from depcheck.core.model.status import Status
from depcheck.publishing.validate_lockfile import check_lockfile_content
from tests.pipeline.conftest import serve_dated

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
RUN = "python -c 'import app'"
PROJECT = '[project]\nname = "shop"\nversion = "1.0"\nrequires-python = ">=3.9"\n'


def lock(folder, url, files, *words):
    """Write `files` and lock them with uv, and return the lockfile's text."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    command = [find_uv_bin(), "lock", "--quiet", "--no-cache", "--python", sys.executable, *words]
    subprocess.run([*command, "--default-index", url], cwd=folder, check=True)
    return (folder / "uv.lock").read_text()


def lock_on_day(folder, url, files, day):
    """Lock as of a day, and forget that it was so."""
    text = lock(folder, url, files, f"--exclude-newer={day}")
    head, _, rest = text.partition("[options]\n")
    return head + rest.partition("\n\n")[2]


def test_what_breaks_is_found_and_held(histories, judged, tmp_path):
    """Name the culprit, and propose what uv writes without it."""
    files = {"pyproject.toml": f'{PROJECT}dependencies = ["plug", "spare"]\n', "app.py": "import plug, spare\n"}
    committed = lock_on_day(tmp_path / "made", histories.url, files, "2024-01-10")
    report = judged({**files, "uv.lock": committed}, python=PYTHON, smoke=(RUN,))
    (culprit,) = report.culprits
    assert (report.status, report.lockfiles[0].compiler) == (Status.BREAKS, "uv lock")
    assert (culprit.first_bad, culprit.last_good) == ({"lib": "2.0"}, {"lib": "1.5"})
    held = {**files, "pyproject.toml": f'{files["pyproject.toml"]}[tool.uv]\nconstraint-dependencies = ["lib<2.0"]\n'}
    expected = lock(tmp_path / "expected", histories.url, held)
    told = expected.replace('[manifest]\nconstraints = [{ name = "lib", specifier = "<2.0" }]\n\n', "")
    assert report.proposal.verified
    assert report.proposal.files == {"uv.lock": told}
    check_lockfile_content("uv.lock", committed, told)


def test_a_lockfile_behind_its_project_is_stale(histories, judged, tmp_path):
    """Judge nothing where `uv lock` would change what is committed."""
    files = {"pyproject.toml": f'{PROJECT}dependencies = ["spare"]\n'}
    committed = lock(tmp_path / "made", histories.url, files)
    behind = {"pyproject.toml": f'{PROJECT}dependencies = ["spare>=1"]\n', "uv.lock": committed}
    report = judged(behind, python=PYTHON)
    assert report.status is Status.STALE
    assert "although no pin moves" in report.reason


def test_members_groups_and_extras_are_installed(histories, judged, tmp_path):
    """Install every project of a workspace, with all that can stand together."""
    member = PROJECT.replace("shop", "part")
    files = {
        "pyproject.toml": f'{PROJECT}dependencies = ["spare"]\n[dependency-groups]\nplain = ["lib<2"]\n'
        f'[tool.uv.workspace]\nmembers = ["part"]\n',
        "part/pyproject.toml": f'{member}dependencies = []\n[project.optional-dependencies]\nmore = ["plug"]\n',
    }
    committed = lock_on_day(tmp_path / "made", histories.url, files, "2024-03-10")
    report = judged({**files, "uv.lock": committed}, python=PYTHON, smoke=("python -c 'import plug, spare'",))
    assert (report.status, [change.name for change in report.changes]) == (Status.SAFE, ["spare"])
    assert report.lockfiles[0].sources == ("pyproject.toml", "part/pyproject.toml")


def test_an_unwanted_group_is_neither_installed_nor_checked(histories, judged, tmp_path):
    """Propose its line, and say that nothing checked it."""
    files = {
        "pyproject.toml": f'{PROJECT}dependencies = ["spare"]\n[dependency-groups]\nheavy = ["lib"]\n',
        "app.py": "import importlib.util\nassert importlib.util.find_spec('lib') is None\n",
    }
    committed = lock_on_day(tmp_path / "made", histories.url, files, "2024-01-10")
    report = judged({**files, "uv.lock": committed}, python=PYTHON, smoke=(RUN,), without=("heavy", "heavyy"))
    assert report.status is Status.SAFE
    assert report.checks.candidate[-1].outcome == "pass"
    assert 'name = "lib"\nversion = "2' in report.proposal.files["uv.lock"]
    assert any("Not installed or checked, as `without` says: heavy." in note for note in report.notes)
    assert any("names heavyy, which is no extra or group here; there are heavy." in note for note in report.notes)


def test_nothing_new_is_quiet(histories, judged, tmp_path):
    """Propose nothing where the lockfile is as new as the index."""
    files = {"pyproject.toml": f'{PROJECT}dependencies = ["spare"]\n'}
    committed = lock(tmp_path / "made", histories.url, files)
    report = judged({**files, "uv.lock": committed}, python=PYTHON)
    assert (report.status, report.changes) == (Status.QUIET, ())


def test_a_pylock_is_recompiled_by_its_command(histories, judged, tmp_path):
    """Propose what uv writes, which pip and uv install."""
    made = tmp_path / "made"
    made.mkdir()
    (made / "requirements.in").write_text("spare\n")
    words = [find_uv_bin(), "pip", "compile", "-q", "--no-cache", "requirements.in", "-o", "pylock.toml"]
    index = {"UV_DEFAULT_INDEX": histories.url, "UV_NO_CONFIG": "1", "PATH": os.environ["PATH"]}
    subprocess.run([*words, "--exclude-newer=2024-01-10"], cwd=made, env=index, check=True)
    committed = (made / "pylock.toml").read_text().replace(" --exclude-newer=2024-01-10", "")
    files = {"requirements.in": "spare\n", "pylock.toml": committed.replace(" --no-cache", "")}
    report = judged(files, python=PYTHON, smoke=("python -c 'import spare'",))
    assert (report.status, [str(change.after) for change in report.changes]) == (Status.SAFE, ["1.1"])
    proposed = report.proposal.files["pylock.toml"]
    (made / "pylock.toml").write_text(proposed)
    sync = [find_uv_bin(), "pip", "sync", "-q", "--python", sys.executable, "--target", "here", "pylock.toml"]
    subprocess.run(sync, cwd=made, env=index, check=True)
    assert "level = 2" in (made / "here" / "spare.py").read_text()
    subprocess.run([*words, "--upgrade"], cwd=made, env=index, check=True)
    fresh = (made / "pylock.toml").read_text()
    assert proposed.partition("lock-version")[2] == fresh.partition("lock-version")[2]
    check_lockfile_content("pylock.toml", files["pylock.toml"], proposed)


def test_each_package_keeps_its_own_index(histories, judged, tmp_path):
    """Upgrade from the index that a source names, and write its addresses."""
    other = serve_dated()
    private = next(other)
    private.release("lib", "1.0", "2024-01-01", text="old = 1\n")
    private.release("lib", "1.1", "2024-02-20", text="old = 2\n")
    files = {
        "pyproject.toml": f'{PROJECT}dependencies = ["spare", "lib"]\n'
        f'[tool.uv.sources]\nlib = {{ index = "private" }}\n'
        f'[[tool.uv.index]]\nname = "private"\nurl = "{private.url}"\nexplicit = true\n'
        f'[[tool.uv.index]]\nname = "main"\nurl = "{histories.url}"\ndefault = true\n'
    }
    words = [find_uv_bin(), "lock", "-q", "--no-cache", "--python", sys.executable]
    committed = lock_on_day(tmp_path / "made", histories.url, files, "2024-01-10")
    report = judged({**files, "uv.lock": committed}, python=PYTHON, index_url="", smoke=("python -c 'import lib'",))
    assert (report.status, {change.name: change.after for change in report.changes}) == (
        Status.SAFE,
        {"lib": "1.1", "spare": "1.1"},
    )
    subprocess.run([*words, "--upgrade"], cwd=tmp_path / "made", check=True)
    assert report.proposal.files["uv.lock"] == (tmp_path / "made" / "uv.lock").read_text()
    assert f"{private.url.removesuffix('/simple')}/files/lib-1.1" in report.proposal.files["uv.lock"]
    other.close()


def test_the_line_that_holds_for_good_is_uvs_own():
    """Name the setting that holds what a project does not name."""
    form = find_hold_format(["uv lock"])
    assert form.format_hold_lines(["kombu<4.2.0"]) == ['constraint-dependencies = ["kombu<4.2.0"]']
    assert form.hold_table == "[tool.uv]"
    assert find_hold_format(["nobody"]).format_hold_lines(["x<1"]) == ["x<1"]
