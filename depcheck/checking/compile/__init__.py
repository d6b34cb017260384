"""Run pip-compile and uv as the guest."""
