"""How fast this machine is, beside the alternatives: what `vidrestore benchmark` measures."""
