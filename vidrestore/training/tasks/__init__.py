"""What a network learns: samples in, targets out."""
