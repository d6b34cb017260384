"""Tries every attack of a stage and tells what came of each, by each way that is open to a guest."""

import contextlib
import os
import re
import socket
import sys
import time
import traceback
import urllib.error
import urllib.request

from hostile.places import local_index_ports
from hostile.attacks import caches, commands, escape, network, results, secrets

QUIET = (secrets, escape, commands, caches, network)
AT = {"compile": QUIET, "build": QUIET, "import": QUIET, "test": (*QUIET, results)}
HELD, BROKE, ERRED = "held", "broke", "erred"


def attacks_of(module):
    """The public functions of a module: one attack each, its docstring says what it tries."""
    return [
        each
        for name, each in sorted(vars(module).items())
        if callable(each) and getattr(each, "__module__", "") == module.__name__ and not name.startswith("_")
    ]


def tell(stage, name, outcome, detail):
    """On standard output, which reaches the log of a check; and as the name of a project that the index is asked for."""
    sys.__stdout__.write(f"\nATTACK {stage} {name} {outcome} {detail!r:.300}\n")
    sys.__stdout__.flush()
    words = re.sub(r"[^a-z0-9]+", "-", f"zz {stage} {name} {outcome} {detail!s:.60}".lower().replace("_", "0")).strip(
        "-"
    )
    for port in local_index_ports():
        with (
            contextlib.suppress(OSError, urllib.error.URLError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/live/simple/{words}/", timeout=5),
        ):
            pass


def attempt(stage, module, attack):
    """One attack: what it returns is its loot; nothing, or a refusal, is its failure. Its own mistakes are no try."""
    name = f"{module.__name__.rpartition('.')[2]}.{attack.__name__}"
    try:
        loot = attack(stage)
    except (OSError, RuntimeError) as error:
        tell(stage, name, HELD, f"{type(error).__name__} {str(error)[:80]}")
    except BaseException:
        tell(stage, name, ERRED, traceback.format_exc()[-200:])
    else:
        tell(stage, name, BROKE if loot else HELD, loot or "nothing to be had")


def attack(stage):
    """All attacks of one stage."""
    socket.setdefaulttimeout(5)
    began = time.monotonic()
    for module in AT[stage]:
        for each in attacks_of(module):
            attempt(stage, module, each)
    tell(stage, "engine.finished", HELD, f"uid {os.getuid()} in {time.monotonic() - began:.1f} s")
