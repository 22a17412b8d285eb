"""Training and evaluation. Only `cli` uses it."""
