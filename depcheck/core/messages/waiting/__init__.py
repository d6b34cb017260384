"""What is told of releases that are too young to be proposed."""
