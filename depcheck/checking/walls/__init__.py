"""The trusted parent of one guest run, and the walls that it raises around it.

The folder is run as a program of its own (`python -I -S walls`), by our interpreter, with the standard
library alone: nothing that strangers wrote is on its path, and the process that has threads never runs
code of ours between fork and exec. See `depcheck.checking.process` for the side that starts it.
"""
