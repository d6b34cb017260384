"""Release 2.0 of a package that somebody has taken over. It attacks whoever builds, imports or tests it.

The program that uses it calls `answer()`, which is gone: the right verdict is that hostile 2.0 breaks it.
"""
