"""Secrets are masked by value in each form, tokens by shape."""

from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depcheck.core.text.secret_values import find_secret_values, make_secret_masker
from depcheck.core.text.terminal_safe import redact_secrets

SECRET = "p@ss/w?rd >é+ü~"


@pytest.mark.parametrize(
    "form",
    [SECRET, quote(SECRET), quote(SECRET, safe=""), quote_plus(SECRET), quote(SECRET, safe="").lower()],
    ids=range(5),
)
def test_a_secret_is_masked_however_it_is_quoted(form):
    """Mask the value itself and what a URL makes of it."""
    assert make_secret_masker({SECRET}).mask_text(f"https://x:{form}@host") == "https://x:***@host"


@given(st.binary(max_size=5), st.binary(max_size=5), st.text(min_size=8, max_size=30).filter(str.isprintable))
def test_a_secret_is_masked_within_base64(before, after, secret):
    """Leave at most what its neighbours decide, wherever it begins."""
    for encode in (b64encode, urlsafe_b64encode):
        text = encode(before + secret.encode() + after).decode()
        masked = make_secret_masker({secret}).mask_text(text)
        assert "***" in masked
        assert len(masked) <= 3 + len(encode(before)) + len(encode(after)) + 4


def test_structures_keep_what_is_committed():
    """Mask all texts of a report but the files that it proposes."""
    masked = make_secret_masker({"hunter22"}).mask_values(
        {"a": ["hunter22"], "files": {"r.txt": "hunter22"}}, frozenset({"files"})
    )
    assert masked == {"a": ["***"], "files": {"r.txt": "hunter22"}}


def test_variables_say_what_is_secret():
    """Find passwords of indexes and databases, and names that say so."""
    environ = {
        "PIP_EXTRA_INDEX_URL": "https://me:in%40dex@x.example/simple",
        "DATABASE_URL": "postgres://u:data@db/x",
        "API_TOKEN": "tokened",
        "COLOUR": "green",
        "UNASKED_SECRET": "unasked",
    }
    assert find_secret_values(environ, ["DATABASE_URL", "API_TOKEN", "COLOUR"]) == {"in@dex", "data", "tokened"}


@pytest.mark.parametrize(
    "token",
    [
        f"ghs_{'a' * 36}",
        f"ghs_123456_eyJ{'a' * 180}.{'b-_' * 60}.{'c' * 100}",
        f"x_eyJ{'a' * 20}.{'b' * 20}.{'c' * 20}",
    ],
)
def test_tokens_of_github_are_known_by_their_shape(token):
    """Mask old and new tokens whole."""
    masked = redact_secrets(f"fatal: {token} was refused")
    assert masked.endswith(" was refused")
    assert not set("abc") & set(masked.removeprefix("fatal: x_").removesuffix(" was refused").removeprefix("fatal: "))
