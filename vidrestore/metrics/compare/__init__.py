"""Two sources side by side: read, aligned, scored."""
