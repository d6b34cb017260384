"""Compare what two releases define, by reading their files alone.

Nothing of them is imported or run. The comparison runs as a guest in this program's interpreter
(`python -I -m depcheck.checking.explain.api_diff`): parsing hostile files can exhaust a process, and then only
this one is lost.
"""
