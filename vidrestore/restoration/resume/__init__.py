"""Going on with an interrupted run."""
