"""Build and inspect the environments in which checks run."""
