"""Files of a repository, and the requirements files among them."""
