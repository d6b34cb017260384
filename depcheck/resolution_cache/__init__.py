"""Cache of resolutions, used while nothing that a compile reads has changed."""
