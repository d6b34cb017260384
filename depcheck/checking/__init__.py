"""Checks that run packages' code as the guest.

Nothing in this package ever sees a forge token.
"""
