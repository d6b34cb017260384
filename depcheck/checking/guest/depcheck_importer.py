"""Import modules one by one and say on descriptor 3 how each went. Runs in the target's interpreter, 3.6 and later.

Standard input holds {"modules": [...], "paths": [...], "timeout_s": 60, "alone": false}. Each line of the answer is
["start", module], ["pass", module] or ["fail", module, error, traceback]; other lines are a hung module's stack.
With "alone" each module has a process of its own, and ["ended", module, exit status] says how that process ended.
"""

import faulthandler
import json
import os
import sys
import traceback

channel = os.fdopen(os.dup(3), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
os.close(3)


def say(*words):
    channel.write(json.dumps(words) + "\n")
    channel.flush()


def attempt(module, timeout_s, process):
    say("start", module)
    faulthandler.dump_traceback_later(timeout_s, exit=True, file=channel)
    try:
        __import__(module)
    except BaseException as error:  # SystemExit and its like are failures of the import as well
        if os.getpid() != process:
            os._exit(0)
        told = traceback.format_exception_only(type(error), error)
        last = next((line for line in reversed(told) if not line.startswith(" ")), told[-1])
        frames = error.__traceback__.tb_next  # without our own frame
        trace = "".join(traceback.format_exception(type(error), error, frames))
        say("fail", module, last.strip(), trace)
    else:
        if os.getpid() != process:  # the module forked, and this is its child
            os._exit(0)
        say("pass", module)
    finally:
        faulthandler.cancel_dump_traceback_later()


def alone(module, timeout_s):
    child = os.fork()
    if child == 0:
        try:
            attempt(module, timeout_s, os.getpid())
        finally:
            os._exit(0)
    status = os.waitpid(child, 0)[1]
    say("ended", module, -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))


def main():
    order = json.loads(sys.stdin.read())
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    sys.path[:1] = order["paths"]  # instead of this script's own folder
    sys.argv[:] = ["import"]
    for module in order["modules"]:
        if order["alone"]:
            alone(module, order["timeout_s"])
        else:
            attempt(module, order["timeout_s"], os.getpid())
    os._exit(0)  # threads that an import started must not keep us


main()
