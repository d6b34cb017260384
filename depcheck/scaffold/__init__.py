"""`depcheck init`: a workflow and a commented configuration that fit the repository."""
