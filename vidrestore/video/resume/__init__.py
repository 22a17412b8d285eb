"""Results that survive an interrupted run."""
