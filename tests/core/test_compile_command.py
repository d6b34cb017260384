"""Header commands are checked option by option.

Kept, dropped, or refused with a sentence.
"""

import re
import shlex
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uv import find_uv_bin

from depcheck.core.lockfiles.formats import pip_compile_options as pip_compile
from depcheck.core.lockfiles.formats import uv_options as uv
from depcheck.core.lockfiles.formats.known_formats import parse_compile_command, parse_lockfile
from depcheck.core.lockfiles.formats.pip_compile_options import is_supported_option
from depcheck.core.lockfiles.header import Header
from depcheck.core.lockfiles.options.command import check_command_paths
from depcheck.core.lockfiles.options.compiler_options import Treatment
from depcheck.core.lockfiles.options.inferred_options import infer_pip_compile_options, infer_uv_options
from depcheck.core.model.errors import LockfileError


def parsed(command, era=">=6.11"):
    words = shlex.split(command)
    return parse_compile_command(
        Header(compiler="uv" if words[0] == "uv" else "pip-tools", writer_versions=era, argv=tuple(words))
    )


def test_every_option_of_the_real_tools_is_known():
    """Know each option that the installed pip-compile and uv list.

    With or without a value.
    """
    helps = {
        (sys.executable, "-m", "piptools", "compile", "--help"): pip_compile.PIP_COMPILE_OPTIONS,
        (find_uv_bin(), "--no-config", "pip", "compile", "--help"): uv.UV_OPTIONS,
    }
    for command, table in helps.items():
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        listed = re.findall(r"^ {2,6}(?:(-\w), )?(--[\w-]+)(?: / (--[\w-]+))?( <| [A-Z]+\b| \[)?", text, re.MULTILINE)
        assert len(listed) > 40
        for short, long, opposite, value in listed:
            names = [name for name in (short, long, opposite) if name]
            assert not [name for name in names if name not in table], names
            assert table[long].takes_value == bool(value), long


def test_pip_compile_options_are_kept_in_their_order():
    """Turn long, short, joined and combined spellings into complete long arguments.

    The rest has its own place.
    """
    command = parsed(
        "pip-compile -Uqp --extra dev --extra=test -c base.txt -oout.txt -P 'django<5' -P flask a.in -- -b.in"
    )
    assert command.options == ("--pre", "--extra=dev", "--extra=test", "--constraint=base.txt")
    assert command.upgrade_options == ("--upgrade-package=django<5",)
    assert (command.sources, command.output, command.constraints) == (("a.in", "-b.in"), "out.txt", ("base.txt",))


def test_uv_options_are_kept_in_their_order():
    """The raw words of uv are read, and tell the Python."""
    command = parsed(
        "uv pip compile a.in -o a.txt --universal -p 3.9 --no-emit-package pip --group dev --exclude-newer 2025-01-01 -U"
    )
    assert command.options == ("--universal", "--no-emit-package=pip", "--group=dev", "--exclude-newer=2025-01-01")
    assert (command.python, command.sources) == ("3.9", ("a.in",))
    assert parsed("uv pip compile --python-version 3.10.2 a.in").python == "3.10"
    assert parsed("uv pip compile --python /opt/py3.8/bin/python3.12 a.in").python == "3.12"
    assert parsed("uv pip compile --python /opt/py3.8/bin/python a.in").python == ""


def test_indexes_are_told_apart_from_options():
    """Indexes are for the local index to ask, never for the compiler."""
    command = parsed("pip-compile -i https://a.example/simple --extra-index-url=https://b.example a.in")
    assert (command.options, command.index_url) == ((), "https://a.example/simple")
    assert command.extra_index_urls == ("https://b.example",)
    assert parsed("uv pip compile --index ours=https://b.example a.in").extra_index_urls == ("https://b.example",)


@pytest.mark.parametrize(
    "command",
    [
        "pip-compile '--$(touch x)' a.in",
        "pip-compile --output-file=/etc/cron.d/x a.in",
        "pip-compile -o ~/x a.in",
        "pip-compile a.in /etc/passwd",
        "pip-compile https://example.org/requirements.in",
        "pip-compile -",
        "pip-compile --config=/etc/x.toml a.in",
        "pip-compile --find-links=C:\\wheels a.in",
        "pip-compile -c file:///etc/passwd a.in",
        "pip-compile --find-links=file:///etc a.in",
        "pip-compile --find-links=/srv a.in",
        "pip-compile --index-url=file:///srv a.in",
        "pip-compile --pip-args='--log=/etc/x' a.in",
        "pip-compile --pip-args='--python /bin/sh' a.in",
        "pip-compile --pip-args='-c /etc/passwd' a.in",
        "pip-compile --pip-args='--retries $(id)' a.in",
        'pip-compile --pip-args="\'" a.in',
        "pip-compile --upgrade=yes a.in",
        "pip-compile a.in --extra",
        "pip-compile --stripextras a.in",
        "pip-compile --help",
        "uv pip compile --directory /tmp a.in",
        "uv pip compile --format pylock.toml a.in",
        "uv pip compile --config-file /etc/uv.toml a.in",
        "uv pip compile --group /etc/x:dev",
        "uv pip compile --torch-backend auto a.in",
        "pip-compile 'a\x1b.in'",
        "pip-compile --extra='\x1b[31m' a.in",
    ],
)
def test_hostile_and_unknown_commands_are_refused(command):
    """Refuse unknown options and outside paths with a reason."""
    with pytest.raises(LockfileError, match=r"(?s)header.*\.$"):
        parsed(command)


def test_an_unknown_option_is_named_with_its_nearest():
    """A typing error is told with what it may have meant."""
    with pytest.raises(LockfileError, match=r"--stripextras.*--strip-extras"):
        parsed("pip-compile --stripextras a.in")


@pytest.mark.parametrize(
    "command", ["pip-compile ../../a.in", "pip-compile -o ../../x.txt a.in", "pip-compile -c ../../c a.in"]
)
def test_paths_may_go_up_but_not_out(command):
    """`..` is fine within the repository, and refused where it leaves it."""
    check_command_paths(parsed(command), "one/two")
    with pytest.raises(LockfileError, match="outside of the repository"):
        check_command_paths(parsed(command), "one")


def test_wrong_headers_are_righted():
    """Options that old tools wrote unasked, or spelled otherwise, do no harm."""
    assert parsed("pip-compile --config=pyproject.toml a.in").options == ()
    unasked = parsed("pip-compile --cert=None --client-cert=None --index-url=None --pip-args=None --strip-extras")
    assert (unasked.options, unasked.index_url) == (("--strip-extras",), "")
    assert parsed("pip-compile --config=ours.toml a.in").config == "ours.toml"
    assert parsed("pip-compile --no-index a.in").options == ()
    assert parsed("pip-compile --no-index --find-links=wheels a.in").options == ("--no-index", "--find-links=wheels")
    assert parsed("pip-compile --no-index a.in", era="<1.6.1").options == ("--no-emit-index-url",)


def test_what_pip_may_be_told_is_kept():
    """Harmless pip arguments stay, those of one run or one machine go."""
    assert parsed("pip-compile --pip-args='--retries 3 --cache-dir=/x -q --use-pep517' a.in").options == (
        "--pip-args=--retries 3 --use-pep517",
    )
    assert parsed("pip-compile --pip-args='--no-cache-dir' a.in").options == ()


def test_versions_of_pip_tools_know_their_options():
    """An option is given only to a pip-tools that has it."""
    assert is_supported_option("--no-strip-extras", "7.3.0")
    assert not is_supported_option("--no-strip-extras", "7.2.0")
    assert is_supported_option("--strip-extras", "6.2.0")
    assert is_supported_option("--uploaded-prior-to=2026-01-01", "7.6.0")
    assert not is_supported_option("--uploaded-prior-to=2026-01-01", "7.5.3")
    assert not is_supported_option("--no-allow-unsafe", "5.4.0")
    assert not is_supported_option("--unheard-of", "7.6.2")


@given(st.lists(st.text(max_size=12) | st.sampled_from([*pip_compile.PIP_COMPILE_OPTIONS, *uv.UV_OPTIONS]), max_size=6))
def test_any_words_are_read_or_refused(words):
    """Raise nothing but LockfileError, and pass only options of the tables."""
    for compiler, head, table in (
        ("pip-tools", ("pip-compile",), pip_compile.PIP_COMPILE_OPTIONS),
        ("uv", ("uv", "pip", "compile"), uv.UV_OPTIONS),
    ):
        try:
            command = parse_compile_command(Header(compiler=compiler, argv=(*head, *words)))
        except LockfileError:
            continue
        kept = {option.partition("=")[0] for option in command.options}
        assert all(table[name].treatment is not Treatment.DROP for name in kept)
        assert not any(source.startswith("/") for source in command.sources)


OLD = Header(compiler="pip-tools", writer_versions=">=1.6.1,<6.2", argv=("pip-compile",))
HASHED = f"--hash=sha256:{'0' * 64}\n"
WITH = Header(compiler="pip-tools", writer_versions=">=6.11", argv=("pip-compile",))
WITHOUT = Header(compiler="pip-tools", writer_versions=">=6.11", is_custom=True)


@pytest.mark.parametrize(
    ("header", "text", "given", "configured", "options"),
    [
        (WITH, "a==1\n", (), (), ("--no-allow-unsafe", "--no-strip-extras")),
        (WITH, "pip==1\n", (), (), ("--allow-unsafe", "--no-strip-extras")),
        (WITH, "pip==1\n", ("--unsafe-package=a", "--strip-extras"), (), ("--no-allow-unsafe",)),
        (WITH, "A.b==1\n", ("--unsafe-package=a_b", "--strip-extras"), (), ("--allow-unsafe",)),
        (WITH, "pip==1\n\n# The following packages are considered to be unsafe in a requirements file:\n# a\n", (), (),
         ("--no-allow-unsafe", "--no-strip-extras")),
        (WITH, "a==1\n", ("--allow-unsafe", "--strip-extras"), (), ()),
        (WITH, "a==1\n", (), ("allow_unsafe", "strip-extras"), ()),
        (WITHOUT, "a==1\n", (), (), ("--no-allow-unsafe", "--strip-extras", "--no-annotate")),
        (WITHOUT, "a[x]==1  # via b\n", (), (), ("--no-allow-unsafe", "--no-strip-extras", "--annotation-style=line")),
        (WITHOUT, f"a==1 --hash=sha256:{'0' * 64}\n    # via b\n", (), ("annotation-style",),
         ("--no-allow-unsafe", "--strip-extras", "--generate-hashes")),
        (Header(), "a==1\n    # via b\n", (), (), ("--no-allow-unsafe", "--strip-extras", "--no-header")),
        (OLD, "a==1  # via b\n", (), (),
         ("--no-allow-unsafe", "--no-strip-extras", "--annotation-style=line")),
        (OLD, f"a==1 {HASHED}b==1 \\\n    {HASHED}    # via a\n", (), (),
         ("--no-allow-unsafe", "--no-strip-extras", "--annotation-style=line")),
        (OLD, f"a==1 {HASHED}    # via -r a.in\nb==1 {HASHED}    # via a\n", (), (),
         ("--no-allow-unsafe", "--no-strip-extras")),
        (OLD, f"c==1\na==1 {HASHED}    # via\n    #   b\n    #   c\n", (), (), ("--no-allow-unsafe", "--no-strip-extras")),
        (WITH, ("pip==1\n\n# The following packages are commented out because they are\n"
         "# considered to be unsafe in a requirements file:\n# a\n"), (), (), ("--no-allow-unsafe", "--no-strip-extras")),
    ],
)  # fmt: skip
def test_the_text_shows_what_the_header_leaves_out(header, text, given, configured, options):
    """State defaults that differ among versions unless something decides them.

    The command or the configuration may.
    """
    assert infer_pip_compile_options(header, parse_lockfile(text), given, configured) == options


def test_uv_shows_all_unless_the_command_is_ours():
    """Nothing is inferred where uv's header has its command."""
    assert infer_uv_options(Header(compiler="uv", argv=("uv",)), parse_lockfile("a==1\n")) == ()
    assert infer_uv_options(Header(compiler="uv"), parse_lockfile("a[x]==1\n")) == (
        "--no-strip-extras",
        "--no-annotate",
    )
