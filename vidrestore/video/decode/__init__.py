"""From packets to samples."""
