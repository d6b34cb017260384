"""The separate checker process, which never has the token.

Neither its memory nor its environment ever held it.
"""

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

_ALLOWED_VARIABLES = re.compile(
    r"PATH|HOME|LANG|LC_\w+|TZ|TERM|COLUMNS|NO_COLOR|TMPDIR|XDG_CACHE_HOME|PYENV_ROOT|"
    r"SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|NETRC|(PIP|UV|DEPCHECK)_\w+|"
    r"(ALL|HTTP|HTTPS|NO)_PROXY|(all|http|https|no)_proxy|"
    r"GITHUB_(ACTIONS|REPOSITORY|SHA|REF_NAME|WORKSPACE|RUN_ID|RUN_ATTEMPT|SERVER_URL)|RUNNER_DEBUG"
)

_ARGUMENTS_ON_STDIN = ["@0"]
_DESCRIPTOR_VARIABLE = "DEPCHECK_VARIABLES"  # the descriptor that holds all others
_INTERPRETER_VARIABLES = re.compile(r"PYTHON[A-Z]+|PATH|LANG|LC_\w+|LD_LIBRARY_PATH")
INDEX_URL_VARIABLE = "DEPCHECK_INDEX_URL"  # as `index.upstream` reads it
_INDEX_OPTIONS = frozenset({"--index-url", "--extra-index-url"})
_USERINFO = re.compile(r"(?<=://)[^/?#]*@")

_SIGNAL_STATUS_BASE = 128
_PR_SET_DUMPABLE = 4  # linux/prctl.h
_FORWARDED_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def filter_variables(environ: Mapping[str, str], wanted: Iterable[str]) -> dict[str, str]:
    """Return the environment variables that the checker may see.

    These are an allow-list and the variables in `wanted`, which the user wants the checks to see.
    """
    names = set(wanted)
    return {name: value for name, value in environ.items() if name in names or _ALLOWED_VARIABLES.fullmatch(name)}


def restart_with_hidden_environ(environ: MutableMapping[str, str]) -> None:
    """Restart this program with `environ` in memory instead of its first environment.

    `environ` is this process's own. /proc shows the first environment for as long as a process lives, so
    anything that may look at this process would find the token there. Does nothing on systems without
    memfd_create (only Linux has it).
    """
    if handed := environ.pop(_DESCRIPTOR_VARIABLE, ""):
        with os.fdopen(int(handed), "r+b") as kept:
            environ.update(json.loads(kept.read()))
            kept.truncate(0)
    elif hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("variables", 0)  # 0: it outlives the new start
        with os.fdopen(os.dup(descriptor), "wb") as memory:
            memory.write(json.dumps(dict(environ)).encode())
        os.lseek(descriptor, 0, os.SEEK_SET)
        bare = {name: value for name, value in environ.items() if _INTERPRETER_VARIABLES.fullmatch(name)}
        command = [sys.executable, *sys.orig_argv[1:]]
        os.execve(sys.executable, command, {**bare, _DESCRIPTOR_VARIABLE: str(descriptor)})  # noqa: S606  # no shell is the point


def forbid_process_inspection() -> None:
    """Hide this process's memory and environment from processes of the same user.

    Works on Linux only. Packages' code runs as another user anyway; this is for where it does not, as with
    `no-sandbox`.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def close_mounts(folder: Path = Path("/github")) -> None:
    """Allow only root to enter the runner's mounts below `folder`.

    `folder` itself belongs to the container. actions/checkout leaves the token there in a file that every
    user can read.
    """
    if os.geteuid() == 0 and folder.is_dir() and not os.path.ismount(folder):
        folder.chmod(0o700)


def hide_index_credentials(words: Sequence[str], environ: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """Move the credentials of index URLs from arguments to a variable.

    Every user of a machine can read command lines. `${NAME}` in a URL is no secret and stays.

    Returns the arguments without credentials, and the environment that has them.
    """
    shown, kept, option = [], [environ.get(INDEX_URL_VARIABLE, "")], ""
    for word in words:
        name, equals, text = word.partition("=")
        url = text if equals and name in _INDEX_OPTIONS else word if option in _INDEX_OPTIONS else ""
        bare = "" if "${" in url else _USERINFO.sub("", url)
        if url and bare and bare != url:
            kept.append(url)
            word = f"{name}={bare}" if equals and name in _INDEX_OPTIONS else bare  # noqa: PLW2901  # the same, shown
        shown.append(word)
        option = word
    return shown, {**environ, INDEX_URL_VARIABLE: " ".join(filter(None, kept))} if any(kept) else dict(environ)


def restart_without_credentials(command_line: Sequence[str], environ: Mapping[str, str]) -> None:
    """Restart this program if its command line shows credentials of an index.

    It restarts in this process.
    """
    program, *words = command_line
    bare, seen = hide_index_credentials(words, environ)
    if bare != words:
        os.execve(sys.executable, [program, *bare], seen)  # noqa: S606  # no shell is the point


def run_checker_process(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run `depcheck check` in a new process and return its exit status.

    Its environment is exactly `environ`. After a signal the status is that of a shell. Signals are
    forwarded; in a process group of its own the checker gets each only once, also from a terminal. `-P`
    keeps the repository, which is the working directory, out of the import path. The arguments are sent
    over standard input, because every user can read a command line and an index URL may hold a password.
    """
    command = [sys.executable, "-P", "-m", "depcheck", *_ARGUMENTS_ON_STDIN]
    unblocked = signal.pthread_sigmask(
        signal.SIG_BLOCK, _FORWARDED_SIGNALS
    )  # until there is someone to pass them on to
    with tempfile.TemporaryFile() as words:
        words.write(json.dumps(["check", *arguments]).encode())
        words.seek(0)
        actions = [(os.POSIX_SPAWN_DUP2, words.fileno(), 0)]
        child = os.posix_spawn(
            sys.executable, command, dict(environ), file_actions=actions, setpgroup=0, setsigmask=unblocked
        )

    def pass_on(number: int, _frame: FrameType | None) -> None:
        os.kill(child, number)

    kept = {number: signal.signal(number, pass_on) for number in _FORWARDED_SIGNALS}
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
        _, status = os.waitpid(child, 0)
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else _SIGNAL_STATUS_BASE - code


def read_handed_arguments(argv: list[str]) -> list[str]:
    """Return `argv`, or the arguments that `run_checker_process` sends on stdin.

    Standard input is at its end afterwards.
    """
    if argv != _ARGUMENTS_ON_STDIN:
        return argv
    with os.fdopen(os.dup(0), "rb") as words:
        found = [str(word) for word in json.load(words)]
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    return found
