"""Discover and run unittest tests, and report each result on descriptor 3.

Runs in the target's interpreter, 3.6 and later.

Standard input holds the wanted ids as a JSON list, empty for all. Lines of the answer: ["start", id],
["pass", id], ["fail", id, error, traceback]; the last one is ["done", number of tests].
"""

import json
import os
import sys
import traceback
import unittest

channel = os.fdopen(os.dup(3), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
os.close(3)


def send_test_event(*words):
    channel.write(json.dumps(words) + "\n")
    channel.flush()


def get_test_id(test):
    """Return `module.Class::method`, as in JUnit files.

    The module alone for one that could not be loaded.
    """
    if type(test).__module__ == "unittest.loader":
        return test.id().rsplit(".", 1)[-1]
    if type(test).__module__ == "unittest.suite":  # setUpClass (module.Class), setUpModule (module)
        return test.id().partition("(")[2].rstrip(")") or test.id()
    place, _, name = test.id().rpartition(".")
    return place + "::" + name


class StreamingResult(unittest.TextTestResult):
    def startTest(self, test):
        send_test_event("start", get_test_id(test))
        super().startTest(test)

    def addSuccess(self, test):
        send_test_event("pass", get_test_id(test))
        super().addSuccess(test)

    def _send_failure(self, test, problem):
        lines = traceback.format_exception_only(*problem[:2])
        last = next((line for line in reversed(lines) if not line.startswith(" ")), lines[-1])
        send_test_event("fail", get_test_id(test), last.strip(), "".join(traceback.format_exception(*problem)))

    def addError(self, test, err):
        self._send_failure(test, err)
        super().addError(test, err)

    def addFailure(self, test, err):
        self._send_failure(test, err)
        super().addFailure(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._send_failure(test, err)
        super().addSubTest(test, subtest, err)

    def addUnexpectedSuccess(self, test):
        send_test_event("fail", get_test_id(test), "unexpected success", "")
        super().addUnexpectedSuccess(test)


def flatten_suite(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            for inner in flatten_suite(test):
                yield inner
        else:
            yield test


def main():
    wanted = set(json.loads(sys.stdin.read()))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.path[0] = os.getcwd()
    tests = list(flatten_suite(unittest.defaultTestLoader.discover(".")))
    for folder in ("tests", "test", "src"):
        if os.path.isdir(folder) and not os.path.exists(os.path.join(folder, "__init__.py")):
            tests += flatten_suite(unittest.TestLoader().discover(folder))
    chosen = [test for test in tests if not wanted or get_test_id(test) in wanted]
    unittest.TextTestRunner(resultclass=StreamingResult, verbosity=1).run(unittest.TestSuite(chosen))
    send_test_event("done", len(chosen))
    sys.stdout.flush()
    os._exit(0)


main()
