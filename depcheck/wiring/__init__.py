"""The composition root: the only folder that names concrete adapters."""
