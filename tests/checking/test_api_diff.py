"""Two releases are compared by files: present, gone, and used there."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from depcheck.checking.explain.api_diff.compare import ReleaseComparison
from depcheck.checking.explain.api_diff.dependent_files import DependentFile
from depcheck.checking.explain.api_diff.unpack import ReleaseFiles
from depcheck.core.tool_output.api_errors import ApiChange, ApiChangeKind, MissingSymbol


@pytest.fixture
def compared(tmp_path: Path):
    """Write releases and users from texts and compare them.

    The users' traceback lines are marked with `# here`.
    """

    def build(good: dict[str, str], bad: dict[str, str], users: dict[str, str]) -> ReleaseComparison:
        for side, files in (("good", good), ("bad", bad), ("users", users)):
            (tmp_path / side).mkdir()
            for name, text in files.items():
                path = tmp_path / side / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        places = [DependentFile(tmp_path / "users" / name, name, _marked(text)) for name, text in users.items()]
        return ReleaseComparison(ReleaseFiles(tmp_path / "good"), ReleaseFiles(tmp_path / "bad"), places)

    return build


def _marked(text: str) -> int:
    return next((number for number, line in enumerate(text.splitlines(), 1) if line.endswith("# here")), 0)


def test_a_removed_module_and_who_imports_it(compared) -> None:
    """Name a removed module and the file that imports it.

    A folder with only bytecode left is no module; a file that this Python cannot parse is still read.
    """
    good = {"p/__init__.py": "", "p/async/__init__.py": "", "p/async/timer.py": "class Timer: pass\n"}
    bad = {"p/__init__.py": "", "p/async/timer.pyc": "x"}
    pair = compared(good, bad, {"other.py": "import p\n", "user.py": "import os\nfrom p.async.timer import Timer\n"})
    found = pair.find_first([MissingSymbol(ApiChangeKind.MODULE, "", "p.async")])
    assert found == ApiChange(ApiChangeKind.MODULE, "", "p.async", "user.py", 2)


def test_a_module_that_is_still_there_explains_nothing(compared) -> None:
    """What both releases have was not removed, whatever the error says."""
    files = {"p/__init__.py": "", "p/a.py": ""}
    assert (
        compared(files, files, {"user.py": "import p.a\n"}).find_first([MissingSymbol(ApiChangeKind.MODULE, "", "p.a")])
        is None
    )


@pytest.mark.parametrize(
    "good",
    [
        {"p/__init__.py": "def gone(): pass\n"},
        {"p/__init__.py": "try:\n    gone = 1\nexcept ImportError:\n    pass\n"},
        {
            "p/__init__.py": "from .a import *\n",
            "p/a.py": "from .b import gone\n__all__ = ['gone']\n",
            "p/b.py": "gone = 1\n",
        },
        {"p/__init__.py": "def __getattr__(name):\n    if name == 'gone':\n        return 1\n"},
        {"p/__init__.py": "from json import loads as gone\n"},
    ],
    ids=["defined", "conditional", "wildcard", "getattr", "from elsewhere"],
)
def test_a_removed_name_however_it_was_given(compared, good) -> None:
    """Definitions, conditional ones, `import *`, a module's `__getattr__`, names from elsewhere."""
    users = {"user.py": "import p as q\n\nq.kept\nq.gone\n"}
    pair = compared(good, {"p/__init__.py": "kept = 1\n"}, users)
    assert pair.find_first([MissingSymbol(ApiChangeKind.NAME, "p", "gone")]) == ApiChange(
        ApiChangeKind.NAME, "p", "gone", "user.py", 4
    )


def test_a_name_that_import_star_does_not_bring_was_never_there(compared) -> None:
    """Respect `__all__` and ignore private uses of the name elsewhere."""
    good = {
        "p/__init__.py": "from .a import *\nfrom .b import *\n",
        "p/a.py": "gone = 1\n__all__ = []\n",
        "p/b.py": "_x = 1\n",
    }
    pair = compared(good, {"p/__init__.py": ""}, {"user.py": "from p import gone\n"})
    assert pair.find_first([MissingSymbol(ApiChangeKind.NAME, "p", "gone")]) is None


def test_a_lost_parameter_is_found_through_aliases_and_bases(compared) -> None:
    """Find a lost parameter through aliases and base classes.

    The call passes it to a name that stands for another class in the second release.
    """
    good = {
        "p/__init__.py": "from .old import Connect\nconnect = Connect\n",
        "p/old.py": "class Base:\n    def __init__(self, extra=None): ...\nclass Connect(Base):\n    def __init__(self, u, **k): ...\n",
    }
    bad = {"p/__init__.py": "class connect:\n    def __init__(self, u, *, additional=None, **k): ...\n"}
    users = {"user.py": "import p\n\np.connect(1)\np.connect(\n    1, extra=2)\n"}
    found = compared(good, bad, users).find_first([MissingSymbol(ApiChangeKind.PARAMETER, "X.create", "extra")])
    assert replace(found, detail="") == ApiChange(ApiChangeKind.PARAMETER, "p.connect", "extra", "user.py", 4)


def test_a_parameter_that_both_take_explains_nothing(compared) -> None:
    """Silence, even where the error names it: the cause is elsewhere."""
    files = {"p/__init__.py": "def f(extra): ...\n"}
    pair = compared(files, files, {"user.py": "import p\np.f(extra=1)\n"})
    assert pair.find_first([MissingSymbol(ApiChangeKind.PARAMETER, "f", "extra")]) is None


def test_a_removed_attribute_is_told_where_the_traceback_stood(compared) -> None:
    """Report a removed attribute at the traceback's line only.

    Set in `__init__` or inherited; the same attribute elsewhere in the file is not meant.
    """
    good = {"p/f.py": "class Base:\n    def __init__(self):\n        self.unit = 1\nclass Def(Base): pass\n"}
    bad = {"p/f.py": "class Base: pass\nclass Def(Base): pass\n"}
    users = {"user.py": "x.unit\n\ncall(\n    1, x.unit)  # here\n"}
    found = compared(good, bad, users).find_first([MissingSymbol(ApiChangeKind.MEMBER, "Def", "unit")])
    assert found == ApiChange(ApiChangeKind.MEMBER, "p.f.Def", "unit", "user.py", 4)


def test_a_parameter_that_an_override_lacks(compared) -> None:
    """Report a new base parameter that another package's override lacks."""
    good = {"p/core.py": "class Argument:\n    def show(self): ...\n"}
    bad = {"p/core.py": "class Argument:\n    def show(self, ctx): ...\n"}
    users = {"user.py": "import p.core\n\nclass Mine(p.core.Argument):\n    def show(self): ...\n"}
    found = compared(good, bad, users).find_first([MissingSymbol(ApiChangeKind.OVERRIDE, "Mine", "show")])
    assert found == ApiChange(ApiChangeKind.OVERRIDE, "p.core.Argument.show", "ctx", "user.py", 4)


def test_a_parameter_that_became_necessary(compared) -> None:
    """Report a parameter that became required, at calls that omit it.

    A class is called by its `__init__`.
    """
    good = {"p.py": "class Thing:\n    def __init__(self, a, loop=None): ...\n"}
    bad = {"p.py": "class Thing:\n    def __init__(self, a, *, loop): ...\n"}
    users = {"user.py": "from p import Thing\nThing(1, loop=2)\nThing(1)\n"}
    found = compared(good, bad, users).find_first([MissingSymbol(ApiChangeKind.NEEDED, "Thing.__init__", "loop")])
    said = "was Thing(a, loop=None), is Thing(a, *, loop)"
    assert found == ApiChange(ApiChangeKind.NEEDED, "p.Thing", "loop", "user.py", 3, said)


def test_arguments_that_are_no_longer_taken_by_position(compared) -> None:
    """The call with fewer is not meant."""
    good = {"p.py": "def read(path, sep=',', head=0): ...\n"}
    bad = {"p.py": "def read(path, *, sep=',', head=0): ...\n"}
    users = {"user.py": "import p as q\nq.read('x')\nq.read('x', ';')\n"}
    found = compared(good, bad, users).find_first([MissingSymbol(ApiChangeKind.PLACES, "read", "")])
    said = "was read(path, sep=',', head=0), is read(path, *, sep=',', head=0)"
    assert found == ApiChange(ApiChangeKind.PLACES, "p.read", "1", "user.py", 3, said)


def test_a_renamed_parameter_is_told_by_its_new_name(compared) -> None:
    """Tell what stands in the place of the old one."""
    good = {"p.py": "def read(path, sep=','): ...\n"}
    bad = {"p.py": "def read(path, delimiter=','): ...\n"}
    pair = compared(good, bad, {"user.py": "import p\np.read('x', sep=';')\n"})
    found = pair.find_first([MissingSymbol(ApiChangeKind.PARAMETER, "read", "sep")])
    assert found.detail == "it is called delimiter now: was read(path, sep=','), is read(path, delimiter=',')"


def test_a_moved_name_is_told_with_its_new_module(compared) -> None:
    """Tell the one public module that defines it now."""
    good = {"p/__init__.py": "", "p/old.py": "def gather(): ...\n"}
    bad = {"p/__init__.py": "", "p/old.py": "", "p/new.py": "def gather(): ...\n", "p/_x.py": "gather = 1\n"}
    pair = compared(good, bad, {"user.py": "from p.old import gather\n"})
    found = pair.find_first([MissingSymbol(ApiChangeKind.NAME, "p.old", "gather")])
    assert (found.line, found.detail) == (1, "it is in p.new now")


def test_a_changed_default_is_told_where_the_traceback_stood(compared) -> None:
    """Tell it where the error says nothing, unless the call passes it."""
    good = {"p.py": "def dump(x, safe=False, wide=1): ...\n"}
    bad = {"p.py": "def dump(x, safe=True, wide=2): ...\n"}
    found = compared(good, bad, {"user.py": "import p\n\np.dump(1, wide=3)  # here\n"}).find_first([])
    assert found == ApiChange(ApiChangeKind.DEFAULT, "p.dump", "safe", "user.py", 3, "was False, is True")


def test_a_name_of_a_compiled_module_is_told_in_its_own_words(compared) -> None:
    """Believe the error where no source shows what was there."""
    good, bad = ({"p/__init__.py": "", "p/fast.so": "x"} for _ in range(2))
    pair = compared(good, bad, {"user.py": "from p import fast\n\nfast.clean(1)  # here\n"})
    found = pair.find_first([MissingSymbol(ApiChangeKind.NAME, "p.fast", "clean")])
    assert found == ApiChange(ApiChangeKind.REFUSED, "p.fast", "clean", "user.py", 3)


def test_a_class_of_the_project_that_the_error_is_about(compared) -> None:
    """Name the member's line if the error names it too."""
    users = {"app.py": "import p\n\nclass Author(p.Model):\n    name: str\n    age: int\n"}
    pair = compared({}, {}, users)
    pair.dependent_files[:] = [replace(each, is_own=True) for each in pair.dependent_files]
    assert pair.find_definition(["Author", "age", "name"]) == ("app.py", 5, "Author.age")
    assert pair.find_definition(["Author"]) == ("app.py", 3, "Author")
    assert pair.find_definition(["age"]) is None


def test_a_name_that_getattr_gave_and_now_refuses(compared) -> None:
    """Name what `__getattr__` gave before and now refuses.

    As numpy did with its aliases: the name is in both, and the failure says which one refuses it.
    """
    good = {"p.py": "_OLD = {'float': float}\ndef __getattr__(name):\n    return _OLD[name]\n"}
    bad = {"p.py": "_OLD = {'float'}\ndef __getattr__(name):\n    raise AttributeError(name)\n"}
    pair = compared(good, bad, {"user.py": "import p\nx = p.float  # here\n"})
    assert pair.find_first([MissingSymbol(ApiChangeKind.NAME, "p", "float")]) == ApiChange(
        ApiChangeKind.NAME, "p", "float", "user.py", 2
    )
    assert pair.find_first([]) is None


def test_the_import_of_the_traceback_tells_where_the_message_does_not(compared) -> None:
    """Read the removed name from the failing import line.

    A stub that raises its own words.
    """
    good = {"p/clean.py": "class Cleaner: pass\n"}
    bad = {"p/clean.py": "raise ImportError('p.clean is now a separate project')\n"}
    found = compared(good, bad, {"user.py": "from p.clean import Cleaner  # here\n"}).find_first([])
    assert found == ApiChange(ApiChangeKind.NAME, "p.clean", "Cleaner", "user.py", 1)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + ")" * 5000,
        "x = 1\n" * 400_000,
        "def broken(:\n",
        "\0\0",
        "class A(A): pass\nfrom . import *\nfrom .x import *\n",
    ],
    ids=["deep", "huge", "syntax", "nulls", "circles"],
)
def test_hostile_files_give_silence(compared, text) -> None:
    """Whatever stands in a release: no claim, no endless loop."""
    good = {"p/__init__.py": text, "p/x.py": "from . import *\n"}
    pair = compared(good, {"p/__init__.py": ""}, {"user.py": "from p import gone\n"})
    assert pair.find_first([MissingSymbol(ApiChangeKind.NAME, "p", "gone")]) is None


def test_links_are_not_followed(compared, tmp_path: Path) -> None:
    """Never follow a release's links to files outside of it."""
    secret = tmp_path / "secret.py"
    secret.write_text("gone = 1\n")
    pair = compared({"p/__init__.py": ""}, {"p/__init__.py": ""}, {"user.py": "from p.s import gone\n"})
    (tmp_path / "good" / "p" / "s.py").symlink_to(secret)
    assert not re.search("secret", str(pair.find_first([MissingSymbol(ApiChangeKind.NAME, "p.s", "gone")])))
    assert pair.good.find_object("p.s.gone") is None
