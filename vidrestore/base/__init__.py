"""What all else stands on: defaults, files, stop signals, numbers and text of others, memory."""
