"""A picture in memory: its samples, its colour, its size."""
