"""The import check: modules to import, ways to do it, and results."""
