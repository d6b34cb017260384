"""Every block of README and docs is run as it is pasted.

What is not is named here, with the reason.
"""

import os
import sys
from pathlib import Path

import pytest

from depcheck.checking.environments.interpreters import InterpreterFinder
from depcheck.core.model.errors import InterpreterMissingError

sys.path.insert(0, str(Path(__file__).parent))

from page_stages import STAGES
from pasted_blocks import SHELL, paste_commands, read_blocks

# Kinds of blocks that no shell reads, and what reads them instead.
OTHER_KINDS = {
    "yaml": "workflows, which GitHub runs: linters in scripts/test read them, test_docs.py their inputs",
    "toml": "configurations, which depcheck reads in test_docs.py",
}
NOT_RUN = {
    ("docs/design.md", ""): "drawings of the story and of the folders",
    ("docs/how-to/uv-lockfiles.md", "text"): "a part of pyproject.toml; the page's stage has it",
    ("docs/local-index.md", "python"): "a list of methods, without values to call them with",
}
LEFT_OUT = {
    ("README.md", "scripts/test"): "the suite that this test is a part of",
    ("CONTRIBUTING.md", "scripts/test"): "the suite that this test is a part of",
}


PYENV = os.environ.get("PYENV_ROOT") or str(Path.home() / ".pyenv")


def require_python(version: str, folder: Path) -> None:
    """Skip the test where this machine lacks an interpreter."""
    try:
        InterpreterFinder(os.environ, folder / "pythons").find_path(version)
    except InterpreterMissingError as missing:
        pytest.skip(str(missing))


def list_commands(page: str) -> list[str]:
    """Return what is pasted from `page`, in its order."""
    commands = [command for block in read_blocks() if block.page == page for command in block.commands]
    return [command for command in commands if (page, command) not in LEFT_OUT]


def test_every_block_is_run_or_named_with_a_reason():
    """Leave no block and no exception over."""
    blocks = list(read_blocks())
    assert {block.page for block in blocks if block.commands} == set(STAGES)
    rest = {(block.page, block.kind) for block in blocks if block.kind not in SHELL | set(OTHER_KINDS)}
    assert rest == set(NOT_RUN)
    shown = {(block.page, command) for block in blocks for command in block.commands}
    assert set(LEFT_OUT) <= shown
    assert all(block.commands for block in blocks if block.kind in SHELL)


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.parametrize("page", STAGES)
def test_a_page_can_be_pasted(page, tmp_path, cache):
    """Paste a page's commands in their order.

    Each ends as the page says.
    """
    stage = STAGES[page]
    if stage.python:
        require_python(stage.python, tmp_path)
    repository = tmp_path / "repository"
    repository.mkdir()
    stage.prepare(repository)
    own = {"DEPCHECK_CACHE": str(cache), "PYENV_ROOT": PYENV}
    commands = list_commands(page)
    typed = [stage.fill_in(command) for command in commands]
    ran = paste_commands(typed, tmp_path / stage.begin, tmp_path / "home", own)
    ended = dict(zip(commands, (each.status for each in ran), strict=True))
    said = "\n".join(f"$ {each.command}\n{each.output[-2000:]}" for each in ran)
    wanted = {command: stage.statuses.get(command, 0) for command in commands}
    assert ended == wanted, said
    assert "Traceback" not in said
