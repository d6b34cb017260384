"""What the process that starts others keeps to itself."""

from hypothesis import given
from hypothesis import strategies as st

from depcheck.rings import INDEX_URLS, veiled

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
    """Law: whatever their form, they are in the variable and not in the words; nothing else changes."""
    url, bare = f"https://me:{SECRET}{more}@{host}/simple", f"https://{host}/simple"
    words, environ = veiled([*others, *([f"{option}={url}"] if joined else [option, url])], {"A": "b"})
    assert words == [*others, *([f"{option}={bare}"] if joined else [option, bare])]
    assert environ == {"A": "b", INDEX_URLS: url}


def test_what_holds_no_secret_stays():
    """Variables in a URL, URLs without credentials, other options, and what stood in the variable before."""
    words = [
        "--index-url",
        "https://${USER}:${TOKEN}@h.example/",
        "--extra-index-url=https://g.example/@x",
        "--smoke",
        "curl https://a:b@c",
    ]
    assert veiled(words, {INDEX_URLS: "https://x:y@z/"}) == (words, {INDEX_URLS: "https://x:y@z/"})
