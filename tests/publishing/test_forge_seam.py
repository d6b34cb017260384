"""Another forge is one folder: publishing names none."""

import ast
from pathlib import Path

import depcheck.publishing

FOLDER = Path(depcheck.publishing.__file__).parent


def test_publishing_knows_no_forge():
    """Keep forge names and libraries inside the forge's own folder."""
    named = [
        f"{path.name}: {node.module}"
        for path in FOLDER.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("github", "depcheck.publishing.github"))
    ]
    assert not named
