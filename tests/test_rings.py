"""What the process that starts others keeps to itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depcheck.wiring import checker_process
from depcheck.wiring.checker_process import INDEX_URL_VARIABLE, hide_index_credentials

SECRET = "QQs3cr3tQQ"
OPTIONS = st.sampled_from(["--index-url", "--extra-index-url"])
HOSTS = st.sampled_from(["h.example", "h.example:8080", "[::1]:80"])


@given(
    OPTIONS,
    HOSTS,
    st.booleans(),
    st.text("ab:@%", max_size=6),
    st.lists(st.sampled_from(["check", "--quiet", "--test=a@b"]), max_size=3),
)
def test_no_command_line_shows_the_credentials_of_an_index(option, host, joined, more, others):
    """Move index credentials from words into the variable.

    A law, whatever their form. Nothing else changes.
    """
    url, bare = f"https://me:{SECRET}{more}@{host}/simple", f"https://{host}/simple"
    words, environ = hide_index_credentials([*others, *([f"{option}={url}"] if joined else [option, url])], {"A": "b"})
    assert words == [*others, *([f"{option}={bare}"] if joined else [option, bare])]
    assert environ == {"A": "b", INDEX_URL_VARIABLE: url}


def test_what_holds_no_secret_stays():
    """Leave words without secrets as they are.

    Variables in a URL, URLs without credentials, other options, and what stood in the variable before.
    """
    words = [
        "--index-url",
        "https://${USER}:${TOKEN}@h.example/",
        "--extra-index-url=https://g.example/@x",
        "--smoke",
        "curl https://a:b@c",
    ]
    assert hide_index_credentials(words, {INDEX_URL_VARIABLE: "https://x:y@z/"}) == (
        words,
        {INDEX_URL_VARIABLE: "https://x:y@z/"},
    )


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="only Linux has such memory")
def test_the_first_environment_holds_no_secret():
    """Hide secrets of the first environment from /proc.

    The program sees every variable as it was.
    """
    odd = "a=b\n\udcff" + "x" * 100_000
    code = (
        "import os, sys; from depcheck.wiring.checker_process import restart_with_hidden_environ; restart_with_hidden_environ(os.environ)\n"
        "print(sys.argv[1:], os.environ['INPUT_TOKEN'], os.environ['ODD'] == os.environ['AGAIN'])\n"
        "print(open('/proc/self/environ').read().count('\\0'), os.listdir('/proc/self/fd'), sorted(os.environ))\n"
        "print(open('/proc/self/environ').read())\n"
    )
    given = {"PATH": os.environ["PATH"], "INPUT_TOKEN": SECRET, "ODD": odd, "AGAIN": odd}
    command = [sys.executable, "-c", code, "a", "b c"]
    ran = subprocess.run(
        command, env=given, capture_output=True, text=True, check=True, cwd=Path(checker_process.__file__).parents[1]
    )
    first, second, *shown = ran.stdout.splitlines()
    assert first == f"['a', 'b c'] {SECRET} True"
    assert "['AGAIN', 'INPUT_TOKEN', 'ODD', 'PATH']" in second.replace("'LC_CTYPE', ", "")
    assert SECRET not in "".join(shown)
    assert "DEPCHECK_VARIABLES" in "".join(shown)
