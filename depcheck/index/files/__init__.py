"""Files of releases: their download, and the metadata in them."""
