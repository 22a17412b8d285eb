"""What all other folders use: defaults, files, stop signals, numbers, text, memory."""
