"""Several indexes: merged as pip merges, credentials for their own host."""

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from depcheck.core.model.errors import UsageError
from depcheck.core.model.index_view import IndexView
from depcheck.index.server.local import LocalIndex
from depcheck.index.upstreams import Credentials, Upstream, read_keyring_credentials, resolve_upstreams

JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}
SECRET = "s3cr3t-p@ss"
BASIC = "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()


def _page(index: LocalIndex, project: str = "kombu") -> requests.Response:
    return requests.get(f"{index.get_index_url(IndexView())}{project}/", headers=JSON, timeout=10)


def _authorizations(server) -> set[str | None]:
    return {asked.headers["Authorization"] for asked in server.asked}


def test_files_of_all_indexes_are_seen_together(start, open_index) -> None:
    """List the union of all indexes, each file name once.

    With the first index's content.
    """
    first, second = start(), start(json=False)
    first.add_wheel("kombu", "4.1.0")
    first.add("kombu", "kombu-4.0.tar.gz", b"the first's")
    second.add("kombu", "kombu-4.0.tar.gz", b"the second's")
    second.add_wheel("kombu", "4.2.0")
    index = open_index(first, second)
    urls = {file["filename"]: file["url"] for file in _page(index).json()["files"]}
    assert sorted(urls) == ["kombu-4.0.tar.gz", "kombu-4.1.0-py3-none-any.whl", "kombu-4.2.0-py3-none-any.whl"]
    assert requests.get(urls["kombu-4.0.tar.gz"], timeout=5).content == b"the first's"
    assert requests.get(urls["kombu-4.2.0-py3-none-any.whl"], timeout=5).status_code == 200


def test_files_without_upload_times_are_visible_in_every_world(start, open_index) -> None:
    """Show files without upload times in every view."""
    upstream = start(json=False)
    upstream.add_wheel("kombu", "4.2.0")
    index = open_index(upstream)
    past = IndexView(uploaded_before=datetime(2001, 1, 1, tzinfo=UTC))
    assert len(requests.get(f"{index.get_index_url(past)}kombu/", headers=JSON, timeout=5).json()["files"]) == 1


def test_credentials_go_to_their_own_host_alone(start, open_index) -> None:
    """Send credentials to their own index and to no other."""
    private, public = start(), start()
    private.add_wheel("kombu", "4.1.0")
    public.add_wheel("kombu", "4.2.0")
    elsewhere = start()
    elsewhere.add_wheel("kombu", "4.3.0")
    private.pages["kombu"] += elsewhere.pages["kombu"]
    index = open_index(Upstream(private.url, Credentials("me", SECRET)), public)
    for file in _page(index).json()["files"]:
        assert requests.get(file["url"], timeout=5).status_code == 200
    assert _authorizations(private) == {BASIC}
    assert _authorizations(public) == {None}
    assert _authorizations(elsewhere) == {None}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_redirect_does_not_carry_credentials_away(start, open_index, host: str) -> None:
    """Send no credentials along a redirect to another port or host."""
    private, other = start(), start()
    path = private.add_wheel("kombu", "4.1.0")
    other.contents[path] = private.contents[path]
    target = f"http://{host}:{other.port}{path}"
    private.faults[path] = [lambda handler: private.respond(handler, 302, Location=target)]
    index = open_index(Upstream(private.url, Credentials("me", SECRET)))
    assert requests.get(_page(index).json()["files"][0]["url"], timeout=5).content == private.contents[path]
    assert _authorizations(private) == {BASIC}
    assert (len(other.asked), _authorizations(other)) == (1, {None})


def test_no_secret_is_ever_shown(start, open_index, tmp_path: Path, capfd) -> None:
    """Show no password in pages, answers, errors, output or cache."""
    server = start()
    server.add_wheel("kombu", "4.1.0")
    server.pages["kombu"][0]["url"] += "?signature=t0k3n"
    server.faults["/simple/vine/"] = [server.status(401)]
    server.faults["/simple/amqp/"] = [server.status(500)] * 9
    upstream = Upstream(f"http://me:{SECRET.replace('@', '%40')}@127.0.0.1:{server.port}/simple")
    index = open_index(upstream)
    shown = "".join(_page(index, name).text for name in ("kombu", "vine", "amqp"))
    url = _page(index).json()["files"][0]["url"]
    requests.get(url, timeout=5)
    said = shown + repr(upstream) + url + "".join(index.list_index_errors()) + "".join(capfd.readouterr())
    for path in (tmp_path / "cache").rglob("*"):
        said += str(path) + (path.read_text("latin-1") if path.is_file() else "")
    for secret in (SECRET, SECRET.replace("@", "%40"), BASIC.split()[1]):
        assert secret not in said
    assert "t0k3n" not in shown + url + "".join(index.list_index_errors())
    assert "Give credentials" in index.list_index_errors()[0]
    assert _authorizations(server) == {BASIC}


def test_netrc_is_used_for_its_host(start, open_index, tmp_path: Path) -> None:
    """Send netrc credentials to the host they are for.

    Without being named anywhere else.
    """
    server = start()
    server.add_wheel("kombu", "4.1.0")
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login me password {SECRET}\n")
    (tmp_path / "netrc").chmod(0o600)
    (found,) = resolve_upstreams([server.url], {"NETRC": str(tmp_path / "netrc")})
    assert _page(open_index(found)).status_code == 200
    assert _authorizations(server) == {BASIC}


def test_netrc_is_not_read_for_what_a_page_or_a_redirect_names(start, open_index, tmp_path: Path, monkeypatch) -> None:
    """Send no netrc credentials where a page or redirect leads."""
    public, private = start(), start()
    for variable, place in (("NETRC", tmp_path / "netrc"), ("HOME", tmp_path)):
        monkeypatch.setenv(variable, str(place))
    (tmp_path / "netrc").write_text(f"machine localhost login me password {SECRET}\n")
    path = private.add_wheel("kombu", "4.1.0")
    public.pages["kombu"] = [{**private.pages["kombu"][0], "url": f"http://localhost:{private.port}{path}"}]
    public.faults["/simple/vine/"] = [
        lambda h: public.respond(h, 302, Location=f"http://localhost:{private.port}/simple/vine/")
    ]
    (found,) = resolve_upstreams([public.url], {"NETRC": str(tmp_path / "netrc")})
    index = open_index(found)
    assert requests.get(_page(index).json()["files"][0]["url"], timeout=5).status_code == 200
    _page(index, "vine")
    assert (len(private.asked), _authorizations(private)) == (2, {None})


@pytest.mark.parametrize(
    ("url", "given"),
    [
        ("https://h.example/simple/", True),
        ("http://h.example/simple/", False),
        ("http://127.0.0.1:8080/simple/", True),
        ("http://[::1]/simple/", True),
        ("http://127.0.0.1.evil.example/", False),
        ("https://other.example/simple/", False),
    ],
)
def test_netrc_and_keyring_are_for_private_ways_only(url: str, tmp_path: Path, *, given: bool) -> None:
    """Use netrc and keyring on private connections only.

    A header can name any address of a host.
    """
    names = ("h.example", "127.0.0.1", "::1", "127.0.0.1.evil.example")
    (tmp_path / ".netrc").write_text("".join(f"machine {name} login me password {SECRET}\n" for name in names))
    (found,) = resolve_upstreams([url], {"HOME": str(tmp_path)})
    assert (found.credentials == Credentials("me", SECRET)) is given


def test_a_broken_netrc_says_nothing(tmp_path: Path) -> None:
    """It is as if it were not there."""
    (tmp_path / ".netrc").write_bytes(b"machine \xff login")
    assert resolve_upstreams(["https://h.example/"], {"HOME": str(tmp_path)})[0].credentials is None


def test_the_keyring_is_asked_once_by_an_index_that_refuses(start, open_index) -> None:
    """Ask the keyring once after a 401, for that origin.

    With the index's URL.
    """
    private, elsewhere, asked = start(), start(), []
    private.add_wheel("kombu", "4.1.0")
    private.add_wheel("vine", "1.0")
    elsewhere.add_wheel("kombu", "4.2.0")
    private.pages["kombu"] += elsewhere.pages["kombu"]
    for page in ("kombu", "vine"):
        private.faults[f"/simple/{page}/"] = [_wants_credentials]

    def keyring(url: str, username: str) -> Credentials:
        asked.append((url, username))
        return Credentials("me", SECRET)

    index = open_index(private, keyring=keyring)
    files = _page(index).json()["files"]
    assert [requests.get(file["url"], timeout=5).status_code for file in files] == [200, 200]
    private.faults.clear()
    assert _page(index, "vine").status_code == 200
    assert asked == [(private.url, "")]
    assert {BASIC} == _authorizations(private) - {None}
    assert _authorizations(elsewhere) == {None}


def _wants_credentials(handler) -> None:
    handler.send_response(401)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def test_the_real_keyring_is_read_as_pip_reads_it() -> None:
    """Read the real keyring by URL, then by host.

    For the name in the URL; a keyring that fails holds nothing.
    """
    keyring = pytest.importorskip("keyring")
    from keyring.backend import KeyringBackend  # noqa: PLC0415
    from keyring.errors import KeyringLocked  # noqa: PLC0415

    class Kept(KeyringBackend):
        priority = 1

        def get_password(self, service, username):
            if service == "https://locked.example/":
                raise KeyringLocked
            return SECRET if (service, username) == ("h.example", "me") else None

        def set_password(self, service, username, password):
            raise NotImplementedError

        def get_credential(self, service, username):
            password = self.get_password(service, username or "me")
            return keyring.credentials.SimpleCredential("me", password) if password else None

    before = keyring.get_keyring()
    keyring.set_keyring(Kept())
    try:
        assert read_keyring_credentials("https://h.example/") == Credentials("me", SECRET)
        assert read_keyring_credentials("https://h.example/", "you") is None
        assert read_keyring_credentials("http://h.example/") is None
        assert read_keyring_credentials("https://locked.example/") is None
    finally:
        keyring.set_keyring(before)


def test_the_cache_is_the_owner_s_alone(start, open_index, tmp_path: Path) -> None:
    """Nobody else may enter the cache: it holds pages of private indexes."""
    server = start()
    server.add_wheel("kombu", "4.1.0")
    _page(open_index(server))
    folders = [tmp_path / "cache", *(path for path in (tmp_path / "cache").rglob("*") if path.is_dir())]
    assert {oct(folder.stat().st_mode & 0o777) for folder in folders} == {"0o700"}


@pytest.mark.parametrize(
    ("urls", "environ", "expected"),
    [
        ((), {}, [("https://pypi.org/simple/", None)]),
        (("https://me:x%40y@h.example/simple",), {}, [("https://h.example/simple/", ("me", "x@y"))]),
        (
            ("https://${NAME}:${TOKEN}@h.example/simple",),
            {"NAME": "me", "TOKEN": "t"},
            [("https://h.example/simple/", ("me", "t"))],
        ),
        (
            ("https://h.example/other/", "https://g.example/"),
            {"PIP_EXTRA_INDEX_URL": "https://a:b@g.example:8443/x https://me:t@h.example/simple"},
            [("https://h.example/other/", ("me", "t")), ("https://g.example/", None)],
        ),
        (
            ("https://h.example/simple",),
            {"UV_INDEX": "my-own=https://h.example/simple", "UV_INDEX_MY_OWN_PASSWORD": "t"},
            [("https://h.example/simple/", ("", "t"))],
        ),
        (("https://h.example/simple", "https://h.example/simple/"), {}, [("https://h.example/simple/", None)]),
        (("http://h.example/s",), {"PIP_INDEX_URL": "https://a:b@h.example/s"}, [("http://h.example/s/", None)]),
    ],
)
def test_credentials_are_found_by_host(urls, environ, expected) -> None:
    """Find credentials in URLs and variables, never across origins."""
    found = [
        (up.url, up.credentials and (up.credentials.username, up.credentials.password))
        for up in resolve_upstreams(urls, environ)
    ]
    assert found == expected


@pytest.mark.parametrize("url", ["file:///srv/index", "ftp://h.example/", "pypi.org/simple", "https://", ""])
def test_an_index_that_cannot_be_asked_is_a_usage_error(url: str) -> None:
    """Refuse other schemes and missing hosts as a usage error."""
    with pytest.raises(UsageError, match="only http and https"):
        Upstream(url)


@given(st.text("abc:/@%?#[]xyz.", max_size=30))
def test_a_url_with_credentials_is_never_shown(secret: str) -> None:
    """Repeat no password in an error about a URL."""
    try:
        shown = repr(Upstream(f"https://me:QQ{secret}QQ@h.example/simple"))
    except UsageError as error:
        shown = str(error)
    assert f"QQ{secret}QQ" not in shown
