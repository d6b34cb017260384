"""Find the changes that cause a failure, by trials."""
