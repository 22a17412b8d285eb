"""The page to work with: its server on this machine alone, the files it may touch, and its jobs."""
