"""Lockfiles survive parsing to the byte, or raise LockfileError."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import default_environment
from packaging.version import Version

from depcheck.core.lockfiles.formats.known_formats import parse_lockfile
from depcheck.core.lockfiles.lockfile_parser import merge_header_and_body
from depcheck.core.model.errors import LockfileError

sys.path.insert(0, str(Path(__file__).parent))
from lockfile_texts import HEADER, HEADERS, lockfiles

HERE = dict(default_environment()) | {
    "python_version": "3.11",
    "python_full_version": "3.11.7",
    "sys_platform": "linux",
}
HASH = "sha256:" + "0" * 64


@given(lockfiles(), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
def test_every_text_comes_back_to_the_byte(generated, newline, bom, final_newline):
    """Keep line ends, byte order mark, last line and comments."""
    text = ("\ufeff" if bom else "") + generated[0].replace("\n", newline)
    text = text if final_newline else text.removesuffix(newline)
    assert parse_lockfile(text).text == text


@given(lockfiles())
def test_entries_say_what_was_written(generated):
    """Read name, version, extras, marker, hashes and requirers in every style."""
    text, wanted = generated
    found = [entry.pin for entry in parse_lockfile(text).entries]
    assert [pin.name for pin in found] == [entry["name"] for entry in wanted]
    for pin, entry in zip(found, wanted, strict=True):
        assert pin.version == (Version(entry["version"]) if entry["version"] else None)
        assert pin.reference == entry["reference"].format(entry["name"])
        assert pin.extras == frozenset(entry["extras"])
        assert bool(pin.marker) == bool(entry["marker"])
        assert pin.hashes == frozenset(entry["hashes"])
        assert pin.requirers == tuple(entry["via"])


@given(lockfiles(), st.sampled_from(["\n", "\r\n"]))
def test_the_parts_printed_one_by_one_are_the_text(generated, newline):
    """Parse printed entries to the same values, leaving no line out."""
    parsed = parse_lockfile(generated[0].replace("\n", newline))
    printed = parsed.header + "".join(part if isinstance(part, str) else part.text for part in parsed.parts)
    again = parse_lockfile(printed)
    assert (again, again.text) == (parsed, printed)
    lines = [entry.line for entry in parsed.entries]
    assert lines == sorted(set(lines))
    for entry in parsed.entries:
        assert parsed.text.split(newline)[entry.line - 1] == entry.text.split(newline)[0]


@given(lockfiles())
def test_parsing_twice_gives_the_same(generated):
    """Parse, print, parse: nothing is lost on the way."""
    parsed = parse_lockfile(generated[0])
    assert parse_lockfile(parsed.text) == parsed


@given(st.text() | st.text("a=1.\\\n #-\r;[]@:/\"'(<>&|", max_size=80))
def test_any_text_parses_or_is_refused(text):
    """No text whatever raises anything but LockfileError."""
    try:
        parsed = parse_lockfile(text)
    except LockfileError:
        return
    assert parsed.text == text


@given(lockfiles(), lockfiles())
def test_a_committed_header_stays_over_any_new_body(committed, compiled):
    """Put the committed header over compiled entries, in the committed line ends."""
    old, new = parse_lockfile(committed[0].replace("\n", "\r\n")), parse_lockfile(compiled[0])
    merged = parse_lockfile(merge_header_and_body(header_of=old, body_of=new))
    if "\r\n" in old.text:
        assert merged.header == old.header
        assert "\n" not in merged.text.replace("\r\n", "")
    assert [entry.pin for entry in merged.entries] == [entry.pin for entry in new.entries]


@given(lockfiles())
def test_a_lockfile_over_itself_is_itself(generated):
    """Where the compiler wrote what is committed, nothing changes."""
    parsed = parse_lockfile(generated[0])
    assert merge_header_and_body(header_of=parsed, body_of=parsed) == parsed.text


def test_committed_indexes_replace_compiled_ones():
    """Keep the address of the compile's index out of the proposal."""
    committed = parse_lockfile(HEADER + "--index-url https://corp.example/simple\n\na==1\n")
    compiled = parse_lockfile(HEADER + "--index-url http://127.0.0.1:1234/simple\n--trusted-host 127.0.0.1\n\na==2\n")
    assert (
        merge_header_and_body(header_of=committed, body_of=compiled)
        == HEADER + "--index-url https://corp.example/simple\n\na==2\n"
    )


@pytest.mark.parametrize(
    ("line", "name", "reference"),
    [
        ("a @ https://example.org/a-1.tar.gz", "a", "a @ https://example.org/a-1.tar.gz"),
        ("-e git+https://example.org/a.git@abc#egg=a_b", "a-b", "-e git+https://example.org/a.git@abc#egg=a_b"),
        ("git+ssh://git@example.org/a.git@abc#egg=a&subdirectory=x", "a", None),
        ("https://example.org/Some_Thing-1.0-py3-none-any.whl", "some-thing", None),
        ("-e .", ".", "-e ."),
        ("./vendored/thing-2.0.tar.gz", "thing", None),
        ("pytz==2004d$x", None, None),
        ("pytz==2004d.x", "pytz", "pytz==2004d.x"),
    ],
)
def test_references_are_kept_as_written(line, name, reference):
    """Leave URLs, VCS, editables, paths and odd versions as written.

    With the name, where there is one.
    """
    if name is None:
        with pytest.raises(LockfileError):
            parse_lockfile(line + "\n")
        return
    (entry,) = parse_lockfile(line + "\n").entries
    assert (entry.pin.name, entry.pin.version) == (name, None)
    assert entry.pin.reference == (reference or line)


def test_arbitrary_equality_is_a_pin():
    """`===` pins as well as `==`."""
    assert parse_lockfile("a===1.0\n").entries[0].pin.version == Version("1.0")


@pytest.mark.parametrize("line", ["a>=1", "a", "a==1.*", "a==1,<2", "a=1", "--install-scripts=/x a==1", "a==1 b==2"])
def test_what_is_not_pinned_is_refused_with_its_line(line):
    """A lockfile with a loose line is an error that says where."""
    with pytest.raises(LockfileError, match="Line 3"):
        parse_lockfile(f"# a comment\nb==1\n{line}\n")


@pytest.mark.parametrize("odd", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\r", "\x00"])
def test_hidden_line_ends_are_refused(odd):
    """Refuse characters that end a line for pip but not editors.

    They could hide a requirement in a comment.
    """
    with pytest.raises(LockfileError, match="Line 2"):
        parse_lockfile(f"a==1\n# harmless{odd}evil==1\n")


def test_old_annotations_are_read():
    """Read annotations of pip-tools before 5.5.

    Beside the pin, or below a trailing backslash where there were hashes.
    """
    text = f"amqp==2.5.2 \\\n    --hash={HASH} \\\n    # via kombu\nkombu==4.6              # via celery, x\n"
    assert [entry.pin.requirers for entry in parse_lockfile(text).entries] == [("kombu",), ("celery", "x")]


def test_the_index_annotation_of_uv_is_no_requirer():
    """`# from <index>` ends the list of requirers."""
    text = "a==1\n    # via\n    #   b\n    #   c\n    # from https://pypi.org/simple\n"
    assert parse_lockfile(text).entries[0].pin.requirers == ("b", "c")


def test_option_lines_are_found_wherever_they_stand():
    """Options and includes are read without comments."""
    parsed = parse_lockfile("-i https://example.org/simple  # ours\na==1\n-r base.txt\n-cother.txt\n")
    assert parsed.options == ("-i https://example.org/simple", "-r base.txt", "-cother.txt")
    assert parsed.includes == ("base.txt", "other.txt")


def test_markers_choose_for_the_target():
    """Only pins whose markers hold for the target count."""
    parsed = parse_lockfile('a==1 ; python_version < "3.9"\na==2 ; python_version >= "3.9"\nb==1\n')
    assert str(parsed.select_pins(HERE)["a"].version) == "2"
    assert str(parsed.select_pins(HERE | {"python_version": "3.8"})["a"].version) == "1"


def test_two_pins_for_one_target_are_refused():
    """Two versions that hold at once are an error, not a choice."""
    with pytest.raises(LockfileError, match="Line 2"):
        parse_lockfile("a==1\na==2\n").select_pins(HERE)


def test_same_version_twice_joins_its_extras():
    """The same version stated twice is one pin."""
    assert parse_lockfile("a[x]==1\na[y]==1\n").select_pins(HERE)["a"].extras == {"x", "y"}


@pytest.mark.parametrize("era", HEADERS)
def test_the_header_ends_where_its_writer_ended_it(era):
    """People's comments below a header belong to the body."""
    head = HEADERS[era]
    parsed = parse_lockfile(f"{head}\n# ours\na==1\n")
    assert parsed.header == head


def test_hostile_sizes_are_read_in_time():
    """Read or refuse blanks, markers and digits of hostile length quickly."""
    for text in (
        " " * 500_000,
        f"a==1 ; {'(' * 5_000}",
        f"a=={'1' * 10_000}",
        f"a==1{' ' * 300_000}#",
        "a" * 300_000,
        "\n" * 8_000_000,
    ):
        try:
            parse_lockfile(text)
        except LockfileError:
            continue


def test_incidents_parse_to_the_byte():
    """Every lockfile of the known incidents is read whole."""
    folder = incidents()
    for path in sorted(folder.glob("*/good.txt")):
        text = path.read_text()
        assert parse_lockfile(text).text == text


def incidents() -> Path:
    folder = Path(os.environ.get("DEPCHECK_INCIDENTS", Path(__file__).parents[3] / "shared" / "incidents"))
    if not folder.is_dir():
        pytest.skip("the incidents are not beside this checkout; name their folder with DEPCHECK_INCIDENTS")
    return folder
