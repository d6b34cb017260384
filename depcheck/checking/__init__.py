"""Runs strangers' code as the guest. Never sees a forge token."""
