"""What is written without pip-compile is what pip-compile writes, to the byte."""

from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packaging.version import Version

from depcheck.checking.compile.proof.proving_compiler import ProvingCompiler
from depcheck.checking.discovery.repository import RepositoryWorkspace
from depcheck.core.config.settings import Settings
from depcheck.core.model.compile_result import CompiledLockfiles
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.pins import Pin
from depcheck.core.model.wheel_tags import InterpreterTarget
from tests.index import memory_model as model
from tests.index.conftest import wheel

PYPI = "https://pypi.org/simple/"
NAMES = ("a", "b", "c", "long-name")
LINES = st.tuples(
    st.sampled_from(["a", "b", "c", "Long_Name"]),
    st.sampled_from(["", "", "[x]"]),
    st.sampled_from(["", "", ">=1", "<3", "<2", "!=2.0", ">=1.0rc1"]),
    st.sampled_from(["", "", "; extra == 'x'", "; python_version < '3'"]),
).map("".join)
RELEASES = st.dictionaries(st.sampled_from(["1.0", "2.0", "3.0", "4.0rc1"]), st.lists(LINES, max_size=2), min_size=1)
SOURCES = st.lists(LINES.filter(lambda line: "extra" not in line), min_size=1, max_size=3)
OPTIONS = ("", " --strip-extras", " --no-annotate", " --annotation-style=line", " --no-header --strip-extras")
HASHED = (" --generate-hashes", " --annotation-style=line --generate-hashes --strip-extras")


class Never:
    """Stands in for the compiler where it must not be asked."""

    def compile_lockfiles(self, *_, **__):
        raise LookupError


@pytest.fixture(scope="module")
def rooms(tmp_path_factory) -> Path:
    """Where all rooms are, and the compiler's environment beside them."""
    return tmp_path_factory.mktemp("rooms")


def foreseen_as_compiled(rooms, upstream, sources, universe, options) -> bool:
    """Compare the prediction for new releases with the compile.

    False where nothing was predicted.
    """
    room = Path(mkdtemp(dir=rooms))
    nights = model.Nights(room, upstream, PYPI)
    repo = room / "repo"
    repo.mkdir()
    (repo / "requirements.in").write_text("\n".join([*sources, ""]))
    header = f"pip-compile{options} --output-file=requirements.txt requirements.in"
    nights.commit(model.HEADERS["pip-compile"].partition("#    pip-compile")[0] + f"#    {header}\n#\n")
    for releases in ({name: {"0.5": []} for name in NAMES}, universe):
        for name, versions in releases.items():
            for version, lines in versions.items():
                upstream.add_wheel(name, version, *lines)
        night = nights.night()
        try:
            foreseen = ProvingCompiler(
                Never(), night.index, RepositoryWorkspace(Settings(repo=str(repo))).tree, night.inner.targets
            )
            proven = foreseen.compile_lockfiles(night.spec, IndexView(), upgrade=True)
        except LookupError:
            proven = None
        compiled = night.inner.compile_lockfiles(night.spec, IndexView(), upgrade=True)
        assert proven in (None, compiled)
        if not isinstance(compiled, CompiledLockfiles):
            break
        nights.commit(compiled.files[0][1])
    nights.stack.close()
    return proven is not None


@pytest.mark.live
@pytest.mark.parametrize("options", [*OPTIONS, *HASHED])
def test_pip_compile_writes_the_same(rooms, upstream, options):
    """Predict pip-compile's text with extras, sources and odd names.

    In both annotation styles.
    """
    universe = {
        "a": {"1.0": [], "2.0": ["b>=1", "c<3", "Long.Name"]},
        "b": {"1.0": ["c; extra == 'x'", "a; extra == 'y'"]},
        "c": {"1.0": [], "2.0": [], "3.0": []},
        "long-name": {"1.0": []},
    }
    assert foreseen_as_compiled(rooms, upstream, ["a", "b[x]", "# a word", "b"], universe, options)


@pytest.mark.slow
@pytest.mark.live
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SOURCES, st.fixed_dictionaries(dict.fromkeys(NAMES, RELEASES)), st.sampled_from([*OPTIONS, *HASHED]))
def test_pip_compile_writes_the_same_whatever_there_is(rooms, upstream, sources, universe, options):
    """Predict pip-compile's text for any index, if at all."""
    upstream.metadata_files = True
    upstream.pages.clear()
    foreseen_as_compiled(rooms, upstream, sources, universe, options)


@pytest.mark.parametrize(
    "said",
    [
        "Name: a\nVersion: 1.0\nRequires-Dist: b; extra == 'x'",
        "Name: a\nVersion: 1.0\nProvides-Extra: extra\nProvides-Extra: x\nRequires-Dist: b; 'x' == extra",
        "Name: a\nVersion: 1.0\nRequires-Python: <3",
        "Name: b\nVersion: 1.0",
        "Name: a\nVersion: 1.1",
    ],
    ids=[
        "an extra that is not provided",
        "an extra in another form",
        "another Python",
        "another name",
        "another version",
    ],
)
def test_a_wheel_that_pip_would_not_take_at_its_word_is_not_certain(upstream, index, said):
    """Metadata that contradicts the index or itself is left to pip."""
    target, pin = InterpreterTarget("3.11.7", ("py3-none-any",)), Pin("a", Version("1.0"))
    upstream.add("a", "a-1.0-py3-none-any.whl", wheel("a", "1.0", metadata=f"Metadata-Version: 2.1\n{said}\n"))
    assert index.get_wheel_requires_dist(pin, IndexView(), target) is None
    upstream.add_wheel("c", "1.0", "b; extra == 'x'")
    assert index.get_wheel_requires_dist(replace(pin, name="c"), IndexView(), target) == ("b; extra == 'x'",)
