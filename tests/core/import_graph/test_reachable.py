"""Who reaches whom: strong chains, weak ones, and none."""

from depcheck.core.import_graph.import_statements import read_imports
from depcheck.core.import_graph.reachable import Reach, Roots, find_reached

FILES = {
    "web": "from web import app\nimport json",
    "web.app": "import core.base",
    "web.templating": "import jinja2",
    "web.legacy": "",
    "core": "",
    "core.base": "LAZY = {'a': 'core.pool:Pool'}\ndef f():\n    import core.late",
    "core.pool": "import deep",
    "core.late": "",
    "deep": "",
}


def rate(module: str, roots: Roots) -> Reach:
    found = find_reached(
        roots, lambda name: read_imports(FILES[name], name, (3, 12), is_package=False), FILES.__contains__
    )
    return found.rate(module)


def test_a_chain_of_plain_imports_is_strong() -> None:
    """Through packages, with all that stands above a module."""
    roots = Roots(frozenset({"web.Something"}))
    assert [rate(m, roots) for m in ("web", "web.app", "core", "core.base")] == [Reach.STRONG] * 4


def test_one_weak_link_makes_a_chain_weak() -> None:
    """Weaken a chain by one quoted name, function or weak root."""
    roots = Roots(frozenset({"web"}))
    assert [rate(m, roots) for m in ("core.pool", "core.late", "deep")] == [Reach.WEAK] * 3
    assert rate("web.app", Roots(weak=frozenset({"web"}))) is Reach.WEAK


def test_what_nobody_imports_is_not_reached() -> None:
    """Though it stands in a package that is used."""
    assert rate("web.templating", Roots(frozenset({"web"}))) is Reach.NONE
    assert rate("web.templating", Roots(frozenset({"web.templating.Jinja2Templates"}))) is Reach.STRONG
