"""Which installed modules a project needs: import statements, who reaches whom, and broken contracts."""
