"""Run strangers' code as the guest, behind the sandbox."""
