"""What a module imports always, on some paths only, or by name."""

import pytest

from depcheck.core.import_graph.import_statements import read_imports

STRONG = {
    "import a.b": {"a.b"},
    "from a import b, c": {"a.b", "a.c"},
    "from a import *": {"a"},
    "from . import x": {"pkg.x"},
    "from ..up import x": {"up.x"},
    "class C:\n    import a": {"a"},
    "try:\n    import a\nfinally:\n    import b": {"a", "b"},
    "try:\n    import a\nexcept ImportError as e:\n    raise RuntimeError from e": {"a"},
    "try:\n    import a\nexcept OSError:\n    pass": {"a"},
    "import sys\nif sys.version_info >= (3, 8):\n    import a\nelse:\n    import b": {"sys", "a"},
    "with open('x'):\n    import a": {"a"},
    "print 'two'\nimport a": {"a"},
}
WEAK = {
    "def f():\n    import a": {"a"},
    "try:\n    import a\nexcept ImportError:\n    import b": {"a", "b"},
    "try:\n    import a\nexcept (OSError, ImportError):\n    pass": {"a"},
    "try:\n    import a\nexcept:\n    pass": {"a"},
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a": {"a"},
    "if x:\n    import a": {"a"},
    "import contextlib\nwith contextlib.suppress(ImportError):\n    import a": {"a"},
    "for x in y:\n    import a": {"a"},
    "print 'two'\nif x:\n    import a": {"a"},
}


@pytest.mark.parametrize("text", STRONG)
def test_what_is_always_imported_is_strong(text: str) -> None:
    """Treat class bodies, `finally` and re-raised ImportErrors as strong imports."""
    assert read_imports(text, "pkg.module", (3, 12), is_package=False).strong == STRONG[text]


@pytest.mark.parametrize("text", WEAK)
def test_what_is_imported_on_some_paths_is_weak(text: str) -> None:
    """In functions, under conditions, and where an ImportError is forgiven."""
    found = read_imports(text, "pkg.module", (3, 12), is_package=False)
    assert found.weak == WEAK[text]
    assert not found.strong & WEAK[text]


def test_texts_that_look_like_modules_are_names() -> None:
    """Read quoted names, aliases and relative imports as module names.

    Aliases such as celery's, with and without an attribute.
    """
    text = "ALIASES = {'gevent': 'pkg.pools.gevent:TaskPool', 'x': '.near', 'y': 'no module at all'}"
    assert read_imports(text, "pkg", (3, 12), is_package=True).strings >= {"pkg.pools.gevent", "pkg.near"}


def test_odd_escapes_are_nobodys_news(recwarn) -> None:
    """The parser's warnings are for the authors of the text."""
    read_imports(r"x = '\d'", "pkg", (3, 12), is_package=True)
    assert not recwarn.list


@pytest.mark.parametrize("text", ["(" * 100_000, "x" * 1_000_000, "\0import a", "-" * 100_000 + "1", "import a\n" * 9])
def test_no_text_stops_the_reader(text: str) -> None:
    """Whatever a release ships."""
    read_imports(text, "pkg", (3, 12), is_package=True)


LAST_IMPORTS = {
    'import a\n"""\nimport b\n\nc = 1\n"""\nimport d\n': {"a", "d"},
    'import a\nx = (\n# import b\n1,\n)\ny = """\nimport c\nz\n"""\n': {"a"},
    "import a\nif True:\n    import b\nelse:\n    import c\nx = 1\n": {"a", "b"},
    "try:\n    import a\nexcept OSError:\n    x = 1\nx = 2\n": {"a"},
    "import a, \\\nb\nx = 1\n": {"a", "b"},
    "x = 1\n": set(),
}


@pytest.mark.parametrize("text", LAST_IMPORTS)
def test_what_follows_the_last_import_changes_nothing(text: str) -> None:
    """Strings, brackets and branches are read as in the whole file."""
    assert read_imports(text, "pkg.module", (3, 12), is_package=False).strong == LAST_IMPORTS[text]
