"""Which installed modules a project needs.

Import statements, what reaches what, and broken contracts.
"""
