"""Headers and tags of picture files."""
