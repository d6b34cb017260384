"""The import check: which modules are imported, how, and which of their failures matter."""
