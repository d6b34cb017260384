"""The pipeline that checks environments, built on ports and values only."""
