"""The `depcheck init` command: write a workflow and a commented configuration."""
