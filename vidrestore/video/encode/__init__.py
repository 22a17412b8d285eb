"""From samples to packets of a target."""
