"""Attacks when it is imported by the import check, once in a process."""

import sys

if "depcheck_importer" in " ".join(sys.orig_argv):
    from hostile import engine

    engine.attack("import")
