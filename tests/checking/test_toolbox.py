"""The compilers' own environments: what they hold and its owner."""

import os
import re
from pathlib import Path

import pytest

from depcheck.checking.compile.tool_envs import LOCKS, ToolEnvironments, choose_tool_lock
from depcheck.core.model.errors import IndexUnavailableError

PYTHONS = ("3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13")


@pytest.mark.parametrize("lenient", [False, True])
@pytest.mark.parametrize("python", PYTHONS)
def test_every_interpreter_has_a_lockfile_of_whole_releases(python, lenient) -> None:
    """Pin each package of a compiler's environment, with hashes."""
    text = choose_tool_lock(python, lenient=lenient).read_text()
    blocks = re.split(r"\n(?=\S)", text.partition("\n")[2].strip())
    assert {"pip", "pip-tools", "click"} <= {block.partition("==")[0] for block in blocks}
    assert all(re.match(r"[\w.-]+==\S+", block) and "--hash=sha256:" in block for block in blocks)


def test_an_index_cannot_bring_other_files_than_those_of_the_lockfile(guest, shelf, interpreters, tmp_path) -> None:
    """Install nothing that the tools' lockfile does not hold.

    A release with a start-up hook, whatever its version.
    """
    ran = tmp_path / "ran"
    pins = re.findall(r"^([\w.-]+)==([^\s;\\]+)", (LOCKS / "newest.txt").read_text(), re.MULTILINE)
    for name, version in pins:
        made = shelf.wheel(name, version, {"zz.pth": f"import os; open({str(ran)!r}, 'w')\n"})
        made.rename(made.with_name(made.name.replace(name, name.replace("-", "_"))))
    toolbox = ToolEnvironments(tmp_path / "tools", lambda: shelf.get_index_url(None), guest.derive_installer())
    with pytest.raises(IndexUnavailableError, match=r"[Hh]ash"):
        toolbox.get_pip_tools(interpreters.find_path("3.13"), "3.13")
    assert not ran.exists()


@pytest.mark.live
@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives up rights")
def test_tools_are_put_in_place_by_another_user_and_are_ours_afterwards(guest, interpreters, tmp_path) -> None:
    """Own the tools' files as a user who runs no packages."""
    toolbox = ToolEnvironments(tmp_path / "tools", lambda: "https://pypi.org/simple/", guest.derive_installer())
    tools = toolbox.get_pip_tools(interpreters.find_path("3.13"), "3.13")
    assert {path.lstat().st_uid for path in Path(tools.python).parents[1].rglob("*")} == {0}
