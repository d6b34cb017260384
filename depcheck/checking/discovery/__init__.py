"""Find lockfiles, their sources, commands and interpreters in a repository."""
