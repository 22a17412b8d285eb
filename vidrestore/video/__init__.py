"""Video and picture files in and out. PyAV is used here only."""
