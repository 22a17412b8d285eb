"""Many inputs by one command: which they are, what is done with each, and what is told at the end."""
