"""Training and evaluation: data, degradations, losses, recipes, the loop, the tables. Nothing imports it but cli."""
