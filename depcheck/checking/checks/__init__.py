"""Run the checks: install, import, smoke, boot and test."""
