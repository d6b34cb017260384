"""Import modules, group by group, and say on descriptor 3 how each went. Runs in the target's interpreter, 3.6 and later.

Started with -S, so that nothing which is installed runs in this process. It imports nothing itself: each group (one
distribution, or the project) has a child of its own, which writes to a pipe of its own and is believed about its own
modules alone, once for each. This process and its children are closed to each other and to whatever they start.

Standard input holds {"groups": [{"modules": [...], "site": false}], "paths": [...], "behind": [...], "timeout_s": 60,
"alone": false, "django": "", "workers": 1}: `paths` come first when modules are looked for, `behind` last; so many
children run at the same time. Each line of the answer is ["start", module], ["pass", module] or ["fail", module, error,
traceback]. With "alone" each module has a process of its own, and ["ended", module, exit status, other words] says how
that process ended. A group with "site" is imported after Django was set up with the settings module "django": that is
told like a module of the name "django.setup()", and where it fails the modules are imported all the same.
"""

import ctypes
import faulthandler
import gc
import json
import os
import select
import signal
import sys
import time
import traceback

SETUP = "django.setup()"
WORD_COUNTS = {"start": 2, "pass": 2, "fail": 4, "ended": 3}
LONGEST_LINE, MOST_OTHER_BYTES, MOST_READS = 1 << 20, 64 << 10, 64
SLACK_S = 2.0  # a child's own alarm comes first, and shows where it stood
PR_SET_DUMPABLE = 4
GC_THRESHOLD = 100000  # objects; nearly all that an import makes stays, so to look for garbage is a tenth of the time


class Child:
    """A child process with the modules that it may speak of."""

    def __init__(self, group, process, pipe):
        self.group, self.process, self.pipe = group, process, pipe
        self.allowed = set(group["modules"]) | ({SETUP} if group["site"] else set())
        self.told, self.buffer, self.other = set(), b"", []
        self.heard_at = time.monotonic()

    def take(self, data):
        lines = (self.buffer + data).split(b"\n")
        self.buffer = lines.pop()
        if len(self.buffer) > LONGEST_LINE:
            self.buffer = b""
        for line in lines:
            self.relay(line.decode("utf-8", "replace"))

    def relay(self, line):
        try:
            words = json.loads(line)
            first, module = words[0], words[1]
            right = all(isinstance(word, str) for word in words) and len(words) == WORD_COUNTS[first]
        except Exception:
            right = False
        if not right or module not in self.allowed:
            self.other.append(line[:MOST_OTHER_BYTES])
            del self.other[:-200]
        elif self.can_say(first, module):
            self.told.add((first, module))
            self.heard_at = time.monotonic()
            send_import_event(*(words if first != "ended" else [*words, self.take_other()]))

    def can_say(self, first, module):
        if first in ("start", "ended"):
            return (first, module) not in self.told
        return not self.told & {("pass", module), ("fail", module)}

    def take_other(self):
        """Return what was written beside answers, such as the stack of a module that hung."""
        other, self.other = "\n".join(self.other), []
        return other[-MOST_OTHER_BYTES:]

    def list_rest(self):
        """List the modules whose turn did not come."""
        started = {module for first, module in self.told if first == "start"}
        if SETUP in started and not self.told & {("pass", SETUP), ("fail", SETUP)}:
            return []
        rest = [module for module in self.group["modules"] if module not in started]
        return rest if started - {SETUP} else rest[1:]


channel = None


def send_import_event(*words):
    channel.write(json.dumps(words) + "\n")
    channel.flush()


def seal_process():
    """Close memory and descriptors of this process and of those that it forks to others of its user."""
    try:
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    except (AttributeError, OSError):
        pass


def prepare_imports(order, group):
    import site

    sys.path[:1] = order["paths"]  # instead of this script's own folder
    site.main()
    sys.path += order["behind"]
    sys.argv[:] = ["import"]
    if group["site"]:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", order["django"])
        try_import(SETUP, order["timeout_s"], os.getpid(), set_up_django)


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
        send_import_event("fail", module, last.strip()[:20000], trace[-200000:])
    else:
        if os.getpid() != process:  # the module forked, and this is its child
            os._exit(0)
        send_import_event("pass", module)
    finally:
        faulthandler.cancel_dump_traceback_later()


def import_group(order, group):
    prepare_imports(order, group)
    if order["alone"] and group["site"]:
        share_site(order, group)
        return
    for module in group["modules"]:
        try_import(module, order["timeout_s"], os.getpid())


def share_site(order, group):
    """Import each module in a fork of this process, in which the site is set up."""
    for module in group["modules"]:
        child = os.fork()
        if child == 0:
            try_import(module, order["timeout_s"], os.getpid())
            os._exit(0)
        send_import_event("ended", module, str(to_exit_code(os.waitpid(child, 0)[1])))


def to_exit_code(status):
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def start_child(order, group, others):
    global channel
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        os.set_blocking(reading, False)
        return Child(group, process, reading)
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for descriptor in [channel.fileno(), reading, *others]:
            os.close(descriptor)
        channel = os.fdopen(writing, "w", 1, encoding="utf-8", errors="backslashreplace")
        import_group(order, group)
    finally:
        os._exit(0)  # threads that an import started must not keep us


def read_child(child):
    """Read what a child has written by now, and return whether there may be more.

    Not without end: who writes all the time must not keep others from their turn.
    """
    try:
        for _ in range(MOST_READS):
            data = os.read(child.pipe, 1 << 16)
            if not data:
                return False
            child.take(data)
    except BlockingIOError:
        pass
    return True


def end_child(order, child, status):
    """Tell of a child's end, and return what is left of its group."""
    read_child(child)
    os.close(child.pipe)
    if not order["alone"]:
        return child.list_rest()
    child.other.append(child.buffer.decode("utf-8", "replace"))
    module = SETUP if child.group["site"] else child.group["modules"][0]
    send_import_event("ended", module, str(to_exit_code(status)), child.take_other())
    return []


def run_groups(order, groups, wake):
    waiting, running, open_ones = list(groups), {}, set()
    while waiting or running:
        while waiting and len(running) < order["workers"]:
            child = start_child(order, waiting.pop(0), [*wake, *(each.pipe for each in running.values())])
            running[child.process] = child
            open_ones.add(child)
        pipes = {child.pipe: child for child in open_ones}
        ready = select.select([wake[0], *pipes], [], [], 1.0)[0]
        for pipe in ready:
            if pipe == wake[0]:
                os.read(pipe, 4096)
            elif not read_child(pipes[pipe]):
                open_ones.discard(pipes[pipe])
        for process, child in list(running.items()):
            if time.monotonic() - child.heard_at > order["timeout_s"] + SLACK_S:
                os.kill(process, signal.SIGKILL)
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended:
                del running[process]
                open_ones.discard(child)
                rest = end_child(order, child, status)
                if rest:
                    waiting.insert(0, {"modules": rest, "site": child.group["site"]})


def main():
    global channel
    channel = os.fdopen(os.dup(3), "w", 1, encoding="utf-8", errors="backslashreplace")
    os.close(3)
    order = json.loads(sys.stdin.read())
    gc.set_threshold(GC_THRESHOLD, 50, 50)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    seal_process()
    wake = os.pipe()
    for end in wake:
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake[1])
    groups = order["groups"]
    if order["alone"]:
        plain = [module for group in groups if not group["site"] for module in group["modules"]]
        groups = [group for group in groups if group["site"]] + [{"modules": [m], "site": False} for m in plain]
    run_groups(order, groups, wake)
    os._exit(0)


main()
