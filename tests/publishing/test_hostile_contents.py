"""Proposed lockfiles may change pins, hashes and annotations alone."""

import posixpath
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stories import HEAD, OLD, SAFE

from depcheck.core.model.report_json import ReportError
from depcheck.publishing.validate_lockfile import check_lockfile_content

SHA = f"    --hash=sha256:{'a' * 64}"
PRIVATE = f"{HEAD}--index-url https://pypi.example/simple\n--only-binary :all:\n\n"
BASES = (
    OLD,
    f"{PRIVATE}-e git+https://git.example/x#egg=x\nb @ https://files.example/b.whl\nsix==1.0\n    # via b\n",
    f"{PRIVATE}kombu==4.1.0 ; python_version < '3.9' \\\n{SHA}\n    # via celery\nsix==1.0 \\\n{SHA}\n# by hand: keep\n",
    "# no header\r\nsix==1.0\r\n# via us\r\n",
)
HOSTILE = (
    "-e ./evil", "--index-url https://evil.example/simple", "--extra-index-url https://evil.example", "-f https://evil.example", "--pre", "-r x", "-c x", "evil @ https://evil.example/x.whl",
    "./x.whl", "https://evil.example/x-1.tar.gz", "git+https://evil.example/x", "six==2 --global-option=x", "six==2 --hash=md5:00", "six==2 --hash=sha256:00", "six==2 junk", "six", "six>=1", "six==1.*",
    "six==2 \\", "# via x \\", "#    pip-compile --index-url https://evil.example x.in", "# https://evil.example", "# ::error::x", "\u202e", "\u2028-e x", "\x85-e x", "\r-e x", "\x00", "\x0c-e x", "s\u0456x==1", "six==${TOKEN}",
    "six==1 ; os_name == '${TOKEN}'", "six==1;os_name=='x'", "six [a] == 2", "--only-binary :none:", "x==1#egg=y", "-e git+https://git.example/x#egg=x --config-settings=a=b", "b @ https://files.example/b.whl ; os_name=='nt'",
)  # fmt: skip
PIN = re.compile(r"[A-Za-z0-9][\w.-]*(?:\[[\w., -]*\])?={2,3}[\w.+!-]+(?:;.*)?", re.ASCII)
HASH = re.compile(r"--hash[=\s]sha(?:256:[0-9a-fA-F]{64}|384:[0-9a-fA-F]{96}|512:[0-9a-fA-F]{128})")


@st.composite
def proposals(draw):
    """Draw a base and a text with changed lines and characters.

    Lines put in, taken out, doubled, swapped.
    """
    base = draw(st.sampled_from(BASES))
    lines = base.splitlines(keepends=True)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1)) if lines else 0
        line = draw(st.sampled_from(HOSTILE) | st.text(max_size=20)) + draw(
            st.sampled_from(["\n", "\r\n", "", " \\\n"])
        )
        match draw(st.sampled_from(["put", "put", "take", "join", "twist", "twice"])):
            case "put":
                lines.insert(at, line)
            case "take" if lines:
                lines.pop(at)
            case "join" if lines:
                lines[at] = lines[at].rstrip("\r\n") + draw(st.sampled_from(["", " ", " #", " \\\n"])) + line
            case "twist" if lines:
                cut = draw(st.integers(0, len(lines[at])))
                lines[at] = lines[at][:cut] + draw(st.characters(codec="utf-8")) + lines[at][cut + 1 :]
            case "twice" if lines:
                lines.insert(at, lines[at])
    return base, "".join(lines)


def kinds(text):
    """Classify each line by every known line end."""
    for line in text.splitlines():
        bare = line.strip().removesuffix("\\").strip()
        words = re.sub(r"\s", "", HASH.sub("", bare.split(" #")[0].split("\t#")[0]))
        if not bare or bare.startswith("#"):
            yield ("comment", bare)
        elif not words or PIN.fullmatch(words):
            yield ("pin", bare)
        else:
            yield ("other", bare)


@settings(max_examples=300)
@given(proposals())
def test_only_pins_hashes_and_annotations_change(proposal):
    """Pass only texts with the same other lines in order.

    A law; no comment but annotations.
    """
    base, text = proposal
    try:
        check_lockfile_content("requirements.txt", base, text)
    except ReportError:
        return
    before, after = list(kinds(base)), list(kinds(text))
    others = [line for kind, line in before if kind == "other"]
    kept = [line for kind, line in after if kind == "other"]
    assert set(kept) <= set(others)
    assert [line for line in kept if line.startswith("--")] == [line for line in others if line.startswith("--")]
    remarks = {line for kind, line in before if kind == "comment"}
    for line in (line for kind, line in after if kind == "comment" and line and line not in remarks):
        assert re.match(r"#(?: ?via|   ?| \w|$)", line)
        assert line.isprintable()
        assert "://" not in line
    assert text.startswith(HEAD) == base.startswith(HEAD)


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("line", HOSTILE[:25])
def test_nothing_hostile_is_added(base, line):
    """Each trick, on each kind of lockfile, at its end."""
    with pytest.raises(ReportError, match=r"nothing of it is published|does not read as a lockfile"):
        check_lockfile_content("requirements.txt", base, f"{base}{line}\n")


@pytest.mark.parametrize(
    ("base", "text"),
    [
        (BASES[1], BASES[1].replace("--index-url https://pypi.example/simple\n", "")),
        (BASES[1], BASES[1].replace("--only-binary :all:\n", "")),
        (BASES[1], BASES[1].replace("b.whl\n", "b.whl --config-settings=a=b\n")),
        (BASES[2], BASES[2].replace(f" \\\n{SHA}\n# by", "\n# by").replace("six==1.0", "six==1.1")),
        (BASES[2], BASES[2].replace(f"six==1.0 \\\n{SHA}", "six==1.0")),
        (OLD, OLD.replace("pip-compile requirements.in", "pip-compile --index-url=https://evil.example x.in")),
        (OLD, OLD.replace(HEAD, "")),
        (OLD, OLD.replace("# via celery", "# via celery https://evil.example")),
    ],
)  # fmt: skip
def test_what_protects_is_not_taken_away(base, text):
    """Indexes, restrictions, hashes and the header's command stay as they are."""
    with pytest.raises(ReportError, match="nothing of it is published"):
        check_lockfile_content("requirements.txt", base, text)


@pytest.mark.parametrize(
    ("base", "text"),
    [
        (OLD, SAFE),
        (OLD, OLD.replace("\n", "\r\n")),
        (BASES[1], BASES[1].replace("six==1.0", "six[x]==1.1.post1 ; python_version >= '3.9' and extra == 'a'")),
        (BASES[2], BASES[2].replace("six==1.0", "vine==5 \\\n" + SHA.replace("a" * 64, "b" * 64) + "\nsix==1.1").replace("via celery", "via\n    #   celery\n    #   -r x.in")),
        (BASES[3], BASES[3].replace("1.0", "1.1+local")),
        (OLD, OLD + "\n# The following packages are considered to be unsafe in a requirements file:\n# setuptools\n"),
    ],
)  # fmt: skip
def test_what_compilers_write_is_let_through(base, text):
    """Pass whatever compilers write.

    Pins of all forms, hashes, annotations of all styles, line ends, and their own sentences.
    """
    check_lockfile_content("requirements.txt", base, text)


NEW = HEAD + "six==1.11.0\n    # via -r requirements.in\n"


@pytest.mark.parametrize(
    "text",
    [
        NEW.replace("pip-compile req", "pip-compile --index-url=https://evil.example req"),
        NEW.replace("pip-compile req", "pip-compile --find-links=https://evil.example req"),
        NEW.replace("pip-compile req", "pip-compile --pip-args='--pre' req"),
        NEW.replace("pip-compile req", "pip-compile -c ../x.txt req"),
        NEW.replace("pip-compile req", "pip-compile other.in req"),
        NEW.replace("pip-compile req", "make x req"),
        NEW.replace("six", "--index-url https://evil.example\nsix"),
        NEW.replace("six==", "six @ https://evil.example/"),
        HEAD,
        "",
    ],
)
def test_a_new_lockfile_holds_pins_only(text):
    """Pass new lockfiles that hold pins of the index only.

    From their own sources, by a plain command.
    """
    check_lockfile_content("requirements.txt", None, NEW, ("requirements.in",))
    with pytest.raises(ReportError):
        check_lockfile_content("requirements.txt", None, text, ("requirements.in",))


@pytest.mark.parametrize(
    ("path", "editable", "allowed"),
    [
        ("requirements.txt", "-e .", True),
        ("requirements.txt", "-e ./libs/one", True),
        ("reqs/dev.txt", "-e ..", True),
        ("requirements.txt", "-e ..", False),
        ("requirements.txt", "-e ./libs/../../other", False),
        ("reqs/dev.txt", "-e ../..", False),
        ("reqs/dev.txt", "-e ../libs/one", True),
        ("requirements.txt", "-e ./link/../one", False),
        ("reqs/deep/dev.txt", "-e ../..", True),
        ("requirements.txt", "-e /home/me/project", False),
        ("requirements.txt", "-e file:///home/me/project", False),
        ("requirements.txt", "-e . --config-settings=a=b", False),
        ("requirements.txt", "-e .#egg=x", False),
        ("requirements.txt", "-e git+https://evil.example/x#egg=x", False),
    ],
)
def test_a_new_lockfile_may_hold_the_repositorys_own_folders(path, editable, allowed):
    """Pass a new lockfile's folders that its source names.

    By `-e .`; no folder outside, nothing behind it, and never where a lockfile stands.
    """
    source = f"{posixpath.splitext(path)[0]}.in"
    text = NEW.replace("requirements.in", posixpath.basename(source)).replace("six==", f"{editable}\nsix==", 1)
    if allowed:
        check_lockfile_content(path, None, text, (source,))
    else:
        with pytest.raises(ReportError):
            check_lockfile_content(path, None, text, (source,))
    with pytest.raises(ReportError):
        check_lockfile_content(path, NEW, text, (source,))
