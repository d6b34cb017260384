"""The launcher: the trusted parent of one guest run, which sandboxes it.

The folder is run as its own program (`python -I -S`), by this program's interpreter, with the standard
library alone: no hostile file is on its path, and the process that has threads never runs own code
between fork and exec. The module that starts it also holds the guest's side of the protocol.
"""
