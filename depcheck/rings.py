"""Starts the checker as a process of its own, which never had the token in its memory or its environment."""

import ctypes
import json
import os
import re
import signal
import sys
import tempfile
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from pathlib import Path
from types import FrameType

_ALLOWED = re.compile(
    r"PATH|HOME|LANG|LC_\w+|TZ|TERM|COLUMNS|NO_COLOR|TMPDIR|XDG_CACHE_HOME|PYENV_ROOT|"
    r"SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|NETRC|(PIP|UV|DEPCHECK)_\w+|"
    r"(ALL|HTTP|HTTPS|NO)_PROXY|(all|http|https|no)_proxy|"
    r"GITHUB_(ACTIONS|REPOSITORY|SHA|REF_NAME|WORKSPACE|RUN_ID|RUN_ATTEMPT|SERVER_URL)|RUNNER_DEBUG"
)

_HANDED_OVER = ["@0"]
_VARIABLES = "DEPCHECK_VARIABLES"  # the descriptor that holds all others
_OF_THE_INTERPRETER = re.compile(r"PYTHON[A-Z]+|PATH|LANG|LC_\w+|LD_LIBRARY_PATH")
INDEX_URLS = "DEPCHECK_INDEX_URL"  # as `index.upstream` reads it
_INDEX_OPTIONS = frozenset({"--index-url", "--extra-index-url"})
_USERINFO = re.compile(r"(?<=://)[^/?#]*@")

_OF_A_SIGNAL = 128
_PR_SET_DUMPABLE = 4  # linux/prctl.h
_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def allowed(environ: Mapping[str, str], wanted: Iterable[str]) -> dict[str, str]:
    """The variables that the checker may see: an allow-list, and what the user wants its checks to see."""
    names = set(wanted)
    return {name: value for name, value in environ.items() if name in names or _ALLOWED.fullmatch(name)}


def shed(environ: MutableMapping[str, str]) -> None:
    """Start this program anew, in this process, with `environ`, its own, in memory instead of its first environment.

    /proc shows that environment, as it was at the start, for as long as a process lives: whoever may look at this
    process would find the token there. Nothing where the system has no such memory (only Linux has).
    """
    if handed := environ.pop(_VARIABLES, ""):
        with os.fdopen(int(handed), "r+b") as kept:
            environ.update(json.loads(kept.read()))
            kept.truncate(0)
    elif hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("variables", 0)  # 0: it outlives the new start
        with os.fdopen(os.dup(descriptor), "wb") as memory:
            memory.write(json.dumps(dict(environ)).encode())
        os.lseek(descriptor, 0, os.SEEK_SET)
        bare = {name: value for name, value in environ.items() if _OF_THE_INTERPRETER.fullmatch(name)}
        command = [sys.executable, *sys.orig_argv[1:]]
        os.execve(sys.executable, command, {**bare, _VARIABLES: str(descriptor)})  # noqa: S606  # no shell is the point


def seal() -> None:
    """Shut this process's memory and first environment to others of the same user, where the kernel can (Linux).

    Packages' code runs as another user anyway; this is for where it does not, as with `no-sandbox`.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def close_mounts(folder: Path = Path("/github")) -> None:
    """Shut what the runner mounts below `folder` to every user but root: `folder` itself is the container's own.

    checkout leaves the token there in a file that anybody may read.
    """
    if os.geteuid() == 0 and folder.is_dir() and not os.path.ismount(folder):
        folder.chmod(0o700)


def veiled(words: Sequence[str], environ: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """The same with the credentials of index URLs in a variable: any user of a machine can read command lines.

    `${NAME}` in a URL is no secret and stays.
    """
    shown, kept, option = [], [environ.get(INDEX_URLS, "")], ""
    for word in words:
        name, equals, text = word.partition("=")
        url = text if equals and name in _INDEX_OPTIONS else word if option in _INDEX_OPTIONS else ""
        bare = "" if "${" in url else _USERINFO.sub("", url)
        if url and bare and bare != url:
            kept.append(url)
            word = f"{name}={bare}" if equals and name in _INDEX_OPTIONS else bare  # noqa: PLW2901  # the same, shown
        shown.append(word)
        option = word
    return shown, {**environ, INDEX_URLS: " ".join(filter(None, kept))} if any(kept) else dict(environ)


def veil(command_line: Sequence[str], environ: Mapping[str, str]) -> None:
    """Start this very program anew, in this process, where its `command_line` shows the credentials of an index."""
    program, *words = command_line
    bare, seen = veiled(words, environ)
    if bare != words:
        os.execve(sys.executable, [program, *bare], seen)  # noqa: S606  # no shell is the point


def check_apart(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run `depcheck check` with `arguments` in exactly `environ`, and give its exit status, for a signal as a shell's.

    Signals are passed on; in a group of its own the checker hears each only once, also from a terminal.
    `-P` keeps the repository, which is the working directory, out of the import path. The arguments go over standard
    input: a command line can be read by every user, and an index URL may hold a password.
    """
    command = [sys.executable, "-P", "-m", "depcheck", *_HANDED_OVER]
    unblocked = signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED_ON)  # until there is someone to pass them on to
    with tempfile.TemporaryFile() as words:
        words.write(json.dumps(["check", *arguments]).encode())
        words.seek(0)
        actions = [(os.POSIX_SPAWN_DUP2, words.fileno(), 0)]
        child = os.posix_spawn(
            sys.executable, command, dict(environ), file_actions=actions, setpgroup=0, setsigmask=unblocked
        )

    def pass_on(number: int, _frame: FrameType | None) -> None:
        os.kill(child, number)

    kept = {number: signal.signal(number, pass_on) for number in _PASSED_ON}
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
        _, status = os.waitpid(child, 0)
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else _OF_A_SIGNAL - code


def handed_over(argv: list[str]) -> list[str]:
    """`argv`, or what `check_apart` hands over on standard input, which is at its end afterwards."""
    if argv != _HANDED_OVER:
        return argv
    with os.fdopen(os.dup(0), "rb") as words:
        found = [str(word) for word in json.load(words)]
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    return found
