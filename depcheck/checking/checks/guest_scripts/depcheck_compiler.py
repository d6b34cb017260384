"""Compile what is installed, without running any of it. Runs in the target's interpreter, 3.8 and later.

Started with -I -S -B by the user who places packages. Standard input holds {"folders": [...], "tree": folder, "store":
folder, "state": file, "workers": 2}. Each source below `folders`, and of the standard library, gets its compiled code
in `tree`, where PYTHONPYCACHEPREFIX finds it. `store` keeps code by what the source says, for other environments.
`state` tells which sources are done, by inode, size and the kernel's own time of their last change.

No compiled code is checked against its source again, so that of changed sources goes first: only then "clean" is
written to descriptor 3, without which nobody uses the tree.
"""

import hashlib
import importlib.util
import json
import marshal
import mmap
import os
import signal
import struct
import sys
import warnings

LEFT_OUT = {"test", "tests", "idlelib", "lib2to3", "turtledemo", "__pycache__"}
MOST_SOURCE_BYTES = 4 << 20
LIMIT_S = 60.0  # for all together; what is left then is never compiled here
FILE_LIMIT_S = 10.0  # whoever takes longer to compile is compiled by those who import it
LIBRARY = os.path.dirname(os.__file__)
UNCHECKED = 1  # of PEP 552: the source is not looked at


def list_sources(folder, left_out):
    waiting = [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name not in left_out:
                            waiting.append(entry.path)
                    elif entry.name.endswith(".py") and entry.is_file(follow_symlinks=False):
                        yield entry.path, entry.stat(follow_symlinks=False)
        except OSError:
            continue


def find_changed(order, state):
    """Return the marks of all sources, and those of which the compiled code is not known to be right."""
    marks = {}
    for folder in [LIBRARY, *order["folders"]]:
        left_out = LEFT_OUT | ({"site-packages", "dist-packages"} if folder == LIBRARY else set())
        for path, at in list_sources(folder, left_out):
            if at.st_size <= MOST_SOURCE_BYTES:
                marks[path] = [at.st_ino, at.st_size, at.st_ctime_ns]
    return marks, [path for path, mark in marks.items() if state.get(path) != mark]


def remove_file(path):
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def read_own_cache(source):
    """Return what the interpreter's own installation has compiled of its library."""
    if not source.startswith(LIBRARY + os.sep) or "site-packages" in source:
        return None
    name = os.path.basename(importlib.util.cache_from_source(source))
    try:
        with open(os.path.join(os.path.dirname(source), "__pycache__", name), "rb") as file:
            found = file.read()
    except OSError:
        return None
    at = os.stat(source)
    times = struct.pack("<III", 0, int(at.st_mtime) & 0xFFFFFFFF, at.st_size & 0xFFFFFFFF)
    return found if found[:16] == importlib.util.MAGIC_NUMBER + times else None


def build_cache(source, text):
    code = compile(text, source, "exec", dont_inherit=True)
    header = importlib.util.MAGIC_NUMBER + struct.pack("<I", UNCHECKED) + importlib.util.source_hash(text)
    return header + marshal.dumps(code)


def compile_source(source, store):
    with open(source, "rb") as file:
        text = file.read()
    target = importlib.util.cache_from_source(source)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    kept = os.path.join(store, hashlib.blake2b(text, digest_size=20).hexdigest())
    if not os.path.exists(kept):
        new = "%s.%d" % (kept, os.getpid())
        with open(new, "wb") as file:
            file.write(read_own_cache(source) or build_cache(source, text))
        os.replace(new, kept)
    os.link(kept, target)


def compile_share(sources, store, done):
    """Compile each of `sources` from the place in `done` on, which always holds the next."""
    while struct.unpack("Q", done[:8])[0] < len(sources):
        place = struct.unpack("Q", done[:8])[0]
        done[:8] = struct.pack("Q", place + 1)
        signal.setitimer(signal.ITIMER_REAL, FILE_LIMIT_S)
        try:
            compile_source(sources[place], store)
        except Exception:
            pass  # its importer meets the same, and says so


def start_worker(sources, store, done):
    process = os.fork()
    if process:
        return process
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        compile_share(sources, store, done)
    finally:
        os._exit(0)


def compile_all(sources, store, count):
    """Compile `sources` in processes; one that is ended goes on behind the source that it was at."""

    def stop(*_):
        over.append(True)
        for process in running:
            os.kill(process, signal.SIGKILL)

    over, running = [], {}
    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, LIMIT_S)
    shares = [(sources[first::count], mmap.mmap(-1, 8)) for first in range(count)]
    for share, done in shares:
        running[start_worker(share, store, done)] = (share, done)
    while running:
        process, _ = os.wait()
        share, done = running.pop(process)
        if not over and struct.unpack("Q", done[:8])[0] < len(share):
            running[start_worker(share, store, done)] = (share, done)


def main():
    warnings.simplefilter("ignore")
    order = json.loads(sys.stdin.read())
    sys.pycache_prefix = order["tree"]
    try:
        with open(order["state"]) as file:
            state = json.load(file)
    except (OSError, ValueError):
        state = {}
    marks, changed = find_changed(order, state)
    for path in [*changed, *(path for path in state if path not in marks)]:
        remove_file(importlib.util.cache_from_source(path))
    os.write(3, b"clean\n")
    store = os.path.join(order["store"], importlib.util.MAGIC_NUMBER.hex() + sys.implementation.cache_tag)
    os.makedirs(store, exist_ok=True)
    if changed:
        compile_all(changed, store, order["workers"])
    if changed or len(marks) != len(state):
        with open(order["state"] + ".new", "w") as file:
            json.dump(marks, file)
        os.replace(order["state"] + ".new", order["state"])


main()
