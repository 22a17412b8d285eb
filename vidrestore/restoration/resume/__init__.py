"""Going on with an interrupted run, and knowing what a run that is done has made."""
