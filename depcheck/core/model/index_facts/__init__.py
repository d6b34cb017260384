"""What an index says of releases beside their files."""
