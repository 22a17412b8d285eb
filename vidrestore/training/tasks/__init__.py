"""Training tasks: samples in, targets out."""
