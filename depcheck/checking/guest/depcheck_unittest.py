"""Discover and run unittest tests, saying each result on descriptor 3. Target's interpreter, 3.6 and later.

Standard input holds the wanted ids as a JSON list, empty for all. Lines of the answer: ["start", id], ["pass", id],
["fail", id, error, traceback]; the last one is ["done", number of tests].
"""

import json
import os
import sys
import traceback
import unittest

channel = os.fdopen(os.dup(3), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
os.close(3)


def say(*words):
    channel.write(json.dumps(words) + "\n")
    channel.flush()


def name_of(test):
    """`module.Class::method`, as in JUnit files; the module alone for one that could not be loaded."""
    if type(test).__module__ == "unittest.loader":
        return test.id().rsplit(".", 1)[-1]
    place, _, name = test.id().rpartition(".")
    return place + "::" + name


class Teller(unittest.TextTestResult):
    def startTest(self, test):
        say("start", name_of(test))
        super().startTest(test)

    def addSuccess(self, test):
        say("pass", name_of(test))
        super().addSuccess(test)

    def _fail(self, test, problem):
        lines = traceback.format_exception_only(*problem[:2])
        last = next((line for line in reversed(lines) if not line.startswith(" ")), lines[-1])
        say("fail", name_of(test), last.strip(), "".join(traceback.format_exception(*problem)))

    def addError(self, test, err):
        self._fail(test, err)
        super().addError(test, err)

    def addFailure(self, test, err):
        self._fail(test, err)
        super().addFailure(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._fail(test, err)
        super().addSubTest(test, subtest, err)

    def addUnexpectedSuccess(self, test):
        say("fail", name_of(test), "unexpected success", "")
        super().addUnexpectedSuccess(test)


def each(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            for inner in each(test):
                yield inner
        else:
            yield test


def main():
    wanted = set(json.loads(sys.stdin.read()))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.path[0] = os.getcwd()
    tests = list(each(unittest.defaultTestLoader.discover(".")))
    for folder in ("tests", "test"):
        if os.path.isdir(folder) and not os.path.exists(os.path.join(folder, "__init__.py")):
            tests += each(unittest.TestLoader().discover(folder))
    chosen = [test for test in tests if not wanted or name_of(test) in wanted]
    unittest.TextTestRunner(resultclass=Teller, verbosity=1).run(unittest.TestSuite(chosen))
    say("done", len(chosen))
    sys.stdout.flush()
    os._exit(0)


main()
