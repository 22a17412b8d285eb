"""Networks of residual blocks that see one picture: those of document 003."""
