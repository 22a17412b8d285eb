"""How close two pictures or videos are. Its own files are pure functions of arrays."""
