"""The options of the compilers that write lockfiles."""
