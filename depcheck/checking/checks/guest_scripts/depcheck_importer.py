"""Import modules one by one and say on descriptor 3 how each went. Runs in the target's interpreter, 3.6 and later.

Standard input holds {"shares": [[...]], "paths": [...], "behind": [...], "timeout_s": 60, "alone": false, "django": ""}:
`paths` come first when modules are looked for, `behind` last; each of several shares of modules has a process of its own.
Each line of the answer is
["start", module], ["pass", module] or ["fail", module, error, traceback]; other lines are a hung module's stack.
With "alone" each module has a process of its own, and ["ended", module, exit status] says how that process ended.
With the name of a settings module in "django", Django is set up first, once: that is told like a module of the name
"django.setup()", and where it fails the modules are imported all the same.
"""

import fcntl
import faulthandler
import json
import os
import sys
import tempfile
import traceback

channel = os.fdopen(os.dup(3), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
os.close(3)


turn = None  # with several workers: a file that whoever writes has locked


def send_import_event(*words):
    if turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
    try:
        channel.write(json.dumps(words) + "\n")
        channel.flush()
    finally:
        if turn:
            fcntl.flock(turn, fcntl.LOCK_UN)


def set_up_django(_):
    import django

    django.setup()


def try_import(module, timeout_s, process, load=__import__):
    send_import_event("start", module)
    faulthandler.dump_traceback_later(timeout_s, exit=True, file=channel)
    try:
        load(module)
    except BaseException as error:  # SystemExit and its like are failures of the import as well
        if os.getpid() != process:
            os._exit(0)
        told = traceback.format_exception_only(type(error), error)
        last = next((line for line in reversed(told) if not line.startswith(" ")), told[-1])
        frames = error.__traceback__.tb_next  # without our own frame
        trace = "".join(traceback.format_exception(type(error), error, frames))
        send_import_event("fail", module, last.strip(), trace)
    else:
        if os.getpid() != process:  # the module forked, and this is its child
            os._exit(0)
        send_import_event("pass", module)
    finally:
        faulthandler.cancel_dump_traceback_later()


def import_in_child(module, timeout_s):
    child = os.fork()
    if child == 0:
        open_lock(lock)
        try:
            try_import(module, timeout_s, os.getpid())
        finally:
            os._exit(0)
    status = os.waitpid(child, 0)[1]
    send_import_event("ended", module, -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))


lock = None  # the path of that file


def open_lock(path):
    """Open the file anew: a lock belongs to who opened it, and a fork would share it."""
    global turn
    turn = open(path) if path else None


def import_modules(order, modules):
    for module in modules:
        if order["alone"]:
            import_in_child(module, order["timeout_s"])
        else:
            try_import(module, order["timeout_s"], os.getpid())


def import_shares(order):
    global lock
    lock = tempfile.mkstemp()[1]
    children = []
    for share in order["shares"]:
        child = os.fork()
        if child == 0:
            open_lock(lock)
            try:
                import_modules(order, share)
            finally:
                os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)


def main():
    order = json.loads(sys.stdin.read())
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    sys.path[:1] = order["paths"]  # instead of this script's own folder
    sys.path += order.get("behind", [])
    sys.argv[:] = ["import"]
    if order.get("django"):
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", order["django"])
        try_import("django.setup()", order["timeout_s"], os.getpid(), set_up_django)
    if len(order["shares"]) > 1:
        import_shares(order)
    else:
        import_modules(order, order["shares"][0])
    os._exit(0)  # threads that an import started must not keep us


main()
